/* What viewers have seen: does it belong to messages that are there, and is it counted right? And counting it anew. */
#include "message.h"
#include "verify.h"
#include "viewer.h"

/* Records come sorted by mailbox and viewer. */
struct viewing {
    struct store_tx *tx;
    struct viewed {
        uint32_t mailbox;
        uint64_t viewer;
        struct store_viewer_rec r;
    } * v; /* ascending, counted from what was seen */
    size_t n, cap;
    struct moxd_str *weeds; /* keys of records without a message */
    size_t nweeds, weeds_cap;
    struct moxd_err *err;
};

static struct viewed *viewed_of(struct viewing *w, uint32_t mailbox, uint64_t viewer)
{
    struct viewed *v = w->n > 0 ? &w->v[w->n - 1] : NULL;

    if (v != NULL && v->mailbox == mailbox && v->viewer == viewer)
        return v;
    v = moxd_arena_push(w->tx->arena, &w->v, &w->n, &w->cap, sizeof(*v));
    v->mailbox = mailbox;
    v->viewer = viewer;
    return v;
}

static int on_seen(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct viewing *w = arg;
    struct store_seen_rec r;
    struct store_rec rec;
    struct viewed *v;
    int rc = key.n == STORE_SEEN_KEY && store_seen_decode(val, &r) == 0
                 ? store_msg_get(w->tx, moxd_get_be32(key.p + 1), moxd_get_be32(key.p + 13), &rec,
                                 w->err)
                 : 0;

    if (rc < 0)
        return -1;
    if (rc == 0) {
        *(struct moxd_str *)moxd_arena_push(w->tx->arena, &w->weeds, &w->nweeds, &w->weeds_cap,
                                            sizeof(*w->weeds)) = moxd_arena_str(w->tx->arena, key);
        return 0;
    }
    v = viewed_of(w, moxd_get_be32(key.p + 1), moxd_get_be64(key.p + 5));
    v->r.seen += r.seen;
    v->r.modseq = r.modseq > v->r.modseq ? r.modseq : v->r.modseq;
    return 0;
}

static int look(struct viewing *w)
{
    struct store_key all = store_key_table(STORE_T_SEEN);

    return store_scan(w->tx, &all, store_key_str(&all), on_seen, w, w->err) < 0 ? -1 : 0;
}

/* --- verifying --------------------------------------------------------------------------------- */

struct verifying {
    struct viewing w;
    struct store_report *out;
    size_t at;                  /* in w.v */
    uint64_t viewers, recorded; /* records; what mailboxes say */
};

static int on_viewer(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verifying *y = arg;
    struct store_viewer_rec r;
    const struct viewed *v = y->at < y->w.n ? &y->w.v[y->at] : NULL;

    if (key.n != STORE_VIEWER_KEY || store_viewer_decode(val, &r) < 0) {
        store_problem(y->out, "record of a viewer that cannot be read");
        return 0;
    }
    uint32_t mailbox = moxd_get_be32(key.p + 1), seen = 0;
    uint64_t viewer = moxd_get_be64(key.p + 5), modseq = 0;
    y->viewers++;
    if (v != NULL && v->mailbox == mailbox && v->viewer == viewer) {
        seen = v->r.seen;
        modseq = v->r.modseq;
        y->at++;
    }
    if (r.seen != seen || r.modseq < modseq || r.modseq > y->w.tx->meta.modseq)
        store_problem(y->out, "mailbox %u: viewer %llu has seen %u, recorded are %u", mailbox,
                      (unsigned long long)viewer, seen, r.seen);
    return 0;
}

static int on_mailbox(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct verifying *y = arg;
    struct store_mbox r;

    if (key.n == 5 && store_mbox_decode(val, &r) == 0)
        y->recorded += r.viewers;
    return 0;
}

int store_verify_viewers(struct store_tx *tx, struct store_report *out, struct moxd_err *err)
{
    struct verifying y = { .w = { .tx = tx, .err = err }, .out = out };
    struct store_key viewers = store_key_table(STORE_T_VIEWER);
    struct store_key boxes = store_key_table(STORE_T_MAILBOX);

    if (look(&y.w) < 0 || store_scan(tx, &boxes, store_key_str(&boxes), on_mailbox, &y, err) < 0 ||
        store_scan(tx, &viewers, store_key_str(&viewers), on_viewer, &y, err) < 0)
        return -1;
    if (y.w.nweeds > 0)
        store_problem(out, "%zu records of viewers without a message", y.w.nweeds);
    if (y.at != y.w.n)
        store_problem(out, "what a viewer has seen is not counted");
    if (y.viewers != y.recorded)
        store_problem(out, "%llu viewers, recorded are %llu", (unsigned long long)y.viewers,
                      (unsigned long long)y.recorded);
    return 0;
}

/* --- counting anew ----------------------------------------------------------------------------- */

static int recount(struct viewing *w)
{
    struct store_key all = store_key_table(STORE_T_VIEWER);
    unsigned char buf[STORE_RECORD_MAX];
    struct store_box box;

    if (store_clear(w->tx, &all, w->err) < 0)
        return -1;
    for (size_t i = 0; i < w->n; i++) {
        struct store_key key = store_key_viewer(w->v[i].mailbox, w->v[i].viewer);

        w->v[i].r.modseq = store_tx_modseq(w->tx);
        if (store_put(w->tx, &key, store_viewer_encode(&w->v[i].r, buf), w->err) < 0 ||
            store_box_load(w->tx, w->v[i].mailbox, &box, w->err) < 0)
            return -1;
        box.r.viewers++;
        if (store_box_save(w->tx, &box, w->err) < 0)
            return -1;
    }
    return 0;
}

int store_viewers_rebuild(struct store_tx *tx, struct moxd_err *err)
{
    struct viewing w = { .tx = tx, .err = err };

    if (look(&w) < 0)
        return -1;
    for (size_t i = 0; i < w.nweeds; i++) {
        struct store_key key = { .n = w.weeds[i].n };

        memcpy(key.p, w.weeds[i].p, key.n);
        if (store_del(tx, &key, err) < 0)
            return -1;
    }
    return recount(&w);
}
