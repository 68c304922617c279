/* SORT (RFC 5256, RFC 5957, RFC 5267 3 for its extended form). */
#include "context.h"

enum { ROWS_BLOCK = 64 * 1024 };

struct sorting {
    struct imap_session *s;
    struct moxd_arena *a; /* the rows */
    struct imap_sort_row **rows;
    size_t n, cap;
};

static int collect(struct sorting *so, struct imap_search *se, struct moxd_err *err)
{
    struct imap_search_run run;
    struct imap_msg *msg;
    int r;

    imap_search_begin(&run, se);
    while ((r = imap_search_next(&run, &msg, err)) > 0)
        *(struct imap_sort_row **)moxd_arena_push(so->a, &so->rows, &so->n, &so->cap,
                                                  sizeof(*so->rows)) =
            imap_sort_row(&so->s->cmd, msg, so->a);
    imap_search_end(&run);
    return r;
}

static int answer(struct sorting *so, const struct imap_search *se)
{
    struct imap_session *s = so->s;
    struct imap_found f = { 0 };
    struct moxd_err err = { 0 };
    int r = 0;

    imap_sort_rows(&s->cmd, so->rows, so->n);
    for (size_t i = 0; i < so->n; i++)
        imap_found_add(&f, so->rows[i]->uid);
    imap_save_found(s, &f);
    if (imap_found_modseq(se, &f, &err) < 0)
        moxd_error(&s->log, "modification sequences cannot be read", moxd_kve(&err));
    if (!s->cmd.has_search_return)
        r = imap_send_found(s, "SORT", &f);
    else if (s->cmd.search_return != MOXD_IMAP_RETURN_SAVE)
        r = imap_send_esearch(s, &f);
    if (r == 0 && (s->cmd.search_return & MOXD_IMAP_RETURN_UPDATE))
        r = imap_context_open(s, &f, so->rows);
    imap_found_fini(&f);
    return r < 0 ? -1 : imap_ok(s, NULL, "sorted");
}

int imap_cmd_sort(struct imap_session *s)
{
    struct sorting so = { .s = s };
    struct moxd_err err = { 0 };
    struct imap_search se;
    int r;

    if (imap_context_has_tag(s))
        return imap_bad(s, NULL, "that tag is in use for updates");
    if (imap_search_prepare(s, &s->cmd, s->a, &se, &err) < 0)
        return imap_search_refuse(s, &err);
    if (se.needs < IMAP_NEEDS_HEADER)
        se.needs = IMAP_NEEDS_HEADER;
    se.with |= STORE_WITH_HEADER;
    so.a = moxd_arena_new(ROWS_BLOCK);
    r = collect(&so, &se, &err) < 0 ? imap_search_refuse(s, &err) : answer(&so, &se);
    moxd_arena_free(so.a);
    return r;
}
