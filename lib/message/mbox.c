#include "mbox_field.h"

#include <moxmail/date.h>

/* --- separators -------------------------------------------------------------------------------- */

enum { WORDS_MAX = 40 }; /* of a separator line */

static bool among(struct moxd_str word, const char *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (moxd_str_caseeq(word, moxd_str(names + 3 * i, 3)))
            return true;
    return false;
}

static bool is_number(struct moxd_str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_digit(s.p[i]))
            return false;
    return s.n >= min && s.n <= max;
}

/* "18:22" or "18:22:48" */
static bool is_time(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (i % 3 == 2 ? s.p[i] != ':' : !moxd_is_digit(s.p[i]))
            return false;
    return s.n == 5 || s.n == 8;
}

/* "+0100", "GMT" */
static bool is_zone(struct moxd_str s)
{
    if (s.n == 5 && (s.p[0] == '+' || s.p[0] == '-'))
        return is_number(moxd_str_from(s, 1), 4, 4);
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]))
            return false;
    return s.n >= 1 && s.n <= 5;
}

/* asctime: Www Mmm dd hh:mm[:ss] [zone] yyyy [zone] */
static int read_asctime(const struct moxd_str *w, size_t n, int64_t *time)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(100);
    struct moxd_str zone = MOXD_STR("+0000");
    struct moxd_date date;
    size_t year = 4;

    if (n < 5 || !among(w[0], "SunMonTueWedThuFriSat", 7) ||
        !among(w[1], "JanFebMarAprMayJunJulAugSepOctNovDec", 12) || !is_number(w[2], 1, 2) ||
        !is_time(w[3]))
        return -1;
    if (n > 5 && is_zone(w[4]))
        zone = w[year++];
    else if (n > 5 && is_zone(w[5]))
        zone = w[5];
    if (!is_number(w[year], 4, 4))
        return -1;
    moxd_buf_addf(&b, "%" MOXD_STRF " %" MOXD_STRF " %" MOXD_STRF " %" MOXD_STRF " %" MOXD_STRF,
                  MOXD_STRA(w[2]), MOXD_STRA(w[1]), MOXD_STRA(w[year]), MOXD_STRA(w[3]),
                  MOXD_STRA(zone));
    if (moxd_date_parse(moxd_buf_str(&b), &date) < 0)
        return -1;
    *time = date.sec;
    return 0;
}

static size_t split(struct moxd_str s, struct moxd_str *w)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n && n < WORDS_MAX;) {
        size_t from = i;

        while (i < s.n && s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
            i++;
        if (i > from)
            w[n++] = moxd_str(s.p + from, i - from);
        else
            i++;
    }
    return n;
}

int moxd_mbox_separator(struct moxd_str line, int64_t *time)
{
    struct moxd_str w[WORDS_MAX];
    size_t n;

    if (!moxd_str_starts(line, MOXD_STR("From ")))
        return -1;
    n = split(line, w);
    for (size_t i = 1; i < n; i++)
        if (read_asctime(w + i, n - i, time) == 0)
            return 0;
    return -1;
}

/* --- fields that programs keep their flags in ---------------------------------------------------- */

static void take_letters(struct moxd_mbox *m, struct moxd_str value)
{
    static const struct {
        char letter;
        unsigned flag;
    } letters[] = { { 'R', MOXD_MBOX_SEEN },
                    { 'A', MOXD_MBOX_ANSWERED },
                    { 'F', MOXD_MBOX_FLAGGED },
                    { 'D', MOXD_MBOX_DELETED },
                    { 'T', MOXD_MBOX_DRAFT } };

    for (size_t i = 0; i < value.n; i++)
        for (size_t k = 0; k < MOXD_NELEMS(letters); k++)
            if (value.p[i] == letters[k].letter)
                m->flags |= letters[k].flag;
}

static void take_keywords(struct moxd_mbox *m, struct moxd_str value)
{
    m->keywords.max = MOXD_MBOX_KEYWORDS_MAX;
    if (m->keywords.n > 0)
        moxd_buf_addc(&m->keywords, ' ');
    for (size_t i = 0; i < value.n; i++)
        moxd_buf_addc(&m->keywords, (unsigned char)value.p[i] <= ' ' ? ' ' : value.p[i]);
}

/* Four hexadecimal digits. */
static void take_mozilla(struct moxd_mbox *m, struct moxd_str value)
{
    static const unsigned flags[16] = { [0] = MOXD_MBOX_SEEN,
                                        [1] = MOXD_MBOX_ANSWERED,
                                        [2] = MOXD_MBOX_FLAGGED,
                                        [3] = MOXD_MBOX_GONE,
                                        [12] = MOXD_MBOX_FORWARDED };
    unsigned bits = 0;

    for (size_t i = 0; i < value.n; i++) {
        int digit =
            moxd_is_digit(value.p[i]) ? value.p[i] - '0' : moxd_lower(value.p[i]) - 'a' + 10;

        if (value.p[i] != ' ' && digit >= 0 && digit < 16)
            bits = (bits << 4 | (unsigned)digit) & 0xffff;
    }
    for (unsigned i = 0; i < 16; i++)
        if (bits & 1u << i)
            m->flags |= flags[i];
}

static void take_internal(struct moxd_mbox *m, struct moxd_str value)
{
    (void)value;
    m->flags |= MOXD_MBOX_INTERNAL;
}

