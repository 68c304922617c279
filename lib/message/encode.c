/* Streaming encoders for quoted-printable and base64. */
#include <moxd/enc.h>
#include <moxmail/transfer.h>

enum { GROUP = 3, GROUP_CHARS = 4, SOFT_BREAK = 1 /* room that "=" takes at the end of a line */ };

void moxd_encode_init(struct moxd_encode *e, enum moxd_cte cte)
{
    moxd_assert(cte == MOXD_CTE_QP || cte == MOXD_CTE_BASE64);
    *e = (struct moxd_encode){ .cte = cte };
}

/* --- quoted-printable ------------------------------------------------------------------------------- */

static void qp_token(struct moxd_encode *e, const char *p, unsigned n, struct moxd_buf *out)
{
    if (e->column + n > MOXD_ENCODE_COLUMNS - SOFT_BREAK) {
        moxd_buf_adds(out, "=\r\n");
        e->column = 0;
    }
    moxd_buf_add(out, p, n);
    e->column += n;
}

static void qp_escape(struct moxd_encode *e, char c, struct moxd_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    const char token[] = { '=', digits[(unsigned char)c >> 4], digits[c & 15] };

    qp_token(e, token, sizeof(token), out);
}

static void qp_literal(struct moxd_encode *e, char c, struct moxd_buf *out)
{
    bool wraps = e->column == MOXD_ENCODE_COLUMNS - SOFT_BREAK;

    if (c == '.' && (e->column == 0 || wraps))
        qp_escape(e, c, out);
    else
        qp_token(e, &c, 1, out);
}

static bool qp_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What was held is followed by c, or at the end by a line end. */
static void qp_settle(struct moxd_encode *e, char c, bool end, struct moxd_buf *out)
{
    if (e->nheld == 0)
        return;
    e->nheld = 0;
    if (qp_is_blank(e->held[0]) && c != '\r' && !end)
        qp_literal(e, e->held[0], out);
    else
        qp_escape(e, e->held[0], out);
}

static void qp_byte(struct moxd_encode *e, char c, struct moxd_buf *out)
{
    if (c == '\n' && e->nheld == 1 && e->held[0] == '\r') {
        moxd_buf_adds(out, "\r\n");
        e->nheld = 0;
        e->column = 0;
        return;
    }
    qp_settle(e, c, false, out);
    if (c == '\r' || qp_is_blank(c)) {
        e->held[0] = c;
        e->nheld = 1;
    } else if (c > ' ' && c < 0x7f && c != '=') {
        qp_literal(e, c, out);
    } else {
        qp_escape(e, c, out);
    }
}

static void qp_write(struct moxd_encode *e, struct moxd_str in, bool last, struct moxd_buf *out)
{
    for (size_t i = 0; i < in.n; i++)
        qp_byte(e, in.p[i], out);
    if (last)
        qp_settle(e, '\0', true, out);
}

/* --- base64 ----------------------------------------------------------------------------------------- */

static void b64_break(struct moxd_encode *e, struct moxd_buf *out)
{
    moxd_buf_adds(out, "\r\n");
    e->column = 0;
}

static void b64_put(struct moxd_encode *e, struct moxd_str groups, struct moxd_buf *out)
{
    while (groups.n > 0) {
        size_t room = (MOXD_ENCODE_COLUMNS - e->column) / GROUP_CHARS * GROUP;
        struct moxd_str line = moxd_str_sub(groups, 0, room);

        moxd_b64_encode(out, line);
        e->column += (unsigned)((line.n + GROUP - 1) / GROUP * GROUP_CHARS);
        if (e->column == MOXD_ENCODE_COLUMNS)
            b64_break(e, out);
        groups = moxd_str_from(groups, line.n);
    }
}

static void b64_write(struct moxd_encode *e, struct moxd_str in, bool last, struct moxd_buf *out)
{
    char group[GROUP];

    if (e->nheld + in.n >= GROUP && e->nheld > 0) {
        size_t take = (size_t)GROUP - e->nheld;
        memcpy(group, e->held, e->nheld);
        memcpy(group + e->nheld, in.p, take);
        in = moxd_str_from(in, take);
        e->nheld = 0;
        b64_put(e, moxd_str(group, GROUP), out);
    }
    if (e->nheld == 0) {
        size_t whole = in.n - in.n % GROUP;
        b64_put(e, moxd_str_sub(in, 0, whole), out);
        in = moxd_str_from(in, whole);
    }
    for (size_t i = 0; i < in.n; i++)
        e->held[e->nheld++] = in.p[i];
    if (last && e->nheld > 0)
        b64_put(e, moxd_str(e->held, e->nheld), out);
    if (last && e->column > 0)
        b64_break(e, out);
}

void moxd_encode_write(struct moxd_encode *e, struct moxd_str in, bool last, struct moxd_buf *out)
{
    (e->cte == MOXD_CTE_QP ? qp_write : b64_write)(e, in, last, out);
}
