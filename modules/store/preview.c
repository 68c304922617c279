/* Previews of messages (P-STORE-08): made when first asked for, kept beside the message. */
#include "store.h"

#include <moxmail/preview.h>

#include <errno.h>

static const struct moxd_str note_name = { "store.preview", 13 };

struct previews {
    struct store_account *acc;
    const uint64_t *ids;
    size_t n;
    struct moxd_arena *arena;
    struct moxd_str *out; /* p NULL: not there yet */
    bool *made;           /* now, so that they are to be kept */
};

/* --- kept ones --------------------------------------------------------------------------------- */

static int op_get(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct previews *v = arg;

    for (size_t i = 0; i < v->n; i++) {
        struct store_key key = store_key_note(v->ids[i], note_name);
        struct moxd_str val;
        int rc = store_get(tx, &key, &val, err);
        if (rc < 0)
            return -1;
        v->out[i] = rc > 0 ? moxd_arena_str(v->arena, val) : moxd_str(NULL, 0);
        if (rc > 0 && v->out[i].p == NULL)
            v->out[i].p = "";
    }
    return 0;
}

static int op_keep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct previews *v = arg;

    for (size_t i = 0; i < v->n; i++) {
        struct store_key key = store_key_note(v->ids[i], note_name);
        uint32_t mailbox, uid;
        int rc = v->made[i] ? store_msg_find(tx, v->ids[i], &mailbox, &uid, err) : 0;
        if (rc < 0 || (rc > 0 && store_put(tx, &key, v->out[i], err) < 0))
            return -1;
    }
    return 0;
}

/* --- making one -------------------------------------------------------------------------------- */

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    long r = store_body_read((struct store_body *)(uintptr_t)ctx, off, p, n, NULL);

    if (r < 0)
        errno = EIO;
    return r;
}

struct making {
    struct store_body *body;
    struct moxd_buf out;
};

static int make_job(void *arg, struct moxd_err *err)
{
    struct making *mk = arg;
    struct moxd_reader r = { read_at, mk->body, store_body_size(mk->body) };
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_text *t MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_msg *msg;

    if (moxd_msg_parse(a, &r, &msg, err) < 0)
        return -1;
    return moxd_preview(t, &r, msg, &mk->out, err);
}

static int make(struct previews *v, size_t i, struct moxd_err *err)
{
    struct making mk = { .out = MOXD_BUF_INIT(MOXD_PREVIEW_BYTES) };
    struct moxd_err local = { 0 };
    int rc = store_body_open(v->acc, v->ids[i], &mk.body, &local);

    if (rc == 0) {
        rc = store_offload(MOXD_LANE_CPU, make_job, &mk, &local);
        store_body_close(mk.body);
    }
    if (rc == 0) {
        v->out[i] = moxd_str(moxd_arena_cstr(v->arena, moxd_buf_str(&mk.out)), mk.out.n);
        v->made[i] = true;
    }
    moxd_buf_fini(&mk.out);
    /* Expunged meanwhile, or damaged: there is nothing to show, and others can be shown. */
    if (rc == 0 || local.kind == MOXD_ERR_NOTFOUND || local.kind == MOXD_ERR_CORRUPT)
        return 0;
    if (err != NULL)
        *err = local;
    return -1;
}

int store_previews(struct store_account *acc, const uint64_t *ids, size_t n, bool lazy,
                   struct moxd_arena *a, struct moxd_str *out, struct moxd_err *err)
{
    struct previews v = { acc, ids, n, a, out, moxd_arena_calloc(a, n, sizeof(bool)) };
    size_t made = 0;

    if (store_read(acc, op_get, &v, err) < 0)
        return -1;
    for (size_t i = 0; i < n && !lazy; i++) {
        if (out[i].p == NULL && make(&v, i, err) < 0)
            return -1;
        made += v.made[i];
    }
    /* What cannot be kept is made again the next time. */
    if (made > 0)
        (void)!store_write_soon(acc, op_keep, &v, NULL);
    return 0;
}
