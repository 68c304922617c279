/* The header of the PROXY protocol, and networks. */
#include "unit.h"

#include "core_config.h"
#include "listen/proxy_header.h"

#include <arpa/inet.h>
#include <moxd/stream.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define S(literal) literal, sizeof(literal) - 1

/* What the header says, "remote port local port", or "bad", "more", "unknown"; it must be the same however it is
 * cut, and what follows must be left alone. */
static void check_cut(const char *p, size_t n, size_t rest, size_t piece, const char *want)
{
    struct core_proxy_header h = { 0 };
    char remote[64], local[64], got[200];
    size_t used = 0;

    while (used < n && h.state == CORE_PROXY_MORE) {
        size_t k = n - used < piece ? n - used : piece;
        size_t fed = core_proxy_feed(&h, p + used, k);
        ck_assert(fed == k || h.state != CORE_PROXY_MORE);
        used += fed;
    }
    if (h.state == CORE_PROXY_DONE)
        ck_assert_uint_eq(used, n - rest);
    if (h.state != CORE_PROXY_DONE || !h.known)
        snprintf(got, sizeof(got), "%s",
                 h.state == CORE_PROXY_BAD    ? "bad"
                 : h.state == CORE_PROXY_MORE ? "more"
                                              : "unknown");
    else
        snprintf(got, sizeof(got), "%s %u %s %u", moxd_addr_ip(&h.remote.sa, remote),
                 moxd_addr_port(&h.remote.sa), moxd_addr_ip(&h.local.sa, local),
                 moxd_addr_port(&h.local.sa));
    ck_assert_str_eq(got, want);
}

static void check(const char *p, size_t n, size_t rest, const char *want)
{
    for (size_t piece = 1; piece <= n; piece++)
        check_cut(p, n, rest, piece, want);
}

START_TEST(version_1)
{
    check(S("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r\nEHLO x"), 6,
          "192.0.2.1 56324 198.51.100.7 25");
    check(S("PROXY TCP6 2001:DB8::1 ::1 0 65535\r\n"), 0, "2001:db8::1 0 ::1 65535");
    check(S("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
            "65535 65535\r\n\x16"),
          1,
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
          "65535");
    check(S("PROXY UNKNOWN\r\nx"), 1, "unknown");
    check(S("PROXY UNKNOWN anything, even\x01\r\n"), 0, "unknown");
    check(S("PROXY TCP4 192.0.2.1 198.51.100.7 56324 25\r"), 0, "more");
}
END_TEST

START_TEST(bad_version_1)
{
    static const char *const bad[] = {
        "EHLO client.example\r\n",
        "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        "PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY \r\n",
        "PROXY\r\n",
        "\r\nPROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
    };

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        check(bad[i], strlen(bad[i]), 0, "bad");
    char endless[200] = "PROXY UNKNOWN ";
    memset(endless + strlen(endless), 'x', sizeof(endless) - strlen(endless));
    check(endless, sizeof(endless), 0, "bad");
}
END_TEST

START_TEST(version_2)
{
    check(S(V2 "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\7\xdc\4\0\x19\x16\3"), 2,
          "192.0.2.1 56324 198.51.100.7 25");
    check(S(V2 "\x21\x21\0\x24 \1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\1 "
               "\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2"),
          0, "2001:db8::1 1 2001:db8::2 2");
    /* more than the addresses */
    check(S(V2 "\x21\x11\0\x10\xc0\0\2\1\xc6\x33\x64\7\xdc\4\0\x19\4\0\1xEHLO"), 4,
          "192.0.2.1 56324 198.51.100.7 25");
    check(S(V2 "\x20\0\0\0x"), 1, "unknown"); /* LOCAL */
    check(S(V2 "\x20\x11\0\x0c............x"), 1, "unknown");
    check(S(V2 "\x21\0\0\2..x"), 1, "unknown");               /* UNSPEC */
    check(S(V2 "\x21\x12\0\x0c............x"), 1, "unknown"); /* UDP */
    check(S(V2 "\x21\x31\0\3...x"), 1, "unknown");            /* UNIX */
    check(S(V2 "\x21\x11\0\x0c..........."), 0, "more");
}
END_TEST

START_TEST(bad_version_2)
{
    check(S(V2 "\x11\x11\0\x0c............"), 0, "bad"); /* version 1 */
    check(S(V2 "\x22\x11\0\x0c............"), 0, "bad"); /* a command that does not exist */
    check(S(V2 "\x21\x41\0\x0c............"), 0, "bad"); /* a family */
    check(S(V2 "\x21\x13\0\x0c............"), 0, "bad"); /* a transport */
    check(S(V2 "\x21\x11\0\x0b..........."), 0, "bad");  /* too short for IPv4 */
    check(S(V2 "\x21\x21\0\x0c............"), 0, "bad"); /* and for IPv6 */
    check(S(V2 "\x21\x11\x10\1"), 0, "bad");             /* too long */
    check(S("\r\n\r\nQUIT"), 0, "bad");
}
END_TEST

static bool has(const char *network, const char *ip)
{
    union core_proxy_addr a = { .sa.sa_family = strchr(ip, ':') ? AF_INET6 : AF_INET };
    void *addr = strchr(ip, ':') ? (void *)&a.in6.sin6_addr : (void *)&a.in.sin_addr;

    ck_assert_int_eq(inet_pton(a.sa.sa_family, ip, addr), 1);
    return core_network_has(network, &a.sa);
}

START_TEST(networks)
{
    ck_assert(has("192.0.2.1", "192.0.2.1"));
    ck_assert(!has("192.0.2.1", "192.0.2.2"));
    ck_assert(has("192.0.2.0/24", "192.0.2.255"));
    ck_assert(!has("192.0.2.0/24", "192.0.3.0"));
    ck_assert(has("192.0.2.128/25", "192.0.2.200"));
    ck_assert(!has("192.0.2.128/25", "192.0.2.127"));
    ck_assert(has("0.0.0.0/0", "203.0.113.9"));
    ck_assert(!has("0.0.0.0/0", "2001:db8::1"));
    ck_assert(has("192.0.2.1", "::ffff:192.0.2.1"));
    ck_assert(has("2001:db8::/32", "2001:db8:ffff::1"));
    ck_assert(!has("2001:db8::/32", "2001:db9::"));
    ck_assert(has("2001:db8::1", "2001:db8::1"));
    ck_assert(!has("2001:db8::1/127", "2001:db8::2"));
    ck_assert(has("::/0", "2001:db8::1"));
}
END_TEST

UNIT_MAIN("proxy", version_1, bad_version_1, version_2, bad_version_2, networks)
