/* What others change: taken from the watch, kept as marks in the view, told when the protocol allows it
 * (RFC 9051 5.2, 7.5.1). */
#include "context.h"
#include "metadata.h"
#include "place.h"

enum { BATCH = 500 };

void imap_wake(void *session)
{
    const struct imap_session *s = session;

    moxd_poke(s->fiber);
}

int imap_command_set(struct imap_session *s, struct store_uids *out, struct moxd_err *err)
{
    return imap_view_set(&s->sel->view, &s->cmd.set, s->cmd.uid, s->a, out, err);
}

static int lose(struct imap_session *s, const char *why)
{
    (void)imap_bye(s, "%s", why);
    return -1;
}

/* A change of the account that has the selected mailbox. -1: there is nothing left to work on. */
static int note_selected(struct imap_session *s, const struct store_change *c)
{
    if (c->kind == STORE_CHANGE_ACCOUNT_REMOVED)
        return lose(s, "the account with the selected mailbox was removed");
    if (c->mailbox != s->sel->mailbox)
        return 0;
    if (c->kind == STORE_CHANGE_UIDVALIDITY)
        return lose(s, "the selected mailbox has another UIDVALIDITY now");
    if (c->kind == STORE_CHANGE_MAILBOX_REMOVE)
        return lose(s, "the selected mailbox was removed");
    /* The message has another modification sequence, its flags are for this user what they were. */
    if (c->seen_only && s->sel->watch && !imap_tells_modseq(s))
        return 0;
    imap_view_change(&s->sel->view, c);
    if (s->sel->contexts)
        imap_contexts_note(s->sel->contexts, c);
    return 0;
}

/* A change of the user's own account, which may have the selected mailbox. */
static int note_own(struct imap_session *s, const struct store_change *c)
{
    if (c->kind == STORE_CHANGE_ACCOUNT_REMOVED)
        return lose(s, "the account was removed");
    if (c->kind == STORE_CHANGE_ANNOTATIONS) {
        imap_metadata_note(s, c);
        return 0;
    }
    if (s->notify)
        imap_notify_note(s, c);
    return s->sel && !s->sel->watch ? note_selected(s, c) : 0;
}

static void lose_selected(struct imap_session *s)
{
    s->sel->lost = true;
    if (s->sel->contexts)
        imap_contexts_lost(s->sel->contexts);
}

static void lose_own(struct imap_session *s)
{
    if (s->sel && !s->sel->watch)
        lose_selected(s);
    imap_notify_lost(s->notify);
    imap_metadata_lost(s);
}

/* Takes what is pending in a watch. */
static int pull(struct imap_session *s, struct store_watch *w,
                int (*note)(struct imap_session *s, const struct store_change *c),
                void (*lost)(struct imap_session *s))
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct store_change *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (!w || !s->im->store->pending(w))
        return 0;
    a = moxd_arena_new(0);
    if (s->im->store->changes(w, a, &v, &n, &err) < 0) {
        moxd_debug(&s->log, "changes lost, comparing with the store", moxd_kve(&err));
        lost(s);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        if (note(s, &v[i]) < 0)
            return -1;
    return 0;
}

int imap_pull(struct imap_session *s)
{
    if (pull(s, s->watch, note_own, lose_own) < 0 || imap_rights_refresh(s) < 0)
        return -1;
    imap_notify_pull(s);
    return s->sel ? pull(s, s->sel->watch, note_selected, lose_selected) : 0;
}

/* After lost changes: the whole mailbox is read again. */
static int compare(struct imap_session *s, struct moxd_arena *a)
{
    struct store_entry *v;
    struct moxd_err err = { 0 };
    uint64_t modseq;
    size_t n;

    if (!s->sel->lost)
        return 0;
    if (s->im->store->entries(s->sel->acc, s->sel->mailbox, NULL, a, &v, &n, &modseq, &err) < 0) {
        moxd_error(&s->log, "mailbox cannot be read again", moxd_kve(&err));
        (void)imap_bye(s, "the selected mailbox is not available");
        return -1;
    }
    imap_view_compare(&s->sel->view, v, n, modseq);
    s->sel->lost = false;
    return 0;
}

