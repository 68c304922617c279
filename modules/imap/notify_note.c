/* What happened in an account, noted for a client that asked for it (RFC 5465 5). Never suspends. */
#include "list.h"
#include "notify.h"
#include <stdlib.h>

/* --- messages --------------------------------------------------------------------------------------- */

static void note_message(struct imap_notify_account *t, uint32_t mailbox,
                         enum moxd_imap_event event)
{
    struct imap_notify_box *box = imap_notify_box(t, mailbox);

    if (!box || !(box->events & event))
        return;
    if (!box->happened) {
        t->dirty = imap_notify_push(t->dirty, &t->ndirty, &t->dirty_cap, sizeof(*t->dirty));
        t->dirty[t->ndirty - 1] = mailbox;
    }
    box->happened |= event;
}

/* --- names ------------------------------------------------------------------------------------------ */

void imap_notify_line(struct imap_notify *n, const struct imap_notify_line *line)
{
    struct imap_notify_line *mine;

    if (n->nlines == IMAP_NOTIFY_LINES_MAX) {
        n->overflow = true;
        return;
    }
    n->lines = imap_notify_push(n->lines, &n->nlines, &n->lines_cap, sizeof(*n->lines));
    mine = &n->lines[n->nlines - 1];
    *mine = *line;
    mine->name = moxd_xstrdup(line->name);
    mine->old_name = line->old_name ? moxd_xstrdup(line->old_name) : NULL;
}

static void add_line(struct imap_notify *n, const char *name, const char *old_name, bool subscribed)
{
    imap_notify_line(n, &(struct imap_notify_line){
                            .name = name, .old_name = old_name, .subscribed = subscribed });
}

bool imap_notify_concerns(const struct imap_notify *n, const char *name, bool subscribed)
{
    return imap_notify_events(n, name, subscribed) & MOXD_IMAP_EVENT_MAILBOX_NAME;
}

static bool is_subscribed(const struct imap_notify *n, const char *name)
{
    for (size_t i = 0; i < n->own.n; i++)
        if (strcmp(n->own.boxes[i].name, name) == 0)
            return n->own.boxes[i].subscribed;
    return false;
}

/* RFC 5465 5.4: the parent is affected as well, since it has children now, or none any more. */
static void note_name(struct imap_notify *n, const char *name, bool subscribed)
{
    char *parent = moxd_xstrdup(name);

    if (imap_notify_concerns(n, name, subscribed))
        add_line(n, name, NULL, subscribed);
    if (imap_to_parent(parent)) {
        subscribed = is_subscribed(n, parent);
        if (imap_notify_concerns(n, parent, subscribed))
            add_line(n, parent, NULL, subscribed);
    }
    free(parent);
}

bool imap_notify_below(const char *name, const char *parent)
{
    size_t n = parent ? strlen(parent) : 0;

    return n > 0 && strncmp(name, parent, n) == 0 && name[n] == '/';
}

/* RFC 5465 5.4: those below a renamed mailbox are not told. */
void imap_notify_renamed(struct imap_notify *n, const char *old_name, const char *name,
                         bool subscribed)
{
    if (imap_notify_below(old_name, n->renamed) && imap_notify_below(name, n->renamed_to))
        return;
    if (!imap_notify_concerns(n, name, subscribed) &&
        !imap_notify_concerns(n, old_name, subscribed))
        return;
    add_line(n, name, old_name, subscribed);
    free(n->renamed);
    free(n->renamed_to);
    n->renamed = moxd_xstrdup(old_name);
    n->renamed_to = moxd_xstrdup(name);
}

static void note_subscription(struct imap_notify *n, const struct store_change *c, bool own)
{
    /* Whoever listens to what is subscribed hears of what was. */
    unsigned events = imap_notify_events(n, c->name, true);

    for (size_t i = 0; i < n->own.n; i++) {
        if (strcmp(n->own.boxes[i].name, c->name) != 0)
            continue;
        n->own.boxes[i].subscribed = c->subscribed;
        n->own.boxes[i].events = imap_notify_events(n, c->name, c->subscribed);
    }
    imap_notify_resubscribed(n, c->name);
    if (!own && (events & MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE))
        add_line(n, c->name, NULL, c->subscribed);
}

