/* Elements that several date formats have. */
#include "date.h"

#include <stdlib.h>

int mail_date_month(struct moxd_str name)
{
    for (int i = 0; i < 12; i++)
        if (moxd_str_casestarts(name, moxd_cstr(mail_date_months[i])))
            return i + 1;
    return 0;
}

int mail_date_byte(struct moxd_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return -1;
    *s = moxd_str_from(*s, 1);
    return 0;
}

int mail_date_digits(struct moxd_str *s, size_t n, int max, int *out)
{
    uint64_t v;
    if (s->n < n || moxd_str_u64(moxd_str_sub(*s, 0, n), (uint64_t)max, &v) < 0)
        return -1;
    *out = (int)v;
    *s = moxd_str_from(*s, n);
    return 0;
}

int mail_date_zone(struct moxd_str *s, bool colon, struct moxd_date *out)
{
    struct moxd_str rest = *s;
    int hours, minutes;
    bool minus = rest.n > 0 && rest.p[0] == '-';
    if (mail_date_byte(&rest, minus ? '-' : '+') < 0 ||
        mail_date_digits(&rest, 2, 99, &hours) < 0 || (colon && mail_date_byte(&rest, ':') < 0) ||
        mail_date_digits(&rest, 2, 59, &minutes) < 0)
        return -1;
    out->zone = (minus ? -1 : 1) * (hours * 60 + minutes);
    out->zone_unknown = minus && out->zone == 0;
    *s = rest;
    return 0;
}

void mail_date_put_zone(struct moxd_buf *b, struct moxd_date d)
{
    int zone = abs(d.zone);
    bool minus = d.zone < 0 || (d.zone == 0 && d.zone_unknown);
    moxd_buf_addf(b, "%c%02d%02d", minus ? '-' : '+', zone / 60 % 100, zone % 60);
}
