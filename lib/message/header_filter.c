/* Header fields behind a reader. */
#include <moxmail/header.h>

#include "lines.h"

static bool listed(struct moxd_str name, const struct moxd_str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (name.n > 0 && moxd_str_caseeq(name, names[i]))
            return true;
    return false;
}

/* Whether the line at pc belongs to a wanted field; *keep is the answer for the line before. */
static bool wanted(const struct mail_piece *pc, const struct moxd_str *names, size_t n, bool not,
                   bool keep)
{
    if (!pc->start || pc->p[0] == ' ' || pc->p[0] == '\t')
        return keep;
    if (pc->eol && pc->n == pc->eol) /* the blank line is part of every header (RFC 9051 6.4.5.1) */
        return true;
    return listed(moxd_field_name(moxd_str(pc->p, pc->n)), names, n) != not ;
}

int moxd_header_filter(const struct moxd_reader *r, uint64_t start, uint64_t end,
                       const struct moxd_str *names, size_t n, bool not, struct moxd_sink sink,
                       struct moxd_err *err)
{
    struct mail_lines lines MOXD_CLEANUP(mail_lines_fini);
    struct mail_piece pc;
    bool keep = false;
    int rc;
    mail_lines_init(&lines, r, start, end);
    while ((rc = mail_lines_next(&lines, &pc, err)) > 0) {
        keep = wanted(&pc, names, n, not, keep);
        if (keep && sink.write(sink.ctx, pc.p, pc.n, err))
            return -1;
    }
    return rc;
}

enum { FIRST_READ = 16 * 1024 /* holds nearly every header */ };

int moxd_header_read(const struct moxd_reader *r, struct moxd_arena *a, struct moxd_str *out,
                     bool *whole, struct moxd_err *err)
{
    for (size_t max = FIRST_READ;; max = MOXD_HEADER_MAX) {
        size_t n = r->size < max ? (size_t)r->size : max;
        char *p = moxd_arena_alloc(a, n + 1);
        if (moxd_read_at(r, 0, p, n, err))
            return -1;
        *out = moxd_str(p, moxd_header_end(moxd_str(p, n)));
        bool all = out->n < n || n == r->size;
        if (whole)
            *whole = all;
        if (all || max == MOXD_HEADER_MAX)
            return 0;
    }
}

int moxd_header_load(const struct moxd_reader *r, uint64_t start, uint64_t end,
                     struct moxd_arena *a, struct moxd_str *out, struct moxd_err *err)
{
    uint64_t n = end - start < MOXD_HEADER_MAX ? end - start : MOXD_HEADER_MAX;
    char *p = moxd_arena_alloc(a, (size_t)n + 1);
    if (moxd_read_at(r, start, p, (size_t)n, err))
        return -1;
    *out = moxd_str(p, (size_t)n);
    return 0;
}
