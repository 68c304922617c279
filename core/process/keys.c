#include "process/keys.h"

#include "process/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PEM_LOOK = 4096 }; /* bytes at the beginning that are looked at */

void core_keys_plan(const struct moxd_conf *conf, struct moxd_arena *a, struct core_keys *out)
{
    const struct moxd_core_conf *core = core_conf_of(conf);
    size_t cap = 0;

    *out = (struct core_keys){ 0 };
    for (size_t i = 0; i < core->listeners.n; i++) {
        const struct moxd_listener_conf *l = core->listeners.v[i];
        for (size_t k = 0; l->tls && k < l->tls->pairs.n; k++) {
            const struct core_pair_conf *pair = l->tls->pairs.v[k];
            struct core_key *key = moxd_arena_push(a, &out->v, &out->n, &cap, sizeof(*key));
            *key = (struct core_key){ .listener = l->head.label,
                                      .pos = pair->head.pos,
                                      .path = { pair->certificate, pair->key } };
        }
    }
}

/* Some text may come before the first line of PEM. */
static bool is_pem(int fd)
{
    char text[PEM_LOOK];
    ssize_t n = pread(fd, text, sizeof(text), 0);

    return n > 0 && moxd_str_find(moxd_str(text, (size_t)n), MOXD_STR("-----BEGIN ")) >= 0;
}

/* Without O_NONBLOCK a named pipe would stop the parent for ever. */
static int open_file(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return moxd_err_sys(err, "%s", path);
    if (!S_ISREG(st.st_mode))
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: not a regular file", path);
    if (!is_pem(fd))
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: not in PEM format", path);
    int opened = fd;
    fd = -1;
    return opened;
}

int core_key_open(const struct core_key *key, int fd[2], struct moxd_err *err)
{
    fd[0] = open_file(key->path[0], err);
    if (fd[0] < 0)
        return -1;
    fd[1] = open_file(key->path[1], err);
    if (fd[1] >= 0)
        return 0;
    moxd_closep(&fd[0]);
    return -1;
}

static struct core_file_sig look(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return (struct core_file_sig){ 0 };
    return (struct core_file_sig){
        .dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .mtime = st.st_mtim
    };
}

static bool same(const struct core_file_sig *a, const struct core_file_sig *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static int send_pair(const struct core_key *key, int channel, struct moxd_err *err)
{
    struct core_msg msg;
    int fd[2], rc;

    core_msg_init(&msg, CORE_MSG_CERT);
    if (core_msg_add(&msg, key->listener) < 0 || core_msg_add(&msg, key->path[0]) < 0 ||
        core_msg_add(&msg, key->path[1]) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "%s: path is too long", key->path[0]);
    if (core_key_open(key, fd, err) < 0)
        return -1;
    msg.fd[0] = fd[0];
    msg.fd[1] = fd[1];
    rc = core_channel_send(channel, &msg, err);
    core_msg_close(&msg);
    return rc;
}

int core_keys_send(struct core_keys *keys, int channel, uint32_t id, const struct moxd_log *log,
                   struct moxd_err *err)
{
    struct core_msg done;
    struct moxd_err own = { 0 };

    for (size_t i = 0; i < keys->n; i++)
        for (int k = 0; k < 2; k++)
            keys->v[i].seen[k] = keys->v[i].now[k] = look(keys->v[i].path[k]);
    for (size_t i = 0; i < keys->n && own.kind == MOXD_ERR_NONE; i++)
        if (send_pair(&keys->v[i], channel, &own) < 0)
            moxd_error(log, "cannot hand over a certificate",
                       moxd_kvs("listener", keys->v[i].listener), moxd_kve(&own));
    if (own.kind == MOXD_ERR_CLOSED) {
        *err = own;
        return -1;
    }
    core_msg_init(&done, CORE_MSG_CERTS_DONE);
    done.id = id;
    if (core_msg_add(&done, own.priv) < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "text is too long");
    return core_channel_send(channel, &done, err);
}

bool core_keys_changed(struct core_keys *keys)
{
    bool changed = false;

    for (size_t i = 0; i < keys->n; i++) {
        struct core_key *key = &keys->v[i];
        for (int k = 0; k < 2; k++) {
            struct core_file_sig now = look(key->path[k]);
            changed |= !same(&now, &key->seen[k]) && same(&now, &key->now[k]);
            key->now[k] = now;
        }
    }
    return changed;
}
