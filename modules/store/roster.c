#include "roster.h"

#include <stdlib.h>

enum { GONE = 1 << 15, SLACK = 64 };
_Static_assert((int)STORE_FLAGS_ALL < (int)GONE, "flags and the mark fit into 16 bits");

/* --- UIDs -------------------------------------------------------------------------------------- */

static struct store_uid_list *list_new(size_t cap)
{
    struct store_uid_list *l = moxd_xmalloc(sizeof(*l) + cap * sizeof(l->v[0]));

    l->refs = 1;
    l->n = 0;
    l->cap = cap;
    return l;
}

void store_uid_list_release(struct store_uid_list *l)
{
    if (l == NULL)
        return;
    moxd_assert(l->refs > 0);
    if (--l->refs == 0)
        free(l);
}

/* Those who share the list keep the old one. */
static void list_grow(struct store_roster *r)
{
    struct store_uid_list *old = r->uids;

    r->uids = list_new(old->n + old->n / 4 + SLACK);
    r->uids->n = old->n;
    memcpy(r->uids->v, old->v, old->n * sizeof(old->v[0]));
    store_uid_list_release(old);
}

/* --- keywords ---------------------------------------------------------------------------------- */

static uint32_t hash_of(struct store_keywords kw)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < kw.n; i++)
        for (const char *p = kw.v[i];; p++) {
            h = (h ^ (unsigned char)*p) * 16777619u;
            if (*p == '\0')
                break;
        }
    return h;
}

static bool is_set(const struct store_roster_set *set, struct store_keywords kw, uint32_t hash)
{
    if (set->hash != hash || set->n != kw.n)
        return false;
    for (size_t i = 0; i < kw.n; i++)
        if (strcmp(set->v[i], kw.v[i]) != 0)
            return false;
    return true;
}

static uint16_t add_set(struct store_roster *r, struct store_keywords kw, uint32_t hash)
{
    struct store_roster_set *set;

    if (r->nsets == STORE_ROSTER_KEYWORDS_MAX) {
        r->partial = true;
        return 0;
    }
    r->sets = moxd_xreallocarray(r->sets, r->nsets + 1, sizeof(*r->sets));
    set = &r->sets[r->nsets];
    *set = (struct store_roster_set){ moxd_xcalloc(kw.n + 1, sizeof(char *)), kw.n, hash };
    for (size_t i = 0; i < kw.n; i++) {
        set->v[i] = moxd_xstrdup(kw.v[i]);
        r->sets_bytes += strlen(kw.v[i]) + 1 + sizeof(char *);
    }
    return (uint16_t)r->nsets++;
}

static uint16_t number_of(struct store_roster *r, struct store_keywords kw)
{
    uint32_t hash = kw.n > 0 ? hash_of(kw) : 0;

    if (kw.n == 0)
        return 0;
    for (size_t i = r->nsets; i-- > 1;)
        if (is_set(&r->sets[i], kw, hash))
            return (uint16_t)i;
    return add_set(r, kw, hash);
}

/* --- the messages ------------------------------------------------------------------------------ */

static void set_room(struct store_roster *r, size_t cap)
{
    r->cap = cap;
    r->flags = moxd_xreallocarray(r->flags, cap, sizeof(*r->flags));
    r->keywords = moxd_xreallocarray(r->keywords, cap, sizeof(*r->keywords));
    r->modseqs = moxd_xreallocarray(r->modseqs, cap, sizeof(*r->modseqs));
    r->ids = moxd_xreallocarray(r->ids, cap, sizeof(*r->ids));
}

struct store_roster *store_roster_new(uint32_t mailbox, size_t n)
{
    struct store_roster *r = moxd_xcalloc(1, sizeof(*r));

    r->mailbox = mailbox;
    r->uids = list_new(n + n / 16 + SLACK);
    r->sets = moxd_xcalloc(1, sizeof(*r->sets));
    r->nsets = 1;
    set_room(r, n + n / 16 + SLACK);
    return r;
}

void store_roster_free(struct store_roster *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->nsets; i++) {
        for (size_t k = 0; k < r->sets[i].n; k++)
            free((void *)(uintptr_t)r->sets[i].v[k]);
        free(r->sets[i].v);
    }
    store_uid_list_release(r->uids);
    free(r->sets);
    free(r->flags);
    free(r->keywords);
    free(r->modseqs);
    free(r->ids);
    free(r);
}

size_t store_roster_bytes(const struct store_roster *r)
{
    return sizeof(*r) + sizeof(*r->uids) + r->uids->cap * sizeof(r->uids->v[0]) +
           r->cap * (sizeof(*r->flags) + sizeof(*r->keywords) + sizeof(*r->modseqs) + sizeof(*r->ids)) +
           r->nsets * sizeof(*r->sets) + r->sets_bytes;
}

void store_roster_add(struct store_roster *r, const struct store_entry *e)
{
    moxd_assert(r->n == r->uids->n && (r->n == 0 || r->uids->v[r->n - 1] < e->uid));
    if (r->n == r->uids->cap)
        list_grow(r);
    if (r->n == r->cap)
        set_room(r, r->cap + r->cap / 4 + SLACK);
    r->uids->v[r->uids->n++] = e->uid;
    r->flags[r->n] = (uint16_t)e->flags;
    r->keywords[r->n] = number_of(r, e->keywords);
    r->modseqs[r->n] = e->modseq;
    r->ids[r->n++] = e->id;
}

