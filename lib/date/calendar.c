/* The calendar: days and their numbers. */
#include "date.h"

const char mail_date_months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

enum {
    DAYS_400_YEARS = 146097, /* the calendar repeats after that */
    DAYS_TO_1970 = 719468,   /* from 0000-03-01 */
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool moxd_day_exists(int year, int month, int day)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    return day <= lengths[month - 1] + (month == 2 && is_leap(year));
}

/* Years begin in March here, so that the leap day is the last one of its year: month m (0 is March)
 * then starts at day (153 m + 2) / 5. */
int64_t moxd_days(int year, int month, int day)
{
    int64_t y = month > 2 ? year : (int64_t)year - 1;
    int64_t m = (month + 9) % 12;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * m + 2) / 5 + day - 1;
    return era * DAYS_400_YEARS + yoe * 365 + yoe / 4 - yoe / 100 + doy - DAYS_TO_1970;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

struct moxd_civil moxd_civil(int64_t sec)
{
    int64_t days = floor_div(sec, SECONDS_PER_DAY);
    int rest = (int)(sec - days * SECONDS_PER_DAY);
    int64_t era = floor_div(days + DAYS_TO_1970, DAYS_400_YEARS);
    int64_t doe = days + DAYS_TO_1970 - era * DAYS_400_YEARS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int m = (int)((5 * doy + 2) / 153);
    return (struct moxd_civil){
        .year = (int)(era * 400 + yoe + (m >= 10)),
        .month = m < 10 ? m + 3 : m - 9,
        .day = (int)(doy - (153 * m + 2) / 5 + 1),
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
        .weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7),
    };
}

int64_t moxd_date_day(struct moxd_date d)
{
    return floor_div(d.sec + (int64_t)d.zone * 60, SECONDS_PER_DAY);
}

int mail_date_from(struct moxd_civil c, struct moxd_date *out)
{
    if (!moxd_day_exists(c.year, c.month, c.day) || c.hour > 23 || c.minute > 59 || c.second > 60)
        return -1;
    int64_t day = moxd_days(c.year, c.month, c.day) * SECONDS_PER_DAY;
    out->sec = day + c.hour * 3600 + c.minute * 60 + c.second - (int64_t)out->zone * 60;
    return 0;
}

struct moxd_civil mail_date_shown(struct moxd_date d)
{
    int64_t sec = d.sec < MOXD_DATE_MIN ? MOXD_DATE_MIN : d.sec;
    sec = sec > MOXD_DATE_MAX ? MOXD_DATE_MAX : sec;
    sec += (int64_t)d.zone * 60;
    sec = sec < MOXD_DATE_MIN ? MOXD_DATE_MIN : sec;
    return moxd_civil(sec > MOXD_DATE_MAX ? MOXD_DATE_MAX : sec);
}
