#include "unit.h"

#include <moxd/str.h>

START_TEST(compares)
{
    ck_assert(moxd_str_eq(MOXD_STR("a"), MOXD_STR("a")));
    ck_assert(!moxd_str_eq(MOXD_STR("a"), MOXD_STR("A")));
    ck_assert(moxd_str_eq(moxd_cstr(NULL), MOXD_STR("")));
    ck_assert(moxd_str_caseeq(MOXD_STR("aZ["), MOXD_STR("Az[")));
    ck_assert(!moxd_str_caseeq(MOXD_STR("["), MOXD_STR("{")));
    ck_assert(moxd_str_eqs(MOXD_STR("x"), "x"));
    ck_assert(moxd_str_caseeqs(MOXD_STR("EHLO"), "ehlo"));
    ck_assert_int_lt(moxd_str_cmp(MOXD_STR("ab"), MOXD_STR("abc")), 0);
    ck_assert_int_gt(moxd_str_cmp(MOXD_STR("b"), MOXD_STR("abc")), 0);
    ck_assert_int_gt(moxd_str_cmp(MOXD_STR("\xff"), MOXD_STR("a")), 0);
    ck_assert_int_eq(moxd_str_casecmp(MOXD_STR("ABC"), MOXD_STR("abc")), 0);
    ck_assert_int_gt(moxd_str_casecmp(MOXD_STR("\xff"), MOXD_STR("a")), 0);
}
END_TEST

START_TEST(prefix_and_suffix)
{
    ck_assert(moxd_str_starts(MOXD_STR("MAIL FROM"), MOXD_STR("MAIL")));
    ck_assert(!moxd_str_starts(MOXD_STR("MA"), MOXD_STR("MAIL")));
    ck_assert(moxd_str_casestarts(MOXD_STR("mail from"), MOXD_STR("MAIL")));
    ck_assert(moxd_str_ends(MOXD_STR("a.example"), MOXD_STR(".example")));
    ck_assert(!moxd_str_ends(MOXD_STR("a.Example"), MOXD_STR(".example")));
    ck_assert(moxd_str_caseends(MOXD_STR("a.Example"), MOXD_STR(".example")));
    ck_assert(moxd_str_starts(MOXD_STR("x"), moxd_cstr(NULL)));
    ck_assert(moxd_str_ends(moxd_cstr(NULL), MOXD_STR("")));
}
END_TEST

START_TEST(finds)
{
    struct moxd_str s = MOXD_STR("abcabc");
    ck_assert_int_eq(moxd_str_chr(s, 'b'), 1);
    ck_assert_int_eq(moxd_str_rchr(s, 'b'), 4);
    ck_assert_int_eq(moxd_str_chr(s, 'x'), -1);
    ck_assert_int_eq(moxd_str_rchr(moxd_cstr(NULL), 'x'), -1);
    ck_assert_int_eq(moxd_str_find(s, MOXD_STR("ca")), 2);
    ck_assert_int_eq(moxd_str_find(s, MOXD_STR("")), 0);
    ck_assert_int_eq(moxd_str_find(s, MOXD_STR("abcabcd")), -1);
    ck_assert_int_eq(moxd_str_casefind(s, MOXD_STR("CA")), 2);
    ck_assert_int_eq(moxd_str_casefind(s, MOXD_STR("CX")), -1);
    ck_assert_int_eq(moxd_str_casefind(moxd_cstr(NULL), MOXD_STR("")), 0);
}
END_TEST

/* A needle is found wherever it lies relative to the windows of the search. */
START_TEST(casefind_across_windows)
{
    enum { N = 20000 };
    static char hay[N];
    struct moxd_str needle = MOXD_STR("NeeDLe");
    for (size_t at = 4000; at + needle.n <= N; at += 97) {
        memset(hay, 'n', N);
        memcpy(hay + at, "nEEdlE", needle.n);
        ck_assert_int_eq(moxd_str_casefind(moxd_str(hay, N), needle), (ptrdiff_t)at);
    }
    memset(hay, 'x', N);
    memcpy(hay + N - needle.n, "needle", needle.n);
    ck_assert_int_eq(moxd_str_casefind(moxd_str(hay, N), needle), N - (ptrdiff_t)needle.n);
    ck_assert_int_eq(moxd_str_casefind(moxd_str(hay, N - 1), needle), -1);
    ck_assert_int_eq(moxd_str_casefind(moxd_str(hay, N), moxd_str(hay, N)), 0);
}
END_TEST

