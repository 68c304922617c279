/* TLS reports: a record or a report; what was read is written, and read again as the same. */
#include "fuzz.h"

#include <moxmail/tlsrpt.h>
#include <string.h>

static void again(const struct moxd_tlsrpt_report *r, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(16 << 20);
    struct moxd_tlsrpt_report s;

    moxd_tlsrpt_write(&b, r);
    if (!b.overflow) {
        moxd_assert(moxd_tlsrpt_parse(moxd_buf_str(&b), a, &s, NULL) == 0);
        moxd_assert(s.n == r->n && s.begin == r->begin && strcmp(s.id, r->id) == 0);
    }
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_tlsrpt_record record;
    struct moxd_tlsrpt_report r;

    if (moxd_tlsrpt_record_parse(s, a, &record, NULL) == 0)
        moxd_assert(record.nrua > 0 && record.rua[record.nrua] == NULL);
    if (moxd_tlsrpt_parse(s, a, &r, NULL) == 0)
        again(&r, a);
    moxd_arena_free(a);
    return 0;
}
