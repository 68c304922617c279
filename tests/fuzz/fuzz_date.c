#include "fuzz.h"

#include <moxmail/date.h>

static void check(struct moxd_date d, void (*put)(struct moxd_buf *, struct moxd_date),
                  int (*parse)(struct moxd_str, struct moxd_date *))
{
    struct moxd_buf b = MOXD_BUF_INIT(64);
    struct moxd_date again;
    put(&b, d);
    moxd_assert(!b.overflow);
    int64_t shown = d.sec + (int64_t)d.zone * 60;
    /* Written as the nearest that there is, or not parsed because it is before 1900. */
    bool exact =
        shown >= moxd_days(1900, 1, 1) * 86400 && shown <= MOXD_DATE_MAX && d.sec <= MOXD_DATE_MAX;
    if (exact) {
        int r = parse(moxd_buf_str(&b), &again);
        moxd_assert(r == 0 && again.sec == d.sec && again.zone == d.zone);
    }
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_date d = { 0 };
    int64_t day;

    if (moxd_date_parse(s, &d) == 0)
        check(d, moxd_date_put, moxd_date_parse);
    if (moxd_date_parse_imap(s, &d) == 0)
        check(d, moxd_date_put_imap, moxd_date_parse_imap);
    if (moxd_date_parse_imap_day(s, &day) == 0)
        moxd_assert(moxd_civil(day * 86400).year <= 9999);
    if (moxd_date_parse_rfc3339(s, &d) == 0)
        check(d, moxd_date_put, moxd_date_parse);
    if (size >= sizeof d.sec) {
        memcpy(&d.sec, data, sizeof d.sec);
        d.sec >>= 8; /* any that a clock in nanoseconds can show, and more */
        d.zone = data[0] - 128;
        check(d, moxd_date_put_imap, moxd_date_parse_imap);
    }
    return 0;
}
