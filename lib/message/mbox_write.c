/* Messages into an mbox: what moxd_mbox_next reads back as it was. */
#include "mbox_field.h"

#include <moxmail/date.h>

/* --- the separator and the flags ------------------------------------------------------------------ */

/* RFC 4155 appendix A: an address without blanks, or a word in its place. */
static bool is_sender(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    return s.n > 0 && s.n <= MOXD_MBOX_SENDER_MAX;
}

static void put_separator(struct moxd_buf *out, struct moxd_str sender, int64_t time)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t t = time < MOXD_DATE_MIN ? MOXD_DATE_MIN : time > MOXD_DATE_MAX ? MOXD_DATE_MAX : time;
    struct moxd_civil c = moxd_civil(t);
    struct moxd_str from = is_sender(sender) ? sender : MOXD_STR("MAILER-DAEMON");

    moxd_buf_addf(out, "From %" MOXD_STRF " %.3s %.3s %2d %02d:%02d:%02d %04d\n", MOXD_STRA(from),
                  days + 3 * c.weekday, months + 3 * (c.month - 1), c.day, c.hour, c.minute,
                  c.second, c.year);
}

static void put_letters(struct moxd_buf *out, unsigned flags)
{
    static const struct {
        unsigned flag;
        char letter;
    } letters[] = { { MOXD_MBOX_ANSWERED, 'A' },
                    { MOXD_MBOX_FLAGGED, 'F' },
                    { MOXD_MBOX_DRAFT, 'T' },
                    { MOXD_MBOX_DELETED, 'D' } };
    const char *before = "X-Status: ";

    for (size_t i = 0; i < MOXD_NELEMS(letters); i++)
        if (flags & letters[i].flag) {
            moxd_buf_addf(out, "%s%c", before, letters[i].letter);
            before = "";
        }
    moxd_buf_adds(out, *before ? "" : "\n");
}

/* Folded, so that no line is longer than what readers look at. */
static void put_keywords(struct moxd_buf *out, const char *const *v, size_t n)
{
    if (n == 0)
        return;
    moxd_buf_adds(out, "X-Keywords:");
    for (size_t i = 0; i < n; i++)
        moxd_buf_addf(out, i > 0 && i % 8 == 0 ? "\n %s" : " %s", v[i]);
    moxd_buf_addc(out, '\n');
}

void moxd_mbox_begin(struct moxd_mbox_writer *w, const struct moxd_mbox_head *h,
                     struct moxd_buf *out)
{
    *w = (struct moxd_mbox_writer){ .dropping =
                                        true }; /* what goes on with a line that is not there */
    put_separator(out, h->sender, h->time);
    moxd_buf_adds(out, h->flags & MOXD_MBOX_SEEN ? "Status: RO\n" : "Status: O\n");
    put_letters(out, h->flags);
    put_keywords(out, h->keywords, h->nkeywords);
}

/* --- the message --------------------------------------------------------------------------------- */

/* A field that says how a message was kept elsewhere is not written: readers would take it for what is so here. */
static bool is_left_out(struct moxd_mbox_writer *w, struct moxd_str line)
{
    bool goes_on = line.p[0] == ' ' || line.p[0] == '\t';

    if (!goes_on)
        w->dropping = mail_mbox_field(line) < MAIL_MBOX_FIELDS;
    return w->dropping;
}

static bool needs_quote(struct moxd_str line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] == '>')
        n++;
    return moxd_str_starts(moxd_str_from(line, n), MOXD_STR("From "));
}

static void put_line(struct moxd_mbox_writer *w, struct moxd_str line, struct moxd_buf *out)
{
    bool ended = line.p[line.n - 1] == '\n';

    if (!w->mid_line && !w->body) {
        w->body = moxd_str_eqs(line, "\r\n") || moxd_str_eqs(line, "\n");
        w->dropping = !w->body && is_left_out(w, line);
    }
    if (!w->dropping) {
        if (!w->mid_line && needs_quote(line))
            moxd_buf_addc(out, '>');
        if (moxd_str_ends(line, MOXD_STR("\r\n"))) {
            moxd_buf_add(out, line.p, line.n - 2);
            moxd_buf_addc(out, '\n');
        } else {
            moxd_buf_addstr(out, line);
        }
    }
    w->mid_line = !ended;
}

void moxd_mbox_write(struct moxd_mbox_writer *w, struct moxd_str *in, bool last,
                     struct moxd_buf *out)
{
    while (in->n > 0) {
        const char *lf = memchr(in->p, '\n', in->n);
        size_t n = lf ? (size_t)(lf - in->p) + 1 : in->n;

        if (!lf && !last) {
            n -= in->p[n - 1] == '\r'; /* perhaps half of a line end */
            if (n == 0 || (!w->mid_line && in->n < MOXD_MBOX_LOOK))
                return;
        }
        put_line(w, moxd_str(in->p, n), out);
        *in = moxd_str_from(*in, n);
    }
}

void moxd_mbox_end(struct moxd_mbox_writer *w, struct moxd_buf *out)
{
    moxd_buf_adds(out, w->mid_line && !w->dropping ? "\n\n" : "\n");
}
