/* The Date field (RFC 5322 3.3, obsolete forms 4.3). */
#include "date.h"

#include "message/mime_lex.h"

enum { YEAR_MIN = 1900, NUMBER_MAX = 9999 };

static struct moxd_str take_word(struct moxd_str *s)
{
    size_t n = 0;
    while (n < s->n && moxd_is_alpha(s->p[n]))
        n++;
    struct moxd_str word = moxd_str_sub(*s, 0, n);
    *s = moxd_str_from(*s, n);
    mail_skip_cfws(s);
    return word;
}

/* Digits, how many of them, and CFWS. */
static int take_number(struct moxd_str *s, int *out, size_t *digits)
{
    struct moxd_str before = *s;
    uint64_t v;
    if (moxd_str_take_u64(s, NUMBER_MAX, &v) < 0)
        return -1;
    *digits = before.n - s->n;
    *out = (int)v;
    mail_skip_cfws(s);
    return 0;
}

static bool take_separator(struct moxd_str *s, char c)
{
    bool there = mail_date_byte(s, c) == 0;
    if (there)
        mail_skip_cfws(s);
    return there;
}

/* obs-year: 2 digits are 1950 to 2049, 3 digits count from 1900. */
static int full_year(int year, size_t digits)
{
    if (digits == 2)
        return year < 50 ? year + 2000 : year + 1900;
    return digits == 3 ? year + 1900 : year;
}

/* date = day month year */
static int take_date(struct moxd_str *s, struct moxd_civil *c)
{
    size_t digits;
    if (take_number(s, &c->day, &digits) < 0 || digits > 2)
        return -1;
    (void)take_separator(s, '-');
    c->month = mail_date_month(take_word(s));
    (void)take_separator(s, '-');
    if (c->month == 0 || take_number(s, &c->year, &digits) < 0 || digits < 2)
        return -1;
    c->year = full_year(c->year, digits);
    return c->year < YEAR_MIN ? -1 : 0;
}

/* time-of-day = hour ":" minute [ ":" second ] */
static int take_time(struct moxd_str *s, struct moxd_civil *c)
{
    size_t digits;
    if (take_number(s, &c->hour, &digits) < 0 || digits > 2 || !take_separator(s, ':') ||
        take_number(s, &c->minute, &digits) < 0 || digits > 2)
        return -1;
    if (!take_separator(s, ':'))
        return 0;
    return take_number(s, &c->second, &digits) < 0 || digits > 2 ? -1 : 0;
}

/* obs-zone: these names have a meaning, others and single letters have not (RFC 5322 4.3). */
static void named_zone(struct moxd_str name, struct moxd_date *out)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = { { "UT", 0 },   { "UTC", 0 },  { "GMT", 0 },  { "EST", -5 },
                  { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 }, { "MST", -7 },
                  { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 } };
    for (size_t i = 0; i < MOXD_NELEMS(zones); i++)
        if (moxd_str_caseeqs(name, zones[i].name)) {
            out->zone = zones[i].hours * 60;
            return;
        }
    out->zone_unknown = true;
}

int moxd_date_parse(struct moxd_str s, struct moxd_date *out)
{
    struct moxd_civil c = { .second = 0 };
    struct moxd_date d = { .zone = 0 };
    mail_skip_cfws(&s);
    (void)take_word(&s); /* day-name: it tells nothing new */
    (void)take_separator(&s, '.');
    (void)take_separator(&s, ',');
    if (take_date(&s, &c) < 0)
        return -1;
    (void)take_separator(&s, ',');
    if (take_time(&s, &c) < 0)
        return -1;
    if (mail_date_zone(&s, false, &d) < 0)
        named_zone(take_word(&s), &d);
    if (mail_date_from(c, &d) < 0)
        return -1;
    *out = d;
    return 0;
}

void moxd_date_put(struct moxd_buf *b, struct moxd_date d)
{
    static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    struct moxd_civil c = mail_date_shown(d);
    moxd_buf_addf(b, "%s, %d %s %04d %02d:%02d:%02d ", days[c.weekday], c.day,
                  mail_date_months[c.month - 1], c.year, c.hour, c.minute, c.second);
    mail_date_put_zone(b, d);
}
