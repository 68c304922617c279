/* Aggregate reports: what was read is written, and read again as the same. */
#include "fuzz.h"

#include <moxmail/dmarc_report.h>
#include <string.h>

static void again(const struct moxd_dmarc_report *r, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(16 << 20);
    struct moxd_dmarc_report s;

    moxd_dmarc_report_write(&b, r);
    if (!b.overflow) {
        moxd_assert(moxd_dmarc_report_parse(moxd_buf_str(&b), a, &s, NULL) == 0);
        moxd_assert(s.n == r->n && s.begin == r->begin && strcmp(s.domain, r->domain) == 0);
    }
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_dmarc_report r;

    if (moxd_dmarc_report_parse(moxd_str((const char *)data, size), a, &r, NULL) == 0)
        again(&r, a);
    moxd_arena_free(a);
    return 0;
}
