/* NOTIFY: the tables of the mailboxes that a client may hear of, one an account. */
#include "notify.h"
#include <stdlib.h>

void *imap_notify_push(void *v, size_t *n, size_t *cap, size_t size)
{
    if (*n == *cap) {
        *cap = *cap ? 2 * *cap : 8;
        v = moxd_xreallocarray(v, *cap, size);
    }
    ++*n;
    return v;
}

/* Where the id is, or belongs. */
static size_t place(const struct imap_notify_account *t, uint32_t id)
{
    size_t lo = 0, hi = t->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (t->boxes[mid].id < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

struct imap_notify_box *imap_notify_box(const struct imap_notify_account *t, uint32_t id)
{
    size_t i = place(t, id);

    return i < t->n && t->boxes[i].id == id ? &t->boxes[i] : NULL;
}

/* The name, subscription or events of a mailbox, which may be there already. */
struct imap_notify_box *imap_notify_add(struct imap_notify *n, struct imap_notify_account *t,
                                        uint32_t id, const char *name, unsigned special_use,
                                        bool subscribed)
{
    struct imap_notify_box *box = imap_notify_box(t, id);

    if (!box) {
        size_t i = place(t, id);

        t->boxes = imap_notify_push(t->boxes, &t->n, &t->cap, sizeof(*t->boxes));
        memmove(&t->boxes[i + 1], &t->boxes[i], (t->n - 1 - i) * sizeof(*t->boxes));
        box = &t->boxes[i];
        *box = (struct imap_notify_box){ .id = id };
    }
    free(box->name);
    box->name = moxd_xstrdup(name);
    box->special_use = special_use;
    box->subscribed = subscribed;
    box->events = imap_notify_events(n, name, subscribed);
    return box;
}

void imap_notify_drop(struct imap_notify_account *t, uint32_t id)
{
    size_t i = place(t, id);

    if (i == t->n || t->boxes[i].id != id)
        return;
    free(t->boxes[i].name);
    t->n--;
    memmove(&t->boxes[i], &t->boxes[i + 1], (t->n - i) * sizeof(*t->boxes));
}

void imap_notify_account_fini(struct imap_notify *n, struct imap_notify_account *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->boxes[i].name);
    free(t->boxes);
    free(t->dirty);
    if (t->owner) {
        n->s->im->store->unwatch(t->watch);
        n->s->im->store->close(t->acc);
        free(t->owner);
    }
    *t = (struct imap_notify_account){ 0 };
}

size_t imap_notify_count(const struct imap_notify *n)
{
    size_t count = n->own.n;

    for (size_t i = 0; i < n->nothers; i++)
        count += n->others[i].n;
    return count;
}
