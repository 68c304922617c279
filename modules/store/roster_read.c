/* Reading with rosters: for fibers. */
#include "roster.h"
#include "viewer.h"

#include <stdlib.h>

/* --- making one, in a transaction -------------------------------------------------------------- */

struct making {
    struct store_tx *tx;
    uint32_t mailbox;
    struct store_box box;
    struct store_seen seen;
    struct store_roster *r;       /* out */
    struct moxd_err *err;
};

static int make_entry(void *arg, uint32_t uid, const struct store_rec *rec)
{
    struct making *m = arg;
    struct store_entry e = { .uid = uid, .flags = rec->flags, .id = rec->id, .modseq = rec->modseq };

    store_seen_show(&m->seen, uid, &e.flags, &e.modseq);
    if (rec->nkw > 0 && (store_box_keywords(m->tx, &m->box, m->err) < 0 ||
                         store_kwlist_names(m->tx, m->box.kw, rec->kw, rec->nkw, m->tx->arena, &e.keywords,
                                            m->err) < 0))
        return -1;
    store_roster_add(m->r, &e);
    return 0;
}

static int op_make(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct making *m = arg;

    m->tx = tx;
    m->err = err;
    if (store_box_load(tx, m->mailbox, &m->box, err) < 0 ||
        store_seen_load(tx, m->mailbox, NULL, &m->seen, err) < 0)
        return -1;
    m->r = store_roster_new(m->mailbox, m->box.r.total);
    if (store_msg_scan(tx, m->mailbox, NULL, make_entry, m, err) == 0)
        return 0;
    store_roster_free(m->r);
    m->r = NULL;
    return -1;
}

/* --- selecting --------------------------------------------------------------------------------- */

/* The counts of the mailbox say whether it can be right. */
static bool fits(const struct store_roster *r, const struct store_mailbox *mb)
{
    return r->n - r->ngone == mb->total && (r->n == 0 || r->uids->v[r->n - 1] < mb->uidnext);
}

static struct store_roster *known(struct store_account *acc, const struct store_mailbox *mb)
{
    struct store_roster *r = acc->base == NULL ? store_roster_find(acc, mb->id) : NULL;

    if (r == NULL || fits(r, mb))
        return r;
    moxd_error(&acc->s->m.log, "list of a mailbox in memory is wrong, and dropped",
               moxd_kvs("account", acc->name), moxd_kvs("mailbox", mb->name));
    moxd_assert(!acc->s->opt.check);
    store_roster_drop(r);
    return NULL;
}

static void show(struct store_roster *r, struct store_selection *out)
{
    store_roster_compact(r);
    r->uids->refs++;
    out->uids = r->uids;
    out->n = r->n;
    out->first_unseen = out->mailbox.unseen > 0 ? store_roster_first_unseen(r) : 0;
}

/* What a viewer has seen is its own: such a roster is made for it and not kept. */
static int select_held(struct store_account *acc, struct store_op_mailbox *box,
                       struct store_selection *out, struct moxd_err *err)
{
    struct store_account *base = store_account_base(acc);
    struct making m = { 0 };
    struct store_roster *r;

    if (store_held_read(acc, store_op_mailbox, box, err) < 0)
        return -1;
    out->modseq = base->bt->meta.modseq;
    r = known(acc, &out->mailbox);
    if (r != NULL) {
        show(r, out);
        return 0;
    }
    m.mailbox = out->mailbox.id;
    if (store_held_read(acc, op_make, &m, err) < 0)
        return -1;
    show(m.r, out);
    if (acc->base != NULL || !store_roster_keep(acc, m.r))
        store_roster_free(m.r);
    return 0;
}

int store_roster_select(struct store_account *acc, struct store_op_mailbox *box,
                        struct store_selection *out, struct moxd_err *err)
{
    struct store_held held;
    int rc;

    if (store_hold(acc, &held, err) < 0)
        return -1;
    out->uids = NULL;
    rc = select_held(acc, box, out, err);
    if (store_unhold(acc, &held, rc, err) == 0)
        return 0;
    store_uid_list_release(out->uids);
    out->uids = NULL;
    return -1;
}

/* --- entries ----------------------------------------------------------------------------------- */

