#include "listen/handed.h"

#include "process/channel.h"

#include <poll.h>
#include <stdlib.h>

enum { PATIENCE_MS = 30 * 1000 };

void core_certs_init(struct core_certs *certs)
{
    *certs = (struct core_certs){ .a = moxd_arena_new(0) };
}

void core_certs_add(struct core_certs *certs, struct core_msg *msg)
{
    struct core_cert *c = moxd_arena_push(certs->a, &certs->v, &certs->n, &certs->cap, sizeof(*c));

    c->listener = moxd_arena_strdup(certs->a, core_msg_field(msg, 0));
    c->pair = (struct moxd_tls_pair){
        .cert_path = moxd_arena_strdup(certs->a, core_msg_field(msg, 1)),
        .key_path = moxd_arena_strdup(certs->a, core_msg_field(msg, 2)),
        .cert_fd = msg->fd[0],
        .key_fd = msg->fd[1],
    };
    msg->fd[0] = msg->fd[1] = -1;
}

void core_certs_fini(struct core_certs *certs)
{
    for (size_t i = 0; i < certs->n; i++) {
        moxd_closep(&certs->v[i].pair.cert_fd);
        moxd_closep(&certs->v[i].pair.key_fd);
    }
    moxd_arena_free(certs->a);
    *certs = (struct core_certs){ 0 };
}

static void take_socket(struct core_handed *h, struct core_msg *msg)
{
    struct core_handed_socket *s =
        moxd_arena_push(h->a, &h->sockets, &h->nsockets, &h->cap, sizeof(*s));

    *s = (struct core_handed_socket){
        .listener = moxd_arena_strdup(h->a, core_msg_field(msg, 0)),
        .service = moxd_arena_strdup(h->a, core_msg_field(msg, 1)),
        .fd = msg->fd[0],
    };
    msg->fd[0] = -1;
}

static void take_fd(int *fd, struct core_msg *msg)
{
    moxd_closep(fd);
    *fd = msg->fd[0];
    msg->fd[0] = -1;
}

static void take_crashes(struct core_handed *h, const struct core_msg *msg)
{
    uint64_t n;

    for (size_t i = 0; i < MOXD_NELEMS(h->crashes); i++) {
        if (moxd_str_u64(moxd_cstr(core_msg_field(msg, 3 + i)), UINT32_MAX, &n) == 0)
            h->crashes[i] = (unsigned)n;
    }
}

static int take_go(struct core_handed *h, const struct core_msg *msg, struct moxd_err *err)
{
    uint64_t uid = 0, gid = 0;
    const char *name = core_msg_field(msg, 0);

    take_crashes(h, msg);
    if (name[0] == '\0')
        return 0;
    if (moxd_str_u64(moxd_cstr(core_msg_field(msg, 1)), UINT32_MAX, &uid) < 0 ||
        moxd_str_u64(moxd_cstr(core_msg_field(msg, 2)), UINT32_MAX, &gid) < 0)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "the parent names no user");
    h->drop = true;
    h->user = (struct core_user){ .name = moxd_arena_strdup(h->a, name),
                                  .uid = (uid_t)uid,
                                  .gid = (gid_t)gid };
    return 0;
}

static void take(struct core_handed *h, struct core_msg *msg)
{
    if (msg->type == CORE_MSG_SOCKET)
        take_socket(h, msg);
    else if (msg->type == CORE_MSG_CERT)
        core_certs_add(&h->certs, msg);
    else if (msg->type == CORE_MSG_LOCK)
        take_fd(&h->lock, msg);
    else if (msg->type == CORE_MSG_CRASH)
        take_fd(&h->crash, msg);
    core_msg_close(msg);
}

int core_handed_receive(struct core_handed *h, int channel, struct moxd_err *err)
{
    struct pollfd fd = { .fd = channel, .events = POLLIN };
    struct core_msg msg;

    *h = (struct core_handed){ .a = moxd_arena_new(0), .lock = -1, .crash = -1 };
    core_certs_init(&h->certs);
    for (;;) {
        int rc = core_channel_recv(channel, &msg, err);
        if (rc < 0)
            return -1;
        if (rc == 0 && poll(&fd, 1, PATIENCE_MS) <= 0)
            return moxd_err_set(err, MOXD_ERR_TIMEOUT, "the parent says nothing");
        if (rc == 0)
            continue;
        if (msg.type == CORE_MSG_GO)
            return take_go(h, &msg, err);
        take(h, &msg);
    }
}

void core_handed_fini(struct core_handed *h)
{
    for (size_t i = 0; i < h->nsockets; i++)
        moxd_closep(&h->sockets[i].fd);
    core_certs_fini(&h->certs);
    moxd_arena_free(h->a);
    h->a = NULL;
    h->nsockets = 0;
}
