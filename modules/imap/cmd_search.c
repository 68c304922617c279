/* SEARCH (RFC 9051 6.4.4, RFC 3501 6.4.4, RFC 4731 for ESEARCH, RFC 5182 for SEARCHRES). */
#include "search.h"
#include <stdlib.h>

enum { BATCH = 500 };

struct searching {
    struct imap_session *s;
    struct imap_search se;
    struct moxd_arena *batch, *msg;
    uint32_t *found; /* UIDs; heap */
    size_t n, cap;
    struct moxd_err err;
};

static void add_found(struct searching *f, uint32_t uid)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? f->cap * 2 : 64;
        f->found = moxd_xreallocarray(f->found, f->cap, sizeof(*f->found));
    }
    f->found[f->n++] = uid;
}

static int read_batch(struct searching *f, const struct store_uids *uids, struct store_msg **out,
                      size_t *n)
{
    struct imap_session *s = f->s;
    struct store_entry *v;

    if (f->se.needs != IMAP_NEEDS_FLAGS)
        return s->im->store->messages(s->acc, s->sel->mailbox, uids, f->batch, out, n, &f->err);
    if (s->im->store->entries(s->acc, s->sel->mailbox, uids, f->batch, &v, n, NULL, &f->err) < 0)
        return -1;
    *out = moxd_arena_calloc(f->batch, *n + 1, sizeof(**out));
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct store_msg){ .id = v[i].id,
                                        .uid = v[i].uid,
                                        .flags = v[i].flags,
                                        .modseq = v[i].modseq,
                                        .keywords = v[i].keywords };
    return 0;
}

/* A message that cannot be read does not match; the log says why. */
static void match_one(struct searching *f, const struct store_msg *info)
{
    struct moxd_err err = { 0 };
    struct imap_msg msg;
    int r;

    if (imap_view_seq(&f->s->sel->view, info->uid) == 0)
        return;
    imap_msg_init(&msg, f->s, f->msg, info);
    r = imap_search_match(&f->se, &msg, &err);
    imap_msg_fini(&msg);
    if (r > 0)
        add_found(f, info->uid);
    else if (r < 0 && err.kind != MOXD_ERR_NOTFOUND)
        moxd_error(&f->s->log, "message cannot be searched", moxd_kvu("uid", info->uid),
                   moxd_kve(&err));
}

static int search_batch(struct searching *f, const struct store_uids *uids)
{
    struct store_msg *infos;
    size_t n;

    if (read_batch(f, uids, &infos, &n) < 0)
        return 1;
    for (size_t i = 0; i < n; i++)
        match_one(f, &infos[i]);
    return moxd_yield() < 0 ? -1 : 0;
}

/* The view does not change meanwhile: only the answer brings it up to date. */
static int search_all(struct searching *f)
{
    struct imap_cut cut = { 0 };
    struct store_uids piece;
    int r = 0;

    while (r == 0 && imap_view_cut(&f->s->sel->view, &f->se.scope, &cut, BATCH, f->batch, &piece)) {
        r = search_batch(f, &piece);
        moxd_arena_reset(f->batch);
    }
    return r;
}

static uint32_t shown(const struct searching *f, size_t i)
{
    return f->s->cmd.uid ? f->found[i] : imap_view_seq(&f->s->sel->view, f->found[i]);
}

static void put_set(struct searching *f, struct moxd_buf *b)
{
    for (size_t i = 0; i < f->n;) {
        size_t k = i + 1;

        while (k < f->n && shown(f, k) == shown(f, k - 1) + 1)
            k++;
        moxd_buf_addf(b, "%s%u", i ? "," : "", shown(f, i));
        if (k > i + 1)
            moxd_buf_addf(b, ":%u", shown(f, k - 1));
        i = k;
    }
}