static int read_held(struct store_account *acc, struct store_op_entries *op, struct moxd_err *err)
{
    struct store_roster *r = acc->base == NULL ? store_roster_find(acc, op->mailbox) : NULL;

    if (r == NULL)
        return store_held_read(acc, store_op_entries, op, err);
    op->at = acc->bt->meta.modseq;
    store_roster_entries(r, op->uids, op->arena, &op->v, &op->n);
    return 0;
}

int store_roster_read(struct store_account *acc, struct store_op_entries *op, struct moxd_err *err)
{
    struct store_held held;
    int rc;

    moxd_assert(!op->since);
    if (store_hold(acc, &held, err) < 0)
        return -1;
    rc = read_held(acc, op, err);
    return store_unhold(acc, &held, rc, err);
}

/* --- by id ------------------------------------------------------------------------------------- */

static int by_uid(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static int look_up(struct store_account *acc, uint32_t mailbox, struct store_op_places *op, uint32_t *out,
                   size_t *nout, struct moxd_err *err)
{
    if (store_held_read(acc, store_op_places, op, err) < 0)
        return -1;
    for (size_t i = 0; i < op->n; i++)
        if (op->v[i].mailbox == mailbox)
            out[(*nout)++] = op->v[i].uid;
    qsort(out, *nout, sizeof(*out), by_uid);
    return 0;
}

int store_roster_uids_of(struct store_account *acc, uint32_t mailbox, const uint64_t *ids, size_t n,
                         struct moxd_arena *a, uint32_t **out, size_t *nout, struct moxd_err *err)
{
    struct store_op_places op = { .ids = ids, .n = n, .arena = a };
    struct store_roster *r;
    struct store_held held;
    int rc = 0;

    *nout = 0;
    *out = moxd_arena_calloc(a, n + 1, sizeof(**out));
    if (store_hold(acc, &held, err) < 0)
        return -1;
    r = store_roster_find(store_account_base(acc), mailbox); /* places are everybody's */
    if (r != NULL)
        *nout = store_roster_uids(r, ids, n, *out);
    else
        rc = look_up(acc, mailbox, &op, *out, nout, err);
    return store_unhold(acc, &held, rc, err);
}

/* --- checking, in tests ------------------------------------------------------------------------ */

static bool same(const struct store_entry *a, const struct store_entry *b)
{
    if (a->uid != b->uid || a->flags != b->flags || a->id != b->id || a->modseq != b->modseq ||
        a->keywords.n != b->keywords.n)
        return false;
    for (size_t i = 0; i < a->keywords.n; i++)
        if (strcmp(a->keywords.v[i], b->keywords.v[i]) != 0)
            return false;
    return true;
}

/* 1, 0, -1. */
static int check_one(struct store_account *acc, uint32_t mailbox, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct store_op_entries op = { .mailbox = mailbox, .arena = a };
    struct store_roster *r;
    struct store_entry *v;
    size_t n;

    if (store_held_read(acc, store_op_entries, &op, err) < 0)
        return -1;
    HASH_FIND(hh, acc->rosters, &mailbox, sizeof(mailbox), r);
    if (r == NULL) /* dropped meanwhile */
        return 1;
    store_roster_entries(r, NULL, a, &v, &n);
    for (size_t i = 0; i < n && i < op.n; i++)
        if (!same(&v[i], &op.v[i]))
            return 0;
    return n == op.n;
}

static int check_all(struct store_account *acc, uint32_t *mailbox, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    uint32_t *ids = moxd_arena_calloc(a, HASH_COUNT(acc->rosters) + 1, sizeof(*ids));
    struct store_roster *r, *tmp;
    size_t n = 0;

    HASH_ITER(hh, acc->rosters, r, tmp)
        ids[n++] = r->mailbox;
    for (size_t i = 0; i < n; i++) {
        int rc = check_one(acc, ids[i], err);

        *mailbox = ids[i];
        if (rc != 1)
            return rc;
    }
    return 1;
}

int store_rosters_check(struct store_account *acc, uint32_t *mailbox, struct moxd_err *err)
{
    struct store_held held;
    int rc;

    if (store_hold(acc, &held, err) < 0)
        return -1;
    rc = check_all(acc, mailbox, err);
    return store_unhold(acc, &held, rc < 0 ? -1 : 0, err) < 0 ? -1 : rc;
}
