/* The new message, in pieces. */
#include "sevenbit.h"

#include <stdlib.h>

static const char *encoding(enum moxd_cte cte)
{
    return cte == MOXD_CTE_QP ? "quoted-printable" : "base64";
}

static void put_mime(const struct mail_sevenbit_segment *s, struct moxd_str header,
                     struct moxd_buf *out)
{
    if (s->root && moxd_header_count(header, "MIME-Version") == 0)
        moxd_buf_adds(out, "MIME-Version: 1.0\r\n");
    if (moxd_header_count(header, "Content-Type") == 0)
        moxd_buf_addf(out, "Content-Type: text/plain; charset=%s\r\n", s->charset);
    moxd_buf_addf(out, "Content-Transfer-Encoding: %s\r\n", encoding(s->cte));
}

/* The fields but the encoding, ours behind them, and the blank line, which some parts lack. */
static void put_header(const struct mail_sevenbit_segment *s, struct moxd_str header,
                       struct moxd_buf *out)
{
    struct moxd_str rest = header;
    struct moxd_field f;

    while (moxd_field_next(&rest, &f))
        if (!moxd_str_caseeqs(f.name, "Content-Transfer-Encoding"))
            moxd_buf_addstr(out, f.raw);
    if (s->cte != MOXD_CTE_7BIT)
        put_mime(s, header, out);
    if (rest.n > 0)
        moxd_buf_addstr(out, rest);
    else
        moxd_buf_adds(out, "\r\n");
}

static int header(struct moxd_sevenbit *sb, const struct mail_sevenbit_segment *s,
                  const struct moxd_reader *r, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str text;

    if (moxd_header_load(r, s->from, s->to, a, &text, err) < 0)
        return -1;
    put_header(s, text, out);
    sb->off = s->to;
    return 0;
}

static int body(struct moxd_sevenbit *sb, const struct mail_sevenbit_segment *s,
                const struct moxd_reader *r, struct moxd_buf *out, struct moxd_err *err)
{
    uint64_t left = s->to - sb->off;
    size_t n = left < MOXD_SEVENBIT_PIECE ? (size_t)left : MOXD_SEVENBIT_PIECE;
    char *p = moxd_xmalloc(n + 1);
    int rc = moxd_read_at(r, sb->off, p, n, err);

    sb->off += n;
    if (rc == 0 && s->step == MAIL_SEVENBIT_COPY)
        moxd_buf_add(out, p, n);
    else if (rc == 0)
        moxd_encode_write(&sb->encode, moxd_str(p, n), sb->off == s->to, out);
    free(p);
    return rc;
}

static void begin(struct moxd_sevenbit *sb, const struct mail_sevenbit_segment *s)
{
    sb->begun = true;
    sb->off = s->from;
    if (s->step == MAIL_SEVENBIT_ENCODE)
        moxd_encode_init(&sb->encode, s->cte);
}

int moxd_sevenbit_next(struct moxd_sevenbit *sb, const struct moxd_reader *r, struct moxd_buf *out,
                       struct moxd_err *err)
{
    if (sb->at == sb->n)
        return 0;
    const struct mail_sevenbit_segment *s = &sb->v[sb->at];
    if (!sb->begun)
        begin(sb, s);
    if ((s->step == MAIL_SEVENBIT_HEADER ? header : body)(sb, s, r, out, err) < 0)
        return -1;
    if (sb->off == s->to) {
        sb->at++;
        sb->begun = false;
    }
    return sb->at < sb->n;
}
