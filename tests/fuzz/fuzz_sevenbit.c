/* Conversion to 7-bit form: the result has the same parts with the same content, and no less than what the
 * plan said is in it. */
#include "fuzz.h"

#include <moxmail/sevenbit.h>
#include <moxmail/transfer.h>

enum { ROOM = 64 << 20 };

static struct moxd_str content(const struct moxd_reader *r, const struct moxd_part *p,
                               struct moxd_buf *b)
{
    moxd_assert(moxd_transfer_range(r, p->body, p->end, p->cte, moxd_sink_buf(b), NULL) == 0);
    return moxd_buf_str(b);
}

static void compare(const struct moxd_reader *r, const struct moxd_msg *m,
                    const struct moxd_reader *r2, const struct moxd_msg *m2)
{
    moxd_assert(m->nparts == m2->nparts);
    for (uint32_t i = 0; i < m->nparts; i++) {
        struct moxd_buf a = MOXD_BUF_INIT(ROOM), b = MOXD_BUF_INIT(ROOM);
        moxd_assert(m->parts[i].kind == m2->parts[i].kind);
        if (m->parts[i].kind == MOXD_PART_LEAF)
            moxd_assert(moxd_str_eq(content(r, &m->parts[i], &a), content(r2, &m2->parts[i], &b)));
        moxd_buf_fini(&a);
        moxd_buf_fini(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str text = moxd_str((const char *)data, size), got;
    struct moxd_reader r = moxd_reader_mem(&text), r2;
    struct moxd_buf out = MOXD_BUF_INIT(ROOM);
    struct moxd_sevenbit *sb;
    struct moxd_msg *m, *m2;

    moxd_assert(moxd_msg_parse(a, &r, &m, NULL) == 0);
    moxd_assert(moxd_sevenbit_plan(&r, m, a, &sb, NULL) == 0);
    while (moxd_sevenbit_next(sb, &r, &out, NULL) > 0)
        ;
    got = moxd_buf_str(&out);
    moxd_assert(moxd_sevenbit_parts(sb) > 0 || (m->flags & MOXD_MSG_LIMITED) ||
                moxd_str_eq(got, text));
    moxd_assert(moxd_sevenbit_remains(sb) || moxd_str_is_ascii(got));
    if (moxd_sevenbit_parts(sb) > 0) {
        r2 = moxd_reader_mem(&got);
        moxd_assert(moxd_msg_parse(a, &r2, &m2, NULL) == 0);
        compare(&r, m, &r2, m2);
    }
    moxd_buf_fini(&out);
    moxd_arena_free(a);
    return 0;
}
