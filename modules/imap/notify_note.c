/* What happened in an account, noted for a client that asked for it (RFC 5465 5). Never suspends. */
#include "list.h"
#include "notify.h"
#include <stdlib.h>

static void *push(void *v, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 8;
        v = moxd_xreallocarray(v, *cap, size);
    }
    ++*n;
    return v;
}

/* --- the table -------------------------------------------------------------------------------------- */

/* Where the id is, or belongs. */
static size_t place(const struct imap_notify *n, uint32_t id)
{
    size_t lo = 0, hi = n->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (n->boxes[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct imap_notify_box *imap_notify_box(const struct imap_notify *n, uint32_t id)
{
    size_t i = place(n, id);

    return i < n->n && n->boxes[i].id == id ? &n->boxes[i] : NULL;
}

/* The name, subscription or events of a mailbox, which may be there already. */
struct imap_notify_box *imap_notify_add(struct imap_notify *n, uint32_t id, const char *name,
                                        unsigned special_use, bool subscribed)
{
    struct imap_notify_box *box = imap_notify_box(n, id);

    if (!box) {
        size_t i = place(n, id);

        n->boxes = push(n->boxes, &n->n, &n->cap, sizeof(*n->boxes));
        memmove(&n->boxes[i + 1], &n->boxes[i], (n->n - 1 - i) * sizeof(*n->boxes));
        box = &n->boxes[i];
        *box = (struct imap_notify_box){ .id = id };
    }
    free(box->name);
    box->name = moxd_xstrdup(name);
    box->special_use = special_use;
    box->subscribed = subscribed;
    box->events = imap_notify_events(n, name, subscribed);
    return box;
}

static void drop(struct imap_notify *n, uint32_t id)
{
    size_t i = place(n, id);

    if (i == n->n || n->boxes[i].id != id)
        return;
    free(n->boxes[i].name);
    n->n--;
    memmove(&n->boxes[i], &n->boxes[i + 1], (n->n - i) * sizeof(*n->boxes));
}

/* --- messages --------------------------------------------------------------------------------------- */

static void note_message(struct imap_notify *n, uint32_t mailbox, enum moxd_imap_event event)
{
    struct imap_notify_box *box = imap_notify_box(n, mailbox);

    if (!box || !(box->events & event))
        return;
    if (!box->happened) {
        n->dirty = push(n->dirty, &n->ndirty, &n->dirty_cap, sizeof(*n->dirty));
        n->dirty[n->ndirty - 1] = mailbox;
    }
    box->happened |= event;
}

/* --- names ------------------------------------------------------------------------------------------ */

static void add_line(struct imap_notify *n, const char *name, const char *old_name, bool subscribed)
{
    if (n->nlines == IMAP_NOTIFY_LINES_MAX) {
        n->overflow = true;
        return;
    }
    n->lines = push(n->lines, &n->nlines, &n->lines_cap, sizeof(*n->lines));
    n->lines[n->nlines - 1] =
        (struct imap_notify_line){ .name = moxd_xstrdup(name),
                                   .old_name = old_name ? moxd_xstrdup(old_name) : NULL,
                                   .subscribed = subscribed };
}

static bool concerns(const struct imap_notify *n, const char *name, bool subscribed)
{
    return imap_notify_events(n, name, subscribed) & MOXD_IMAP_EVENT_MAILBOX_NAME;
}

static bool is_subscribed(const struct imap_notify *n, const char *name)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->boxes[i].name, name) == 0)
            return n->boxes[i].subscribed;
    return false;
}

