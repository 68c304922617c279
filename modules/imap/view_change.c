/* A view and the changes of its mailbox. */
#include "view.h"
#include <stdlib.h>

static size_t more(size_t cap, size_t n)
{
    size_t grown = cap < 64 ? 64 : cap + cap / 2;

    return grown < n ? n : grown;
}

/* From here on the list is this view's alone. */
static void own(struct imap_view *v, size_t n)
{
    uint32_t *uids;

    if (v->own && n <= v->cap)
        return;
    v->cap = more(v->own ? v->cap : v->n, n);
    uids = moxd_xreallocarray(v->own, v->cap, sizeof(*uids));
    if (!v->own && v->n > 0)
        memcpy(uids, v->uids, v->n * sizeof(*uids));
    v->uids = v->own = uids;
}

/* Mostly the list that others share has it already. */
static void append_uid(struct imap_view *v, uint32_t uid)
{
    if (!v->own && v->shared && v->n < v->shared->n && v->shared->v[v->n] == uid) {
        v->n++;
        return;
    }
    own(v, v->n + 1);
    v->own[v->n++] = uid;
}

static unsigned marks_of(const struct imap_view *v, size_t i)
{
    return i < v->marks_cap ? v->marks[i] : 0;
}

static uint8_t *marks_at(struct imap_view *v, size_t i)
{
    size_t had = v->marks_cap;

    if (i >= had) {
        v->marks_cap = more(had, v->n);
        v->marks = moxd_xreallocarray(v->marks, v->marks_cap, sizeof(*v->marks));
        memset(v->marks + had, 0, v->marks_cap - had);
    }
    return &v->marks[i];
}

static void append(struct imap_view *v, uint32_t uid, uint64_t modseq)
{
    moxd_assert(v->n == 0 || v->uids[v->n - 1] < uid);
    if (v->told == v->n)
        v->low_new = modseq;
    append_uid(v, uid);
}

void imap_view_init(struct imap_view *v, const struct store_uid_list *uids, size_t n,
                    uint64_t modseq, uint64_t high)
{
    *v = (struct imap_view){
        .uids = uids->v, .shared = uids, .n = n, .told = n, .synced = modseq, .high = high
    };
}

void imap_view_fini(struct imap_view *v)
{
    free(v->own);
    free(v->marks);
    free(v->saved);
    free(v->news);
    *v = (struct imap_view){ 0 };
}

