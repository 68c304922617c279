/* When TLS reports go out. */
#include "unit.h"

#include "modules/tlsrpt/tlsrpt.h"

#include <stdio.h>

/* proves: P-AUTHN-07 */
START_TEST(spread_over_four_hours)
{
    enum { DOMAINS = 1000, DAY = 20000 };
    int64_t midnight = (DAY + 1) * (int64_t)86400;
    unsigned quarter[16] = { 0 };
    char name[40];

    for (int i = 0; i < DOMAINS; i++) {
        snprintf(name, sizeof(name), "d%d.example", i);
        int64_t due = tlsrpt_due(DAY, name);
        ck_assert_int_gt(due, midnight);
        ck_assert_int_lt(due, midnight + 4 * 3600);
        ck_assert_int_eq(due, tlsrpt_due(DAY, name));
        quarter[(due - midnight) / 900]++;
    }
    for (size_t i = 0; i < 16; i++)
        ck_assert_uint_ge(quarter[i], DOMAINS / 16 / 3);
    ck_assert_int_ne(tlsrpt_due(DAY, "a.example") - midnight,
                     tlsrpt_due(DAY + 1, "a.example") - midnight - 86400);
}
END_TEST

UNIT_MAIN("tlsrpt_due", spread_over_four_hours)
