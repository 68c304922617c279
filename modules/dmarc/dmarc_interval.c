/* The intervals that reports are about: so many hours each, from midnight UTC on; the last one ends at midnight. */
#include "dmarc.h"

int64_t dmarc_interval_begin(int64_t sec, int64_t hours)
{
    int64_t midnight = sec / 86400 * 86400, length = hours * 3600;

    return midnight + (sec - midnight) / length * length;
}

int64_t dmarc_interval_end(int64_t sec, int64_t hours)
{
    int64_t next = sec / 86400 * 86400 + 86400,
            end = dmarc_interval_begin(sec, hours) + hours * 3600;

    return end < next ? end : next;
}