/* RFC 7162 3.2.4: with UID and MODSEQ, once the client knows of those. */
static int tell_flags_of(struct imap_session *s, const struct store_entry *e)
{
    unsigned modseq = imap_tells_modseq(s) ? IMAP_TELL_MODSEQ : 0;

    if (imap_view_knows(&s->sel->view, e->uid, e->modseq))
        return 0;
    return imap_tell_entry(s, e, IMAP_TELL_UID | IMAP_TELL_FLAGS | modseq);
}

/* The flags as they are now: of several changes in a row only the last is worth a line. */
static int tell_flags(struct imap_session *s, struct moxd_arena *a)
{
    struct imap_view *view = &s->sel->view;
    struct store_uids flagged, piece;
    struct imap_cut cut = { 0 };
    struct store_entry *v;
    struct moxd_err err = { 0 };
    size_t n;

    imap_view_flagged(view, a, &flagged);
    while (imap_view_cut(view, &flagged, &cut, BATCH, a, &piece) > 0) {
        if (s->im->store->entries(s->sel->acc, s->sel->mailbox, &piece, a, &v, &n, NULL, &err) <
            0) {
            moxd_error(&s->log, "changed flags cannot be read", moxd_kve(&err));
            s->sel->lost = true; /* to be tried again */
            return 0;
        }
        for (size_t i = 0; i < n; i++)
            if (tell_flags_of(s, &v[i]) < 0)
                return -1;
    }
    return 0;
}

/* The messages from `from` on are new: what NOTIFY asked for of those that others added. */
static int tell_items(struct imap_session *s, size_t from, struct moxd_arena *a)
{
    const struct moxd_imap_cmd *items = imap_notify_items(s);
    const struct imap_view *view = &s->sel->view;
    struct store_uid_range *r = moxd_arena_calloc(a, view->n - from + 1, sizeof(*r));
    size_t n = 0;

    for (size_t i = from; items && i < view->n; i++)
        if (!imap_notify_is_own(s, s->sel->acc, s->sel->mailbox, view->uids[i]))
            r[n++] = (struct store_uid_range){ view->uids[i], view->uids[i] };
    return n > 0 ? imap_fetch_messages(s, items, &(struct store_uids){ r, n }) : 0;
}

static int tell_new(struct imap_session *s)
{
    struct imap_view *view = &s->sel->view;

    view->told = view->n;
    imap_recent_claim(s, view->uids[view->n - 1] + 1);
    return imap_untagged(s, "%zu EXISTS", view->told);
}

/* What the client wants to hear of: everything, unless it said otherwise with NOTIFY. New and expunged
 * messages go together (RFC 5465 5). */
static int tell(struct imap_session *s, struct moxd_arena *a)
{
    struct imap_view *view = &s->sel->view;
    unsigned wants = imap_notify_selected(s);
    size_t told;

    if (compare(s, a) < 0 || imap_rights_tell(s) < 0)
        return -1;
    if (!(wants & MOXD_IMAP_EVENT_MESSAGE_NEW))
        return 0;
    if (imap_contexts_tell_gone(s) < 0 || (imap_may_expunge(s) && imap_tell_expunged(s) < 0))
        return -1;
    told = view->told;
    if ((told < view->n && tell_new(s) < 0) || imap_tell_recent(s) < 0)
        return -1;
    if (((wants & MOXD_IMAP_EVENT_FLAG_CHANGE) && view->nflags > 0 && tell_flags(s, a) < 0) ||
        imap_contexts_tell(s, told < view->told ? view->uids[told] : UINT32_MAX) < 0)
        return -1;
    if (told < view->told && tell_items(s, told, a) < 0)
        return -1;
    return imap_contexts_tell_items(s);
}

static bool due(const struct imap_selected *sel)
{
    const struct imap_view *v = &sel->view;

    return sel->lost || sel->rights_news || v->ngone > 0 || v->nflags > 0 || v->told < v->n ||
           imap_contexts_due(sel->contexts);
}

static int sync_selected(struct imap_session *s)
{
    struct moxd_arena *a;
    int r = 0;

    if (due(s->sel)) {
        a = moxd_arena_new(0);
        r = tell(s, a);
        moxd_arena_free(a);
    }
    imap_view_forget(&s->sel->view);
    return r;
}

int imap_sync(struct imap_session *s)
{
    if (s->bye)
        return 0;
    if (imap_pull(s) < 0 || (s->sel && sync_selected(s) < 0))
        return -1;
    return imap_notify_tell(s) < 0 ? -1 : imap_metadata_tell(s);
}
