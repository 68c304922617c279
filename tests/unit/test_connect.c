/* Connecting, and addresses as text. */
#include "peer.h"

#include <errno.h>
#include <sys/un.h>

IN_FIBER(connects)
{
    struct sockaddr_in in;
    struct moxd_err err;
    char ip[64];
    int l = listen_local(&in);
    struct moxd_stream *st =
        moxd_stream_connect((struct sockaddr *)&in, sizeof(in), MOXD_NEVER, &err);

    ck_assert_ptr_nonnull(st);
    ck_assert_str_eq(moxd_addr_ip(moxd_stream_peer(st), ip), "127.0.0.1");
    ck_assert_uint_eq(moxd_addr_port(moxd_stream_peer(st)), ntohs(in.sin_port));
    ck_assert_uint_ne(moxd_addr_port(moxd_stream_local(st)), 0);
    ck_assert(!moxd_stream_is_tls(st));
    ck_assert_ptr_null(moxd_stream_tls_version(st));
    moxd_stream_close(st);
    close(l);
    st = moxd_stream_connect((struct sockaddr *)&in, sizeof(in), MOXD_NEVER, &err);
    ck_assert_ptr_null(st);
    ck_assert_int_eq(err.kind, MOXD_ERR_IO);
    ck_assert_int_eq(err.sys, ECONNREFUSED);
    ck_assert_ptr_nonnull(strstr(err.priv, "127.0.0.1"));
}

static void check_from(const char *from, const struct sockaddr_in *to, bool works)
{
    struct sockaddr_in in = { .sin_family = AF_INET };
    struct moxd_err err = { 0 };
    char ip[64];

    inet_pton(AF_INET, from, &in.sin_addr);
    struct moxd_stream *st = moxd_stream_connect_from(
        (struct sockaddr *)&in, (const struct sockaddr *)to, MOXD_NEVER, &err);
    ck_assert_int_eq(st != NULL, works);
    if (works)
        ck_assert_str_eq(moxd_addr_ip(moxd_stream_local(st), ip), from);
    else
        ck_assert_ptr_nonnull(strstr(err.priv, from));
    moxd_stream_close(st);
}

IN_FIBER(connects_from_an_address)
{
    struct sockaddr_in in;
    int l = listen_local(&in);

    check_from("127.0.0.5", &in, true);
    check_from("192.0.2.1", &in, false);
    close(l);
}

/* A backlog that is full answers no more. */
IN_FIBER(connect_has_a_deadline)
{
    struct sockaddr_in in;
    struct moxd_err err;
    struct moxd_stream *st, *open[64];
    int l = listen_local(&in), n = 0;

    listen(l, 0);
    while ((st = moxd_stream_connect((struct sockaddr *)&in, sizeof(in),
                                     moxd_deadline(20 * MOXD_MS), &err)) != NULL) {
        ck_assert_int_lt(n, 64);
        open[n++] = st;
    }
    ck_assert_int_eq(err.kind, MOXD_ERR_TIMEOUT);
    while (n > 0)
        moxd_stream_close(open[--n]);
    close(l);
}

static void check_addr(const char *text, const char *shown, bool loopback)
{
    struct sockaddr_storage ss;
    char ip[64];

    socklen_t n = moxd_addr_parse(text, 25, &ss);
    if (n == 0)
        ss.ss_family = AF_UNIX;
    ck_assert_uint_eq(n, ss.ss_family == AF_INET    ? sizeof(struct sockaddr_in)
                         : ss.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                    : 0);
    ck_assert_str_eq(moxd_addr_ip((struct sockaddr *)&ss, ip), shown);
    ck_assert_int_eq(moxd_addr_is_loopback((struct sockaddr *)&ss), loopback);
    ck_assert_uint_eq(moxd_addr_port((struct sockaddr *)&ss), ss.ss_family == AF_UNIX ? 0 : 25);
}

START_TEST(addresses)
{
    check_addr("192.0.2.1", "192.0.2.1", false);
    check_addr("127.8.9.1", "127.8.9.1", true);
    check_addr("2001:db8::1", "2001:db8::1", false);
    check_addr("::1", "::1", true);
    check_addr("::ffff:192.0.2.9", "192.0.2.9", false);
    check_addr("::ffff:127.0.0.1", "127.0.0.1", true);
    check_addr("/run/x", "unix", true);
}
END_TEST

START_TEST(no_addresses)
{
    static const char *const wrong[] = { "",       "192.0.2",  "192.0.2.256", "192.0.2.1 ", "[::1]",
                                         "::1%lo", "2001:db8", "localhost",   "1.2.3.4.5" };
    struct sockaddr_storage ss;

    for (size_t i = 0; i < MOXD_NELEMS(wrong); i++)
        ck_assert_uint_eq(moxd_addr_parse(wrong[i], 25, &ss), 0);
}
END_TEST

START_TEST(ports)
{
    struct sockaddr_storage v4, v6, other = { .ss_family = AF_UNIX };

    ck_assert_uint_gt(moxd_addr_parse("192.0.2.1", 25, &v4), 0);
    ck_assert_uint_gt(moxd_addr_parse("2001:db8::1", 25, &v6), 0);
    moxd_addr_set_port(&v4, 587);
    moxd_addr_set_port(&v6, 465);
    moxd_addr_set_port(&other, 993);
    ck_assert_uint_eq(moxd_addr_port((struct sockaddr *)&v4), 587);
    ck_assert_uint_eq(moxd_addr_port((struct sockaddr *)&v6), 465);
    ck_assert_uint_eq(moxd_addr_port((struct sockaddr *)&other), 0);
}
END_TEST

UNIT_MAIN("connect", connects, connects_from_an_address, connect_has_a_deadline, addresses,
          no_addresses, ports)