/* Index of the UID among all, told or not; n when it is not there. */
static size_t find(const struct imap_view *v, uint32_t uid)
{
    size_t lo = 0, hi = v->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (v->uids[mid] < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->n && v->uids[lo] == uid ? lo : v->n;
}

bool imap_view_is_gone(const struct imap_view *v, uint32_t uid)
{
    size_t i = find(v, uid);

    return i < v->n && (marks_of(v, i) & IMAP_MARK_GONE);
}

static void mark(struct imap_view *v, size_t i, enum imap_mark m)
{
    if (i == v->n || (marks_of(v, i) & m))
        return;
    *marks_at(v, i) |= m;
    *(m == IMAP_MARK_GONE ? &v->ngone : m == IMAP_MARK_FLAGS ? &v->nflags : &v->nrecent) += 1;
}

void imap_view_set_recent(struct imap_view *v, uint32_t from)
{
    for (size_t i = v->n; i > 0 && v->uids[i - 1] >= from; i--)
        mark(v, i - 1, IMAP_MARK_RECENT);
}

bool imap_view_is_recent(const struct imap_view *v, uint32_t uid)
{
    size_t i;

    if (v->nrecent == 0)
        return false;
    i = find(v, uid);
    return i < v->n && (marks_of(v, i) & IMAP_MARK_RECENT);
}

static void mark_gone(struct imap_view *v, size_t i, uint64_t modseq)
{
    if (v->ngone == 0)
        v->low_gone = modseq;
    mark(v, i, IMAP_MARK_GONE);
}

static void mark_flags(struct imap_view *v, size_t i, uint64_t modseq)
{
    if (v->nflags == 0)
        v->low_flags = modseq;
    mark(v, i, IMAP_MARK_FLAGS);
}

uint64_t imap_view_known(const struct imap_view *v)
{
    return v->ngone > 0 ? v->low_gone - 1 : v->high;
}

uint64_t imap_view_known_without(const struct imap_view *v, bool flags, bool news)
{
    uint64_t known = imap_view_known(v);

    if (flags && v->nflags > 0 && v->low_flags <= known)
        known = v->low_flags - 1;
    if (news && v->told < v->n && v->low_new <= known)
        known = v->low_new - 1;
    return known;
}

void imap_view_stale(struct imap_view *v, const struct store_uids *uids)
{
    for (size_t r = 0, i = 0; r < uids->n && i < v->told; r++) {
        while (i < v->told && v->uids[i] < uids->v[r].first)
            i++;
        for (; i < v->told && v->uids[i] <= uids->v[r].last; i++)
            mark_flags(v, i, v->high + 1);
    }
}

/* --- what the running command told ---------------------------------------------------------------- */

static struct imap_told *news_of(const struct imap_view *v, uint32_t uid)
{
    size_t lo = 0, hi = v->nnews;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (v->news[mid].uid < uid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < v->nnews && v->news[lo].uid == uid ? &v->news[lo] : NULL;
}

void imap_view_told(struct imap_view *v, uint32_t uid, uint64_t modseq, bool silent)
{
    size_t i = find(v, uid);

    if (i == v->n)
        return;
    if (marks_of(v, i) & IMAP_MARK_FLAGS) {
        /* Others changed it before: with .SILENT that is still to be told. */
        if (silent)
            return;
        v->marks[i] &= (uint8_t)~IMAP_MARK_FLAGS;
        v->nflags--;
    }
    if (modseq <= v->synced)
        return;
    moxd_assert(v->nnews == 0 || v->news[v->nnews - 1].uid < uid);
    if (v->nnews == v->news_cap) {
        v->news_cap = v->news_cap ? v->news_cap * 2 : 16;
        v->news = moxd_xreallocarray(v->news, v->news_cap, sizeof(*v->news));
    }
    v->news[v->nnews++] = (struct imap_told){ .uid = uid, .modseq = modseq, .silent = silent };
}

bool imap_view_knows(const struct imap_view *v, uint32_t uid, uint64_t modseq)
{
    const struct imap_told *t = news_of(v, uid);

    return t && t->modseq >= modseq;
}

void imap_view_forget(struct imap_view *v)
{
    free(v->news);
    v->news = NULL;
    v->nnews = v->news_cap = 0;
}

/* --- changes --------------------------------------------------------------------------------------- */

static void flags_changed(struct imap_view *v, const struct store_change *c)
{
    struct imap_told *t = news_of(v, c->uid);

    if (t && c->modseq <= t->modseq) {
        if (!t->silent || c->modseq == t->modseq)
            return;
        t->modseq = 0; /* somebody else's change came before what the client did silently */
    }
    mark_flags(v, find(v, c->uid), c->modseq);
}

void imap_view_change(struct imap_view *v, const struct store_change *c)
{
    if (c->modseq <= v->synced)
        return;
    if (c->modseq > v->high)
        v->high = c->modseq;
    if (c->kind == STORE_CHANGE_ADD && (v->n == 0 || v->uids[v->n - 1] < c->uid))
        append(v, c->uid, c->modseq);
    else if (c->kind == STORE_CHANGE_FLAGS)
        flags_changed(v, c);
    else if (c->kind == STORE_CHANGE_EXPUNGE)
        mark_gone(v, find(v, c->uid), c->modseq);
}

int imap_view_expunge(struct imap_view *v, int (*tell)(void *arg, uint32_t seq, uint32_t uid),
                      void *arg)
{
    size_t kept = 0, told = v->told;
    int r = 0;

    if (v->ngone == 0)
        return 0;
    own(v, v->n);
    (void)marks_at(v, v->n - 1);
    for (size_t i = 0; i < v->n; i++) {
        if (!(v->marks[i] & IMAP_MARK_GONE)) {
            v->own[kept] = v->own[i];
            v->marks[kept++] = v->marks[i];
            continue;
        }
        v->nflags -= (v->marks[i] & IMAP_MARK_FLAGS) != 0;
        v->nrecent -= (v->marks[i] & IMAP_MARK_RECENT) != 0;
        if (i >= told)
            continue;
        v->told--;
        if (r >= 0)
            r = tell(arg, (uint32_t)kept + 1, v->uids[i]);
    }
    if (kept < v->n)
        memset(v->marks + kept, 0, v->n - kept);
    v->n = kept;
    v->ngone = 0;
    return r;
}

void imap_view_flagged(struct imap_view *v, struct moxd_arena *a, struct store_uids *out)
{
    struct store_uid_range *r = NULL;
    size_t n = 0, cap = 0;
    bool joined = false;

    for (size_t i = 0; v->nflags > 0 && i < v->told; i++) {
        if (!(marks_of(v, i) & IMAP_MARK_FLAGS)) {
            joined = false;
            continue;
        }
        v->marks[i] &= (uint8_t)~IMAP_MARK_FLAGS;
        v->nflags--;
        if (!joined)
            *(struct store_uid_range *)moxd_arena_push(a, &r, &n, &cap, sizeof(*r)) =
                (struct store_uid_range){ .first = v->uids[i] };
        r[n - 1].last = v->uids[i];
        joined = true;
    }
    *out = (struct store_uids){ r, n };
}

void imap_view_compare(struct imap_view *v, const struct store_entry *entries, size_t n,
                       uint64_t modseq)
{
    uint64_t high = v->high;
    size_t had = v->n, k = 0;

    for (size_t i = 0; i < had; i++) {
        while (k < n && entries[k].uid < v->uids[i])
            k++;
        if (k == n || entries[k].uid != v->uids[i])
            mark_gone(v, i, v->high + 1); /* what was lost came after what was noted */
        else if (entries[k].modseq > v->synced &&
                 !imap_view_knows(v, v->uids[i], entries[k].modseq))
            mark_flags(v, i, v->high + 1);
    }
    for (k = 0; k < n; k++)
        if (had == 0 || entries[k].uid > v->uids[had - 1])
            append(v, entries[k].uid, v->high + 1);
    for (k = 0; k < n; k++)
        high = entries[k].modseq > high ? entries[k].modseq : high;
    v->high = high;
    v->synced = modseq > v->synced ? modseq : v->synced;
}
