/* \Recent (RFC 3501 2.3.2): a message is recent for the first session that is told of it, in a mailbox of its own that
 * it may change. Gone in RFC 9051: such sessions take their part, but tell nothing.
 *
 * Sessions that have a mailbox selected share what was claimed in it. The store is told when something was
 * claimed at SELECT, and of the rest when the last one leaves: what a crash forgets is recent once more. */
#include "imap.h"

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <stdlib.h>
#include <uthash.h>

struct recent_key {
    uint64_t account;
    uint32_t mailbox, zero;
};
struct imap_recent {
    struct recent_key key;
    unsigned refs;
    uint32_t next, stored; /* UIDs from here on are recent; as the store has it */
    UT_hash_handle hh;
};

static struct recent_key key_of(const struct imap_session *s, const struct store_account *acc,
                                uint32_t mailbox)
{
    return (struct recent_key){ s->im->store->account_id(acc), mailbox, 0 };
}

static struct imap_recent *find(const struct imap_session *s, const struct store_account *acc,
                                uint32_t mailbox)
{
    struct recent_key key = key_of(s, acc, mailbox);
    struct imap_recent *r;

    HASH_FIND(hh, s->im->recent, &key, sizeof(key), r);
    return r;
}

static void store_it(struct imap_session *s, struct imap_recent *r)
{
    struct moxd_err err = { 0 };
    uint32_t next = r->next;

    if (next <= r->stored)
        return;
    r->stored = next;
    if (s->im->store->set_recent(s->sel->acc, r->key.mailbox, next, &err) < 0)
        moxd_debug(&s->log, "recent messages not kept", moxd_kve(&err));
}

void imap_recent_open(struct imap_session *s, const struct store_mailbox *mb)
{
    struct imap_recent *r = find(s, s->sel->acc, mb->id);

    if (!r) {
        r = moxd_xcalloc(1, sizeof(*r));
        r->key = key_of(s, s->sel->acc, mb->id);
        r->next = r->stored = mb->recent;
        HASH_ADD(hh, s->im->recent, key, sizeof(r->key), r);
    }
    r->refs++;
    s->sel->recent = r;
    imap_recent_claim(s, mb->uidnext);
    store_it(s, r);
}

void imap_recent_claim(struct imap_session *s, uint32_t uidnext)
{
    struct imap_recent *r = s->sel->recent;

    imap_view_set_recent(&s->sel->view, r->next);
    if (!s->sel->readonly && !s->sel->watch && r->next < uidnext)
        r->next = uidnext;
}

void imap_recent_close(struct imap_session *s)
{
    struct imap_recent *r = s->sel->recent;

    s->sel->recent = NULL;
    if (!r)
        return;
    if (r->refs == 1)
        store_it(s, r);
    if (--r->refs > 0) /* somebody may have come meanwhile */
        return;
    HASH_DEL(s->im->recent, r);
    free(r);
}

bool imap_tells_recent(const struct imap_session *s)
{
    return !(s->enabled & IMAP_EN_REV2);
}

size_t imap_recent_count(struct imap_session *s, struct store_account *acc,
                         const struct store_mailbox *mb)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    const struct imap_recent *r = find(s, acc, mb->id);
    struct store_uid_range from = { r ? r->next : mb->recent, UINT32_MAX };
    struct store_uids uids = { &from, 1 };
    struct store_entry *v;
    struct moxd_err err = { 0 };
    size_t n = 0;

    if (!imap_tells_recent(s) || from.first >= mb->uidnext)
        return 0;
    a = moxd_arena_new(0);
    if (s->im->store->entries(acc, mb->id, &uids, a, &v, &n, NULL, &err) < 0)
        moxd_debug(&s->log, "recent messages not counted", moxd_kve(&err));
    return n;
}

int imap_tell_recent(struct imap_session *s)
{
    struct imap_view *view = &s->sel->view;

    if (!imap_tells_recent(s) || view->nrecent == view->told_recent)
        return 0;
    view->told_recent = view->nrecent;
    return imap_untagged(s, "%zu RECENT", view->nrecent);
}

void imap_message_flags(const struct imap_session *s, struct moxd_buf *b, uint32_t uid,
                        unsigned flags, struct store_keywords keywords)
{
    imap_flags_out(b, flags, keywords);
    if (!imap_tells_recent(s) || !imap_view_is_recent(&s->sel->view, uid))
        return;
    moxd_buf_truncate(b, b->n - 1);
    moxd_buf_adds(b, b->p[b->n - 1] == '(' ? "\\Recent)" : " \\Recent)");
}
