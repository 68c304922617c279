/* NOTIFY: the command (RFC 5465 3.1, 6). */
#include "notify.h"
#include "imap_mailbox.h"
#include "place.h"
#include <stdlib.h>
#include <utlist.h>

/* All but the annotations of messages, which we do not have. */
enum {
    MESSAGES =
        MOXD_IMAP_EVENT_MESSAGE_NEW | MOXD_IMAP_EVENT_MESSAGE_EXPUNGE | MOXD_IMAP_EVENT_FLAG_CHANGE,
    SUPPORTED = MESSAGES | MOXD_IMAP_EVENT_MAILBOX_NAME | MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE |
                MOXD_IMAP_EVENT_MAILBOX_METADATA | MOXD_IMAP_EVENT_SERVER_METADATA,
};

static void clear_lines(struct imap_notify *n)
{
    for (size_t i = 0; i < n->nlines; i++) {
        free((char *)(uintptr_t)n->lines[i].name);
        free((char *)(uintptr_t)n->lines[i].old_name);
    }
    free(n->lines);
}

void imap_notify_clear(struct imap_notify *n)
{
    if (n->listening)
        DL_DELETE(n->s->im->listeners, n);
    imap_notify_account_fini(n, &n->own);
    for (size_t i = 0; i < n->nothers; i++)
        imap_notify_account_fini(n, &n->others[i]);
    free(n->others);
    clear_lines(n);
    free(n->renamed);
    free(n->renamed_to);
    moxd_arena_free(n->a);
    *n = (struct imap_notify){ 0 };
}

void imap_notify_free(struct imap_notify *n)
{
    if (!n)
        return;
    imap_notify_clear(n);
    free(n);
}

unsigned imap_notify_events(const struct imap_notify *n, const char *name, bool subscribed)
{
    bool of_others = imap_notify_below(name, IMAP_OTHERS);
    unsigned events = 0;

    for (size_t i = 0; i < n->ngroups; i++)
        if (imap_filter_covers(&n->groups[i].of, name, subscribed, of_others))
            events |= n->groups[i].events;
    return events;
}

bool imap_notify_metadata(const struct imap_session *s, uint32_t mailbox)
{
    const struct imap_notify *n = s->notify;
    const struct imap_notify_box *box = mailbox ? imap_notify_box(&n->own, mailbox) : NULL;

    for (size_t i = 0; !mailbox && i < n->ngroups; i++)
        if (n->groups[i].events & MOXD_IMAP_EVENT_SERVER_METADATA)
            return true;
    return box && (box->events & MOXD_IMAP_EVENT_MAILBOX_METADATA);
}

/* --- NOTIFY SET ------------------------------------------------------------------------------------- */

static void take_groups(struct imap_session *s, struct imap_notify *n)
{
    const struct moxd_imap_notify *ask = &n->cmd.notify;

    n->groups = moxd_arena_calloc(n->a, ask->ngroups + 1, sizeof(*n->groups));
    for (size_t i = 0; i < ask->ngroups; i++) {
        const struct moxd_imap_event_group *g = &ask->groups[i];
        struct imap_notify_group *mine = &n->groups[n->ngroups++];

        imap_filter_take(s, n->a, &g->of, &mine->of);
        mine->events = g->events;
        n->delayed |= mine->of.kind == MOXD_IMAP_FILTER_SELECTED_DELAYED;
        if (mine->of.kind <= MOXD_IMAP_FILTER_SELECTED_DELAYED)
            n->selected = g->events;
    }
}

static bool wants_others(const struct imap_notify *n)
{
    for (size_t i = 0; i < n->ngroups; i++)
        if (n->groups[i].of.kind > MOXD_IMAP_FILTER_SELECTED_DELAYED && n->groups[i].events)
            return true;
    return false;
}

