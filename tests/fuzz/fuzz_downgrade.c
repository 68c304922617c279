/* Downgraded messages: headers that can be rewritten are ASCII afterwards and stay fields, nothing else changes. */
#include "fuzz.h"

#include <moxmail/downgrade.h>

static struct moxd_str all_of(const struct moxd_reader *r, struct moxd_arena *a)
{
    char *p = moxd_arena_alloc(a, (size_t)r->size + 1);

    moxd_assert(moxd_read_at(r, 0, p, (size_t)r->size, NULL) == 0);
    return moxd_str(p, (size_t)r->size);
}

/* Every line that was international is ASCII; a second time there is nothing to do. */
static void header(struct moxd_str in, struct moxd_arena *a)
{
    struct moxd_buf once = MOXD_BUF_INIT(1 << 26), twice = MOXD_BUF_INIT(1 << 26);
    struct moxd_str rest;
    struct moxd_field f;

    moxd_header_downgrade(&once, in);
    moxd_assert(!once.overflow);
    rest = moxd_buf_str(&once);
    while (moxd_field_next(&rest, &f))
        moxd_assert(f.name.n == 0 || !moxd_str_is_ascii(f.name) || moxd_str_is_ascii(f.raw) ||
                    !moxd_str_is_utf8(f.raw));
    if (!moxd_header_is_international(in))
        moxd_assert(moxd_str_eq(in, moxd_buf_str(&once)));
    moxd_header_downgrade(&twice, moxd_arena_str(a, moxd_buf_str(&once)));
    moxd_assert(moxd_str_eq(moxd_buf_str(&once), moxd_buf_str(&twice)));
    moxd_buf_fini(&once);
    moxd_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str in = moxd_str((const char *)data, size), out;
    struct moxd_reader r = moxd_reader_mem(&in), s;
    struct moxd_msg *m;

    header(moxd_str_sub(in, 0, moxd_header_end(in)), a);
    moxd_assert(moxd_msg_parse(a, &r, &m, NULL) == 0);
    moxd_assert(moxd_surrogate_make(a, &r, m, &s, NULL) == 0);
    out = all_of(&s, a);
    /* What is behind the last header that could be rewritten is the same. */
    size_t tail = size - (size_t)m->parts[m->nparts - 1].body;
    moxd_assert(out.n >= tail);
    moxd_assert(moxd_str_eq(moxd_str_from(out, out.n - tail), moxd_str_from(in, size - tail)));
    moxd_assert(moxd_msg_parse(a, &s, &m, NULL) == 0);
    moxd_arena_free(a);
    return 0;
}
