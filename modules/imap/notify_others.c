/* NOTIFY for mailboxes of other accounts (RFC 5465 5.9): which accounts are watched, and what changes there. */
#include "metadata.h"
#include "notify.h"
#include <utlist.h>

/* --- what changes ----------------------------------------------------------------------------------- */

void imap_notify_listen(struct imap_session *s, struct imap_notify *n)
{
    bool reaches = false;

    for (size_t i = 0; i < n->ngroups; i++)
        reaches |= n->groups[i].events && imap_filter_reaches_others(&n->groups[i].of);
    if (!reaches)
        return;
    n->listening = n->reshare = true;
    DL_APPEND(s->im->listeners, n);
}

void imap_notify_rights_changed(const struct imap_session *s, const struct store_account *acc)
{
    const struct store_v1 *store = s->im->store;
    struct imap_notify *n;

    DL_FOREACH (s->im->listeners, n) {
        n->reshare = true;
        for (size_t i = 0; i < n->nothers; i++)
            n->others[i].stale |= store->account_id(n->others[i].acc) == store->account_id(acc);
        if (n->s != s)
            moxd_poke(n->s->fiber);
    }
}

void imap_notify_resubscribed(struct imap_notify *n, const char *name)
{
    if (!n->listening || !imap_notify_below(name, IMAP_OTHERS))
        return;
    n->reshare = true;
    for (size_t i = 0; i < n->nothers; i++)
        n->others[i].stale = true;
}

const char *imap_notify_name(const struct imap_session *s, uint64_t account, uint32_t mailbox)
{
    const struct imap_notify *n = s->notify;

    for (size_t i = 0; n && i < n->nothers; i++) {
        const struct imap_notify_box *box = imap_notify_box(&n->others[i], mailbox);

        if (s->im->store->account_id(n->others[i].acc) == account)
            return box ? box->name : NULL;
    }
    return NULL;
}

/* RFC 5465 5.6 */
static void note_annotations(struct imap_session *s, struct imap_notify_account *t,
                             const struct store_change *c)
{
    const struct imap_notify_box *box = imap_notify_box(t, c->mailbox);

    if (box && (box->events & MOXD_IMAP_EVENT_MAILBOX_METADATA))
        imap_metadata_note_other(s, t->acc, c);
}

static void note(struct imap_session *s, struct imap_notify_account *t,
                 const struct store_change *c)
{
    switch (c->kind) {
    case STORE_CHANGE_ADD:
    case STORE_CHANGE_FLAGS:
    case STORE_CHANGE_EXPUNGE:
    case STORE_CHANGE_UIDVALIDITY:
        imap_notify_message(s, t, c);
        break;
    case STORE_CHANGE_ANNOTATIONS:
        note_annotations(s, t, c);
        break;
    case STORE_CHANGE_MAILBOX_ADD:
    case STORE_CHANGE_MAILBOX_REMOVE:
    case STORE_CHANGE_MAILBOX_RENAME:
        t->stale = true;
        break;
    case STORE_CHANGE_ACCOUNT_REMOVED:
        t->stale = t->removed = true;
        break;
    default:
        break;
    }
}

static void pull(struct imap_session *s, struct imap_notify_account *t)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct store_change *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (!s->im->store->pending(t->watch))
        return;
    a = moxd_arena_new(0);
    if (s->im->store->changes(t->watch, a, &v, &n, &err) < 0) {
        moxd_debug(&s->log, "changes of another account lost", moxd_kve(&err));
        s->notify->overflow = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        note(s, t, &v[i]);
}

void imap_notify_pull(struct imap_session *s)
{
    for (size_t i = 0; s->notify && i < s->notify->nothers; i++)
        pull(s, &s->notify->others[i]);
}

/* --- which accounts --------------------------------------------------------------------------------- */

/* Whether one name is the other, or below it. */
static bool related(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || imap_notify_below(a, b) || imap_notify_below(b, a);
}

