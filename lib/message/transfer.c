/* Streaming decoders for quoted-printable and base64. */
#include <moxmail/transfer.h>

#include "chars.h"

enum { READ_CHUNK = 8192 /* bytes of the message decoded at once; on the heap */ };

void moxd_transfer_init(struct moxd_transfer *t, enum moxd_cte cte)
{
    *t = (struct moxd_transfer){ .cte = cte };
}

static int b64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (moxd_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group, not the data: encoded pieces are sometimes written one after another. */
static size_t b64_write(struct moxd_transfer *t, struct moxd_str in, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        int v = b64_value(c);
        if (v < 0) {
            if (c == '=')
                t->nbits = 0;
            else
                t->bad += c != '\r' && c != '\n' && c != ' ' && c != '\t';
            continue;
        }
        t->bits = t->bits << 6 | (uint32_t)v;
        t->nbits = (uint8_t)(t->nbits + 6);
        if (t->nbits >= 8) {
            t->nbits = (uint8_t)(t->nbits - 8);
            out[n++] = (char)(t->bits >> t->nbits);
        }
    }
    return n;
}

static size_t put_blanks(struct moxd_transfer *t, char *out)
{
    size_t n = t->nblanks;
    memcpy(out, t->blanks, n);
    t->nblanks = 0;
    return n;
}

static size_t qp_char(struct moxd_transfer *t, char c, char *out);

/* What followed a '=' makes no sense: it is given out as it stands (RFC 2045 6.7, notes 1 and 2). */
static size_t qp_literal(struct moxd_transfer *t, char *out)
{
    char second = t->nheld > 1 ? t->held[1] : '\0';
    size_t n = 1;
    out[0] = '=';
    n += put_blanks(t, out + n);
    if (t->nheld > 1) {
        t->nheld = 0;
        n += qp_char(t, second, out + n);
    }
    t->nheld = 0;
    t->bad++;
    return n;
}

/* Takes the byte c after a '='. Two hexadecimal digits are a byte; a line end, before which relays may
 * have put blanks, is a soft line break. */
static size_t qp_held(struct moxd_transfer *t, char c, char *out)
{
    bool fresh = t->nheld == 1;
    if (c == '\n') {
        t->nheld = 0;
        t->nblanks = 0;
        return 0;
    }
    if (fresh && (c == ' ' || c == '\t') && t->nblanks < sizeof(t->blanks)) {
        t->blanks[t->nblanks++] = c;
        return 0;
    }
    if (fresh && (c == '\r' || (t->nblanks == 0 && mail_hex(c) >= 0))) {
        t->held[t->nheld++] = c;
        return 0;
    }
    if (!fresh && mail_hex(t->held[1]) >= 0 && mail_hex(c) >= 0) {
        t->nheld = 0;
        out[0] = (char)(mail_hex(t->held[1]) << 4 | mail_hex(c));
        return 1;
    }
    size_t n = qp_literal(t, out);
    return n + qp_char(t, c, out + n);
}

static size_t qp_char(struct moxd_transfer *t, char c, char *out)
{
    if (t->nheld > 0)
        return qp_held(t, c, out);
    size_t n = 0;
    if (c == ' ' || c == '\t') {
        if (t->nblanks == sizeof(t->blanks))
            n = put_blanks(t, out);
        t->blanks[t->nblanks++] = c;
        return n;
    }
    if (c == '\r' || c == '\n')
        t->nblanks = 0; /* blanks at the end of a line were added on the way (RFC 2045 6.7 (3)) */
    else
        n = put_blanks(t, out);
    if (c == '=')
        t->held[t->nheld++] = c;
    else
        out[n++] = c;
    return n;
}

static size_t qp_write(struct moxd_transfer *t, struct moxd_str in, bool last, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++)
        n += qp_char(t, in.p[i], out + n);
    if (!last)
        return n;
    if (t->nheld > 1 && t->held[1] != '\r')
        n += qp_literal(t, out + n);
    t->nheld = 0;
    t->nblanks = 0;
    return n;
}

size_t moxd_transfer_write(struct moxd_transfer *t, struct moxd_str in, bool last, char *out)
{
    if (t->cte == MOXD_CTE_BASE64)
        return b64_write(t, in, out);
    if (t->cte == MOXD_CTE_QP)
        return qp_write(t, in, last, out);
    if (in.n > 0)
        memcpy(out, in.p, in.n);
    return in.n;
}

int moxd_transfer_range(const struct moxd_reader *r, uint64_t start, uint64_t end,
                        enum moxd_cte cte, struct moxd_sink sink, struct moxd_err *err)
{
    char *in MOXD_CLEANUP(moxd_freep) = moxd_xmalloc(2 * READ_CHUNK + MOXD_TRANSFER_SLACK);
    char *out = in + READ_CHUNK;
    struct moxd_transfer t;
    moxd_transfer_init(&t, cte);
    while (start < end) {
        size_t n = end - start < READ_CHUNK ? (size_t)(end - start) : READ_CHUNK;
        if (moxd_read_at(r, start, in, n, err))
            return -1;
        start += n;
        size_t got = moxd_transfer_write(&t, moxd_str(in, n), start == end, out);
        if (got > 0 && sink.write(sink.ctx, out, got, err))
            return -1;
    }
    return 0;
}
