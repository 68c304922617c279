/* Sequence sets and UID sets, resolved against a view (RFC 9051 9 sequence-set). */
#include "view.h"
#include <stdlib.h>

size_t imap_view_lower_bound(const struct imap_view *v, uint32_t uid)
{
    size_t lo = 0, hi = v->told;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (v->uids[mid] < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint32_t imap_view_seq(const struct imap_view *v, uint32_t uid)
{
    size_t i = v->told > 0 && uid >= v->uids[0] ? uid - v->uids[0] : v->told;

    /* Where it is when none is missing before it. */
    if (i < v->told && v->uids[i] == uid)
        return (uint32_t)i + 1;
    i = imap_view_lower_bound(v, uid);
    return i < v->told && v->uids[i] == uid ? (uint32_t)i + 1 : 0;
}

static int by_first(const void *a, const void *b)
{
    const struct store_uid_range *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

/* Ascending and disjoint. */
static void merge(struct store_uid_range *r, size_t n, struct store_uids *out)
{
    size_t k = 0;

    if (n > 0)
        qsort(r, n, sizeof(*r), by_first);
    for (size_t i = 0; i < n; i++) {
        if (k > 0 && r[i].first <= r[k - 1].last) {
            if (r[i].last > r[k - 1].last)
                r[k - 1].last = r[i].last;
        } else {
            r[k++] = r[i];
        }
    }
    *out = (struct store_uids){ r, k };
}

/* The part of [lo, hi] that is in the view; 0 when there is nothing. */
static size_t clip(const struct imap_view *v, uint32_t lo, uint32_t hi, struct store_uid_range *out)
{
    size_t from = imap_view_lower_bound(v, lo);
    size_t to = hi == UINT32_MAX ? v->told : imap_view_lower_bound(v, hi + 1);

    if (from >= to)
        return 0;
    *out = (struct store_uid_range){ v->uids[from], v->uids[to - 1] };
    return 1;
}

/* `*` is the highest UID; n:* with n above it means the highest (IMAP-06). */
static size_t uid_range(const struct imap_view *v, struct moxd_imap_range r,
                        struct store_uid_range *out)
{
    uint32_t top = v->told ? v->uids[v->told - 1] : 0;
    uint32_t a = r.a == MOXD_IMAP_STAR ? top : r.a, b = r.b == MOXD_IMAP_STAR ? top : r.b;

    return clip(v, a < b ? a : b, a < b ? b : a, out);
}

/* Numbers of a range in order, `*` replaced: 0 in an empty mailbox. */
static struct moxd_imap_range seq_range(const struct imap_view *v, struct moxd_imap_range r)
{
    uint32_t top = (uint32_t)v->told;
    uint32_t a = r.a == MOXD_IMAP_STAR ? top : r.a, b = r.b == MOXD_IMAP_STAR ? top : r.b;

    return a < b ? (struct moxd_imap_range){ a, b } : (struct moxd_imap_range){ b, a };
}

static void saved_set(const struct imap_view *v, struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = moxd_arena_calloc(a, v->nsaved + 1, sizeof(*r));
    size_t n = 0;

    for (size_t i = 0; i < v->nsaved; i++)
        n += clip(v, v->saved[i].first, v->saved[i].last, &r[n]);
    merge(r, n, out);
}

static void uid_set(const struct imap_view *v, const struct moxd_imap_set *set,
                    struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = moxd_arena_calloc(a, set->n + 1, sizeof(*r));
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        n += uid_range(v, set->v[i], &r[n]);
    merge(r, n, out);
}

void imap_view_any_uids(const struct imap_view *v, const struct moxd_imap_set *set,
                        struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = moxd_arena_calloc(a, set->n + 1, sizeof(*r));

    for (size_t i = 0; i < set->n; i++) {
        uint32_t x = set->v[i].a == MOXD_IMAP_STAR ? UINT32_MAX : set->v[i].a;
        uint32_t y = set->v[i].b == MOXD_IMAP_STAR ? UINT32_MAX : set->v[i].b;

        r[i] = (struct store_uid_range){ x < y ? x : y, x < y ? y : x };
    }
    merge(r, set->n, out);
    if (set->saved)
        *out = (struct store_uids){ v->saved, v->nsaved };
}

/* A sequence number that does not exist is BAD, `*` in an empty mailbox included. */
int imap_view_set(const struct imap_view *v, const struct moxd_imap_set *set, bool uid,
                  struct moxd_arena *a, struct store_uids *out, struct moxd_err *err)
{
    struct store_uid_range *r;

    if (set->saved || uid) {
        imap_view_search_set(v, set, uid, a, out);
        return 0;
    }
    r = moxd_arena_calloc(a, set->n + 1, sizeof(*r));
    for (size_t i = 0; i < set->n; i++) {
        struct moxd_imap_range s = seq_range(v, set->v[i]);

        if (s.a == 0 || s.b > v->told)
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "there is no message %u, the mailbox has %zu",
                                s.b, v->told);
        r[i] = (struct store_uid_range){ v->uids[s.a - 1], v->uids[s.b - 1] };
    }
    merge(r, set->n, out);
    return 0;
}

void imap_view_search_set(const struct imap_view *v, const struct moxd_imap_set *set, bool uid,
                          struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r;
    size_t n = 0;

    if (set->saved) {
        saved_set(v, a, out);
        return;
    }
    if (uid) {
        uid_set(v, set, a, out);
        return;
    }
    r = moxd_arena_calloc(a, set->n + 1, sizeof(*r));
    for (size_t i = 0; i < set->n; i++) {
        struct moxd_imap_range s = seq_range(v, set->v[i]);
        size_t last = s.b < v->told ? s.b : v->told;

        if (s.a > 0 && s.a <= last)
            r[n++] = (struct store_uid_range){ v->uids[s.a - 1], v->uids[last - 1] };
    }
    merge(r, n, out);
}

void imap_view_all(const struct imap_view *v, struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = moxd_arena_alloc(a, sizeof(*r));

    *out = (struct store_uids){ r, clip(v, 1, UINT32_MAX, r) };
}

size_t imap_view_cut(const struct imap_view *v, const struct store_uids *set, struct imap_cut *cut,
                     size_t max, struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = NULL;
    size_t taken = 0, n = 0, cap = 0;

    for (; cut->range < set->n && taken < max; cut->range++, cut->uid = 0) {
        const struct store_uid_range *of = &set->v[cut->range];
        size_t from = imap_view_lower_bound(v, cut->uid > of->first ? cut->uid : of->first);
        size_t to = of->last == UINT32_MAX ? v->told : imap_view_lower_bound(v, of->last + 1);
        size_t k = to > from ? to - from : 0;
        struct store_uid_range *piece;

        if (k == 0)
            continue;
        if (k > max - taken)
            k = max - taken;
        piece = moxd_arena_push(a, &r, &n, &cap, sizeof(*r));
        *piece = (struct store_uid_range){ v->uids[from], v->uids[from + k - 1] };
        taken += k;
        if (from + k < to) {
            cut->uid = v->uids[from + k];
            break;
        }
    }
    *out = (struct store_uids){ r, n };
    return taken;
}

size_t imap_partial_of(const struct moxd_imap_partial *p, size_t n, size_t *first)
{
    size_t lo = p->a < p->b ? p->a : p->b, hi = p->a < p->b ? p->b : p->a;

    *first = 0;
    if (lo > n)
        return 0;
    if (hi > n)
        hi = n;
    *first = p->from_end ? n - hi : lo - 1;
    return hi - lo + 1;
}

void imap_view_partial(const struct imap_view *v, const struct moxd_imap_partial *p,
                       const struct store_uids *set, struct moxd_arena *a, struct store_uids *out)
{
    struct store_uids from = *set; /* it may be *out */
    struct imap_cut all = { 0 }, cut = { 0 };
    size_t first, n;

    n = imap_view_cut(v, &from, &all, SIZE_MAX, a, out);
    n = imap_partial_of(p, n, &first);
    (void)imap_view_cut(v, &from, &cut, first, a, out);
    (void)imap_view_cut(v, &from, &cut, n, a, out);
}

void imap_view_save(struct imap_view *v, const uint32_t *uids, size_t n)
{
    free(v->saved);
    v->saved = n ? moxd_xreallocarray(NULL, n, sizeof(*v->saved)) : NULL;
    v->nsaved = 0;
    for (size_t i = 0; i < n; i++) {
        struct store_uid_range *last = v->nsaved ? &v->saved[v->nsaved - 1] : NULL;

        if (last && last->last + 1 == uids[i])
            last->last = uids[i];
        else
            v->saved[v->nsaved++] = (struct store_uid_range){ uids[i], uids[i] };
    }
}

bool imap_uids_have(const struct store_uids *set, uint32_t uid)
{
    size_t lo = 0, hi = set->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (set->v[mid].last < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < set->n && set->v[lo].first <= uid;
}