/* Index of the first UID that is not lower. */
static size_t lower_bound(const struct store_roster *r, uint32_t uid)
{
    size_t lo = 0, hi = r->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (r->uids->v[mid] < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

int store_roster_change(struct store_roster *r, const struct store_change *c)
{
    struct store_entry e = { .uid = c->uid, .flags = c->flags, .id = c->id, .modseq = c->modseq,
                             .keywords = c->keywords };
    size_t i;

    if (c->kind == STORE_CHANGE_ADD) {
        if (r->n > 0 && r->uids->v[r->n - 1] >= c->uid)
            return -1;
        store_roster_add(r, &e);
        return r->partial ? -1 : 0;
    }
    i = lower_bound(r, c->uid);
    if (i == r->n || r->uids->v[i] != c->uid || (r->flags[i] & GONE))
        return -1;
    if (c->kind == STORE_CHANGE_EXPUNGE) {
        r->flags[i] |= GONE;
        r->ngone++;
        return 0;
    }
    r->flags[i] = (uint16_t)c->flags;
    r->keywords[i] = number_of(r, c->keywords);
    r->modseqs[i] = c->modseq;
    return r->partial ? -1 : 0;
}

/* A list that others share stays as it is. */
void store_roster_compact(struct store_roster *r)
{
    struct store_uid_list *from = r->uids;
    size_t kept = 0;

    if (r->ngone == 0)
        return;
    if (from->refs > 1)
        r->uids = list_new(from->n + SLACK);
    for (size_t i = 0; i < r->n; i++) {
        if (r->flags[i] & GONE)
            continue;
        r->uids->v[kept] = from->v[i];
        r->flags[kept] = r->flags[i];
        r->keywords[kept] = r->keywords[i];
        r->modseqs[kept] = r->modseqs[i];
        r->ids[kept++] = r->ids[i];
    }
    if (r->uids != from)
        store_uid_list_release(from);
    r->n = r->uids->n = kept;
    r->ngone = 0;
}

uint32_t store_roster_first_unseen(const struct store_roster *r)
{
    moxd_assert(r->ngone == 0);
    for (size_t i = 0; i < r->n; i++)
        if (!(r->flags[i] & STORE_SEEN))
            return (uint32_t)i + 1;
    return 0;
}

/* Index of the first id that is not lower. */
static size_t first_id(const uint64_t *ids, size_t n, uint64_t id)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Ids mostly ascend with UIDs, so that both lists are gone through side by side. */
size_t store_roster_uids(const struct store_roster *r, const uint64_t *ids, size_t n, uint32_t *out)
{
    uint64_t last = 0;
    size_t at = 0, found = 0;

    for (size_t i = 0; i < r->n; i++) {
        if (r->ids[i] < last)
            at = first_id(ids, n, r->ids[i]);
        last = r->ids[i];
        while (at < n && ids[at] < last)
            at++;
        if (at < n && ids[at] == last && !(r->flags[i] & GONE))
            out[found++] = r->uids->v[i];
    }
    return found;
}

/* --- entries ----------------------------------------------------------------------------------- */

struct taking {
    const struct store_roster *r;
    struct moxd_arena *a;
    struct store_keywords *sets; /* those copied so far */
    struct store_entry *v;
    size_t n;
};

static struct store_keywords keywords_of(struct taking *t, size_t i)
{
    uint16_t number = t->r->keywords[i];
    const struct store_roster_set *set = &t->r->sets[number];

    if (number == 0)
        return (struct store_keywords){ 0 };
    if (t->sets == NULL)
        t->sets = moxd_arena_calloc(t->a, t->r->nsets, sizeof(*t->sets));
    if (t->sets[number].n == 0)
        t->sets[number] = store_keywords_copy((struct store_keywords){ set->v, set->n }, t->a);
    return t->sets[number];
}

static void take(struct taking *t, size_t from, size_t to)
{
    const struct store_roster *r = t->r;

    for (size_t i = from; i < to; i++)
        if (!(r->flags[i] & GONE))
            t->v[t->n++] = (struct store_entry){ .uid = r->uids->v[i],
                                                 .flags = r->flags[i],
                                                 .id = r->ids[i],
                                                 .modseq = r->modseqs[i],
                                                 .keywords = keywords_of(t, i) };
}

static size_t end_of(const struct store_roster *r, uint32_t last)
{
    return last == UINT32_MAX ? r->n : lower_bound(r, last + 1);
}

void store_roster_entries(const struct store_roster *r, const struct store_uids *uids,
                          struct moxd_arena *a, struct store_entry **out, size_t *n)
{
    static const struct store_uid_range everything = { 0, UINT32_MAX };
    const struct store_uids all = { &everything, 1 }, *of = uids != NULL ? uids : &all;
    struct taking t = { .r = r, .a = a };
    size_t room = 0;

    for (size_t i = 0; i < of->n; i++)
        room += end_of(r, of->v[i].last) - lower_bound(r, of->v[i].first);
    t.v = moxd_arena_alloc(a, (room + 1) * sizeof(*t.v));
    for (size_t i = 0; i < of->n; i++)
        take(&t, lower_bound(r, of->v[i].first), end_of(r, of->v[i].last));
    *out = t.v;
    *n = t.n;
}
