#include "unit.h"

#include <moxmail/date.h>

#include <stdio.h>
#include <time.h>

/* "rfc3339 zone" of a Date field, "-" when it is none. */
static const char *parse(const char *s)
{
    static char out[64];
    struct moxd_date d;
    struct moxd_buf b = MOXD_BUF_INIT(sizeof out - 1);
    if (moxd_date_parse(moxd_cstr(s), &d) < 0)
        return "-";
    moxd_date_put_rfc3339(&b, d.sec);
    moxd_buf_addf(&b, " %d%s", d.zone, d.zone_unknown ? "?" : "");
    ck_assert_int_eq(moxd_str_copy(moxd_buf_str(&b), out, sizeof out), 0);
    moxd_buf_fini(&b);
    return out;
}

START_TEST(header_dates)
{
    static const char *cases[][2] = {
        { "Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z -360" },
        { "Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z 120" },
        { "1 Jul 2003 10:52 +0200", "2003-07-01T08:52:00Z 120" },
        /* RFC 5322 A.5 */
        { "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n"
          "               -0330 (Newfoundland Time)",
          "1969-02-14T03:02:00Z -210" },
        /* RFC 5322 A.6.2, A.6.3 */
        { "21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z 0" },
        { "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z -360" },
        { "(a (b) \\) c)1 (x)Jan 49 00:00:00 EST", "2049-01-01T05:00:00Z -300" },
        { "1 Jan 50 00:00:00 pdt", "1950-01-01T07:00:00Z -420" },
        { "1 Jan 101 00:00:00 UT", "2001-01-01T00:00:00Z 0" },
        { "1 Jan 2000 00:00:00 -0000", "2000-01-01T00:00:00Z 0?" },
        { "1 Jan 2000 00:00:00 Z", "2000-01-01T00:00:00Z 0?" },
        { "1 Jan 2000 00:00:00 CEST", "2000-01-01T00:00:00Z 0?" },
        { "1 Jan 2000 00:00:00", "2000-01-01T00:00:00Z 0?" },
        { "Sat 1-January-2000, 1:02:03 +0000 (a", "2000-01-01T01:02:03Z 0" },
        { "31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z 0" },
        { "29 Feb 2000 00:00 +9959", "2000-02-24T20:01:00Z 5999" },
        { "31 Dec 9999 23:59:59 -0001", "9999-12-31T23:59:59Z -1" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_assert_str_eq(parse(cases[i][0]), cases[i][1]);
}
END_TEST

START_TEST(no_header_dates)
{
    static const char *bad[] = {
        "",
        "(",
        "Fri",
        "Fri, ",
        "21",
        "21 Nov",
        "21 Nov 1997",
        "21 Nov 1997 09",
        "0 Jan 2000 0:00",
        "30 Feb 2000 00:00",
        "29 Feb 1900 00:00",
        "1 Foo 2000 00:00",
        "1 Jan 2000 24:00",
        "1 Jan 2000 00:60",
        "1 Jan 2000 00:00:61",
        "1 Jan 1899 00:00",
        "1 Jan 12345 00:00",
        "99999999999999999999 Jan 2000 00:00",
        "1 Jan 5 00:00",
        "001 Jan 2000 00:00",
        "1 Jan 2000 00:000",
        "1 Ja 2000 00:00",
        "-1 Jan 2000 00:00",
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(strcmp(parse(bad[i]), "-") == 0, "\"%s\" is %s", bad[i], parse(bad[i]));
    struct moxd_date d;
    ck_assert_int_eq(moxd_date_parse(MOXD_STR("1\0Jan 2000 00:00"), &d), -1);
}
END_TEST

static const char *put(void (*fn)(struct moxd_buf *, struct moxd_date), struct moxd_date d)
{
    static char out[64];
    struct moxd_buf b = MOXD_BUF_INIT(sizeof out - 1);
    fn(&b, d);
    ck_assert_int_eq(moxd_str_copy(moxd_buf_str(&b), out, sizeof out), 0);
    moxd_buf_fini(&b);
    return out;
}

START_TEST(writes_header_dates)
{
    struct moxd_date d = { .sec = 880127706, .zone = -360 };
    ck_assert_str_eq(put(moxd_date_put, d), "Fri, 21 Nov 1997 09:55:06 -0600");
    d.zone = 0;
    ck_assert_str_eq(put(moxd_date_put, d), "Fri, 21 Nov 1997 15:55:06 +0000");
    d.zone_unknown = true;
    ck_assert_str_eq(put(moxd_date_put, d), "Fri, 21 Nov 1997 15:55:06 -0000");
    d = (struct moxd_date){ .sec = INT64_MAX, .zone = 60 };
    ck_assert_str_eq(put(moxd_date_put, d), "Fri, 31 Dec 9999 23:59:59 +0100");
    d.sec = INT64_MIN;
    ck_assert_str_eq(put(moxd_date_put, d), "Sat, 1 Jan 0000 01:00:00 +0100");
}
END_TEST

START_TEST(imap_dates)
{
    struct moxd_date d;
    ck_assert_int_eq(moxd_date_parse_imap(MOXD_STR("17-Jul-1996 02:44:25 -0700"), &d), 0);
    ck_assert_int_eq(d.sec, 837596665);
    ck_assert_int_eq(d.zone, -420);
    ck_assert_str_eq(put(moxd_date_put_imap, d), "17-Jul-1996 02:44:25 -0700");
    ck_assert_int_eq(moxd_date_parse_imap(MOXD_STR(" 7-jul-1996 02:44:25 +0000"), &d), 0);
    ck_assert_str_eq(put(moxd_date_put_imap, d), " 7-Jul-1996 02:44:25 +0000");
    ck_assert_int_eq(moxd_date_day(d), moxd_days(1996, 7, 7));
    static const char *bad[] = {
        "",
        "7-Jul-1996 02:44:25 +0000",
        "17-Jul-1996 02:44:25 +000",
        "17-Jul-1996 02:44:25 +00000",
        "17-Jul-1996 02:44:25 +0060",
        "17-Jul-1996 24:44:25 +0000",
        "31-Jun-1996 02:44:25 +0000",
        "17-July-1996 02:44:25 +0000",
        "17-Jul-96 02:44:25 +0000",
        "17-Jul-1996  2:44:25 +0000",
        "17-Jul-1996 02:44:25 GMT",
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(moxd_date_parse_imap(moxd_cstr(bad[i]), &d) == -1, "%s", bad[i]);
}
END_TEST

START_TEST(imap_days)
{
    int64_t day;
    ck_assert_int_eq(moxd_date_parse_imap_day(MOXD_STR("1-Feb-1994"), &day), 0);
    ck_assert_int_eq(day, moxd_days(1994, 2, 1));
    ck_assert_int_eq(moxd_date_parse_imap_day(MOXD_STR("01-FEB-1994"), &day), 0);
    static const char *bad[] = {
        "",           "1",           "1-",          "1-Feb-94",    "1-F-1994",
        "001-Feb-94", "30-Feb-1994", " 1-Feb-1994", "1-Feb-1994 ", "1-Feb-19945"
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(moxd_date_parse_imap_day(moxd_cstr(bad[i]), &day) == -1, "%s", bad[i]);
    /* The day is the one that the message shows, not that of UTC. */
    struct moxd_date d;
    ck_assert_int_eq(moxd_date_parse(MOXD_STR("1 Feb 1994 00:30 +0200"), &d), 0);
    ck_assert_int_eq(moxd_date_day(d), moxd_days(1994, 2, 1));
}
END_TEST

START_TEST(rfc3339_dates)
{
    static const char *good[][2] = {
        { "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50Z" },
        { "1996-12-19t16:39:57-08:00", "1996-12-20T00:39:57Z" },
        { "1990-12-31T23:59:60z", "1991-01-01T00:00:00Z" },
    };
    static const char *bad[] = {
        "1985-04-12",           "1985-04-12T23:20:50",  "1985-04-12T23:20:50.Z",
        "1985-04-12 23:20:50Z", "1985-04-12T23:20Z",    "1985-04-12T23:20:50+0100",
        "1985-02-29T00:00:00Z", "1985-04-12T23:20:50Zx"
    };
    struct moxd_date d;
    for (size_t i = 0; i < MOXD_NELEMS(good); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(64);
        ck_assert_int_eq(moxd_date_parse_rfc3339(moxd_cstr(good[i][0]), &d), 0);
        moxd_date_put_rfc3339(&b, d.sec);
        ck_assert_str_eq(moxd_buf_cstr(&b), good[i][1]);
        moxd_buf_fini(&b);
    }
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(moxd_date_parse_rfc3339(moxd_cstr(bad[i]), &d) == -1, "%s", bad[i]);
}
END_TEST

/* The calendar agrees with that of the C library, every 1000th day or so of 0000 to 9999. */
START_TEST(calendar)
{
    for (int64_t sec = MOXD_DATE_MIN; sec <= MOXD_DATE_MAX; sec += 86400 * 1000 + 3661) {
        time_t t = (time_t)sec;
        struct tm tm;
        ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
        struct moxd_civil c = moxd_civil(sec);
        ck_assert_int_eq(c.year, tm.tm_year + 1900);
        ck_assert_int_eq(c.month, tm.tm_mon + 1);
        ck_assert_int_eq(c.day, tm.tm_mday);
        ck_assert_int_eq(c.hour, tm.tm_hour);
        ck_assert_int_eq(c.minute, tm.tm_min);
        ck_assert_int_eq(c.second, tm.tm_sec);
        ck_assert_int_eq(c.weekday, tm.tm_wday);
        int64_t day = moxd_days(c.year, c.month, c.day);
        ck_assert_int_eq(day, moxd_date_day((struct moxd_date){ .sec = sec }));
        ck_assert(moxd_day_exists(c.year, c.month, c.day));
    }
}
END_TEST

UNIT_MAIN("date", header_dates, no_header_dates, writes_header_dates, imap_dates, imap_days,
          rfc3339_dates, calendar)
