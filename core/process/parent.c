#include "process/parent.h"

#include "process/ballast.h"
#include "process/channel.h"
#include "process/parent_priv.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>

static int64_t next_timer(const struct core_parent *p)
{
    int64_t at = p->keys.n && p->child.ready ? p->keys_look_at : MOXD_NEVER;

    if (p->child.restart_at < at)
        at = p->child.restart_at;
    if (p->ballast_at < at)
        at = p->ballast_at;
    return p->child.kill_at < at ? p->child.kill_at : at;
}

/* Signals are let in here alone. */
static void wait_for_something(struct core_parent *p)
{
    struct pollfd fd = { .fd = p->child.channel, .events = POLLIN };
    int64_t at = next_timer(p), left = at - moxd_mono();
    struct timespec ts;

    if (left < 0)
        left = 0;
    ts = (struct timespec){ .tv_sec = left / MOXD_SEC, .tv_nsec = left % MOXD_SEC };
    if (ppoll(&fd, 1, at == MOXD_NEVER ? NULL : &ts, &p->waiting) < 0 && errno != EINTR)
        moxd_panic("ppoll: %s", strerror(errno));
}

static void start_child(struct core_parent *p)
{
    struct moxd_err err = { 0 };

    if (core_child_start(p, &err) == 0)
        return;
    moxd_error(&p->log, "starting the server failed", moxd_kve(&err));
    if (!p->child.pid && p->was_ready)
        p->child.restart_at = moxd_deadline(CORE_RESTART_MAX_S * MOXD_SEC);
    else if (!p->child.pid) {
        p->finished = true;
        p->status = CORE_EXIT_FAILED;
    }
}

static void begin_stop(struct core_parent *p)
{
    if (p->stopping)
        return;
    p->stopping = true;
    p->upgrading = false;
    p->child.restart_at = MOXD_NEVER;
    p->child.kill_at = moxd_deadline(p->core->stop_grace + CORE_KILL_EXTRA_S * MOXD_SEC);
    if (p->child.pid)
        core_child_tell(p, CORE_MSG_STOP, "");
    else
        p->finished = true;
}

static void send_keys(struct core_parent *p)
{
    struct moxd_err err = { 0 };

    if (p->child.ready && core_keys_send(&p->keys, p->child.channel, 0, &p->log, &err) < 0)
        moxd_error(&p->log, "cannot hand over certificates", moxd_kve(&err));
}

static void act_on_signals(struct core_parent *p)
{
    struct core_parent_signals *s = &core_parent_signals;

    if (s->reload) {
        s->reload = 0;
        core_child_tell(p, CORE_MSG_RELOAD, "");
        send_keys(p);
    }
    if (s->upgrade) {
        s->upgrade = 0;
        core_upgrade_check(p);
    }
    if (s->stop) {
        s->stop = 0;
        begin_stop(p);
    }
}

static bool reap(pid_t pid, int *wait_status)
{
    return pid > 0 && waitpid(pid, wait_status, WNOHANG) == pid;
}

static void act_on_children(struct core_parent *p)
{
    int wait_status;

    if (!core_parent_signals.child)
        return;
    core_parent_signals.child = 0;
    if (reap(p->checker, &wait_status))
        core_upgrade_checked(p, wait_status);
    if (reap(p->child.pid, &wait_status))
        core_child_ended(p, wait_status);
}

static void act_on_timers(struct core_parent *p)
{
    int64_t now = moxd_mono();

    if (p->child.pid && now >= p->child.kill_at) {
        moxd_error(&p->log, "server does not stop, killing it", moxd_kvi("pid", p->child.pid));
        p->child.kill_at = MOXD_NEVER;
        (void)kill(p->child.pid, SIGKILL);
    }
    if (!p->child.pid && now >= p->child.restart_at)
        start_child(p);
    if (now >= p->ballast_at) {
        bool made = core_ballast_make(p->core->data_dir, p->as, &p->log);
        p->ballast_at = made ? MOXD_NEVER : now + CORE_BALLAST_LOOK_S * MOXD_SEC;
    }
    if (p->keys.n && now >= p->keys_look_at) {
        p->keys_look_at = now + CORE_KEYS_LOOK_S * MOXD_SEC;
        if (p->child.ready && core_keys_changed(&p->keys)) {
            moxd_info(&p->log, "certificate files have changed");
            send_keys(p);
        }
    }
}

static void run(struct core_parent *p)
{
    start_child(p);
    while (!p->finished) {
        wait_for_something(p);
        act_on_signals(p);
        core_child_listen(p);
        act_on_children(p);
        if (!p->finished)
            act_on_timers(p);
    }
}

int core_parent_run(const struct core_options *o)
{
    struct core_parent p = {
        .o = o,
        .log.component = "parent",
        .lock = -1,
        .ready_fd = o->ready_fd,
        .ballast_at = MOXD_NEVER,
        .child = { .channel = -1, .delay = -1, .restart_at = MOXD_NEVER, .kill_at = MOXD_NEVER },
        .status = CORE_EXIT_OK,
    };

    moxd_log_format(true);
    core_parent_signals_init(&p.waiting);
    if (core_parent_setup(&p) == 0)
        run(&p);
    else
        p.status = CORE_EXIT_FAILED;
    core_parent_fini(&p);
    return p.status;
}
