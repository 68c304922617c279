/* What the date parsers share. */
#ifndef MAIL_DATE_H
#define MAIL_DATE_H

#include <moxmail/date.h>

enum { SECONDS_PER_DAY = 86400 };

/* 1 to 12 for a name that starts with "Jan" to "Dec" in any case, 0 for another one. */
int mail_date_month(struct moxd_str name);
extern const char mail_date_months[12][4];
/* Consumes exactly n digits. */
int mail_date_digits(struct moxd_str *s, size_t n, int max, int *out) MOXD_CHECKED;
/* Consumes the byte c. */
int mail_date_byte(struct moxd_str *s, char c) MOXD_CHECKED;
/* Consumes ( "+" / "-" ) 4DIGIT, or with `colon` "+hh:mm". */
int mail_date_zone(struct moxd_str *s, bool colon, struct moxd_date *out) MOXD_CHECKED;
/* The moment at which a clock in the zone of *out shows these parts; -1 when there is no such day or
 * time. A 60th second is that of a leap second: it is the first of the next minute. */
int mail_date_from(struct moxd_civil c, struct moxd_date *out) MOXD_CHECKED;
/* The parts that a clock in the date's zone shows; within the years that can be written. */
struct moxd_civil mail_date_shown(struct moxd_date d);
/* Appends "+hhmm". */
void mail_date_put_zone(struct moxd_buf *b, struct moxd_date d);

#endif
