/* Dates of RFC 3339 5.6. */
#include "date.h"

/* full-date = 4DIGIT "-" 2DIGIT "-" 2DIGIT */
static int take_date(struct moxd_str *s, struct moxd_civil *c)
{
    if (mail_date_digits(s, 4, 9999, &c->year) < 0 || mail_date_byte(s, '-') < 0 ||
        mail_date_digits(s, 2, 12, &c->month) < 0 || mail_date_byte(s, '-') < 0)
        return -1;
    return mail_date_digits(s, 2, 31, &c->day);
}

/* partial-time = 2DIGIT ":" 2DIGIT ":" 2DIGIT [ "." 1*DIGIT ] */
static int take_time(struct moxd_str *s, struct moxd_civil *c)
{
    if (mail_date_digits(s, 2, 23, &c->hour) < 0 || mail_date_byte(s, ':') < 0 ||
        mail_date_digits(s, 2, 59, &c->minute) < 0 || mail_date_byte(s, ':') < 0 ||
        mail_date_digits(s, 2, 60, &c->second) < 0)
        return -1;
    if (mail_date_byte(s, '.') < 0)
        return 0;
    size_t n = 0;
    while (n < s->n && moxd_is_digit(s->p[n]))
        n++;
    *s = moxd_str_from(*s, n);
    return n > 0 ? 0 : -1;
}

/* time-offset = "Z" / ("+" / "-") 2DIGIT ":" 2DIGIT; letters in any case */
static int take_offset(struct moxd_str *s, struct moxd_date *d)
{
    if (mail_date_byte(s, 'Z') == 0 || mail_date_byte(s, 'z') == 0)
        return 0;
    return mail_date_zone(s, true, d);
}

int moxd_date_parse_rfc3339(struct moxd_str s, struct moxd_date *out)
{
    struct moxd_civil c;
    struct moxd_date d = { .zone = 0 };
    if (take_date(&s, &c) < 0 || (mail_date_byte(&s, 'T') < 0 && mail_date_byte(&s, 't') < 0) ||
        take_time(&s, &c) < 0 || take_offset(&s, &d) < 0 || s.n > 0 || mail_date_from(c, &d) < 0)
        return -1;
    *out = d;
    return 0;
}

void moxd_date_put_rfc3339(struct moxd_buf *b, int64_t sec)
{
    struct moxd_civil c = mail_date_shown((struct moxd_date){ .sec = sec });
    moxd_buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
                  c.second);
}