/* Whether mailboxes of that account may be meant. */
static bool is_meant(struct imap_session *s, const struct imap_notify *n, const char *owner,
                     const struct imap_notify_subs *subs)
{
    const char *top = moxd_arena_printf(s->a, IMAP_OTHERS "/%s", owner);

    for (size_t i = 0; i < n->ngroups; i++) {
        const struct imap_filter *f = &n->groups[i].of;

        if (!n->groups[i].events)
            continue;
        for (size_t k = 0; k < f->n; k++)
            if (related(moxd_arena_cstr(s->a, f->names[k]), top))
                return true;
        for (size_t k = 0; f->kind == MOXD_IMAP_FILTER_SUBSCRIBED && k < subs->n; k++)
            if (imap_notify_below(subs->v[k], top))
                return true;
    }
    return false;
}

static bool is_watched(const struct imap_notify *n, const char *owner)
{
    for (size_t i = 0; i < n->nothers; i++)
        if (strcmp(n->others[i].owner, owner) == 0)
            return true;
    return false;
}

/* An account that has gone is none. */
static int watch(struct imap_session *s, struct imap_notify *n, const char *owner,
                 struct moxd_err *err)
{
    const struct store_v1 *store = s->im->store;
    struct moxd_err why = { 0 };
    struct store_account *acc;

    if (imap_open_other(s, moxd_cstr(owner), &acc, &why) < 0) {
        if (why.kind == MOXD_ERR_NOTFOUND)
            return 0;
        *err = why;
        return -1;
    }
    if (n->nothers == IMAP_NOTIFY_ACCOUNTS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "mailboxes of more than %d other accounts",
                            IMAP_NOTIFY_ACCOUNTS_MAX);
    if (n->nothers == n->others_cap) {
        n->others_cap = n->others_cap ? 2 * n->others_cap : 4;
        n->others = moxd_xreallocarray(n->others, n->others_cap, sizeof(*n->others));
    }
    acc = store->ref(acc);
    n->others[n->nothers++] =
        (struct imap_notify_account){ .owner = moxd_xstrdup(owner),
                                      .acc = acc,
                                      .watch = store->watch(acc, imap_wake, s),
                                      .stale = true };
    return 0;
}

static int watch_all(struct imap_session *s, struct imap_notify *n,
                     const struct imap_notify_subs *subs, struct moxd_err *err)
{
    const char **owners;
    size_t count;

    n->reshare = false;
    if (imap_shares_with(s, &owners, &count, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (is_meant(s, n, owners[i], subs) && !is_watched(n, owners[i]) &&
            watch(s, n, owners[i], err) < 0)
            return -1;
    return 0;
}

static bool due(const struct imap_notify *n)
{
    bool stale = n->reshare;

    for (size_t i = 0; i < n->nothers; i++)
        stale |= n->others[i].stale;
    return n->listening && stale;
}

static int follow(struct imap_session *s, struct imap_notify *n, struct moxd_err *err)
{
    struct imap_notify_subs subs = { 0 };

    if (s->im->store->subscriptions(s->acc, s->a, &subs.v, &subs.n, err) < 0 ||
        (n->reshare && watch_all(s, n, &subs, err) < 0))
        return -1;
    for (size_t i = n->nothers; i-- > 0;) {
        struct imap_notify_account *t = &n->others[i];

        if (!t->stale)
            continue;
        if (imap_notify_reread(s, n, t, &subs, err) < 0)
            return -1;
        if (t->n > 0 || t->stale)
            continue;
        /* Nothing of it may be seen. */
        imap_notify_account_fini(n, t);
        *t = n->others[--n->nothers];
    }
    return 0;
}

int imap_notify_follow(struct imap_session *s, struct imap_notify *n, struct moxd_err *err)
{
    bool between = !s->a;
    int r;

    if (!due(n))
        return 0;
    if (between)
        s->a = moxd_arena_new(0);
    r = follow(s, n, err);
    if (between) {
        imap_close_others(s);
        moxd_arena_free(s->a);
        s->a = NULL;
    }
    return r;
}
