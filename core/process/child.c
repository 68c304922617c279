/* The server as the parent sees it: start, talk, end, start again. */
#include "process/channel.h"
#include "process/parent_priv.h"

#include "process/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <moxd/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 16 }; /* messages of the server that are acted on before signals are looked at */

/* Between fork and exec. The channel gets its number; everything else is close-on-exec. */
MOXD_NORETURN static void exec_server(const struct core_parent *p, int channel)
{
    core_parent_signals_child(&p->waiting);
    if (channel == CORE_CHANNEL_FD)
        (void)fcntl(channel, F_SETFD, 0);
    else if (dup2(channel, CORE_CHANNEL_FD) < 0)
        _exit(CORE_EXIT_FAILED);
    execl(p->exe, "moxd", "-S", moxd_version(), "-c", p->o->config, (char *)NULL);
    (void)dprintf(STDERR_FILENO, "moxd: cannot execute %s: %s\n", p->exe, strerror(errno));
    _exit(CORE_EXIT_FAILED);
}

static int send_sockets(struct core_parent *p, struct moxd_err *err)
{
    struct core_msg msg;

    for (size_t i = 0; i < p->binds.n; i++) {
        core_msg_init(&msg, CORE_MSG_SOCKET);
        msg.fd[0] = p->binds.v[i].fd;
        if (core_msg_add(&msg, p->binds.v[i].listener) < 0 ||
            core_msg_add(&msg, p->binds.v[i].service) < 0)
            return moxd_err_set(err, MOXD_ERR_LIMIT, "the name of a listener is too long");
        if (core_channel_send(p->child.channel, &msg, err) < 0)
            return -1;
    }
    return 0;
}

static int send_fd(struct core_parent *p, enum core_msg_type type, int fd, struct moxd_err *err)
{
    struct core_msg msg;

    if (fd < 0)
        return 0;
    core_msg_init(&msg, type);
    msg.fd[0] = fd;
    return core_channel_send(p->child.channel, &msg, err);
}