/* RFC 5465 5.4: the parent is affected as well, since it has children now, or none any more. */
static void note_name(struct imap_notify *n, const char *name, bool subscribed)
{
    char *parent = moxd_xstrdup(name);

    if (concerns(n, name, subscribed))
        add_line(n, name, NULL, subscribed);
    if (imap_to_parent(parent)) {
        subscribed = is_subscribed(n, parent);
        if (concerns(n, parent, subscribed))
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
static void note_rename(struct imap_notify *n, const struct store_change *c)
{
    if (imap_notify_below(c->old_name, n->renamed) && imap_notify_below(c->name, n->renamed_to))
        return;
    if (!concerns(n, c->name, c->subscribed) && !concerns(n, c->old_name, c->subscribed))
        return;
    add_line(n, c->name, c->old_name, c->subscribed);
    free(n->renamed);
    free(n->renamed_to);
    n->renamed = moxd_xstrdup(c->old_name);
    n->renamed_to = moxd_xstrdup(c->name);
}

static void note_subscription(struct imap_notify *n, const struct store_change *c, bool own)
{
    /* Whoever listens to what is subscribed hears of what was. */
    unsigned events = imap_notify_events(n, c->name, true);

    for (size_t i = 0; i < n->n; i++) {
        if (strcmp(n->boxes[i].name, c->name) != 0)
            continue;
        n->boxes[i].subscribed = c->subscribed;
        n->boxes[i].events = imap_notify_events(n, c->name, c->subscribed);
    }
    if (!own && (events & MOXD_IMAP_EVENT_SUBSCRIPTION_CHANGE))
        add_line(n, c->name, NULL, c->subscribed);
}

static void note_mailbox(struct imap_notify *n, const struct store_change *c, bool own)
{
    struct imap_notify_box *box;

    switch (c->kind) {
    case STORE_CHANGE_MAILBOX_ADD:
        imap_notify_add(n, c->mailbox, c->name, c->special_use, c->subscribed);
        if (n->n > IMAP_NOTIFY_BOXES_MAX)
            n->overflow = true;
        if (!own)
            note_name(n, c->name, c->subscribed);
        break;
    case STORE_CHANGE_MAILBOX_REMOVE:
        box = imap_notify_box(n, c->mailbox);
        if (!own)
            note_name(n, c->name, box && box->subscribed);
        drop(n, c->mailbox);
        break;
    case STORE_CHANGE_MAILBOX_RENAME:
        if (!own)
            note_rename(n, c);
        imap_notify_add(n, c->mailbox, c->name, c->special_use, c->subscribed);
        break;
    case STORE_CHANGE_SUBSCRIPTION:
        note_subscription(n, c, own);
        break;
    case STORE_CHANGE_UIDVALIDITY: /* RFC 5465 5.1 */
        box = imap_notify_box(n, c->mailbox);
        if (box)
            box->revalidated = box->events & MOXD_IMAP_EVENT_MESSAGE_NEW;
        note_message(n, c->mailbox, MOXD_IMAP_EVENT_MESSAGE_NEW);
        break;
    case STORE_CHANGE_SPECIAL_USE:
        box = imap_notify_box(n, c->mailbox);
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

static bool is_own_name(const struct imap_session *s, const struct store_change *c)
{
    return s->own.name && c->name &&
           (strcmp(c->name, s->own.name) == 0 || imap_notify_below(c->name, s->own.name));
}

void imap_notify_note(struct imap_session *s, const struct store_change *c)
{
    static const enum moxd_imap_event events[] = {
        [STORE_CHANGE_ADD] = MOXD_IMAP_EVENT_MESSAGE_NEW,
        [STORE_CHANGE_FLAGS] = MOXD_IMAP_EVENT_FLAG_CHANGE,
        [STORE_CHANGE_EXPUNGE] = MOXD_IMAP_EVENT_MESSAGE_EXPUNGE,
    };
    struct imap_notify *n = s->notify;

    if (n->n == 0)
        return;
    if (c->kind > STORE_CHANGE_EXPUNGE) {
        note_mailbox(n, c, is_own_name(s, c));
        return;
    }
    if (imap_is_selected(s, s->acc, c->mailbox))
        return;
    if (c->kind != STORE_CHANGE_ADD || !imap_notify_is_own(s, s->acc, c->mailbox, c->uid))
        note_message(n, c->mailbox, events[c->kind]);
}

void imap_notify_lost(struct imap_notify *n)
{
    if (n && n->n > 0)
        n->overflow = true;
}
