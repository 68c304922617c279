/* A line reader with one fixed buffer: linear time whatever the lines look like. */
#include "lines.h"

#include <stdlib.h>

void mail_lines_init(struct mail_lines *l, const struct moxd_reader *r, uint64_t start,
                     uint64_t end)
{
    moxd_assert(start <= end && end <= r->size);
    *l = (struct mail_lines){ .r = r, .off = start, .end = end };
    l->buf = moxd_xmalloc(MAIL_LINES_BUF);
}

void mail_lines_fini(struct mail_lines *l)
{
    free(l->buf);
    l->buf = NULL;
}

/* Moves what is left to the front and fills the buffer up. */
static int refill(struct mail_lines *l, struct moxd_err *err)
{
    size_t left = l->len - l->pos;
    memmove(l->buf, l->buf + l->pos, left);
    l->pos = 0, l->len = left;
    uint64_t from = l->off + left, n = MAIL_LINES_BUF - left;
    if (n > l->end - from)
        n = l->end - from;
    if (moxd_read_at(l->r, from, l->buf + left, (size_t)n, err))
        return -1;
    l->len += (size_t)n;
    return 0;
}

/* Hands out the next n bytes of the buffer. */
static void take(struct mail_lines *l, struct mail_piece *pc, size_t n, bool lf)
{
    const char *p = l->buf + l->pos;
    uint8_t eol = !lf ? 0 : n > 1 && p[n - 2] == '\r' ? 2 : 1;
    *pc = (struct mail_piece){ p, n, l->off, !l->inside, eol };
    l->inside = !lf;
    l->pos += n, l->off += n;
}

int mail_lines_next(struct mail_lines *l, struct mail_piece *pc, struct moxd_err *err)
{
    for (int tries = 0; tries < 2; tries++) {
        size_t left = l->len - l->pos;
        const char *lf = left ? memchr(l->buf + l->pos, '\n', left) : NULL;
        if (lf) {
            take(l, pc, (size_t)(lf + 1 - (l->buf + l->pos)), true);
            return 1;
        }
        if (left == MAIL_LINES_BUF || l->off + left == l->end)
            break;
        if (refill(l, err))
            return -1;
    }
    size_t left = l->len - l->pos;
    /* A CR at the end of a full piece stays for the next one, so that CRLF is never torn apart. */
    if (left == MAIL_LINES_BUF && l->buf[l->len - 1] == '\r' && l->off + left < l->end)
        left--;
    if (left == 0)
        return 0;
    take(l, pc, left, false);
    return 1;
}
