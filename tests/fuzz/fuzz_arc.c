/* Chains of ARC in any header: what is taken for a chain has all of its parts, and is verified without harm. */
#include "fuzz.h"

#include <moxmail/arc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char raw[32] = "a public key of ed25519: not one";
    const struct moxd_dkim_key key = { .type = MOXD_DKIM_KEY_ED25519, .p = { raw, sizeof(raw) } };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_authres_field results;
    struct moxd_dkim_header h;
    struct moxd_arc_chain c;

    moxd_dkim_header_index(moxd_str((const char *)data, size), a, &h);
    moxd_arc_read(&h, a, &c);
    moxd_assert(c.n <= MOXD_ARC_SETS_MAX && (c.status == MOXD_ARC_FAIL) == (c.reason != NULL));
    moxd_assert(c.status != MOXD_ARC_PASS || (c.n > 0 && c.sets));
    for (size_t i = 0; c.status == MOXD_ARC_PASS && i < c.n; i++) {
        moxd_assert(c.sets[i].results_field && c.sets[i].seal.domain.n > 0);
        moxd_assert(moxd_arc_verify_seal(&c, i, &key).result != MOXD_DKIM_PASS);
        if (moxd_arc_results(&c, i, a, &results, NULL) == 0)
            moxd_assert(results.n <= MOXD_AUTHRES_MAX);
    }
    moxd_arena_free(a);
    return 0;
}
