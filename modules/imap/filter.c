#include "filter.h"

/* A name that cannot exist is one that does not (RFC 5465 3.1). */
void imap_filter_take(struct imap_session *s, struct moxd_arena *a,
                      const struct moxd_imap_mailboxes *from, struct imap_filter *out)
{
    *out = (struct imap_filter){ .kind = from->filter };
    out->names = moxd_arena_calloc(a, from->names.n + 1, sizeof(*out->names));
    for (size_t i = 0; i < from->names.n; i++) {
        struct moxd_str name;

        if (imap_name_in(s, from->names.v[i], &name, NULL) == 0 &&
            s->im->store->canonical_name(name, a, &out->names[out->n], NULL) == 0)
            out->n++;
    }
}

/* What of the name is below the parent; p NULL: it is not. */
static struct moxd_str below(struct moxd_str name, struct moxd_str parent)
{
    if (name.n <= parent.n || name.p[parent.n] != '/' || !moxd_str_starts(name, parent))
        return moxd_str(NULL, 0);
    return moxd_str_from(name, parent.n + 1);
}

static bool is_named(const struct imap_filter *f, struct moxd_str name)
{
    for (size_t i = 0; i < f->n; i++) {
        struct moxd_str rest = below(name, f->names[i]);

        if (moxd_str_eq(f->names[i], name) || (f->kind == MOXD_IMAP_FILTER_SUBTREE && rest.p) ||
            (f->kind == MOXD_IMAP_FILTER_SUBTREE_ONE && rest.p && moxd_str_chr(rest, '/') < 0))
            return true;
    }
    return false;
}

/* All own mailboxes are personal, and mail may be delivered to each (RFC 5465 6.3). */
bool imap_filter_covers(const struct imap_filter *f, const char *name, bool subscribed,
                        bool of_others)
{
    switch (f->kind) {
    case MOXD_IMAP_FILTER_INBOXES:
    case MOXD_IMAP_FILTER_PERSONAL:
        return !of_others;
    case MOXD_IMAP_FILTER_SUBSCRIBED:
        return subscribed;
    case MOXD_IMAP_FILTER_SUBTREE:
    case MOXD_IMAP_FILTER_SUBTREE_ONE:
    case MOXD_IMAP_FILTER_MAILBOXES:
        return is_named(f, moxd_cstr(name));
    default:
        return false;
    }
}

bool imap_filter_reaches_others(const struct imap_filter *f)
{
    return f->kind == MOXD_IMAP_FILTER_SUBSCRIBED || f->kind == MOXD_IMAP_FILTER_SUBTREE ||
           f->kind == MOXD_IMAP_FILTER_SUBTREE_ONE || f->kind == MOXD_IMAP_FILTER_MAILBOXES;
}
