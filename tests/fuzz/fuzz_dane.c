/* Records of anybody's DNS, certificates of anybody's server: the input is a TLSA record's data, and behind its
 * first 100 bytes a certificate. */
#include "fuzz.h"

#include <moxmail/dane.h>

static void verify(const struct moxd_tlsa *t, struct moxd_str der)
{
    const char *const names[] = { "mx.example", NULL };
    const struct moxd_str chain[] = { der, der };
    const struct moxd_dane_server s = {
        .chain = chain, .nchain = 2, .records = t, .nrecords = 1, .names = names, .now = 1800000000
    };

    moxd_assert(*moxd_dane_result_text(moxd_dane_verify(&s, NULL)) != '\0' || moxd_tlsa_usable(t));
}

static void make(struct moxd_str pem)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_err err = { 0 };
    struct moxd_tlsa t;

    if (moxd_tlsa_make(3, 1, 1, pem, a, &t, &err) == 0)
        moxd_assert(moxd_tlsa_usable(&t));
    else
        moxd_assert(err.kind != MOXD_ERR_NONE);
    moxd_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_tlsa t;

    if (moxd_tlsa_parse(moxd_str_sub(s, 0, 100), &t, NULL) == 0)
        verify(&t, moxd_str_from(s, 100));
    if (moxd_tlsa_parse(s, &t, NULL) == 0)
        (void)moxd_tlsa_usable(&t);
    make(s);
    return 0;
}