/* RFC 9051 7.3.4; without matches MIN, MAX and ALL are left out. */
static int send_esearch(struct searching *f)
{
    struct imap_session *s = f->s;
    unsigned want = s->cmd.search_return;

    moxd_buf_adds(&s->out, "* ESEARCH (TAG ");
    moxd_imap_put_string(&s->out, s->cmd.tag, false);
    moxd_buf_adds(&s->out, s->cmd.uid ? ") UID" : ")");
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_MIN))
        moxd_buf_addf(&s->out, " MIN %u", shown(f, 0));
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_MAX))
        moxd_buf_addf(&s->out, " MAX %u", shown(f, f->n - 1));
    if (want & MOXD_IMAP_RETURN_COUNT)
        moxd_buf_addf(&s->out, " COUNT %zu", f->n);
    if (f->n > 0 && (want & MOXD_IMAP_RETURN_ALL)) {
        moxd_buf_adds(&s->out, " ALL ");
        put_set(f, &s->out);
    }
    return imap_send_out(s);
}

static int send_search(struct searching *f)
{
    moxd_buf_adds(&f->s->out, "* SEARCH");
    for (size_t i = 0; i < f->n; i++)
        moxd_buf_addf(&f->s->out, " %u", shown(f, i));
    return imap_send_out(f->s);
}

/* RFC 5182 2.1: with MIN or MAX and without ALL and COUNT, only those are saved. */
static void save(struct searching *f)
{
    struct imap_view *view = &f->s->sel->view;
    unsigned want = f->s->cmd.search_return;
    bool min = want & MOXD_IMAP_RETURN_MIN, max = want & MOXD_IMAP_RETURN_MAX;
    uint32_t ends[2];
    size_t n = 0;

    if (!(min || max) || (want & (MOXD_IMAP_RETURN_ALL | MOXD_IMAP_RETURN_COUNT))) {
        imap_view_save(view, f->found, f->n);
        return;
    }
    if (f->n > 0 && min)
        ends[n++] = f->found[0];
    if (f->n > (n > 0) && max)
        ends[n++] = f->found[f->n - 1];
    imap_view_save(view, ends, n);
}

static int answer(struct searching *f)
{
    struct imap_session *s = f->s;
    bool extended = s->cmd.has_search_return || (s->enabled & IMAP_EN_REV2);
    int r = 0;

    if (s->cmd.search_return & MOXD_IMAP_RETURN_SAVE)
        save(f);
    if (!s->cmd.has_search_return)
        s->cmd.search_return = MOXD_IMAP_RETURN_ALL;
    if (s->cmd.search_return != MOXD_IMAP_RETURN_SAVE)
        r = extended ? send_esearch(f) : send_search(f);
    return r < 0 ? -1 : imap_ok(s, NULL, "searched");
}

/* RFC 9051 6.4.4.1: a SEARCH RETURN (SAVE) that is answered with NO leaves the variable empty. */
static int refuse(struct imap_session *s, const struct moxd_err *err)
{
    if (s->cmd.search_return & MOXD_IMAP_RETURN_SAVE)
        imap_view_save(&s->sel->view, NULL, 0);
    if (err->kind == MOXD_ERR_NOTFOUND)
        return imap_no(s, "BADCHARSET (US-ASCII UTF-8)", "%s", err->pub);
    return imap_fail(s, err);
}

int imap_cmd_search(struct imap_session *s)
{
    struct searching f = { .s = s };
    int r;

    /* RFC 6855 3: no charset once UTF-8 was enabled. */
    if (s->cmd.charset.n > 0 && (s->enabled & IMAP_EN_UTF8))
        return imap_bad(s, NULL, "CHARSET is not allowed after ENABLE UTF8=ACCEPT");
    if (imap_search_prepare(s, &f.se, &f.err) < 0)
        return refuse(s, &f.err);
    f.batch = moxd_arena_new(0);
    f.msg = moxd_arena_new(0);
    r = search_all(&f);
    if (r == 0)
        r = answer(&f);
    else if (r > 0)
        r = refuse(s, &f.err);
    moxd_arena_free(f.msg);
    moxd_arena_free(f.batch);
    free(f.found);
    return r;
}