START_TEST(takes_parts)
{
    struct moxd_str s = MOXD_STR("hello");
    ck_assert(moxd_str_eqs(moxd_str_from(s, 3), "lo"));
    ck_assert_uint_eq(moxd_str_from(s, 9).n, 0);
    ck_assert(moxd_str_eqs(moxd_str_sub(s, 1, 3), "ell"));
    ck_assert(moxd_str_eqs(moxd_str_sub(s, 4, SIZE_MAX), "o"));
    ck_assert(moxd_str_eqs(moxd_str_trim(MOXD_STR(" \t\r\na b\r\n")), "a b"));
    ck_assert_uint_eq(moxd_str_trim(MOXD_STR("  ")).n, 0);

    struct moxd_str rest = MOXD_STR("a,,b");
    ck_assert(moxd_str_eqs(moxd_str_cut(&rest, ','), "a"));
    ck_assert(moxd_str_eqs(moxd_str_cut(&rest, ','), ""));
    ck_assert_ptr_nonnull(rest.p);
    ck_assert(moxd_str_eqs(moxd_str_cut(&rest, ','), "b"));
    ck_assert_ptr_null(rest.p);
    rest = MOXD_STR("a,");
    moxd_str_cut(&rest, ',');
    ck_assert_ptr_nonnull(rest.p);
    ck_assert_uint_eq(rest.n, 0);
}
END_TEST

START_TEST(knows_utf8)
{
    static const char *good[] = { "",
                                  "a",
                                  "\xc2\x80",
                                  "\xe0\xa0\x80",
                                  "\xed\x9f\xbf",
                                  "\xef\xbf\xbf",
                                  "\xf0\x90\x80\x80",
                                  "\xf4\x8f\xbf\xbf" };
    static const char *bad[] = { "\x80",
                                 "\xc0\x80",
                                 "\xc1\xbf",
                                 "\xc2",
                                 "\xe0\x9f\xbf",
                                 "\xed\xa0\x80",
                                 "\xe2\x82",
                                 "\xf0\x8f\xbf\xbf",
                                 "\xf4\x90\x80\x80",
                                 "\xf5\x80\x80\x80",
                                 "\xf0\x90\x80",
                                 "\xc3(" };
    for (size_t i = 0; i < MOXD_NELEMS(good); i++)
        ck_assert_msg(moxd_str_is_utf8(moxd_cstr(good[i])), "good %zu", i);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(!moxd_str_is_utf8(moxd_cstr(bad[i])), "bad %zu", i);
    ck_assert(moxd_str_is_ascii(MOXD_STR("a\x7f")));
    ck_assert(!moxd_str_is_ascii(MOXD_STR("a\x80")));
}
END_TEST

START_TEST(reads_numbers)
{
    uint64_t v = 7;
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("18446744073709551615"), UINT64_MAX, &v), 0);
    ck_assert_uint_eq(v, UINT64_MAX);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("18446744073709551616"), UINT64_MAX, &v), -1);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("0010"), 10, &v), 0);
    ck_assert_uint_eq(v, 10);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("11"), 10, &v), -1);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR(""), 10, &v), -1);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("+1"), 10, &v), -1);
    ck_assert_int_eq(moxd_str_u64(MOXD_STR("1 "), 10, &v), -1);
    struct moxd_str s = MOXD_STR("42:7");
    ck_assert_int_eq(moxd_str_take_u64(&s, 100, &v), 0);
    ck_assert_uint_eq(v, 42);
    ck_assert(moxd_str_eqs(s, ":7"));
    ck_assert_int_eq(moxd_str_take_u64(&s, 100, &v), -1);
}
END_TEST

START_TEST(copies)
{
    char dst[4] = "zzz";
    ck_assert_int_eq(moxd_str_copy(MOXD_STR("abc"), dst, sizeof dst), 0);
    ck_assert_str_eq(dst, "abc");
    ck_assert_int_eq(moxd_str_copy(MOXD_STR("abcd"), dst, sizeof dst), -1);
    ck_assert_str_eq(dst, "");
    char *p = moxd_str_dup(MOXD_STR("a\0b"));
    ck_assert_mem_eq(p, "a\0b", 4);
    free(p);
}
END_TEST

/* A byte that is not ASCII is seen wherever it is. */
START_TEST(ascii)
{
    char text[40];

    memset(text, 'x', sizeof(text));
    for (size_t n = 0; n <= sizeof(text); n++) {
        ck_assert(moxd_str_is_ascii(moxd_str(text, n)));
        for (size_t i = 0; i < n; i++) {
            text[i] = (char)0x80;
            ck_assert(!moxd_str_is_ascii(moxd_str(text, n)));
            ck_assert(moxd_str_is_ascii(moxd_str(text, i)));
            text[i] = 'x';
        }
    }
}
END_TEST

UNIT_MAIN("base_str", compares, prefix_and_suffix, finds, casefind_across_windows, takes_parts,
          knows_utf8, reads_numbers, copies, ascii)
