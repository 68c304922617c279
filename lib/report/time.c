/* Times of reports, for people. */
#include <moxmail/date.h>
#include <moxmail/report.h>

const char *moxd_report_time(enum moxd_report_kind kind, int64_t sec, struct moxd_arena *a)
{
    struct moxd_civil d = moxd_civil(sec);

    return kind == MOXD_REPORT_DMARC
               ? moxd_arena_printf(a, "%04d-%02d-%02dT%02d", d.year, d.month, d.day, d.hour)
               : moxd_arena_printf(a, "%04d-%02d-%02d", d.year, d.month, d.day);
}
