/* Durations as text: 30s, 7m30s, 4h, 5d. */
#include "queue_conf.h"

#include <moxd/clock.h>

static int64_t unit_of(char c)
{
    switch (c) {
    case 's':
        return MOXD_SEC;
    case 'm':
        return 60 * MOXD_SEC;
    case 'h':
        return 3600 * MOXD_SEC;
    case 'd':
        return 86400 * MOXD_SEC;
    default:
        return 0;
    }
}

int queue_duration_parse(struct moxd_str s, int64_t *out)
{
    int64_t sum = 0;

    do {
        uint64_t n;
        if (moxd_str_take_u64(&s, 100000, &n) < 0 || s.n == 0 || unit_of(s.p[0]) == 0)
            return -1;
        sum += (int64_t)n * unit_of(s.p[0]);
        s = moxd_str_from(s, 1);
        if (sum > QUEUE_DURATION_MAX)
            return -1;
    } while (s.n > 0);
    *out = sum;
    return 0;
}

void queue_duration_put(struct moxd_buf *b, int64_t ns)
{
    static const struct {
        int64_t ns;
        char c;
    } units[] = { { 86400 * MOXD_SEC, 'd' },
                  { 3600 * MOXD_SEC, 'h' },
                  { 60 * MOXD_SEC, 'm' },
                  { MOXD_SEC, 's' } };
    size_t parts = 0;

    if (ns < 0)
        ns = 0;
    for (size_t i = 0; i < MOXD_NELEMS(units) && parts < 2; i++) {
        if (ns < units[i].ns && (i + 1 < MOXD_NELEMS(units) || parts > 0))
            continue;
        moxd_buf_addu(b, (uint64_t)(ns / units[i].ns));
        moxd_buf_addc(b, units[i].c);
        ns %= units[i].ns;
        parts++;
    }
}
