/* ADDTO and REMOVEFROM (RFC 5267 4.3.2 to 4.3.4). A result is changed by taking places out of it, told from
 * the last to the first, and putting messages in, told from the first to the last: so each place is right
 * when its turn comes. In SEARCH results, which are in the order of the mailbox, 0 stands for any place. */
#include "context.h"
#include <stdlib.h>

enum {
    BATCH = 200,
    LINEAR_MAX = 64, /* changes for which a result is gone through rather than sorted */
};

/* How one result changes. */
struct update {
    struct imap_context *c;
    const uint32_t *sorted; /* its UIDs ascending; NULL: go through them */
    uint32_t *removed;      /* UIDs, ascending; as the others in an arena */
    size_t nremoved, removed_cap;
    struct imap_sort_row **added; /* for SEARCH without values */
    size_t nadded, added_cap;
};

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool in_sorted(const uint32_t *v, size_t n, uint32_t uid)
{
    return n > 0 && bsearch(&uid, v, n, sizeof(*v), by_number);
}

/* --- the lines ------------------------------------------------------------------------------------ */

/* Once UIDONLY is enabled no number is told, also of a context opened before (RFC 9586). */
static bool uids_shown(const struct imap_session *s, const struct imap_context *c)
{
    return c->cmd.uid || imap_uidonly(s);
}

static void put_head(struct imap_session *s, const struct imap_context *c)
{
    if (s->out.n > 0)
        return;
    imap_put_esearch(s, c->cmd.tag, c->named ? &c->where : NULL, uids_shown(s, c));
}

/* "PLACE SET"; numbers of expunged messages are valid until that is told. */
static void put_group(struct imap_session *s, const struct imap_context *c, size_t place,
                      const uint32_t *uids, size_t n)
{
    struct moxd_imap_set_out set = { .b = &s->out };

    moxd_buf_addf(&s->out, "%zu ", c->rows ? place + 1 : 0);
    for (size_t i = 0; i < n; i++) {
        uint32_t shown = uids_shown(s, c) ? uids[i] : imap_view_seq(&s->sel->view, uids[i]);

        moxd_imap_set_add(&set, shown, shown);
    }
    moxd_imap_set_end(&set);
}

/* How many places from i on follow each other; without places all are told together. */
static size_t run_from(const struct imap_context *c, const size_t *places, size_t i, size_t n)
{
    size_t k = i + 1;

    while (k < n && (!c->rows || places[k] == places[k - 1] + 1))
        k++;
    return k - i;
}

/* --- taking out ----------------------------------------------------------------------------------- */

static void tell_removed(struct imap_session *s, const struct imap_context *c, const size_t *places,
                         const uint32_t *uids, size_t n, struct moxd_arena *a)
{
    size_t *starts = moxd_arena_calloc(a, n + 1, sizeof(*starts)), nstarts = 0;

    for (size_t i = 0; i < n; i += run_from(c, places, i, n))
        starts[nstarts++] = i;
    put_head(s, c);
    moxd_buf_adds(&s->out, " REMOVEFROM (");
    while (nstarts-- > 0) {
        size_t i = starts[nstarts];

        put_group(s, c, places[i], uids + i, run_from(c, places, i, n));
        moxd_buf_adds(&s->out, nstarts > 0 ? " " : ")");
    }
}

/* Takes out what is in the ascending list. */
static void take_out(struct imap_session *s, struct imap_context *c, const uint32_t *removed,
                     size_t nremoved, struct moxd_arena *a)
{
    size_t *places = moxd_arena_calloc(a, nremoved + 1, sizeof(*places)), n = 0, kept = 0;
    uint32_t *uids = moxd_arena_calloc(a, nremoved + 1, sizeof(*uids));

    for (size_t i = 0; i < c->n; i++) {
        if (in_sorted(removed, nremoved, c->uids[i])) {
            moxd_assert(n < nremoved);
            uids[n] = c->uids[i];
            places[n++] = i;
            if (c->rows)
                c->rows_bytes -= imap_sort_row_free(&c->cmd, c->rows[i]);
            continue;
        }
        if (c->rows)
            c->rows[kept] = c->rows[i];
        c->uids[kept++] = c->uids[i];
    }
    c->n = kept;
    if (n > 0)
        tell_removed(s, c, places, uids, n, a);
}

/* --- putting in ----------------------------------------------------------------------------------- */

static int compare(const struct imap_context *c, const struct imap_sort_row *row, size_t place)
{
    if (c->rows)
        return imap_sort_compare(&c->cmd, row, c->rows[place]);
    return row->uid < c->uids[place] ? -1 : row->uid > c->uids[place];
}

