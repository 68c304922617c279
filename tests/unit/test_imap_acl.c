#include "unit.h"

#include <moxmail/imap_acl.h>
#include <stdio.h>

/* Rights as RFC 4314 has them; kept, changed, and put together for a user. */
static const char *letters(unsigned rights)
{
    static char out[32];
    struct moxd_buf b = MOXD_BUF_INIT(32);

    moxd_imap_rights_put(&b, rights);
    snprintf(out, sizeof(out), "%s", moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return out;
}

START_TEST(rights)
{
    static const struct {
        const char *in, *out; /* NULL: refused */
    } cases[] = {
        { "", "" },       { "lr", "lr" },         { "rl", "lr" },          { "d", "ted" },
        { "c", "kxc" },   { "k", "kc" },          { "e", "ed" },           { "lrswida", "lrswitead" },
        { "llrr", "lr" }, { "lQr", NULL },        { "lrq", NULL },         { "l r", NULL },
        { "L", NULL },    { "0", NULL },          { "acdeiklprstwx", "lrswipkxteacd" },
    };
    struct moxd_err err = { 0 };
    unsigned r;

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        int ok = moxd_imap_rights_parse(moxd_cstr(cases[i].in), &r, &err);

        ck_assert_int_eq(ok, cases[i].out ? 0 : -1);
        if (cases[i].out)
            ck_assert_str_eq(letters(r), cases[i].out);
    }
}
END_TEST

static void set(struct moxd_imap_acl *acl, struct moxd_arena *a, const char *id, const char *r)
{
    unsigned bits;

    ck_assert_int_eq(moxd_imap_rights_parse(moxd_cstr(r), &bits, NULL), 0);
    ck_assert_int_eq(moxd_imap_acl_set(acl, a, moxd_cstr(id), bits, NULL), 0);
}

START_TEST(users)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_imap_acl acl = { 0 };

    set(&acl, a, "fred", "lrsw");
    set(&acl, a, "anyone", "lp");
    set(&acl, a, "-fred", "w");
    set(&acl, a, "-anyone", "s");
    ck_assert_str_eq(letters(moxd_imap_acl_rights(&acl, MOXD_STR("fred"))), "lrp");
    ck_assert_str_eq(letters(moxd_imap_acl_rights(&acl, MOXD_STR("ann"))), "lp");
    set(&acl, a, "-anyone", "");
    set(&acl, a, "anyone", "");
    ck_assert_uint_eq(acl.n, 2);
    ck_assert_str_eq(letters(moxd_imap_acl_rights(&acl, MOXD_STR("fred"))), "lrs");
    ck_assert_uint_eq(moxd_imap_acl_rights(&acl, MOXD_STR("ann")), 0);
    ck_assert_uint_eq(moxd_imap_acl_get(&acl, MOXD_STR("-fred")), MOXD_IMAP_RIGHT_W);
    set(&acl, a, "nobody", "");
    ck_assert_uint_eq(acl.n, 2);
    moxd_arena_free(a);
}
END_TEST

START_TEST(stored)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_imap_acl acl = { 0 }, back;
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    struct moxd_str whole;
    char id[20];

    for (int i = MOXD_IMAP_ACL_ENTRIES_MAX; i > 0; i--) {
        snprintf(id, sizeof(id), "user%d", i);
        set(&acl, a, id, "lr");
    }
    ck_assert_int_eq(moxd_imap_acl_set(&acl, a, MOXD_STR("more"), 1, NULL), -1);
    moxd_imap_acl_encode(&acl, &b);
    whole = moxd_buf_str(&b);
    ck_assert_int_eq(moxd_imap_acl_decode(a, whole, &back, NULL), 0);
    ck_assert_uint_eq(back.n, acl.n);
    for (size_t i = 0; i < acl.n; i++)
        ck_assert(moxd_str_eq(back.v[i].id, acl.v[i].id) && back.v[i].rights == acl.v[i].rights);
    for (size_t n = 0; n < whole.n; n++) {
        int r = moxd_imap_acl_decode(a, moxd_str_sub(whole, 0, n), &back, NULL);

        ck_assert(r < 0 || back.n < acl.n);
    }
    b.p[1] = 'x'; /* rights that do not exist */
    ck_assert_int_eq(moxd_imap_acl_decode(a, whole, &back, NULL), -1);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("imap_acl", rights, users, stored)
