/* What a client knows of a mailbox that it had selected before, compared with the view (RFC 7162 3.2.5). */
#include "view.h"

/* The parts of [lo, hi] between what the client knows. */
static void add_unknown(const struct imap_view *v, uint32_t lo, uint32_t hi, struct moxd_arena *a,
                        struct store_uid_range **r, size_t *n, size_t *cap)
{
    for (size_t i = imap_view_lower_bound(v, lo);; i++) {
        bool known = i < v->told && v->uids[i] <= hi;
        uint32_t end = known ? v->uids[i] - 1 : hi;

        if (lo <= end)
            *(struct store_uid_range *)moxd_arena_push(a, r, n, cap, sizeof(**r)) =
                (struct store_uid_range){ lo, end };
        if (!known || v->uids[i] == hi)
            return;
        lo = v->uids[i] + 1;
    }
}

void imap_view_unknown(const struct imap_view *v, const struct store_uids *set,
                       const struct store_uids *within, uint32_t above, struct moxd_arena *a,
                       struct store_uids *out)
{
    struct store_uid_range *r = NULL;
    size_t n = 0, cap = 0;

    for (size_t i = 0, k = 0; i < set->n && k < within->n;) {
        uint32_t lo = set->v[i].first, hi = set->v[i].last;

        if (lo < within->v[k].first)
            lo = within->v[k].first;
        if (hi > within->v[k].last)
            hi = within->v[k].last;
        if (lo <= above)
            lo = above + 1;
        if (lo <= hi && hi > above)
            add_unknown(v, lo, hi, a, &r, &n, &cap);
        if (set->v[i].last < within->v[k].last)
            i++;
        else
            k++;
    }
    *out = (struct store_uids){ r, n };
}

/* Of the n pairs that begin with this one, the UID of the last that matches: both grow by one, and those of
 * the view by one or more, so that matches lie together and end where the view is ahead. */
static uint32_t agree(const struct imap_view *v, uint32_t seq, uint32_t uid, uint32_t n)
{
    uint32_t lo = 0, hi;

    if (seq > v->told)
        return 0;
    hi = n < v->told - seq + 1 ? n : (uint32_t)(v->told - seq + 1);
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (v->uids[seq - 1 + mid] <= uid + mid)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo > 0 && v->uids[seq - 1 + lo - 1] == uid + lo - 1 ? uid + lo - 1 : 0;
}

uint32_t imap_view_agree(const struct imap_view *v, const struct moxd_imap_set *seqs,
                         const struct moxd_imap_set *uids)
{
    uint32_t best = 0, from_seq = 0, from_uid = 0; /* how much of the two ranges is done */

    for (size_t i = 0, k = 0; i < seqs->n && k < uids->n;) {
        uint32_t seq = seqs->v[i].a + from_seq, uid = uids->v[k].a + from_uid;
        uint32_t left = seqs->v[i].b - seq, left_uids = uids->v[k].b - uid;
        uint32_t n = left < left_uids ? left : left_uids; /* one less than there are */
        uint32_t found = agree(v, seq, uid, n == UINT32_MAX ? n : n + 1);

        best = found > best ? found : best;
        from_seq = left == n ? 0 : from_seq + n + 1;
        from_uid = left_uids == n ? 0 : from_uid + n + 1;
        i += left == n;
        k += left_uids == n;
    }
    return best;
}
