/* Dates: of message headers (RFC 5322 3.3 and 4.3), of IMAP (RFC 9051 9: date-time, date), of RFC 3339.
 * Gregorian calendar, years 0 to 9999. Pure: the time now comes from <moxd/clock.h>. */
#ifndef MOXMAIL_DATE_H
#define MOXMAIL_DATE_H

#include <moxd/buf.h>

/* Seconds since 1970-01-01 UTC of the first and last second that can be written with four digits of
 * year; formatting cuts to them. */
#define MOXD_DATE_MIN INT64_C(-62167219200)
#define MOXD_DATE_MAX INT64_C(253402300799)

/* A moment, and how the clock on the wall showed it. */
struct moxd_date {
    int64_t sec;       /* since 1970-01-01 00:00:00 UTC */
    int zone;          /* minutes east of UTC */
    bool zone_unknown; /* "-0000" or a name without meaning: the time is UTC (RFC 5322 3.3, 4.3) */
};
/* The parts as a calendar shows them. */
struct moxd_civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
    int weekday; /* 0 is Sunday */
};

/* Days since 1970-01-01; month 1 to 12, day 1 to 31. */
int64_t moxd_days(int year, int month, int day);
/* Whether there is such a day: year 0 to 9999. */
bool moxd_day_exists(int year, int month, int day);
/* The parts of a time in seconds since 1970, in whatever zone it is. */
struct moxd_civil moxd_civil(int64_t sec);
/* The day that the date shows, in its own zone, as days since 1970: what IMAP searches compare
 * (RFC 9051 6.4.4: "disregarding time and timezone"). */
int64_t moxd_date_day(struct moxd_date d);

/* The value of a Date field: date-time with the obsolete forms: comments anywhere, years of two and three
 * digits, named zones. Taken too, since they are frequent: no comma behind the name of the day, "-"
 * between day, month and year, longer names of months, a missing zone (it is unknown). Years below 1900
 * are refused (3.3). -1 when it is no date; what follows a date is ignored. Linear. */
int moxd_date_parse(struct moxd_str s, struct moxd_date *out) MOXD_CHECKED;
/* Appends "Fri, 21 Nov 1997 09:55:06 -0600". */
void moxd_date_put(struct moxd_buf *b, struct moxd_date d);

/* IMAP date-time without its quotes: "17-Jul-1996 02:44:25 -0700", day fixed to two characters. The
 * whole of s. */
int moxd_date_parse_imap(struct moxd_str s, struct moxd_date *out) MOXD_CHECKED;
void moxd_date_put_imap(struct moxd_buf *b, struct moxd_date d);
/* IMAP date-text without quotes, "1-Feb-1994", as days since 1970. The whole of s. */
int moxd_date_parse_imap_day(struct moxd_str s, int64_t *days) MOXD_CHECKED;

/* RFC 3339 5.6 date-time: "1985-04-12T23:20:50.52Z", fractions dropped; writing is in UTC with "Z". */
int moxd_date_parse_rfc3339(struct moxd_str s, struct moxd_date *out) MOXD_CHECKED;
void moxd_date_put_rfc3339(struct moxd_buf *b, int64_t sec);

#endif
