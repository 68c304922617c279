/* MTA-STS: a record or a policy file; what a policy says is written and read again as the same. */
#include "fuzz.h"

#include <moxmail/mtasts.h>

static void again(const struct moxd_mtasts_policy *p, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_mtasts_policy q;

    moxd_mtasts_policy_write(&b, p);
    if (b.n <= MOXD_MTASTS_POLICY_MAX) {
        moxd_assert(moxd_mtasts_policy_parse(moxd_buf_str(&b), a, &q, NULL) == 0);
        moxd_assert(q.mode == p->mode && q.max_age == p->max_age && q.nmx == p->nmx);
    }
    (void)moxd_mtasts_policy_lines(p, a);
    (void)moxd_mtasts_match(p, MOXD_STR("mail.example.org"));
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str((const char *)data, size), id;
    struct moxd_mtasts_policy p;

    if (moxd_mtasts_record_parse(s, &id, NULL) == 0)
        moxd_assert(id.n > 0 && id.n <= MOXD_MTASTS_ID_MAX && moxd_mtasts_is_record(s));
    if (moxd_mtasts_policy_parse(s, a, &p, NULL) == 0)
        again(&p, a);
    moxd_arena_free(a);
    return 0;
}
