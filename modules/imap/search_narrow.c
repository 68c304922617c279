/* What an index knows of a search: messages that it rules out need not be read, nor those of which it is sure. It seldom
 * says that a message does contain a text; so a key of text that is negated rules nothing out, and decides more messages
 * without reading. */
#include "search_key.h"
#include <stdlib.h>

/* More candidates are not looked up one by one: every message of the mailbox is looked at, and few are read. To go to a
 * candidate costs as much as to pass four neighbours by (5 us, and 1.3 us). */
enum { PLACES_MAX = 20000, PLACES_SHARE = 4 };

static bool has(const uint64_t *ids, size_t n, uint64_t id)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (ids[mid] == id)
            return true;
        if (ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

static bool is_known(const struct search_key *k, const struct store_msg *info)
{
    return k->narrow.narrow && info->uid < k->narrow.from;
}

bool imap_search_ruled_out(const struct search_key *k, const struct store_msg *info)
{
    return is_known(k, info) && !has(k->narrow.ids, k->narrow.n, info->id);
}

bool imap_search_is_sure(const struct search_key *k, const struct store_msg *info)
{
    return k->narrow.exact && is_known(k, info) && has(k->narrow.ids, k->narrow.n, info->id) &&
           !has(k->narrow.unsure, k->narrow.nunsure, info->id);
}

/* --- asking ------------------------------------------------------------------------------------ */

struct asking {
    struct search_text texts[SEARCH_TEXTS_MAX];
    struct search_key *keys[SEARCH_TEXTS_MAX];
    size_t n;
};

static void collect(struct search_key *k, struct asking *ask)
{
    if (k->text && ask->n < SEARCH_TEXTS_MAX) {
        enum search_where where = k->key->kind == MOXD_IMAP_KEY_HEADER ? SEARCH_IN_FIELD
                                  : k->key->kind == MOXD_IMAP_KEY_BODY ? SEARCH_IN_BODY
                                                                       : SEARCH_IN_TEXT;

        ask->texts[ask->n] =
            (struct search_text){ where, k->field, moxd_search_needle(k->text, 0) };
        ask->keys[ask->n++] = k;
    }
    for (struct search_key *c = k->child; c; c = c->next)
        collect(c, ask);
}

/* --- what all matches are among ---------------------------------------------------------------- */

struct ids {
    bool all;
    const uint64_t *v; /* ascending */
    size_t n;
};

static struct ids both(struct ids x, struct ids y, struct moxd_arena *a)
{
    uint64_t *v = moxd_arena_calloc(a, x.n + 1, sizeof(*v));
    size_t n = 0;

    for (size_t i = 0, j = 0; i < x.n; i++) {
        while (j < y.n && y.v[j] < x.v[i])
            j++;
        if (j < y.n && y.v[j] == x.v[i])
            v[n++] = x.v[i];
    }
    return (struct ids){ false, v, n };
}

static struct ids either(struct ids x, struct ids y, struct moxd_arena *a)
{
    uint64_t *v = moxd_arena_calloc(a, x.n + y.n + 1, sizeof(*v));
    size_t n = 0, i = 0, j = 0;

    while (i < x.n || j < y.n) {
        uint64_t id = j == y.n || (i < x.n && x.v[i] <= y.v[j]) ? x.v[i] : y.v[j];

        i += i < x.n && x.v[i] == id;
        j += j < y.n && y.v[j] == id;
        v[n++] = id;
    }
    return (struct ids){ false, v, n };
}

static struct ids among(const struct search_key *k, struct moxd_arena *a)
{
    bool all = k->key->kind == MOXD_IMAP_KEY_AND, any = k->key->kind == MOXD_IMAP_KEY_OR;
    struct ids out = { .all = true };

    if (k->narrow.narrow)
        return (struct ids){ false, k->narrow.ids, k->narrow.n };
    if (any && k->child)
        out = (struct ids){ .all = false };
    for (const struct search_key *c = all || any ? k->child : NULL; c; c = c->next) {
        struct ids more = among(c, a);

        if (all && !more.all)
            out = out.all ? more : both(out, more, a);
        else if (any)
            out = out.all || more.all ? (struct ids){ .all = true } : either(out, more, a);
    }
    return out;
}

/* Of the scope: those UIDs, and everything that the index does not have yet. */
static void cut_scope(const struct imap_search *se, const uint32_t *uids, size_t n, uint32_t from,
                      struct store_uids *scope)
{
    struct store_uid_range *v = moxd_arena_calloc(se->a, n + scope->n + 1, sizeof(*v));
    size_t k = 0;

    for (size_t i = 0; i < n && uids[i] < from; i++)
        if (imap_uids_have(scope, uids[i]))
            v[k++] = (struct store_uid_range){ uids[i], uids[i] };
    for (size_t i = 0; i < scope->n; i++)
        if (scope->v[i].last >= from)
            v[k++] = (struct store_uid_range){ scope->v[i].first < from ? from : scope->v[i].first,
                                               scope->v[i].last };
    *scope = (struct store_uids){ v, k };
}

void imap_search_narrow(struct imap_search *se, struct store_uids *scope)
{
    struct imap *im = se->s->im;
    struct asking *ask = moxd_arena_calloc(se->a, 1, sizeof(*ask));
    struct search_answer *answers;
    struct ids ids;
    uint32_t *uids;
    size_t n;

    if (im->search)
        collect(se->root, ask);
    if (ask->n == 0)
        return;
    answers = moxd_arena_calloc(se->a, ask->n, sizeof(*answers));
    /* The search goes on without it, and meets again what is the matter. */
    if (im->search->narrow(im->search_self, se->acc, se->mailbox, ask->texts, ask->n, se->a,
                           answers, NULL) < 0)
        return;
    for (size_t i = 0; i < ask->n; i++)
        ask->keys[i]->narrow = answers[i];
    ids = among(se->root, se->a);
    if (!ids.all && ids.n <= PLACES_MAX && ids.n <= se->view->n / PLACES_SHARE &&
        im->store->uids_of(se->acc, se->mailbox, ids.v, ids.n, se->a, &uids, &n, NULL) == 0)
        cut_scope(se, uids, n, answers[0].from, scope);
}
