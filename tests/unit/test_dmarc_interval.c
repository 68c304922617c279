/* What aggregate reports cover. */
#include "unit.h"

#include "modules/dmarc/dmarc.h"

static void covers(int64_t sec, int64_t hours, int64_t begin, int64_t end)
{
    ck_assert_int_eq(dmarc_interval_begin(sec, hours), begin);
    ck_assert_int_eq(dmarc_interval_end(sec, hours), end);
}

/* proves in part: P-AUTHN-04 */
START_TEST(aligned_to_days)
{
    enum { HOUR = 3600, DAY = 86400 };
    const int64_t midnight = (int64_t)20000 * DAY;

    covers(midnight, 24, midnight, midnight + DAY);
    covers(midnight + DAY - 1, 24, midnight, midnight + DAY);
    covers(midnight + DAY, 24, midnight + DAY, midnight + 2 * DAY);
    covers(midnight + HOUR, 1, midnight + HOUR, midnight + 2 * HOUR);
    covers(midnight + 23 * HOUR + 1, 1, midnight + 23 * HOUR, midnight + DAY);
    covers(midnight + 7 * HOUR, 6, midnight + 6 * HOUR, midnight + 12 * HOUR);
    covers(midnight + 22 * HOUR, 5, midnight + 20 * HOUR, midnight + DAY); /* a short one */
}
END_TEST

UNIT_MAIN("dmarc_interval", aligned_to_days)
