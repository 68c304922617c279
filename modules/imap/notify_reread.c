/* NOTIFY: an account of others is read again. Names and rights are not followed change by change: when one may have changed,
 * the account is compared with what the session knew of it (RFC 5465 5.4, 5.9). */
#include "notify.h"
#include "place.h"
#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_subscribed(const struct imap_notify_subs *subs, const char *name)
{
    return subs->n > 0 && bsearch(&name, subs->v, subs->n, sizeof(*subs->v), by_name);
}

static void line(struct imap_notify *n, const char *name, bool subscribed, bool noaccess)
{
    imap_notify_line(n, &(struct imap_notify_line){
                            .name = name, .subscribed = subscribed, .noaccess = noaccess });
}

/* A mailbox has come or gone: RFC 5465 5.4, it and the one above it. */
static void name_changed(struct imap_session *s, struct imap_notify *n,
                         const struct imap_notify_account *t, const char *name, bool subscribed)
{
    size_t nlines = n->nlines;

    if (n->quiet || imap_notify_is_own_name(s, name) || !imap_notify_concerns(n, name, subscribed))
        return;
    line(n, name, subscribed, false);
    for (size_t i = 0; i < t->n && nlines < n->nlines; i++) {
        const struct imap_notify_box *box = &t->boxes[i];

        if (imap_notify_below(name, box->name) && !strchr(name + strlen(box->name) + 1, '/') &&
            imap_notify_concerns(n, box->name, box->subscribed))
            line(n, box->name, box->subscribed, false);
    }
}

/* A mailbox that may be listed. */
static void take(struct imap_session *s, struct imap_notify *n, struct imap_notify_account *t,
                 const struct store_mailbox *mb, bool subscribed, bool noaccess)
{
    const struct imap_notify_box *had = imap_notify_box(t, mb->id);
    bool fresh = !had, hid = had && had->noaccess;
    char *old = had ? moxd_xstrdup(had->name) : NULL;
    struct imap_notify_box *box = imap_notify_add(n, t, mb->id, mb->name, 0, subscribed);
    bool wanted = box->events;

    box->found = true;
    box->noaccess = noaccess;
    if (noaccess)
        box->events = 0;
    box->happened &= box->events;
    if (fresh || hid)
        box->unseen = mb->unseen;
    if (noaccess && wanted && (fresh || !hid))
        line(n, mb->name, subscribed, true);
    else if (hid && !noaccess && wanted)
        line(n, mb->name, subscribed, false);
    else if (fresh && !noaccess)
        name_changed(s, n, t, mb->name, subscribed);
    else if (old && strcmp(old, mb->name) != 0 && !imap_notify_is_own_name(s, mb->name))
        imap_notify_renamed(n, old, mb->name, subscribed);
    free(old);
}

/* Those that were not found may not be listed any more, or are gone. */
static void sweep(struct imap_session *s, struct imap_notify *n, struct imap_notify_account *t,
                  const struct imap_acl_all *exist)
{
    for (size_t i = t->n; i-- > 0;) {
        struct imap_notify_box box = t->boxes[i];
        char *name;

        t->boxes[i].found = false;
        if (box.found)
            continue;
        name = moxd_xstrdup(box.name);
        imap_notify_drop(t, box.id);
        if (imap_acl_of(exist, box.id) && box.events)
            line(n, name, box.subscribed, true);
        else
            name_changed(s, n, t, name, box.subscribed);
        free(name);
    }
}

static int by_id(const void *a, const void *b)
{
    const struct imap_acl_rights *x = a, *y = b;

    return x->mailbox < y->mailbox ? -1 : x->mailbox > y->mailbox;
}

static void compare(struct imap_session *s, struct imap_notify *n, struct imap_notify_account *t,
                    const struct imap_acl_all *acls, const struct store_mailbox *mbs, size_t count,
                    const struct imap_notify_subs *subs)
{
    struct imap_acl_all exist = { .v = moxd_arena_calloc(s->a, count + 1, sizeof(*exist.v)) };

    for (size_t i = 0; i < count; i++) {
        struct store_mailbox mb = mbs[i];
        unsigned rights = imap_acl_of(acls, mb.id);

        exist.v[exist.n++] = (struct imap_acl_rights){ mb.id, MOXD_IMAP_RIGHTS_ALL };
        if (!(rights & MOXD_IMAP_RIGHT_L))
            continue;
        mb.name = imap_place_name(s, t->owner, mb.name);
        take(s, n, t, &mb, is_subscribed(subs, mb.name), !(rights & MOXD_IMAP_RIGHT_R));
    }
    qsort(exist.v, exist.n, sizeof(*exist.v), by_id);
    sweep(s, n, t, &exist);
}

int imap_notify_reread(struct imap_session *s, struct imap_notify *n, struct imap_notify_account *t,
                       const struct imap_notify_subs *subs, struct moxd_err *err)
{
    struct imap_acl_all acls = { 0 };
    struct store_mailbox *mbs = NULL;
    size_t count = 0;

    t->stale = false;
    if (!t->removed && (imap_acl_all(s, t->acc, &acls, err) < 0 ||
                        ((acls.n > 0 || t->n > 0) &&
                         s->im->store->mailboxes(t->acc, s->a, &mbs, &count, err) < 0)))
        return -1;
    compare(s, n, t, &acls, mbs, count, subs);
    if (imap_notify_count(n) > IMAP_NOTIFY_BOXES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mailboxes", IMAP_NOTIFY_BOXES_MAX);
    return 0;
}