/* The place in the result before which the row belongs. */
static size_t place_of(const struct imap_context *c, const struct imap_sort_row *row)
{
    size_t lo = 0, hi = c->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (compare(c, row, mid) > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void grow(struct imap_context *c, size_t n)
{
    if (n <= c->cap)
        return;
    c->cap = n + n / 4 + 16;
    c->uids = moxd_xreallocarray(c->uids, c->cap, sizeof(*c->uids));
    if (c->rows)
        c->rows = moxd_xreallocarray(c->rows, c->cap, sizeof(struct imap_sort_row *));
}

/* Puts sorted rows in at the places that they have afterwards, which are left in `places`. */
static void insert(struct imap_context *c, struct imap_sort_row *const *rows, size_t *places,
                   size_t n)
{
    size_t from = c->n, to = c->n + n;

    for (size_t k = 0; k < n; k++)
        places[k] = place_of(c, rows[k]) + k;
    grow(c, to);
    c->n = to;
    for (size_t k = n; k > 0;) {
        bool is_new = --to == places[k - 1];

        k -= is_new;
        from -= !is_new;
        c->uids[to] = is_new ? rows[k]->uid : c->uids[from];
        if (c->rows)
            c->rows[to] =
                is_new ? imap_sort_row_dup(&c->cmd, rows[k], &c->rows_bytes) : c->rows[from];
    }
}

static void put_in(struct imap_session *s, struct imap_context *c, struct imap_sort_row **rows,
                   size_t n, struct moxd_arena *a)
{
    size_t *places = moxd_arena_calloc(a, n + 1, sizeof(*places));
    uint32_t *uids = moxd_arena_calloc(a, n + 1, sizeof(*uids));
    size_t k;

    if (n == 0)
        return;
    if (c->rows)
        imap_sort_rows(&c->cmd, rows, n);
    insert(c, rows, places, n);
    for (size_t i = 0; i < n; i++)
        uids[i] = rows[i]->uid;
    put_head(s, c);
    moxd_buf_adds(&s->out, " ADDTO (");
    for (size_t i = 0; i < n; i += k) {
        k = run_from(c, places, i, n);
        put_group(s, c, places[i], uids + i, k);
        moxd_buf_adds(&s->out, i + k < n ? " " : ")");
    }
}

/* --- finding out ---------------------------------------------------------------------------------- */

static bool has(const struct update *u, uint32_t uid)
{
    if (u->sorted)
        return in_sorted(u->sorted, u->c->n, uid);
    for (size_t i = 0; i < u->c->n; i++)
        if (u->c->uids[i] == uid)
            return true;
    return false;
}

static void look(struct update *u, struct imap_msg *msg, struct moxd_arena *a)
{
    uint32_t uid = msg->info->uid;
    bool had = has(u, uid), matches = imap_search_match(&u->c->se, msg, NULL) > 0;

    if (had && !matches)
        *(uint32_t *)moxd_arena_push(a, &u->removed, &u->nremoved, &u->removed_cap, sizeof(uid)) =
            uid;
    else if (!had && matches)
        *(struct imap_sort_row **)moxd_arena_push(a, &u->added, &u->nadded, &u->added_cap,
                                                  sizeof(*u->added)) =
            imap_sort_row(&u->c->cmd, msg, a);
}

/* -1 the store failed. */
static int look_at(struct imap_session *s, const struct store_uids *uids, struct update *us,
                   size_t n, struct moxd_arena *a)
{
    struct moxd_arena *one MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct store_msg *infos;
    struct moxd_err err = { 0 };
    size_t ninfos;

    if (s->im->store->messages(s->sel->acc, s->sel->mailbox, uids, a, &infos, &ninfos, &err) < 0) {
        moxd_error(&s->log, "results cannot be kept up to date", moxd_kve(&err));
        return -1;
    }
    for (size_t i = 0; i < ninfos; i++) {
        struct imap_msg msg;

        if (imap_view_seq(&s->sel->view, infos[i].uid) == 0 ||
            imap_view_is_gone(&s->sel->view, infos[i].uid))
            continue;
        imap_msg_init(&msg, s, s->sel->acc, one, &infos[i]);
        for (size_t k = 0; k < n; k++)
            look(&us[k], &msg, a);
        imap_msg_fini(&msg);
    }
    return moxd_yield() < 0 ? -1 : 0;
}

/* The messages that are to be looked at, each once. */
static void take_dirty(struct imap_session *s, struct imap_contexts *cs, struct moxd_arena *a,
                       struct store_uids *out)
{
    struct store_uid_range *r = moxd_arena_calloc(a, cs->ndirty + 1, sizeof(*r));
    size_t n = 0;

    if (cs->ndirty > 0)
        qsort(cs->dirty, cs->ndirty, sizeof(*cs->dirty), by_number);
    for (size_t i = 0; i < cs->ndirty; i++)
        if (n == 0 || r[n - 1].last != cs->dirty[i])
            r[n++] = (struct store_uid_range){ cs->dirty[i], cs->dirty[i] };
    *out = (struct store_uids){ r, n };
    if (cs->all || (cs->aging && moxd_mono() - cs->looked_at >= IMAP_CONTEXT_AGE)) {
        imap_view_all(&s->sel->view, a, out);
        cs->looked_at = moxd_mono();
    }
    cs->all = false;
    cs->ndirty = 0;
}

static struct update *begin(struct imap_contexts *cs, size_t nuids, struct moxd_arena *a)
{
    struct update *us = moxd_arena_calloc(a, cs->n, sizeof(*us)), *u = us;

    for (struct imap_context *c = cs->v; c; c = c->next, u++) {
        u->c = c;
        c->se.now = moxd_wall();
        u->sorted = c->uids;
        if (!c->rows)
            continue;
        u->sorted = NULL;
        if (nuids <= LINEAR_MAX)
            continue;
        u->sorted = moxd_arena_dup(a, c->uids, (c->n + 1) * sizeof(*c->uids));
        qsort((uint32_t *)u->sorted, c->n, sizeof(*u->sorted), by_number);
    }
    return us;
}

/* What was added and is new, but not by this client, is to be fetched. */
static void note_fresh(struct imap_session *s, struct update *u, uint32_t fresh)
{
    struct imap_context *c = u->c;

    for (size_t i = 0; c->cmd.nitems > 0 && i < u->nadded; i++) {
        uint32_t uid = u->added[i]->uid;

        if (uid < fresh || imap_notify_is_own(s, s->sel->acc, s->sel->mailbox, uid))
            continue;
        if (c->nfresh == c->fresh_cap) {
            c->fresh_cap = c->fresh_cap ? 2 * c->fresh_cap : 8;
            c->fresh = moxd_xreallocarray(c->fresh, c->fresh_cap, sizeof(*c->fresh));
        }
        c->fresh[c->nfresh++] = (struct store_uid_range){ uid, uid };
    }
}

static int by_first(const void *a, const void *b)
{
    const struct store_uid_range *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

int imap_contexts_tell_items(struct imap_session *s)
{
    struct imap_contexts *cs = s->sel->contexts;

    for (struct imap_context *c = cs ? cs->v : NULL; c; c = c->next) {
        struct store_uids set = { c->fresh, c->nfresh };

        if (c->nfresh == 0)
            continue;
        qsort(c->fresh, c->nfresh, sizeof(*c->fresh), by_first);
        if (imap_fetch_messages(s, &c->cmd, &set) < 0)
            return -1;
        c->nfresh = 0;
    }
    return 0;
}

static int tell_update(struct imap_session *s, struct update *u, struct moxd_arena *a)
{
    take_out(s, u->c, u->removed, u->nremoved, a);
    put_in(s, u->c, u->added, u->nadded, a);
    return s->out.n > 0 ? imap_send_out(s) : 0;
}

/* What grew beyond all measure ends; the client can search again. */
static int close_too_large(struct imap_session *s, struct imap_contexts *cs)
{
    struct imap_context *c = cs->v;

    while (imap_contexts_rows_bytes(cs) > 2 * (size_t)IMAP_CONTEXT_ROWS_BYTES_MAX && c) {
        struct imap_context *next = c->next;

        if (c->rows) {
            if (imap_context_refuse(s, c->cmd.tag) < 0)
                return -1;
            imap_context_close(cs, c);
        }
        c = next;
    }
    return 0;
}

static int tell_dirty(struct imap_session *s, struct imap_contexts *cs, uint32_t fresh,
                      struct moxd_arena *a)
{
    struct store_uids set, piece;
    struct imap_cut cut = { 0 };
    struct update *us;
    size_t n = cs->all ? s->sel->view.told : cs->ndirty;

    us = begin(cs, n, a);
    take_dirty(s, cs, a, &set);
    while (imap_view_cut(&s->sel->view, &set, &cut, BATCH, a, &piece) > 0) {
        if (look_at(s, &piece, us, cs->n, a) < 0) {
            cs->all = true; /* to be tried again; what was found out by now is right */
            break;
        }
    }
    for (size_t i = 0, k = cs->n; i < k; i++) {
        note_fresh(s, &us[i], fresh);
        if (tell_update(s, &us[i], a) < 0)
            return -1;
    }
    return close_too_large(s, cs);
}

int imap_contexts_tell(struct imap_session *s, uint32_t fresh)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;

    if (!imap_contexts_due(s->sel->contexts))
        return 0;
    a = moxd_arena_new(0);
    return tell_dirty(s, s->sel->contexts, fresh, a);
}

static int tell_gone_of(struct imap_session *s, struct imap_context *c, struct moxd_arena *a)
{
    struct update u = { .c = c };

    for (size_t i = 0; i < c->n; i++)
        if (imap_view_is_gone(&s->sel->view, c->uids[i]))
            *(uint32_t *)moxd_arena_push(a, &u.removed, &u.nremoved, &u.removed_cap,
                                         sizeof(*c->uids)) = c->uids[i];
    if (u.nremoved > 0)
        qsort(u.removed, u.nremoved, sizeof(*u.removed), by_number);
    return tell_update(s, &u, a);
}

int imap_contexts_tell_gone(struct imap_session *s)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct imap_contexts *cs = s->sel->contexts;

    if (!cs || !cs->gone)
        return 0;
    cs->gone = false;
    a = moxd_arena_new(0);
    for (struct imap_context *c = cs->v; c; c = c->next)
        if (tell_gone_of(s, c, a) < 0)
            return -1;
    return 0;
}
