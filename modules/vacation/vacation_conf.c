/* Directives: address "..." { vacation { } }. */
#include "vacation.h"

#include <moxmail/date.h>

#define DAY (INT64_C(24) * 3600 * MOXD_SEC)

static int parse_day(struct moxd_str value, int64_t *sec)
{
    struct moxd_buf b = MOXD_BUF_INIT(64);
    struct moxd_date d;

    moxd_buf_addstr(&b, moxd_str_sub(value, 0, 32));
    moxd_buf_adds(&b, "T00:00:00Z");
    int rc = moxd_date_parse_rfc3339(moxd_buf_str(&b), &d);
    moxd_buf_fini(&b);
    if (rc == 0)
        *sec = d.sec;
    return rc;
}

static int check_day(struct moxd_str value, struct moxd_err *err)
{
    int64_t sec;

    if (parse_day(value, &sec) == 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "not a day like 2026-12-24");
}

static int check_text(struct moxd_str value, struct moxd_err *err)
{
    if (moxd_str_is_utf8(value))
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "not UTF-8");
}

bool vacation_active(const struct vacation_conf *conf, int64_t now)
{
    int64_t from = 0, until = INT64_MAX / MOXD_SEC;

    if (!conf->text || (conf->from && parse_day(moxd_cstr(conf->from), &from) < 0) ||
        (conf->until && parse_day(moxd_cstr(conf->until), &until) < 0))
        return false;
    return now / MOXD_SEC >= from && (!conf->until || now < until * MOXD_SEC + DAY);
}

static const struct moxd_directive directives[] = {
    { .name = "text",
      MOXD_AT_STRING(struct vacation_conf, text),
      .check = check_text,
      .max = VACATION_TEXT_MAX,
      .example = "\"I am away until January 7th.\"",
      .doc = "The answer. Without it nobody gets one." },
    { .name = "subject",
      MOXD_AT_STRING(struct vacation_conf, subject),
      .check = check_text,
      .max = 500,
      .example = "\"Away\"",
      .doc = "Its subject. Default: \"Auto: \" and the subject of the message that is answered." },
    { .name = "from",
      MOXD_AT_STRING(struct vacation_conf, from),
      .check = check_day,
      .example = "\"2026-12-20\"",
      .doc = "The first day (UTC) on which it is given. Default: from now on." },
    { .name = "until",
      MOXD_AT_STRING(struct vacation_conf, until),
      .check = check_day,
      .example = "\"2027-01-07\"",
      .doc = "The last day. Default: none." },
    { .name = "days",
      MOXD_AT_DURATION(struct vacation_conf, days),
      .deflt = "7d",
      .min = DAY,
      .max = 365 * DAY,
      .doc = "How long somebody who has got the answer gets no other (RFC 3834 2 wants several "
             "days)." },
    { 0 },
};
const struct moxd_block vacation_block = { .size = sizeof(struct vacation_conf),
                                           .directives = directives };
