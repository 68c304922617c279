/* Dates of IMAP (RFC 9051 9). */
#include "date.h"

/* date-month "-" date-year, behind the day and its "-". */
static int take_month_year(struct moxd_str *s, struct moxd_civil *c)
{
    struct moxd_str name = moxd_str_sub(*s, 0, 3);
    c->month = name.n == 3 ? mail_date_month(name) : 0;
    *s = moxd_str_from(*s, 3);
    if (c->month == 0 || mail_date_byte(s, '-') < 0)
        return -1;
    return mail_date_digits(s, 4, 9999, &c->year);
}

/* time = 2DIGIT ":" 2DIGIT ":" 2DIGIT */
static int take_time(struct moxd_str *s, struct moxd_civil *c)
{
    if (mail_date_digits(s, 2, 23, &c->hour) < 0 || mail_date_byte(s, ':') < 0 ||
        mail_date_digits(s, 2, 59, &c->minute) < 0 || mail_date_byte(s, ':') < 0)
        return -1;
    return mail_date_digits(s, 2, 60, &c->second);
}

/* date-time = date-day-fixed "-" date-month "-" date-year SP time SP zone
 * date-day-fixed = (SP DIGIT) / 2DIGIT */
int moxd_date_parse_imap(struct moxd_str s, struct moxd_date *out)
{
    struct moxd_civil c;
    struct moxd_date d;
    bool padded = mail_date_byte(&s, ' ') == 0;
    if (mail_date_digits(&s, padded ? 1 : 2, 31, &c.day) < 0 || mail_date_byte(&s, '-') < 0 ||
        take_month_year(&s, &c) < 0 || mail_date_byte(&s, ' ') < 0 || take_time(&s, &c) < 0 ||
        mail_date_byte(&s, ' ') < 0 || mail_date_zone(&s, false, &d) < 0 || s.n > 0 ||
        mail_date_from(c, &d) < 0)
        return -1;
    *out = d;
    return 0;
}

/* date-text = date-day "-" date-month "-" date-year; date-day = 1*2DIGIT */
int moxd_date_parse_imap_day(struct moxd_str s, int64_t *days)
{
    struct moxd_civil c;
    size_t digits = s.n > 1 && moxd_is_digit(s.p[1]) ? 2 : 1;
    if (mail_date_digits(&s, digits, 31, &c.day) < 0 || mail_date_byte(&s, '-') < 0 ||
        take_month_year(&s, &c) < 0 || s.n > 0 || !moxd_day_exists(c.year, c.month, c.day))
        return -1;
    *days = moxd_days(c.year, c.month, c.day);
    return 0;
}

void moxd_date_put_imap(struct moxd_buf *b, struct moxd_date d)
{
    struct moxd_civil c = mail_date_shown(d);
    moxd_buf_addf(b, "%2d-%s-%04d %02d:%02d:%02d ", c.day, mail_date_months[c.month - 1], c.year,
                  c.hour, c.minute, c.second);
    mail_date_put_zone(b, d);
}
