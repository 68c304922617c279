/* ESEARCH: one search in several mailboxes (RFC 7377). */
#include "context.h"
#include "filter.h"
#include "filters.h"

struct sources {
    struct imap_filter *v;
    size_t n;
    bool selected; /* the selected mailbox is one */
};

static void take_sources(struct imap_session *s, struct sources *src)
{
    *src = (struct sources){ .selected = s->cmd.nsources == 0 };
    src->v = moxd_arena_calloc(s->a, s->cmd.nsources + 1, sizeof(*src->v));
    for (size_t i = 0; i < s->cmd.nsources; i++) {
        imap_filter_take(s, s->a, &s->cmd.sources[i], &src->v[src->n++]);
        src->selected |= s->cmd.sources[i].filter == MOXD_IMAP_FILTER_SELECTED;
    }
}

/* RFC 7377 2.2: what makes the command BAD; NULL when nothing does. */
static const char *wrong(const struct imap_session *s, const struct sources *src)
{
    unsigned want = s->cmd.search_return;

    if (!s->sel && (src->selected || (want & MOXD_IMAP_RETURN_UPDATE)))
        return "no mailbox is selected";
    if ((want & MOXD_IMAP_RETURN_SAVE) && !(src->selected && src->n <= 1))
        return "only a search in the selected mailbox can be saved";
    if (s->cmd.charset.n > 0 && (s->enabled & IMAP_EN_UTF8))
        return "CHARSET is not allowed after ENABLE UTF8=ACCEPT";
    if (s->sel && imap_context_has_tag(s))
        return "that tag is in use for updates";
    return NULL;
}

static bool is_source(const struct imap_session *s, const struct sources *src,
                      const struct store_mailbox *mb)
{
    if (src->selected && imap_is_selected(s, s->acc, mb->id))
        return true;
    for (size_t i = 0; i < src->n; i++)
        if (imap_filter_covers(&src->v[i], mb->name, mb->subscribed))
            return true;
    return false;
}

/* The mailboxes that are meant, each once, in *mbs; *messages in all of them. */
static int find(struct imap_session *s, const struct sources *src, struct store_mailbox **mbs,
                size_t *n, uint64_t *messages, struct moxd_err *err)
{
    struct store_mailbox *v;
    size_t all;

    if (s->im->store->mailboxes(s->acc, s->a, &v, &all, err) < 0)
        return -1;
    *mbs = v;
    *n = 0;
    *messages = 0;
    for (size_t i = 0; i < all; i++) {
        if (!is_source(s, src, &v[i]))
            continue;
        *messages += v[i].total;
        v[(*n)++] = v[i];
    }
    if (*n > IMAP_ESEARCH_MAILBOXES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mailboxes",
                            IMAP_ESEARCH_MAILBOXES_MAX);
    return 0;
}

/* RFC 7377 2.1: where nothing matches, nothing is told. */
static int answer(struct imap_session *s, const struct store_mailbox *mb,
                  const struct imap_found *f)
{
    if (imap_is_selected(s, s->acc, mb->id)) {
        imap_save_found(s, f);
        if ((s->cmd.search_return & MOXD_IMAP_RETURN_UPDATE) && imap_context_open(s, f, NULL) < 0)
            return -1;
    }
    if (f->n == 0 || s->cmd.search_return == MOXD_IMAP_RETURN_SAVE)
        return 0;
    return imap_send_esearch(s, f);
}

/* 0; -1 connection lost; 1 it could not be searched (*err). */
static int search_view(struct imap_session *s, const struct store_mailbox *mb,
                       const struct imap_view *view, struct imap_search *at, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct imap_where where = { mb->name, mb->uidvalidity };
    struct imap_found f = { .where = &where };
    struct imap_search se;
    int r = 1;

    if (imap_search_prepare_in(s, &s->cmd, a, &se, s->acc, mb->id, view, err) == 0) {
        se.done = at->done;
        se.goal = at->goal;
        if (imap_search_all(&se, &f, err) == 0)
            r = answer(s, mb, &f) < 0 ? -1 : 0;
    }
    imap_found_fini(&f);
    moxd_arena_free(a);
    return r;
}

/* A mailbox that is not selected, as it is now; one that has gone meanwhile is passed over. */
static int search_other(struct imap_session *s, const struct store_mailbox *mb,
                        struct imap_search *at, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_mailbox now;
    struct store_entry *entries;
    struct imap_view view;
    uint64_t modseq;
    size_t n;
    int r;

    if (s->im->store->select(s->acc, moxd_str(NULL, 0), mb->id, a, &now, &entries, &n, &modseq,
                             err) == 0) {
        imap_view_init(&view, entries, n, modseq, now.highestmodseq);
        r = search_view(s, &now, &view, at, err);
        imap_view_fini(&view);
    } else {
        r = err->kind == MOXD_ERR_NOTFOUND ? 0 : 1;
        if (r == 0)
            moxd_err_clear(err);
    }
    moxd_arena_free(a);
    return r;
}

static int search(struct imap_session *s, const struct store_mailbox *mbs, size_t n,
                  uint64_t messages, struct moxd_err *err)
{
    struct imap_search at = { .goal = messages };
    int r = 0;

    for (size_t i = 0; r == 0 && i < n; i++) {
        r = imap_is_selected(s, s->acc, mbs[i].id)
                ? search_view(s, &mbs[i], &s->sel->view, &at, err)
                : search_other(s, &mbs[i], &at, err);
        at.done += mbs[i].total;
    }
    return r;
}

int imap_cmd_esearch(struct imap_session *s)
{
    struct sources src;
    struct store_mailbox *mbs;
    struct moxd_err err = { 0 };
    const char *why;
    uint64_t messages;
    bool seqs;
    size_t n;
    int r;

    take_sources(s, &src);
    why = wrong(s, &src);
    if (why)
        return imap_bad(s, NULL, "%s", why);
    if (!s->cmd.has_search_return)
        s->cmd.search_return = MOXD_IMAP_RETURN_ALL;
    if (imap_filters_expand(s, s->cmd.search, s->cmd.charset, s->a, &seqs, &err) < 0 ||
        find(s, &src, &mbs, &n, &messages, &err) < 0)
        return imap_search_refuse(s, &err);
    r = search(s, mbs, n, messages, &err);
    if (r != 0)
        return r < 0 ? -1 : imap_search_refuse(s, &err);
    return imap_ok(s, NULL, "searched %zu mailbox%s", n, n == 1 ? "" : "es");
}
