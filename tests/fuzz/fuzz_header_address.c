#include "fuzz.h"

#include <moxmail/address.h>
#include <moxmail/header_address.h>

static void check_one(const struct moxd_hdraddr *ha, struct moxd_arena *a, size_t size)
{
    struct moxd_address ad;
    moxd_assert(ha->name.p == NULL || ha->name.n > 0 || ha->kind == MOXD_HDRADDR_GROUP);
    moxd_assert(ha->name.n <= size + 1 && ha->localpart.n + ha->domain.n <= size + 1);
    moxd_assert(ha->kind == MOXD_HDRADDR_MAILBOX || (ha->localpart.n == 0 && ha->domain.n == 0));
    if (ha->kind == MOXD_HDRADDR_MAILBOX)
        (void)!moxd_address_make(ha->localpart, ha->domain, MOXD_ADDRESS_UTF8, a, &ad, NULL);
}

static bool same(struct moxd_str a, struct moxd_str b)
{
    return moxd_str_eq(a, b) && !a.p == !b.p;
}

/* The short cut for simple addresses gives what the grammar gives. */
static void compare(struct moxd_str value)
{
    struct moxd_hdraddr_iter x, y;
    struct moxd_hdraddr a, b;
    bool more;

    moxd_hdraddr_init(&x, value);
    moxd_hdraddr_init(&y, value);
    y.thorough = true;
    do {
        more = moxd_hdraddr_next(&x, &a);
        moxd_assert(moxd_hdraddr_next(&y, &b) == more && x.rest.n == y.rest.n);
        moxd_assert(!more || (a.kind == b.kind && a.bad == b.bad && same(a.name, b.name) &&
                              same(a.route, b.route)));
        moxd_assert(!more ||
                    (moxd_str_eq(a.localpart, b.localpart) && moxd_str_eq(a.domain, b.domain)));
    } while (more);
    moxd_hdraddr_fini(&x);
    moxd_hdraddr_fini(&y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;
    bool in_group = false;
    size_t n = 0;

    compare(moxd_str((const char *)data, size));
    moxd_hdraddr_init(&it, moxd_str((const char *)data, size));
    while (moxd_hdraddr_next(&it, &ha)) {
        moxd_assert(++n <= size * 2 + 1);
        moxd_assert((ha.kind == MOXD_HDRADDR_GROUP_END) <= in_group);
        moxd_assert((ha.kind == MOXD_HDRADDR_GROUP) <= !in_group);
        if (ha.kind != MOXD_HDRADDR_MAILBOX)
            in_group = ha.kind == MOXD_HDRADDR_GROUP;
        check_one(&ha, a, size);
    }
    moxd_assert(!in_group);
    moxd_assert(!it.name.overflow && !it.localpart.overflow && !it.domain.overflow);
    moxd_hdraddr_fini(&it);
    moxd_arena_free(a);
    return 0;
}
