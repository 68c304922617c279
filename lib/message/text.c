/* Parts as UTF-8, in pieces: read, transfer-decode, convert. */
#include <moxmail/text.h>

#include <moxmail/charset.h>
#include <moxmail/transfer.h>
#include <stdlib.h>

enum {
    DECODED = MOXD_TEXT_CHUNK + MOXD_TRANSFER_SLACK,
    UTF8 = (DECODED + MOXD_CHARSET_TAIL_MAX) * MOXD_CHARSET_GROWTH,
};

struct moxd_text {
    const struct moxd_reader *r;
    uint64_t off, end;
    struct moxd_transfer transfer;
    struct moxd_charset charset; /* open while a part is read */
    struct moxd_buf utf8;
    char in[MOXD_TEXT_CHUNK];
    char decoded[DECODED];
};

struct moxd_text *moxd_text_new(void)
{
    struct moxd_text *t = moxd_xcalloc(1, sizeof(*t));
    moxd_buf_init(&t->utf8, UTF8);
    moxd_charset_init(&t->charset, moxd_str(NULL, 0));
    return t;
}

void moxd_text_free(struct moxd_text *t)
{
    if (!t)
        return;
    moxd_charset_fini(&t->charset);
    moxd_buf_fini(&t->utf8);
    free(t);
}

void moxd_text_freep(struct moxd_text **t)
{
    moxd_text_free(*t);
    *t = NULL;
}

void moxd_text_open(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_part *p)
{
    t->r = r;
    t->off = p->body;
    t->end = p->end;
    moxd_transfer_init(&t->transfer, p->cte);
    moxd_charset_fini(&t->charset);
    moxd_charset_init(&t->charset, moxd_part_charset(p));
}

int moxd_text_next(struct moxd_text *t, struct moxd_str *piece, struct moxd_err *err)
{
    moxd_buf_reset(&t->utf8);
    while (t->utf8.n == 0) {
        size_t n = t->end - t->off < sizeof(t->in) ? (size_t)(t->end - t->off) : sizeof(t->in);
        if (n == 0)
            return 0;
        if (moxd_read_at(t->r, t->off, t->in, n, err))
            return -1;
        t->off += n;
        bool last = t->off == t->end;
        n = moxd_transfer_write(&t->transfer, moxd_str(t->in, n), last, t->decoded);
        moxd_assert(n <= sizeof(t->decoded));
        moxd_charset_write(&t->charset, moxd_str(t->decoded, n), last, &t->utf8);
        moxd_assert(!t->utf8.overflow);
    }
    *piece = moxd_buf_str(&t->utf8);
    return 1;
}

/* At most max bytes of well-formed UTF-8, without cutting a character. */
static struct moxd_str whole_chars(struct moxd_str s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
        max--;
    return moxd_str(s.p, max);
}

int moxd_text_read(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_part *p,
                   size_t max, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_str piece;
    int rc = 0;
    moxd_text_open(t, r, p);
    while (max > 0 && (rc = moxd_text_next(t, &piece, err)) > 0) {
        struct moxd_str some = whole_chars(piece, max);
        moxd_buf_addstr(out, some);
        max = some.n < piece.n ? 0 : max - some.n;
    }
    return rc < 0 ? -1 : 0;
}
