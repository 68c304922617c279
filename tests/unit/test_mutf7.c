#include "unit.h"

#include <moxmail/mutf7.h>

/* proves: P-IMAP-06 */

static const char *coded(int (*fn)(struct moxd_buf *, struct moxd_str), const char *in)
{
    static struct moxd_buf b;

    moxd_buf_fini(&b);
    moxd_buf_init(&b, 1000);
    return fn(&b, moxd_cstr(in)) < 0 ? NULL : moxd_buf_cstr(&b);
}

static int encode(struct moxd_buf *b, struct moxd_str s)
{
    moxd_mutf7_encode(b, s);
    return 0;
}

START_TEST(both_ways)
{
    /* The third is the example of RFC 3501 5.1.3. */
    static const char *const cases[][2] = {
        { "INBOX", "INBOX" }, { "a & b", "a &- b" },
        { "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
          "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
        { "Entw\xc3\xbcrfe", "Entw&APw-rfe" }, { "\xf0\x9f\x98\x80", "&2D3eAA-" },
        { "\xc3\xbc&", "&APw-&-" }, { "", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ck_assert_str_eq(coded(encode, cases[i][0]), cases[i][1]);
        ck_assert_str_eq(coded(moxd_mutf7_decode, cases[i][1]), cases[i][0]);
    }
}
END_TEST

START_TEST(refuses)
{
    static const char *const bad[] = {
        "&", "&AP", "\xc3\xbc", "a\tb", "&AGE-", "&APw-&APw-", "&2D0-", "&3gA-", "&APx-", "&APwA-",
        "&A!w-", "&AAA-",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(coded(moxd_mutf7_decode, bad[i]) == NULL, "%s", bad[i]);
}
END_TEST

UNIT_MAIN("mutf7", both_ways, refuses)
