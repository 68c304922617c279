#include "unit.h"

#include <moxd/enc.h>

enum { LIMIT = 1000 };

static void check_encode(void (*fn)(struct moxd_buf *, struct moxd_str), const char *in,
                         const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(LIMIT);
    fn(&b, moxd_cstr(in));
    ck_assert_str_eq(moxd_buf_cstr(&b), want);
    moxd_buf_fini(&b);
}

static void check_decode(int (*fn)(struct moxd_buf *, struct moxd_str), const char *in,
                         const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(LIMIT);
    moxd_buf_adds(&b, ">");
    int r = fn(&b, moxd_cstr(in));
    ck_assert_msg(r == (want != NULL ? 0 : -1), "\"%s\": %d", in, r);
    ck_assert_str_eq(moxd_buf_cstr(&b) + 1, want != NULL ? want : "");
    moxd_buf_fini(&b);
}

/* RFC 4648 10 */
START_TEST(base64_vectors)
{
    static const char *plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe" };
    static const char *coded[] = { "",         "Zg==",     "Zm8=",     "Zm9v",
                                   "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "//4=" };
    static const char *url[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy", "__4" };
    for (size_t i = 0; i < MOXD_NELEMS(plain); i++) {
        check_encode(moxd_b64_encode, plain[i], coded[i]);
        check_decode(moxd_b64_decode, coded[i], plain[i]);
        check_encode(moxd_b64url_encode, plain[i], url[i]);
        check_decode(moxd_b64url_decode, url[i], plain[i]);
    }
}
END_TEST

START_TEST(base64_is_strict)
{
    static const char *bad[] = {
        "Z",        "Zg",       "Zg=",      "Zg===", "Z===", "====", "Zh==",  "Zm9=",    "Zm 9",
        "Zg==Zg==", "Zm9v\r\n", "Zm9v====", "=g==",  "Zm-v", "Z=9v", "Zm9v=", "Zm9vY==="
    };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        check_decode(moxd_b64_decode, bad[i], NULL);
    check_decode(moxd_b64url_decode, "Zg==", NULL);
    check_decode(moxd_b64url_decode, "Zh", NULL);
    check_decode(moxd_b64url_decode, "Zm9vY", NULL);
    check_decode(moxd_b64url_decode, "Zm+v", NULL);
}
END_TEST

START_TEST(hex)
{
    check_encode(moxd_hex_encode, "\x01\xab\xff", "01abff");
    check_decode(moxd_hex_decode, "01aBfF", "\x01\xab\xff");
    check_decode(moxd_hex_decode, "", "");
    check_decode(moxd_hex_decode, "0", NULL);
    check_decode(moxd_hex_decode, "0g", NULL);
}
END_TEST

START_TEST(respects_the_limit)
{
    struct moxd_buf b = MOXD_BUF_INIT(7);
    moxd_b64_encode(&b, MOXD_STR("abcdef"));
    ck_assert(b.overflow);
    ck_assert_uint_eq(b.n, 0);
    moxd_buf_reset(&b);
    ck_assert_int_eq(moxd_b64_decode(&b, MOXD_STR("Zm9vYmFyZm9v")), -1);
    moxd_buf_reset(&b);
    ck_assert_int_eq(moxd_hex_decode(&b, MOXD_STR("0011223344556677")), -1);
    moxd_hex_encode(&b, MOXD_STR("abcd"));
    ck_assert(b.overflow);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(big_endian)
{
    unsigned char p[8];
    moxd_put_be64(p, UINT64_C(0x0102030405060708));
    ck_assert_mem_eq(p, "\1\2\3\4\5\6\7\10", 8);
    ck_assert_uint_eq(moxd_get_be64(p), UINT64_C(0x0102030405060708));
    ck_assert_uint_eq(moxd_get_be32(p), 0x01020304);
}
END_TEST

UNIT_MAIN("base_enc", base64_vectors, base64_is_strict, hex, respects_the_limit, big_endian)
