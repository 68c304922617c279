/* Authentication-Results: what was read is written, and read again as the same. */
#include "fuzz.h"

#include <moxmail/authres.h>
#include <moxmail/header.h>

enum { ROOM = 8 << 20 };

static bool same(const struct moxd_authres *x, const struct moxd_authres *y)
{
    return moxd_str_eq(x->method, y->method) && moxd_str_eq(x->result, y->result) &&
           x->nprops == y->nprops;
}

static void again(const struct moxd_authres_field *f, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_authres_field g;
    struct moxd_field line;

    moxd_authres_write(&b, f->id, f->v, f->n);
    struct moxd_str rest = moxd_buf_str(&b);
    moxd_assert(!b.overflow && moxd_field_next(&rest, &line) && rest.n == 0);
    moxd_assert(moxd_authres_parse(line.value, a, &g, NULL) == 0);
    moxd_assert(g.n == f->n && g.version == 1);
    for (size_t i = 0; i < f->n; i++)
        moxd_assert(same(&f->v[i], &g.v[i]));
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size), id;
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_authres_field f;
    uint64_t version;

    if (moxd_authres_parse(s, a, &f, NULL) == 0) {
        moxd_assert(f.n <= MOXD_AUTHRES_MAX);
        moxd_assert(moxd_authres_id(s, a, &id, &version, NULL) == 0 && moxd_str_eq(id, f.id));
        again(&f, a);
    }
    moxd_arena_free(a);
    return 0;
}
