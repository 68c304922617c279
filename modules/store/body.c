/* Reading bodies. What is open stays readable, whatever happens to the message. */
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct store_body {
    struct moxd_buf data;    /* the first bytes: prefix, or everything */
    uint64_t size;
    int fd;                  /* the rest; -1: nothing is missing */
};

struct opening {
    struct store_op_body op;
    struct store_body *b;
};

static int op_open(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct opening *o = arg;
    struct store_body *b = o->b;

    if (store_op_body(tx, &o->op, err) < 0)
        return -1;
    b->size = o->op.place.size;
    if (b->data.n == b->size && o->op.place.where == STORE_IN_DB)
        return 0;
    b->fd = store_file_open(tx->bt->env, tx->bt->id, o->op.id, b->size - o->op.place.prefix, err);
    return b->fd < 0 ? -1 : 0;
}

static struct store_body *body_new(void)
{
    struct store_body *b = moxd_xcalloc(1, sizeof(*b));

    b->fd = -1;
    moxd_buf_init(&b->data, SIZE_MAX / 2);
    return b;
}

static int open_body(struct store_account *acc, uint64_t id, bool kept, struct store_body **out,
                     struct moxd_err *err)
{
    struct store_body *b = body_new();
    struct opening o = { .op = { .id = id, .kept = kept, .data = &b->data }, .b = b };

    if (store_read(acc, op_open, &o, err) < 0) {
        store_body_close(b);
        return -1;
    }
    *out = b;
    return 0;
}

int store_body_open(struct store_account *acc, uint64_t id, struct store_body **out,
                    struct moxd_err *err)
{
    return open_body(acc, id, false, out, err);
}

int store_kept_open(struct moxd_instance *self, uint64_t id, struct store_body **out,
                    struct moxd_err *err)
{
    return open_body(MOXD_CONTAINER(self, struct store, m)->server, id, true, out, err);
}

int store_tx_kept_open(struct store_tx *tx, uint64_t id, struct store_body **out,
                       struct moxd_err *err)
{
    struct store_body *b = body_new();
    struct opening o = { .op = { .id = id, .kept = true, .data = &b->data }, .b = b };

    if (op_open(tx, &o, err) < 0) {
        store_body_close(b);
        return -1;
    }
    *out = b;
    return 0;
}

uint64_t store_body_size(const struct store_body *b)
{
    return b->size;
}

long store_body_read(struct store_body *b, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    if (off >= b->size || n == 0)
        return 0;
    if (off < b->data.n) {
        struct moxd_str part = moxd_str_sub(moxd_buf_str(&b->data), (size_t)off, n);
        memcpy(p, part.p, part.n);
        return (long)part.n;
    }
    ssize_t r;
    do
        r = pread(b->fd, p, n, (off_t)(off - b->data.n));
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return moxd_err_sys(err, "read a message");
    return r > 0 ? r : moxd_err_set(err, MOXD_ERR_CORRUPT, "the body of this message is damaged");
}

void store_body_close(struct store_body *b)
{
    if (b == NULL)
        return;
    moxd_closep(&b->fd);
    moxd_buf_fini(&b->data);
    free(b);
}
