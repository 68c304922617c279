/* Hook on_store_change: who a message is from is noted in the transaction that delivers it. */
#include "reputation.h"

#include <moxmail/summary.h>

struct noting {
    struct store_tx *tx;
    const struct store_v1 *store;
    const struct reputation_who *who;
    uint32_t mailbox;
    struct reputation_seen seen;
    struct moxd_err *err;
};

static size_t max_of(enum reputation_kind kind)
{
    return kind == REPUTATION_ADDRESS ? REPUTATION_ADDRESS_MAX : REPUTATION_DOMAIN_MAX;
}

/* 1: the message is there (now); 0: it is not, and shall not be added; -1. */
static int note(const struct noting *n, enum reputation_kind kind, enum reputation_class class,
                bool add)
{
    struct reputation_key key = reputation_key(kind, class, n->mailbox, n->who);
    struct reputation_ring ring;
    int rc = reputation_load(n->store, n->tx, &key, &ring, n->err);

    if (rc < 0 || key.n == 0)
        return rc;
    ring.n = ring.n < max_of(kind) ? ring.n : max_of(kind);
    if (!add && !reputation_ring_find(&ring, n->seen.id))
        return 0;
    if (reputation_ring_put(&ring, max_of(kind), &n->seen) &&
        reputation_save(n->store, n->tx, &key, &ring, n->err) < 0)
        return -1;
    return 1;
}

static int note_both(const struct noting *n, enum reputation_class class, bool add)
{
    int address = note(n, REPUTATION_ADDRESS, class, add);
    int domain = address < 0 ? -1 : note(n, REPUTATION_DOMAIN, class, add);

    return domain < 0 ? -1 : address || domain;
}

/* A user's word about a message that is not remembered counts as if its sender were proven, and if not. */
static int note_word(const struct noting *n)
{
    int found = 0;

    for (int class = 0; class < REPUTATION_CLASSES; class ++) {
        int rc = note_both(n, (enum reputation_class) class, false);
        if (rc < 0)
            return -1;
        found |= rc;
    }
    for (int class = 0; !found && class < REPUTATION_CLASSES; class ++)
        if (note_both(n, (enum reputation_class) class, true) < 0)
            return -1;
    return 0;
}

static struct noting noting_of(struct store_tx *tx, const struct store_change_event *ev,
                               const struct reputation_who *who, struct moxd_err *err)
{
    return (struct noting){
        .tx = tx,
        .store = ev->store,
        .who = who,
        .mailbox = ev->now->delivered,
        .seen = { ev->now->id, ev->now->received.ns / MOXD_SEC, reputation_bits(ev->now->flags) },
        .err = err,
    };
}

static int delivered(struct store_tx *tx, const struct store_change_event *ev, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct smtp_message *msg = ev->origin_data;
    struct reputation_who who;

    if (!reputation_who_of(msg, a, &who))
        return 0;
    struct noting n = noting_of(tx, ev, &who, err);
    bool verified = reputation_verified(msg, &who);
    return note_both(&n, verified ? REPUTATION_VERIFIED : REPUTATION_CLAIMED, true) < 0 ? -1 : 0;
}

/* --- what is stored ----------------------------------------------------------------------------- */

struct reading {
    struct moxd_arena *a;
    struct reputation_who who;
    bool found;
};

static int read_from(void *arg, struct store_tx *tx, const struct store_item *item,
                     struct moxd_err *err)
{
    const struct moxd_str from = MOXD_STR("From");
    struct reading *r = arg;
    struct moxd_summary_query q;
    struct moxd_summary s;
    struct moxd_field f;

    (void)tx, (void)err;
    if (item->header.n == 0 || moxd_summary_read(&s, item->header) < 0)
        return 0;
    moxd_summary_query(&q, &from, 1, r->a);
    struct moxd_str rest = s.fields;
    r->found = moxd_summary_next(&rest, &q, &f) && reputation_who(f.value, r->a, &r->who);
    return 0;
}

/* The author of a stored message. 1; 0: none; -1. */
static int author(struct store_tx *tx, const struct store_change_event *ev, struct reading *r,
                  struct moxd_err *err)
{
    struct store_uid_range uid = { ev->now->uid, ev->now->uid };
    struct store_uids uids = { &uid, 1 };

    if (ev->store->tx_messages(tx, ev->now->mailbox, &uids, STORE_WITH_HEADER, read_from, r, err) <
        0)
        return -1;
    return r->found;
}

static int judged(struct store_tx *tx, const struct store_change_event *ev, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct reading r = { .a = a };
    int rc = author(tx, ev, &r, err);
    struct noting n = noting_of(tx, ev, &r.who, err);

    return rc > 0 ? note_word(&n) : rc;
}

/* What a user brings along from elsewhere was received before, by who could look at it; drafts and what the user sent
 * are from nobody else. */
static int brought(struct store_tx *tx, const struct store_change_event *ev, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct reading r = { .a = a };

    if (ev->now_mailbox->special_use & (STORE_USE_SENT | STORE_USE_DRAFTS | STORE_USE_TRASH))
        return 0;
    int rc = author(tx, ev, &r, err);
    struct noting n = noting_of(tx, ev, &r.who, err);
    return rc > 0 && note_both(&n, REPUTATION_VERIFIED, true) < 0 ? -1 : rc < 0 ? -1 : 0;
}

static int added(struct store_tx *tx, const struct store_change_event *ev, struct moxd_err *err)
{
    const struct store_copy_origin *copy = ev->origin_data;

    if (strcmp(ev->origin, "smtp") == 0)
        return delivered(tx, ev, err);
    if (strcmp(ev->origin, "copy") == 0)
        return copy->reject ? judged(tx, ev, err) : 0;
    if (strcmp(ev->origin, "import") == 0 || strcmp(ev->origin, "imap") == 0)
        return brought(tx, ev, err);
    return 0;
}

int reputation_on_store_change(struct store_tx *tx, const struct store_change_event *ev,
                               struct moxd_err *err)
{
    if (!ev->now || ev->now->reject)
        return 0;
    if (!ev->old)
        return added(tx, ev, err);
    /* REP-03, REP-12: taken out of Rejects, it counts where it would have gone. */
    if (ev->old->reject || reputation_bits(ev->old->flags) != reputation_bits(ev->now->flags))
        return judged(tx, ev, err);
    return 0;
}
