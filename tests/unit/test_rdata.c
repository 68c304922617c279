#include "unit.h"

#include "dns/rdata.h"

#include <string.h>

static struct moxd_arena *a;
static struct moxd_dns_record rr;

#define decode(type, literal)                                                                      \
    core_rdata_decode((type), moxd_str((literal), sizeof(literal) - 1), a, &rr)

START_TEST(names)
{
    a = moxd_arena_new(0);
    ck_assert_int_eq(decode(MOXD_DNS_PTR, "\4Mail\7EXAMPLE\0"), 0);
    ck_assert_str_eq(rr.name, "mail.example");
    ck_assert_int_eq(decode(MOXD_DNS_PTR, "\0"), 0);
    ck_assert_str_eq(rr.name, "");
    /* What would be read as syntax is escaped. */
    ck_assert_int_eq(decode(MOXD_DNS_NS, "\3a.b\1\\\2\"\n\1\xff\0"), 0);
    ck_assert_str_eq(rr.name, "a\\046b.\\092.\\034\\010.\\255");
    ck_assert_int_eq(decode(MOXD_DNS_CNAME, ""), -1);
    ck_assert_int_eq(decode(MOXD_DNS_CNAME, "\4mai"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_CNAME, "\4mail"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_CNAME, "\4mail\0x"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_CNAME, "\xc0\x0c"), -1); /* a pointer: nothing to point into */
    moxd_arena_free(a);
}
END_TEST

/* As long as they may be, and longer. */
START_TEST(long_names)
{
    char wire[300];
    size_t n = 0;

    a = moxd_arena_new(0);
    for (int i = 0; i < 127; i++) {
        wire[n++] = 1;
        wire[n++] = '.';
    }
    wire[n++] = 0;
    ck_assert_int_eq(core_rdata_decode(MOXD_DNS_NS, moxd_str(wire, n), a, &rr), 0);
    ck_assert_uint_eq(strlen(rr.name), 127 * 4 + 126);
    wire[n - 1] = 1;
    wire[n++] = 'x';
    wire[n++] = 0;
    ck_assert_int_eq(core_rdata_decode(MOXD_DNS_NS, moxd_str(wire, n), a, &rr), -1);
    moxd_arena_free(a);
}
END_TEST

START_TEST(others)
{
    a = moxd_arena_new(0);
    ck_assert_int_eq(decode(MOXD_DNS_A, "\1\2\3"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_A, "\1\2\3\4\5"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_AAAA, "\1\2\3\4"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_MX, "\1"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_MX, "\1\2"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_MX, "\1\2\0"), 0);
    ck_assert_uint_eq(rr.pref, 258);
    ck_assert_int_eq(decode(MOXD_DNS_SRV, "\0\1\0\2\0\3"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_SRV, "\0\1\0\2\0\3\1x\0"), 0);
    ck_assert_str_eq(rr.name, "x");
    ck_assert_int_eq(decode(MOXD_DNS_TXT, ""), -1);
    ck_assert_int_eq(decode(MOXD_DNS_TXT, "\3ab"), -1);
    ck_assert_int_eq(decode(MOXD_DNS_TXT, "\0"), 0);
    ck_assert_uint_eq(rr.text.n, 0);
    ck_assert_int_eq(decode(MOXD_DNS_TXT, "\1a\0\2b\0"), 0);
    ck_assert_uint_eq(rr.text.n, 3);
    ck_assert_mem_eq(rr.text.p, "ab\0", 3);
    ck_assert_int_eq(decode(MOXD_DNS_TLSA, "\3\1\1x"), 0);
    ck_assert_uint_eq(rr.data.n, 4);
    moxd_arena_free(a);
}
END_TEST

START_TEST(canonical_names)
{
    a = moxd_arena_new(0);
    ck_assert_str_eq(core_dns_canonical("Mail.Example.", a), "mail.example");
    ck_assert_str_eq(core_dns_canonical("mail.example", a), "mail.example");
    ck_assert_str_eq(core_dns_canonical(".", a), "");
    ck_assert_str_eq(core_dns_canonical("", a), "");
    ck_assert_str_eq(core_dns_canonical("a\\.", a), "a\\.");
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("rdata", names, long_names, others, canonical_names)
