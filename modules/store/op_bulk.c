/* Changes of messages by id, in whatever mailboxes they are: what pages and JMAP ask for. Each is the operation that IMAP
 * uses, for one mailbox after the other, in one transaction. */
#include "ops.h"
#include "viewer.h"

#include <stdlib.h>

/* --- where they are ---------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const struct store_location *x = a, *y = b;

    if (x->mailbox != y->mailbox)
        return x->mailbox < y->mailbox ? -1 : 1;
    return (x->uid > y->uid) - (x->uid < y->uid);
}

/* By mailbox and UID, each once; those that are gone are left out. */
static int find(struct store_tx *tx, const uint64_t *ids, size_t n, struct store_location **out,
                size_t *nout, struct moxd_err *err)
{
    struct store_location *v = moxd_arena_calloc(tx->arena, n + 1, sizeof(*v));
    size_t found = 0, k = 0;

    for (size_t i = 0; i < n; i++) {
        int rc = store_msg_find(tx, ids[i], &v[found].mailbox, &v[found].uid, err);
        if (rc < 0)
            return -1;
        found += rc > 0;
    }
    qsort(v, found, sizeof(*v), by_place);
    for (size_t i = 0; i < found; i++)
        if (k == 0 || by_place(&v[k - 1], &v[i]) != 0)
            v[k++] = v[i];
    *out = v;
    *nout = k;
    return 0;
}

typedef int each_fn(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids, void *arg,
                    struct moxd_err *err);

static int each_mailbox(struct store_tx *tx, const struct store_op_bulk *op, each_fn *fn, void *arg,
                        struct moxd_err *err)
{
    struct store_location *v;
    size_t n;

    if (find(tx, op->ids, op->n, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n;) {
        uint32_t mailbox = v[i].mailbox;
        struct store_uidset set = { 0 };

        for (; i < n && v[i].mailbox == mailbox; i++)
            store_uidset_add(&set, tx->arena, v[i].uid);
        struct store_uids uids = store_uidset_uids(&set);
        if (fn(tx, mailbox, &uids, arg, err) < 0)
            return -1;
    }
    return 0;
}

/* --- flags ------------------------------------------------------------------------------------- */

static int flag(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids, void *arg,
                struct moxd_err *err)
{
    struct store_op_flags op = { .mailbox = mailbox, .uids = uids, .fc = arg,
                                 .mask = STORE_FLAGS_ALL | STORE_FLAG_KEYWORDS, .arena = tx->arena };

    return store_op_flags(tx, &op, err);
}

int store_op_bulk_flags(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_bulk *op = arg;

    op->fc->modseq = 0;
    return each_mailbox(tx, op, flag, op->fc, err);
}

/* --- another mailbox, or none -------------------------------------------------------------------- */

struct moving {
    uint32_t dst;
    bool read;
};

static int move(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids, void *arg,
                struct moxd_err *err)
{
    const struct moving *m = arg;
    struct store_flag_change seen = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN };
    struct store_op_copy op = { .mailbox = mailbox, .dst = m->dst, .uids = uids, .arena = tx->arena };

    if (mailbox == m->dst)
        return 0; /* they are there */
    if (m->read && flag(tx, mailbox, uids, &seen, err) < 0)
        return -1;
    return store_op_move(tx, &op, err);
}

int store_op_bulk_move(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_op_bulk *op = arg;
    struct store_box dst;

    if (store_box_load(tx, op->dst, &dst, err) < 0)
        return -1;
    struct moving m = { op->dst, op->reads &&
                                     (dst.r.special_use & (STORE_USE_ARCHIVE | STORE_USE_JUNK)) };
    return each_mailbox(tx, op, move, &m, err);
}

static int discard(struct store_tx *tx, uint32_t mailbox, const struct store_uids *uids, void *arg,
                   struct moxd_err *err)
{
    struct store_op_expunge op = { .mailbox = mailbox, .uids = uids, .any = true, .arena = tx->arena };

    (void)arg;
    return store_op_expunge(tx, &op, err);
}

int store_op_bulk_discard(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return each_mailbox(tx, arg, discard, NULL, err);
}

/* --- a mailbox, with those below it --------------------------------------------------------------- */

struct unseen {
    struct store_tx *tx;
    struct store_seen seen;
    struct store_uidset uids;
};

static int note_unseen(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct unseen *u = arg;
    unsigned flags = rec->flags;
    uint64_t modseq = rec->modseq;

    store_seen_show(&u->seen, uid, &flags, &modseq);
    if (!(flags & STORE_SEEN))
        store_uidset_add(&u->uids, u->tx->arena, uid);
    return 0;
}

static int read_mailbox(struct store_tx *tx, uint32_t mailbox, struct moxd_err *err)
{
    struct store_flag_change seen = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN };
    struct unseen u = { .tx = tx };

    if (store_seen_load(tx, mailbox, NULL, &u.seen, err) < 0 ||
        store_msg_scan(tx, mailbox, NULL, note_unseen, &u, err) < 0)
        return -1;
    struct store_uids uids = store_uidset_uids(&u.uids);
    return uids.n == 0 ? 0 : flag(tx, mailbox, &uids, &seen, err);
}

struct below {
    struct store_tx *tx;
    struct moxd_str top;
    uint32_t *ids;
    size_t n, cap;
    struct moxd_err *err;
};

static int note_below(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct below *b = arg;

    if (val.n != 4)
        return store_corrupt(b->tx, "name of a mailbox", b->err);
    if (!store_name_below(moxd_str_from(key, 1), b->top))
        return 0;
    uint32_t *id = moxd_arena_push(b->tx->arena, &b->ids, &b->n, &b->cap, sizeof(*id));
    *id = moxd_get_be32(val.p);
    return 0;
}

int store_op_mark_read(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct store_op_mark_read *op = arg;
    struct below b = { .tx = tx, .err = err };
    struct store_box box;

    if (store_box_load(tx, op->mailbox, &box, err) < 0)
        return -1;
    b.top = box.r.name;
    struct store_key from = store_key_name(STORE_T_NAME, b.top);
    if (op->below && store_scan(tx, &from, store_key_str(&from), note_below, &b, err) < 0)
        return -1;
    if (read_mailbox(tx, op->mailbox, err) < 0)
        return -1;
    for (size_t i = 0; i < b.n; i++)
        if (read_mailbox(tx, b.ids[i], err) < 0)
            return -1;
    return 0;
}