/* The mailboxes as they are now. LIMIT. */
static int load(struct imap_session *s, struct imap_notify *n, struct store_mailbox **mbs,
                size_t *count, struct moxd_err *err)
{
    if (!wants_others(n))
        return 0;
    imap_notify_listen(s, n);
    if (s->im->store->mailboxes(s->acc, s->a, mbs, count, err) < 0)
        return -1;
    if (*count > IMAP_NOTIFY_BOXES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mailboxes", IMAP_NOTIFY_BOXES_MAX);
    for (size_t i = 0; i < *count; i++) {
        const struct store_mailbox *mb = &(*mbs)[i];

        imap_notify_add(n, &n->own, mb->id, mb->name, mb->special_use, mb->subscribed)->unseen =
            mb->unseen;
    }
    return imap_notify_follow(s, n, err);
}

/* RFC 5465 3.1: what the client must know to follow the changes. */
static unsigned first_status(unsigned events)
{
    unsigned atts = 0;

    if (events & MOXD_IMAP_EVENT_MESSAGE_NEW)
        atts |= MOXD_IMAP_STATUS_MESSAGES | MOXD_IMAP_STATUS_UIDNEXT | MOXD_IMAP_STATUS_UIDVALIDITY;
    if (events & MOXD_IMAP_EVENT_FLAG_CHANGE)
        atts |=
            MOXD_IMAP_STATUS_UIDVALIDITY | MOXD_IMAP_STATUS_HIGHESTMODSEQ | MOXD_IMAP_STATUS_UNSEEN;
    return atts;
}

static int tell_status_of(struct imap_session *s, const struct imap_notify_account *t)
{
    struct store_mailbox mb;

    for (size_t i = 0; i < t->n; i++) {
        unsigned atts = first_status(t->boxes[i].events);

        if (atts && !imap_is_selected(s, t->acc, t->boxes[i].id) &&
            imap_notify_read_box(s, t, &t->boxes[i], s->a, &mb) == 0 &&
            imap_send_status(s, t->acc, &mb, atts) < 0)
            return -1;
    }
    return 0;
}

static int tell_status(struct imap_session *s, const struct store_mailbox *mbs, size_t count)
{
    const struct imap_notify *n = s->notify;

    for (size_t i = 0; i < count; i++) {
        const struct imap_notify_box *box = imap_notify_box(&s->notify->own, mbs[i].id);
        unsigned atts = box ? first_status(box->events) : 0;

        if (atts && !imap_is_selected(s, s->acc, mbs[i].id) &&
            imap_send_status(s, s->acc, &mbs[i], atts) < 0)
            return -1;
    }
    for (size_t i = 0; i < n->nothers; i++)
        if (tell_status_of(s, &n->others[i]) < 0)
            return -1;
    return 0;
}

static int refuse_events(struct imap_session *s)
{
    struct moxd_buf code = MOXD_BUF_INIT(1000);
    const char *sep = "";
    int r;

    moxd_buf_adds(&code, "BADEVENT (");
    for (unsigned bit = 1; bit <= SUPPORTED; bit <<= 1) {
        if (!(bit & SUPPORTED))
            continue;
        moxd_buf_addf(&code, "%s%s", sep, moxd_imap_event_name(bit));
        sep = " ";
    }
    moxd_buf_addc(&code, ')');
    r = imap_no(s, moxd_buf_cstr(&code), "one of these events is not known here");
    moxd_buf_fini(&code);
    return r;
}

static bool all_supported(const struct moxd_imap_notify *ask)
{
    for (size_t i = 0; i < ask->ngroups; i++)
        if (ask->groups[i].events & ~(unsigned)SUPPORTED)
            return false;
    return true;
}

/* Takes the place of what was asked for before. */
static void replace(struct imap_session *s, struct imap_notify *n)
{
    imap_notify_free(s->notify);
    s->notify = n;
}

static int set(struct imap_session *s)
{
    struct imap_notify *n = moxd_xcalloc(1, sizeof(*n));
    struct store_mailbox *mbs = NULL;
    size_t count = 0;
    struct moxd_err err = { 0 };

    n->s = s;
    n->own.acc = s->acc;
    n->a = moxd_arena_new(0);
    if (moxd_imap_parse(moxd_arena_str(n->a, moxd_buf_str(&s->text)), n->a, &n->cmd, &err) == 0) {
        take_groups(s, n);
        n->quiet = true;
        if (load(s, n, &mbs, &count, &err) == 0) {
            n->quiet = false;
            replace(s, n);
            if (s->cmd.notify.status && tell_status(s, mbs, count) < 0)
                return -1;
            return imap_ok(s, NULL, "changes will be told");
        }
    }
    imap_notify_free(n);
    return err.kind == MOXD_ERR_LIMIT ? imap_no(s, "NOTIFICATIONOVERFLOW", "%s", err.pub)
                                      : imap_fail(s, &err);
}

int imap_cmd_notify(struct imap_session *s)
{
    if (s->cmd.notify.none) {
        replace(s, moxd_xcalloc(1, sizeof(*s->notify)));
        return imap_ok(s, NULL, "nothing will be told");
    }
    if (!all_supported(&s->cmd.notify))
        return refuse_events(s);
    /* What happened until now is in what is read now. */
    return imap_pull(s) < 0 ? -1 : set(s);
}
