/* What happened in an account, told to a client that asked for it (RFC 5465 5). */
#include "imap_mailbox.h"
#include "list.h"
#include "notify.h"
#include <stdlib.h>

unsigned imap_notify_selected(const struct imap_session *s)
{
    return s->notify ? s->notify->selected : ~0u;
}

bool imap_notify_at_once(const struct imap_session *s)
{
    return s->notify && !s->notify->delayed &&
           (s->notify->selected & MOXD_IMAP_EVENT_MESSAGE_EXPUNGE);
}

const struct moxd_imap_cmd *imap_notify_items(const struct imap_session *s)
{
    return s->notify && s->notify->cmd.nitems > 0 ? &s->notify->cmd : NULL;
}

/* --- names ------------------------------------------------------------------------------------------ */

static void look_up(const struct imap_notify_account *t, struct imap_row *row,
                    struct store_mailbox *mb)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct imap_notify_box *box = &t->boxes[i];

        row->children |= imap_notify_below(box->name, row->name);
        if (strcmp(box->name, row->name) != 0)
            continue;
        *mb = (struct store_mailbox){ .id = box->id, .special_use = box->special_use };
        row->mb = mb;
        row->noaccess = box->noaccess;
        row->subscribed = box->subscribed;
    }
}

/* As things are now. */
static int tell_line(struct imap_session *s, const struct imap_notify_line *line)
{
    const struct imap_notify *n = s->notify;
    struct store_mailbox mb = { 0 };
    struct imap_row row = { .name = line->name,
                            .subscribed = line->subscribed,
                            .noaccess = line->noaccess };

    look_up(&n->own, &row, &mb);
    for (size_t i = 0; i < n->nothers; i++)
        look_up(&n->others[i], &row, &mb);
    if (line->noaccess)
        row.mb = &mb;
    imap_put_list(s, &row, MOXD_IMAP_RET_SUBSCRIBED);
    if (line->old_name) {
        moxd_buf_adds(&s->out, " (\"OLDNAME\" (");
        imap_name_out(s, &s->out, line->old_name);
        moxd_buf_adds(&s->out, "))");
    }
    return imap_send_out(s);
}

static int tell_lines(struct imap_session *s)
{
    struct imap_notify *n = s->notify;
    int r = 0;

    for (size_t i = 0; i < n->nlines; i++) {
        if (r == 0)
            r = tell_line(s, &n->lines[i]);
        free((char *)(uintptr_t)n->lines[i].name);
        free((char *)(uintptr_t)n->lines[i].old_name);
    }
    n->nlines = 0;
    free(n->renamed);
    free(n->renamed_to);
    n->renamed = n->renamed_to = NULL;
    return r;
}

/* --- messages --------------------------------------------------------------------------------------- */

/* RFC 5465 5.1 to 5.3. A client without CONDSTORE hears of flags when the number of unseen messages is
 * another. */
static unsigned atts_of(const struct imap_session *s, const struct imap_notify_box *box,
                        const struct store_mailbox *mb)
{
    unsigned modseq =
        s->enabled & (IMAP_EN_CONDSTORE | IMAP_EN_QRESYNC) ? MOXD_IMAP_STATUS_HIGHESTMODSEQ : 0;
    unsigned atts = 0;

    if (box->happened & (MOXD_IMAP_EVENT_MESSAGE_NEW | MOXD_IMAP_EVENT_MESSAGE_EXPUNGE))
        atts |= MOXD_IMAP_STATUS_MESSAGES | MOXD_IMAP_STATUS_UIDNEXT | modseq;
    if ((box->happened & MOXD_IMAP_EVENT_FLAG_CHANGE) && modseq)
        atts |= MOXD_IMAP_STATUS_UIDVALIDITY | modseq;
    if (box->revalidated)
        atts |= MOXD_IMAP_STATUS_MESSAGES | MOXD_IMAP_STATUS_UIDNEXT |
                MOXD_IMAP_STATUS_UIDVALIDITY | modseq;
    if ((box->events & MOXD_IMAP_EVENT_FLAG_CHANGE) && box->unseen != mb->unseen)
        atts |= MOXD_IMAP_STATUS_UIDVALIDITY | MOXD_IMAP_STATUS_UNSEEN;
    return atts;
}

int imap_notify_read_box(struct imap_session *s, const struct imap_notify_account *t,
                         const struct imap_notify_box *box, struct moxd_arena *a,
                         struct store_mailbox *mb)
{
    const char *name = t->owner ? moxd_arena_strdup(a, box->name) : NULL;
    struct moxd_err err = { 0 };

    if (s->im->store->mailbox(t->acc, moxd_str(NULL, 0), box->id, a, mb, &err) < 0) {
        if (err.kind != MOXD_ERR_NOTFOUND)
            moxd_error(&s->log, "changed mailbox cannot be read", moxd_kve(&err));
        return 1;
    }
    if (name)
        mb->name = name;
    return 0;
}

static int tell_status(struct imap_session *s, struct imap_notify_account *t, uint32_t id,
                       struct moxd_arena *a)
{
    struct imap_notify_box *box = imap_notify_box(t, id);
    struct store_mailbox mb;
    unsigned atts;

    if (!box || imap_notify_read_box(s, t, box, a, &mb) != 0)
        return 0;
    atts = atts_of(s, box, &mb);
    box->happened = 0;
    box->revalidated = false;
    box->unseen = mb.unseen;
    if (!atts || imap_is_selected(s, t->acc, id))
        return 0;
    return imap_send_status(s, t->acc, &mb, atts);
}

static int tell_dirty(struct imap_session *s, struct imap_notify_account *t)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    int r = 0;

    if (t->ndirty == 0)
        return 0;
    a = moxd_arena_new(0);
    for (size_t i = 0; r == 0 && i < t->ndirty; i++) {
        r = tell_status(s, t, t->dirty[i], a);
        moxd_arena_reset(a);
    }
    t->ndirty = 0;
    return r;
}

/* RFC 5465 5.8: from now on it is as after NOTIFY NONE. */
static int give_up(struct imap_session *s)
{
    imap_notify_clear(s->notify);
    return imap_untagged(s, "OK [NOTIFICATIONOVERFLOW] too much happened, nothing will be told");
}

int imap_notify_tell(struct imap_session *s)
{
    struct imap_notify *n = s->notify;
    struct moxd_err err = { 0 };

    if (!n)
        return 0;
    if (imap_notify_follow(s, n, &err) < 0) {
        moxd_info(&s->log, "changes are not told any more", moxd_kve(&err));
        n->overflow = true;
    }
    if (n->overflow)
        return give_up(s);
    if ((n->nlines > 0 && tell_lines(s) < 0) || tell_dirty(s, &n->own) < 0)
        return -1;
    for (size_t i = 0; i < n->nothers; i++)
        if (tell_dirty(s, &n->others[i]) < 0)
            return -1;
    return 0;
}
