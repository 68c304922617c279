#include "imap_mailbox.h"
#include "list.h"
#include <stdlib.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct imap_row *)a)->name, ((const struct imap_row *)b)->name);
}

struct imap_row *imap_list_find(const struct imap_listing *l, const char *name)
{
    struct imap_row key = { .name = name };

    return l->n == 0 ? NULL : bsearch(&key, l->v, l->n, sizeof(key), by_name);
}

static struct imap_row *add_row(struct imap_session *s, struct imap_listing *l, const char *name)
{
    struct imap_row *r = moxd_arena_push(s->a, &l->v, &l->n, &l->cap, sizeof(*l->v));

    r->name = name;
    return r;
}

/* Sorted, one row for a name: what is known of it from several rows is put together. */
static void sort_rows(struct imap_listing *l)
{
    size_t n = 0;

    if (l->n > 1)
        qsort(l->v, l->n, sizeof(*l->v), by_name);
    for (size_t i = 0; i < l->n; i++) {
        if (n > 0 && strcmp(l->v[n - 1].name, l->v[i].name) == 0) {
            l->v[n - 1].subscribed |= l->v[i].subscribed;
            l->v[n - 1].level |= l->v[i].level;
            if (l->v[i].mb) {
                l->v[n - 1].mb = l->v[i].mb;
                l->v[n - 1].other = l->v[i].other;
            }
        } else {
            l->v[n++] = l->v[i];
        }
    }
    l->n = n;
}

bool imap_to_parent(char *name)
{
    char *slash = strrchr(name, '/');

    if (slash)
        *slash = '\0';
    return slash != NULL;
}

/* Whether a pattern may mean anything below the namespace of others. */
static bool asks_for_others(const struct imap_listing *l)
{
    struct moxd_str others = MOXD_STR(IMAP_OTHERS);

    for (size_t i = 0; i < l->npatterns; i++) {
        struct moxd_str p = l->patterns[i];
        size_t n = 0;

        while (n < p.n && n < others.n && p.p[n] == others.p[n])
            n++;
        if (n == others.n || (n < p.n && (p.p[n] == '*' || p.p[n] == '%')))
            return true;
    }
    return false;
}

/* RFC 4314 4: those with "l". Levels above them that are none of them are listed too, so that a client finds them. */
static int load_others(struct imap_session *s, struct imap_listing *l, struct moxd_err *err)
{
    struct imap_others others;

    if (imap_others_load(s, MOXD_IMAP_RIGHT_L, &others, err) < 0)
        return -1;
    for (size_t i = 0; i < others.n; i++) {
        char *parent = moxd_arena_strdup(s->a, others.v[i].mb.name);
        struct imap_row *row = add_row(s, l, others.v[i].mb.name);

        row->mb = &others.v[i].mb;
        row->other = &others.v[i];
        while (imap_to_parent(parent))
            add_row(s, l, moxd_arena_strdup(s->a, parent))->level = true;
    }
    return 0;
}

static int load(struct imap_session *s, struct imap_listing *l, struct moxd_err *err)
{
    struct store_mailbox *mbs;
    const char **subs;
    size_t n, nsubs;

    if (s->im->store->mailboxes(s->acc, s->a, &mbs, &n, err) < 0 ||
        s->im->store->subscriptions(s->acc, s->a, &subs, &nsubs, err) < 0)
        return -1;
    if (asks_for_others(l) && load_others(s, l, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        add_row(s, l, mbs[i].name)->mb = &mbs[i];
    for (size_t i = 0; i < nsubs; i++) {
        char *parent = moxd_arena_strdup(s->a, subs[i]);

        add_row(s, l, subs[i])->subscribed = true;
        while (imap_to_parent(parent))
            add_row(s, l, moxd_arena_strdup(s->a, parent));
    }
    sort_rows(l);
    return 0;
}

static bool matches(const struct imap_listing *l, const char *name)
{
    for (size_t i = 0; i < l->npatterns; i++)
        if (imap_match(l->patterns[i], moxd_cstr(name)))
            return true;
    return false;
}

static int add_pattern(struct imap_session *s, struct imap_listing *l, struct moxd_str ref,
                       struct moxd_str wire, size_t *total, struct moxd_err *err)
{
    struct moxd_str pat;
    char *joined;

    if (imap_name_in(s, wire, &pat, err) < 0)
        return -1;
    *total += ref.n + pat.n;
    if (ref.n + pat.n > IMAP_PATTERN_MAX || *total > IMAP_PATTERNS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "pattern too long");
    joined = moxd_arena_alloc(s->a, ref.n + pat.n + 1);
    memcpy(joined, ref.p, ref.n);
    memcpy(joined + ref.n, pat.p, pat.n);
    l->patterns[l->npatterns++] = moxd_str(joined, ref.n + pat.n);
    return 0;
}

static int patterns(struct imap_session *s, struct imap_listing *l, struct moxd_err *err)
{
    struct moxd_str ref;
    size_t total = 0;

    if (imap_name_in(s, s->cmd.mailbox, &ref, err) < 0)
        return -1;
    l->patterns = moxd_arena_calloc(s->a, s->cmd.list.n, sizeof(*l->patterns));
    for (size_t i = 0; i < s->cmd.list.n; i++)
        if (add_pattern(s, l, ref, s->cmd.list.v[i], &total, err) < 0)
            return -1;
    return 0;
}

/* Other sessions are not kept waiting by long lists. */
static int match_rows(struct imap_listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        l->v[i].matched = matches(l, l->v[i].name);
        if (i % 64 == 63 && moxd_yield() < 0)
            return -1;
    }
    return 0;
}

bool imap_list_meets(unsigned opts, const struct imap_row *r)
{
    if ((opts & MOXD_IMAP_SEL_SUBSCRIBED) && !r->subscribed)
        return false;
    if ((opts & MOXD_IMAP_SEL_SPECIAL_USE) && (!r->mb || r->mb->special_use == 0))
        return false;
    return r->mb || r->level || (opts & MOXD_IMAP_SEL_SUBSCRIBED);
}

/* Tells every ancestor of each row what is below it. */
static void mark_parents(struct imap_session *s, struct imap_listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        char *name = moxd_arena_strdup(s->a, l->v[i].name);
        bool met = imap_list_meets(s->cmd.list_opts, &l->v[i]);

        while (imap_to_parent(name)) {
            struct imap_row *parent = imap_list_find(l, name);

            if (!parent)
                continue;
            parent->children |= l->v[i].mb != NULL;
            parent->below |= met;
            parent->below_hidden |= met && !l->v[i].matched;
        }
    }
}

int imap_list_prepare(struct imap_session *s, struct imap_listing *l, struct moxd_err *err)
{
    if (patterns(s, l, err) < 0 || load(s, l, err) < 0)
        return -1;
    if (match_rows(l) < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    mark_parents(s, l);
    return 0;
}
