/* What the parent says while the server runs. */
#include "daemon/server_priv.h"
#include "listen/ports.h"
#include "process/channel.h"

enum { ANSWER_S = 30 };

int core_tell_parent(int type, uint32_t id, struct moxd_err *err)
{
    struct core_msg msg;

    core_msg_init(&msg, (enum core_msg_type)type);
    msg.id = id;
    return core_channel_send(core_server.channel, &msg, err);
}

/* All certificates are here; the parent may have failed to open one, then nothing changes. */
static void use_certs(const struct core_msg *msg)
{
    const char *failure = core_msg_field(msg, 0);
    struct moxd_err err = { 0 };

    if (failure[0])
        (void)moxd_err_set(&err, MOXD_ERR_INVALID, "%s", failure);
    else if (core_ports_certs(&core_server.incoming, &err) == 0)
        moxd_info(&core_server.log, "certificates are in use");
    core_certs_fini(&core_server.incoming);
    core_certs_init(&core_server.incoming);
    if (msg->id == 0)
        return;
    core_server.answered = msg->id;
    core_server.answer = err;
    moxd_waitq_wake_all(&core_server.answers);
}

static void reload(void)
{
    struct moxd_err err = { 0 };

    if (moxd_conf_reload(&err) < 0)
        moxd_error(&core_server.log, "domains.conf is not used, the old one stays", moxd_kve(&err));
}

static void act(struct core_msg *msg)
{
    if (msg->type == CORE_MSG_CERT)
        core_certs_add(&core_server.incoming, msg);
    else if (msg->type == CORE_MSG_CERTS_DONE)
        use_certs(msg);
    else if (msg->type == CORE_MSG_RELOAD)
        reload();
    else if (msg->type == CORE_MSG_STOP)
        core_server_stop(core_msg_field(msg, 0)[0] != '\0');
}

static void hear(void *arg)
{
    struct core_msg msg;
    struct moxd_err err = { 0 };
    int rc;

    (void)arg;
    while ((rc = core_channel_recv(core_server.channel, &msg, &err)) >= 0) {
        if (rc == 0 && moxd_wait_fd(core_server.channel, MOXD_FD_READ, MOXD_NEVER) < 0)
            return;
        if (rc == 0)
            continue;
        act(&msg);
        core_msg_close(&msg);
    }
    moxd_error(&core_server.log, "stopping, since the parent does not answer", moxd_kve(&err));
    core_server_stop(false);
}

void core_hear_begin(void)
{
    core_certs_init(&core_server.incoming);
    core_server.listener = moxd_fiber_spawn("hear parent", hear, NULL);
}

void core_hear_end(void)
{
    (void)moxd_fiber_cancel(core_server.listener);
    (void)moxd_fiber_join(core_server.listener, MOXD_NEVER);
    core_certs_fini(&core_server.incoming);
}

int core_hear_certs(struct moxd_err *err)
{
    uint32_t id = ++core_server.wanted;
    int64_t deadline = moxd_deadline(ANSWER_S * MOXD_SEC);

    if (core_tell_parent(CORE_MSG_WANT_CERTS, id, err) < 0)
        return -1;
    while (core_server.answered < id)
        if (moxd_waitq_wait(&core_server.answers, deadline) != MOXD_OK)
            return moxd_err_set(err, MOXD_ERR_TIMEOUT, "the parent does not answer");
    if (core_server.answer.kind == MOXD_ERR_NONE)
        return 0;
    if (err)
        *err = core_server.answer;
    return -1;
}