static int send_go(struct core_parent *p, struct moxd_err *err)
{
    struct core_msg msg;
    char uid[24] = "", gid[24] = "", signals[16], exits[16];

    core_msg_init(&msg, CORE_MSG_GO);
    if (p->as) {
        (void)snprintf(uid, sizeof(uid), "%lu", (unsigned long)p->as->uid);
        (void)snprintf(gid, sizeof(gid), "%lu", (unsigned long)p->as->gid);
    }
    (void)snprintf(signals, sizeof(signals), "%u", p->child.crashes[0]);
    (void)snprintf(exits, sizeof(exits), "%u", p->child.crashes[1]);
    if (core_msg_add(&msg, p->as ? p->as->name : "") < 0 || core_msg_add(&msg, uid) < 0 ||
        core_msg_add(&msg, gid) < 0 || core_msg_add(&msg, signals) < 0 ||
        core_msg_add(&msg, exits) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the name of the user is too long");
    return core_channel_send(p->child.channel, &msg, err);
}

static int send_everything(struct core_parent *p, struct moxd_err *err)
{
    if (send_sockets(p, err) < 0 ||
        core_keys_send(&p->keys, p->child.channel, 0, &p->log, err) < 0 ||
        send_fd(p, CORE_MSG_LOCK, p->lock, err) < 0 ||
        send_fd(p, CORE_MSG_CRASH, p->child.crash.fd, err) < 0)
        return -1;
    return send_go(p, err);
}

int core_child_start(struct core_parent *p, struct moxd_err *err)
{
    struct core_child *c = &p->child;
    int pair[2];

    c->restart_at = c->kill_at = MOXD_NEVER;
    if (core_channel_pair(pair, err) < 0)
        return -1;
    core_crashlog_open(&c->crash, p->core->data_dir, p->as, &p->log);
    c->pid = fork();
    if (c->pid == 0)
        exec_server(p, pair[1]);
    moxd_closep(&pair[1]);
    if (c->pid < 0) {
        c->pid = 0;
        moxd_closep(&pair[0]);
        core_crashlog_close(&c->crash, 0, NULL, &p->log);
        return moxd_err_sys(err, "fork");
    }
    c->channel = pair[0];
    c->ready = false;
    c->started = moxd_mono();
    if (send_everything(p, err) == 0)
        return 0;
    moxd_closep(&c->channel); /* ends the server, if that was not the reason */
    return -1;
}

void core_child_tell(struct core_parent *p, int type, const char *text)
{
    struct core_msg msg;
    struct moxd_err err = { 0 };

    if (p->child.channel < 0)
        return;
    core_msg_init(&msg, (enum core_msg_type)type);
    if (core_msg_add(&msg, text) < 0 || core_channel_send(p->child.channel, &msg, &err) < 0)
        moxd_error(&p->log, "cannot talk to the server", moxd_kve(&err));
}

static void became_ready(struct core_parent *p)
{
    p->child.ready = p->was_ready = true;
    moxd_info(&p->log, "server is ready", moxd_kvi("pid", p->child.pid),
              moxd_kvd("after", moxd_mono() - p->child.started));
    if (p->ready_fd < 0)
        return;
    if (write(p->ready_fd, "ready\n", 6) != 6)
        moxd_log_check(&p->log, -1, "writing to the descriptor of -R");
    moxd_closep(&p->ready_fd);
}

static void handle(struct core_parent *p, const struct core_msg *msg)
{
    struct moxd_err err = { 0 };

    if (msg->type == CORE_MSG_READY && !p->child.ready)
        became_ready(p);
    else if (msg->type == CORE_MSG_WANT_CERTS &&
             core_keys_send(&p->keys, p->child.channel, msg->id, &p->log, &err) < 0)
        moxd_error(&p->log, "cannot hand over certificates", moxd_kve(&err));
}

void core_child_listen(struct core_parent *p)
{
    struct core_msg msg;
    int rc = 1;

    for (int i = 0; i < AT_ONCE && p->child.channel >= 0 && rc > 0; i++) {
        rc = core_channel_recv(p->child.channel, &msg, NULL);
        if (rc <= 0)
            break;
        handle(p, &msg);
        core_msg_close(&msg);
    }
    if (rc < 0)
        moxd_closep(&p->child.channel); /* it ends; SIGCHLD tells how */
}

static void finish(struct core_parent *p, int status)
{
    p->finished = true;
    p->status = status;
}

/* The first restart comes at once; who keeps crashing waits longer and longer. */
static void restart_later(struct core_parent *p, bool by_signal)
{
    struct core_child *c = &p->child;
    int64_t now = moxd_mono();
    bool calm = c->ready && now - c->started >= CORE_RESTART_CALM_S * MOXD_SEC;

    if (calm || c->delay < 0)
        c->delay = 0;
    else
        c->delay = c->delay == 0 ? MOXD_SEC : c->delay * 2;
    if (c->delay > CORE_RESTART_MAX_S * MOXD_SEC)
        c->delay = CORE_RESTART_MAX_S * MOXD_SEC;
    c->restart_at = now + c->delay;
    c->crashes[by_signal ? 0 : 1]++;
    core_ballast_release(p->core->data_dir, &p->log);
    p->ballast_at = now + CORE_BALLAST_LOOK_S * MOXD_SEC;
    moxd_error(&p->log, "server is restarted", moxd_kvd("in", c->delay));
}

static void describe_end(int wait_status, char *how, size_t cap)
{
    if (WIFSIGNALED(wait_status))
        (void)snprintf(how, cap, "signal %d", WTERMSIG(wait_status));
    else
        (void)snprintf(how, cap, "exit status %d", WEXITSTATUS(wait_status));
}

void core_child_ended(struct core_parent *p, int wait_status)
{
    struct core_child *c = &p->child;
    int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    pid_t pid = c->pid;
    char how[40];

    core_child_listen(p); /* what it said before it ended */
    c->pid = 0;
    moxd_closep(&c->channel);
    describe_end(wait_status, how, sizeof(how));
    core_crashlog_close(&c->crash, pid, code < 0 ? how : NULL, &p->log);
    if (code != 0 && !(p->stopping && code > 0))
        moxd_error(&p->log, "server ended", moxd_kvi("pid", pid), moxd_kvs("how", how));
    if (p->upgrading || (code == CORE_EXIT_VERSION && p->was_ready && !p->stopping))
        core_upgrade_exec(p);
    else if (p->stopping || code == 0)
        finish(p, code == 0 || p->stopping ? CORE_EXIT_OK : CORE_EXIT_FAILED);
    else if (!p->was_ready)
        finish(p, CORE_EXIT_FAILED);
    else
        restart_later(p, code < 0);
}
