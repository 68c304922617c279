/* Files and messages with reports: unpacking stays within its limit. */
#include "fuzz.h"

#include <moxmail/report.h>

enum { ROOM = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_reader r = moxd_reader_mem(&s);
    struct moxd_buf out = MOXD_BUF_INIT(ROOM);
    struct moxd_report_part *parts;
    size_t n;

    if (moxd_report_unpack(s, &out, NULL) == 0)
        moxd_assert(out.n <= ROOM && !out.overflow);
    for (int kind = 0; kind < 2; kind++) {
        struct moxd_str domain;
        if (moxd_report_claim(s, (enum moxd_report_kind)kind, a, &domain) ||
            moxd_report_author(s, a, &domain))
            moxd_assert(domain.n > 0 && domain.n <= 255);
        if (moxd_report_parts(&r, (enum moxd_report_kind)kind, a, &parts, &n, NULL) < 0)
            continue;
        moxd_assert(n <= MOXD_REPORT_PARTS_MAX);
        for (size_t i = 0; i < n; i++) {
            moxd_buf_fini(&out);
            moxd_buf_init(&out, ROOM);
            if (moxd_report_part_read(&r, &parts[i], &out, NULL) == 0)
                moxd_assert(out.n <= ROOM);
        }
    }
    moxd_buf_fini(&out);
    moxd_arena_free(a);
    return 0;
}