#define NAME(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
/* Taken out of the message, since they say how it was kept. */
static const struct {
    struct moxd_str name;
    void (*take)(struct moxd_mbox *m, struct moxd_str value); /* NULL: of no use here */
} fields[] = {
    { NAME("Status:"), take_letters },
    { NAME("X-Status:"), take_letters },
    { NAME("X-Keywords:"), take_keywords },
    { NAME("X-Mozilla-Status:"), take_mozilla },
    { NAME("X-Mozilla-Status2:"), NULL },
    { NAME("X-Mozilla-Keys:"), take_keywords },
    { NAME("X-UID:"), NULL },
    { NAME("X-IMAP:"), take_internal },
    { NAME("X-IMAPbase:"), NULL },
};

_Static_assert(MOXD_NELEMS(fields) == MAIL_MBOX_FIELDS, "one entry for each");

unsigned mail_mbox_field(struct moxd_str line)
{
    unsigned i = 0;

    while (i < MAIL_MBOX_FIELDS &&
           !(line.n >= fields[i].name.n &&
             moxd_str_caseeq(moxd_str_sub(line, 0, fields[i].name.n), fields[i].name)))
        i++;
    return i;
}

/* Whether the line belongs to such a field. */
static bool take_field(struct moxd_mbox *m, struct moxd_str line)
{
    bool goes_on = line.p[0] == ' ' || line.p[0] == '\t';

    if (goes_on && !m->dropping)
        return false;
    if (!goes_on) {
        m->taking = mail_mbox_field(line);
        m->dropping = m->taking < MAIL_MBOX_FIELDS;
        if (!m->dropping)
            return false;
        line = moxd_str_from(line, fields[m->taking].name.n);
    }
    if (fields[m->taking].take)
        fields[m->taking].take(m, line);
    return true;
}

/* --- lines --------------------------------------------------------------------------------------- */

static bool is_blank(struct moxd_str line)
{
    return moxd_str_eqs(line, "\n") || moxd_str_eqs(line, "\r\n");
}

/* ">From " and ">>From " lose a ">": mboxrd; of mboxo only the first is so, which cannot be told apart. */
static struct moxd_str unquoted(struct moxd_str line)
{
    size_t n = 0;

    while (n < line.n && line.p[n] == '>')
        n++;
    if (n > 0 && moxd_str_starts(moxd_str_from(line, n), MOXD_STR("From ")))
        return moxd_str_from(line, 1);
    return line;
}

static enum moxd_mbox_event data(struct moxd_mbox *m, struct moxd_str bytes)
{
    m->data = bytes;
    return MOXD_MBOX_DATA;
}

static enum moxd_mbox_event start(struct moxd_mbox *m, int64_t time)
{
    m->time = time;
    m->flags = 0;
    moxd_buf_reset(&m->keywords);
    m->state = MOXD_MBOX_HEADER;
    m->blank = m->dropping = false;
    return MOXD_MBOX_START;
}

/* A line, whole or as much of it as is looked at. Returns MORE for one that gives nothing. */
static enum moxd_mbox_event take_line(struct moxd_mbox *m, struct moxd_str *in,
                                      struct moxd_str line)
{
    bool may_separate = m->state == MOXD_MBOX_OUTSIDE || m->blank;
    int64_t time;

    if (may_separate && moxd_mbox_separator(line, &time) == 0) {
        if (m->state != MOXD_MBOX_OUTSIDE) {
            m->state = MOXD_MBOX_OUTSIDE; /* the line is read once more */
            return MOXD_MBOX_END;
        }
        *in = moxd_str_from(*in, line.n);
        return start(m, time);
    }
    if (m->state == MOXD_MBOX_OUTSIDE && !is_blank(line))
        return MOXD_MBOX_BAD;
    if (m->blank) {
        m->blank = false;
        return data(m, MOXD_STR("\n"));
    }
    *in = moxd_str_from(*in, line.n);
    if (m->state == MOXD_MBOX_OUTSIDE)
        return MOXD_MBOX_MORE;
    m->mid_line = line.p[line.n - 1] != '\n';
    if (is_blank(line)) {
        m->blank = true;
        m->state = MOXD_MBOX_BODY;
        return MOXD_MBOX_MORE;
    }
    if (m->state == MOXD_MBOX_HEADER && take_field(m, line))
        return MOXD_MBOX_MORE;
    return data(m, unquoted(line));
}

/* The rest of a line whose start was looked at. */
static enum moxd_mbox_event take_rest(struct moxd_mbox *m, struct moxd_str *in)
{
    const char *lf = memchr(in->p, '\n', in->n);
    struct moxd_str rest = moxd_str(in->p, lf ? (size_t)(lf - in->p) + 1 : in->n);

    *in = moxd_str_from(*in, rest.n);
    m->mid_line = lf == NULL;
    if (m->state == MOXD_MBOX_HEADER && m->dropping) {
        if (fields[m->taking].take)
            fields[m->taking].take(m, rest);
        return MOXD_MBOX_MORE;
    }
    return data(m, rest);
}

enum moxd_mbox_event moxd_mbox_next(struct moxd_mbox *m, struct moxd_str *in, bool last)
{
    while (in->n > 0) {
        const char *lf = memchr(in->p, '\n', in->n);
        enum moxd_mbox_event ev;

        if (!m->mid_line && !lf && in->n < MOXD_MBOX_LOOK && !last)
            return MOXD_MBOX_MORE;
        if (m->mid_line) {
            ev = take_rest(m, in);
        } else {
            size_t n = lf ? (size_t)(lf - in->p) + 1 : in->n;

            ev = take_line(m, in, moxd_str(in->p, n));
        }
        if (ev != MOXD_MBOX_MORE)
            return ev;
    }
    if (!last || m->state == MOXD_MBOX_OUTSIDE)
        return MOXD_MBOX_MORE;
    m->state = MOXD_MBOX_OUTSIDE;
    return MOXD_MBOX_END;
}

void moxd_mbox_fini(struct moxd_mbox *m)
{
    moxd_buf_fini(&m->keywords);
}
