/* Messages as DATA wants them (RFC 5321 4.5.2, 2.3.8). */
#include <moxmail/smtp_client.h>

static void end_line(struct moxd_smtp_stuffing *s, struct moxd_buf *out)
{
    moxd_buf_add(out, "\r\n", 2);
    s->in_line = s->cr = false;
}

static void put(struct moxd_smtp_stuffing *s, struct moxd_str text, struct moxd_buf *out)
{
    if (text.n == 0)
        return;
    if (!s->in_line && text.p[0] == '.')
        moxd_buf_addc(out, '.');
    moxd_buf_addstr(out, text);
    s->in_line = true;
}

static size_t to_line_end(struct moxd_str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
        n++;
    return n;
}

/* Bytes of whole lines that may go as they are: with CRLF, without other CR or LF, and without a dot in front. *next:
 * where to look again, behind the line that is none of those. */
static size_t good_lines(struct moxd_str s, const char **next)
{
    const char *p = s.p, *end = s.p + s.n, *lf = NULL;

    for (; p < end && *p != '.'; p = lf + 1) {
        lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf || lf == p || memchr(p, '\r', (size_t)(lf - p)) != lf - 1)
            break;
    }
    *next = p == end || *p == '.' ? p + 1 : lf ? lf + 1 : end;
    return (size_t)(p - s.p);
}

void moxd_smtp_stuff(struct moxd_smtp_stuffing *s, struct moxd_str part, struct moxd_buf *out)
{
    const char *next = part.p;

    while (part.n > 0) {
        if (!s->in_line && !s->cr && part.p >= next) {
            size_t good = good_lines(part, &next);
            moxd_buf_addstr(out, moxd_str_sub(part, 0, good));
            part = moxd_str_from(part, good);
            if (part.n == 0)
                break;
        }
        if (s->cr || part.p[0] == '\n') {
            bool lf = part.p[0] == '\n';
            end_line(s, out);
            part = moxd_str_from(part, lf);
            continue;
        }
        size_t n = to_line_end(part);
        put(s, moxd_str_sub(part, 0, n), out);
        s->cr = n < part.n && part.p[n] == '\r';
        part = moxd_str_from(part, s->cr ? n + 1 : n);
    }
}

void moxd_smtp_stuff_end(struct moxd_smtp_stuffing *s, struct moxd_buf *out)
{
    if (s->in_line || s->cr)
        end_line(s, out);
    moxd_buf_add(out, ".\r\n", 3);
}
