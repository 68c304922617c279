/* ESEARCH: one search in several mailboxes (RFC 7377). */
#include "context.h"
#include "filter.h"
#include "filters.h"
#include "place.h"
#include <stdlib.h>

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
                      const struct imap_other *o)
{
    if (src->selected && imap_is_selected(s, o->acc, o->mb.id))
        return true;
    for (size_t i = 0; i < src->n; i++)
        if (imap_filter_covers(&src->v[i], o->mb.name, o->mb.subscribed, o->owner != NULL))
            return true;
    return false;
}

/* Whether mailboxes of others may be meant. */
static bool reaches_others(const struct imap_session *s, const struct sources *src)
{
    if (src->selected && s->sel && s->sel->watch)
        return true;
    for (size_t i = 0; i < src->n; i++)
        if (imap_filter_reaches_others(&src->v[i]))
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Own ones come first; what is subscribed is known of them. */
static int load(struct imap_session *s, const struct sources *src, struct imap_others *all,
                struct moxd_err *err)
{
    struct store_mailbox *v;
    const char **subs;
    size_t n, nsubs;

    *all = (struct imap_others){ 0 };
    if (reaches_others(s, src) &&
        (imap_others_load(s, MOXD_IMAP_RIGHT_L | MOXD_IMAP_RIGHT_R, all, err) < 0 ||
         s->im->store->subscriptions(s->acc, s->a, &subs, &nsubs, err) < 0))
        return -1;
    for (size_t i = 0; i < all->n; i++)
        all->v[i].mb.subscribed =
            nsubs > 0 && bsearch(&all->v[i].mb.name, subs, nsubs, sizeof(*subs), by_name);
    if (s->im->store->mailboxes(s->acc, s->a, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        *(struct imap_other *)moxd_arena_push(s->a, &all->v, &all->n, &all->cap, sizeof(*all->v)) =
            (struct imap_other){ s->acc, NULL, MOXD_IMAP_RIGHTS_ALL, v[i] };
    return 0;
}

/* The mailboxes that are meant, each once, in *mbs; *messages in all of them. */
static int find(struct imap_session *s, const struct sources *src, struct imap_others *mbs,
                uint64_t *messages, struct moxd_err *err)
{
    size_t n = 0;

    *messages = 0;
    if (load(s, src, mbs, err) < 0)
        return -1;
    for (size_t i = 0; i < mbs->n; i++) {
        if (!is_source(s, src, &mbs->v[i]))
            continue;
        *messages += mbs->v[i].mb.total;
        mbs->v[n++] = mbs->v[i];
    }
    mbs->n = n;
    if (n > IMAP_ESEARCH_MAILBOXES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d mailboxes",
                            IMAP_ESEARCH_MAILBOXES_MAX);
    return 0;
}

/* RFC 7377 2.1: where nothing matches, nothing is told. */
static int answer(struct imap_session *s, const struct imap_other *o, const struct imap_found *f)
{
    if (imap_is_selected(s, o->acc, o->mb.id)) {
        imap_save_found(s, f);
        if ((s->cmd.search_return & MOXD_IMAP_RETURN_UPDATE) && imap_context_open(s, f, NULL) < 0)
            return -1;
    }
    if (f->n == 0 || s->cmd.search_return == MOXD_IMAP_RETURN_SAVE)
        return 0;
    return imap_send_esearch(s, f);
}

/* 0; -1 connection lost; 1 it could not be searched (*err). */
static int search_view(struct imap_session *s, const struct imap_other *o,
                       const struct imap_view *view, struct imap_search *at, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct imap_where where = { o->mb.name, o->mb.uidvalidity };
    struct imap_found f = { .where = &where };
    struct imap_search se;
    int r = 1;

    if (imap_search_prepare_in(s, &s->cmd, a, &se, o->acc, o->mb.id, view, err) == 0) {
        se.done = at->done;
        se.goal = at->goal;
        if (imap_search_all(&se, &f, err) == 0)
            r = answer(s, o, &f) < 0 ? -1 : 0;
    }
    imap_found_fini(&f);
    moxd_arena_free(a);
    return r;
}

/* A mailbox that is not selected, as it is now; one that has gone meanwhile is passed over. */
static int search_other(struct imap_session *s, const struct imap_other *o, struct imap_search *at,
                        struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct imap_other now = *o;
    struct store_selection of;
    struct imap_view view;
    int r;

    if (s->im->store->select_uids(o->acc, moxd_str(NULL, 0), o->mb.id, a, &of, err) == 0) {
        now.mb = of.mailbox;
        now.mb.name = o->mb.name; /* for the client */
        imap_view_init(&view, of.uids, of.n, of.modseq, now.mb.highestmodseq);
        r = search_view(s, &now, &view, at, err);
        imap_view_fini(&view);
        s->im->store->uids_release(of.uids);
    } else {
        r = err->kind == MOXD_ERR_NOTFOUND ? 0 : 1;
        if (r == 0)
            moxd_err_clear(err);
    }
    moxd_arena_free(a);
    return r;
}

static int search(struct imap_session *s, const struct imap_others *mbs, uint64_t messages,
                  struct moxd_err *err)
{
    struct imap_search at = { .goal = messages };
    int r = 0;

    for (size_t i = 0; r == 0 && i < mbs->n; i++) {
        const struct imap_other *o = &mbs->v[i];

        r = imap_is_selected(s, o->acc, o->mb.id) ? search_view(s, o, &s->sel->view, &at, err)
                                                  : search_other(s, o, &at, err);
        at.done += o->mb.total;
    }
    return r;
}

int imap_cmd_esearch(struct imap_session *s)
{
    struct sources src;
    struct imap_others mbs;
    struct moxd_err err = { 0 };
    const char *why;
    uint64_t messages;
    bool seqs;
    int r;

    take_sources(s, &src);
    why = wrong(s, &src);
    if (why)
        return imap_bad(s, NULL, "%s", why);
    if (!s->cmd.has_search_return)
        s->cmd.search_return = MOXD_IMAP_RETURN_ALL;
    if (imap_filters_expand(s, s->cmd.search, s->cmd.charset, s->a, &seqs, &err) < 0 ||
        find(s, &src, &mbs, &messages, &err) < 0)
        return imap_search_refuse(s, &err);
    r = search(s, &mbs, messages, &err);
    if (r != 0)
        return r < 0 ? -1 : imap_search_refuse(s, &err);
    return imap_ok(s, NULL, "searched %zu mailbox%s", mbs.n, mbs.n == 1 ? "" : "es");
}