static void note_mailbox(struct imap_notify *n, const struct store_change *c, bool own)
{
    struct imap_notify_box *box;

    switch (c->kind) {
    case STORE_CHANGE_MAILBOX_ADD:
        imap_notify_add(n, &n->own, c->mailbox, c->name, c->special_use, c->subscribed);
        if (imap_notify_count(n) > IMAP_NOTIFY_BOXES_MAX)
            n->overflow = true;
        if (!own)
            note_name(n, c->name, c->subscribed);
        break;
    case STORE_CHANGE_MAILBOX_REMOVE:
        box = imap_notify_box(&n->own, c->mailbox);
        if (!own)
            note_name(n, c->name, box && box->subscribed);
        imap_notify_drop(&n->own, c->mailbox);
        break;
    case STORE_CHANGE_MAILBOX_RENAME:
        if (!own)
            imap_notify_renamed(n, c->old_name, c->name, c->subscribed);
        imap_notify_add(n, &n->own, c->mailbox, c->name, c->special_use, c->subscribed);
        break;
    case STORE_CHANGE_SUBSCRIPTION:
        note_subscription(n, c, own);
        break;
    case STORE_CHANGE_SPECIAL_USE:
        box = imap_notify_box(&n->own, c->mailbox);
        if (box)
            box->special_use = c->special_use;
        break;
    default:
        break;
    }
}

/* --- what the client did itself (RFC 5465 5: it need not be told) ------------------------------------ */

void imap_notify_own(struct imap_session *s, struct moxd_str name)
{
    struct moxd_str canonical;

    if (s->notify && s->im->store->canonical_name(name, s->a, &canonical, NULL) == 0)
        s->own.name = moxd_arena_cstr(s->a, canonical);
}

void imap_notify_own_uids(struct imap_session *s, const struct store_account *acc, uint32_t mailbox,
                          uint32_t first, uint32_t last)
{
    s->own.account = s->im->store->account_id(acc);
    s->own.mailbox = mailbox;
    s->own.first = first;
    s->own.last = last;
}

bool imap_notify_is_own(const struct imap_session *s, const struct store_account *acc,
                        uint32_t mailbox, uint32_t uid)
{
    return s->own.mailbox == mailbox && s->own.account == s->im->store->account_id(acc) &&
           s->own.first <= uid && uid <= s->own.last;
}

bool imap_notify_is_own_name(const struct imap_session *s, const char *name)
{
    return s->own.name && name &&
           (strcmp(name, s->own.name) == 0 || imap_notify_below(name, s->own.name));
}

void imap_notify_message(struct imap_session *s, struct imap_notify_account *t,
                         const struct store_change *c)
{
    static const enum moxd_imap_event events[] = {
        [STORE_CHANGE_ADD] = MOXD_IMAP_EVENT_MESSAGE_NEW,
        [STORE_CHANGE_FLAGS] = MOXD_IMAP_EVENT_FLAG_CHANGE,
        [STORE_CHANGE_EXPUNGE] = MOXD_IMAP_EVENT_MESSAGE_EXPUNGE,
    };

    if (c->kind == STORE_CHANGE_UIDVALIDITY) { /* RFC 5465 5.1 */
        struct imap_notify_box *box = imap_notify_box(t, c->mailbox);

        if (box)
            box->revalidated = box->events & MOXD_IMAP_EVENT_MESSAGE_NEW;
        note_message(t, c->mailbox, MOXD_IMAP_EVENT_MESSAGE_NEW);
        return;
    }
    if (imap_is_selected(s, t->acc, c->mailbox))
        return;
    if (c->kind != STORE_CHANGE_ADD || !imap_notify_is_own(s, t->acc, c->mailbox, c->uid))
        note_message(t, c->mailbox, events[c->kind]);
}

void imap_notify_note(struct imap_session *s, const struct store_change *c)
{
    struct imap_notify *n = s->notify;

    if (n->own.n == 0)
        return;
    if (c->kind > STORE_CHANGE_EXPUNGE && c->kind != STORE_CHANGE_UIDVALIDITY)
        note_mailbox(n, c, imap_notify_is_own_name(s, c->name));
    else
        imap_notify_message(s, &n->own, c);
}

void imap_notify_lost(struct imap_notify *n)
{
    if (n && n->own.n > 0)
        n->overflow = true;
}
