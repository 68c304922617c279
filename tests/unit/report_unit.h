/* Reports in tests/data/parsedmarc. */
#ifndef MOXD_REPORT_UNIT_H
#define MOXD_REPORT_UNIT_H

#include "unit.h"

#include <moxmail/report.h>
#include <stdio.h>

/* The bytes of a file, in the arena. */
static inline struct moxd_str report_load(struct moxd_arena *a, const char *name)
{
    const char *dir = getenv("MOXD_SRCDIR");
    const char *path = moxd_arena_printf(a, "%s/tests/data/parsedmarc/%s", dir ? dir : "..", name);
    FILE *f = fopen(path, "rb");
    enum { MAX = 1 << 20 };
    char *p = moxd_arena_alloc(a, MAX);

    ck_assert_msg(f != NULL, "%s", path);
    size_t n = fread(p, 1, MAX, f);
    fclose(f);
    return moxd_str(p, n);
}

/* What is in a file, unpacked, in the arena; of a message what is in its first attachment that can be read. */
static inline struct moxd_str report_open(struct moxd_arena *a, const char *name,
                                          enum moxd_report_kind kind)
{
    struct moxd_str *file = moxd_arena_alloc(a, sizeof(*file));
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct moxd_report_part *parts;
    size_t n;

    *file = report_load(a, name);
    if (moxd_str_ends(moxd_cstr(name), MOXD_STR(".eml"))) {
        struct moxd_reader r = moxd_reader_mem(file);
        ck_assert_int_eq(moxd_report_parts(&r, kind, a, &parts, &n, NULL), 0);
        ck_assert_uint_ge(n, 1);
        ck_assert_int_eq(moxd_report_part_read(&r, &parts[0], &b, NULL), 0);
    } else {
        ck_assert_int_eq(moxd_report_unpack(*file, &b, NULL), 0);
    }
    struct moxd_str s = moxd_arena_str(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return s;
}

#endif
