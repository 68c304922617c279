/* Public keys of senders that are kept ready. */
#include "unit.h"

#include "dkim.h"

#include <string.h>

/* An Ed25519 key; every 32 bytes are one. */
static struct moxd_dkim_key key_of(unsigned i, char p[32])
{
    memset(p, 7, 32);
    memcpy(p, &i, sizeof(i));
    return (struct moxd_dkim_key){ .type = MOXD_DKIM_KEY_ED25519, .p = moxd_str(p, 32) };
}

static void keep(struct dkim *d, unsigned i)
{
    char p[32];
    struct moxd_dkim_key key = key_of(i, p);

    key.ready = moxd_dkim_public_new(&key);
    ck_assert_ptr_nonnull(key.ready);
    dkim_ready_keep(d, &key);
    dkim_ready_keep(d, &key);
    moxd_dkim_public_unref(key.ready);
}

static bool is_there(struct dkim *d, unsigned i)
{
    char p[32];
    struct moxd_dkim_key key = key_of(i, p);
    struct moxd_dkim_public *k = dkim_ready_find(d, &key);

    moxd_dkim_public_unref(k);
    return k != NULL;
}

/* What was not used for the longest time has to go. */
START_TEST(the_last_used_are_kept)
{
    struct dkim d = { 0 };

    for (unsigned i = 0; i < DKIM_READY_MAX; i++)
        keep(&d, i);
    ck_assert(is_there(&d, 0));
    keep(&d, DKIM_READY_MAX);
    ck_assert(is_there(&d, 0));
    ck_assert(!is_there(&d, 1));
    ck_assert(is_there(&d, 2));
    ck_assert(is_there(&d, DKIM_READY_MAX));
    dkim_ready_free(&d);
    ck_assert(!is_there(&d, 0));
}
END_TEST

START_TEST(a_key_of_another_kind_is_another)
{
    struct dkim d = { 0 };
    char p[32];
    struct moxd_dkim_key key = key_of(1, p);

    keep(&d, 1);
    key.type = MOXD_DKIM_KEY_RSA;
    ck_assert_ptr_null(dkim_ready_find(&d, &key));
    ck_assert_ptr_null(moxd_dkim_public_new(&key));
    dkim_ready_free(&d);
}
END_TEST

UNIT_MAIN("dkim_ready", the_last_used_are_kept, a_key_of_another_kind_is_another)
