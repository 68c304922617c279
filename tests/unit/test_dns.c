#include "peer.h"

#include <moxd/dns.h>
#include <moxd/offload.h>

static struct moxd_arena *a;

static const char *const local_data[] = {
    "mx.test. 300 IN A 192.0.2.1",
    "mx.test. 300 IN A 192.0.2.2",
    "mx.test. 300 IN AAAA 2001:db8::1",
    "Mail.test. 600 IN MX 10 MX.test.",
    "null.test. 300 IN MX 0 .",
    "short.test. 20 IN A 192.0.2.3",
    "never.test. 0 IN A 192.0.2.3",
    "txt.test. 300 IN TXT \"v=spf1 \" \"-all\"",
    "_imap._tcp.test. 300 IN SRV 5 6 143 mx.test.",
    "_25._tcp.mx.test. 300 IN TLSA 3 1 1 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "1.2.0.192.in-addr.arpa. 300 IN PTR mx.test.",
    NULL,
};

static void set_up(const struct moxd_dns_opts *opts)
{
    struct moxd_err err = { 0 };

    a = moxd_arena_new(0);
    ck_assert_msg(moxd_dns_setup(opts, &err) == 0, "%s", err.priv);
}

static void tear_down(void)
{
    moxd_dns_fini();
    moxd_arena_free(a);
}

static struct moxd_dns_answer ask(const char *name, enum moxd_dns_type type)
{
    struct moxd_dns_answer out;

    ck_assert_int_eq(moxd_dns_query(name, type, a, &out, moxd_deadline(60 * MOXD_SEC)), MOXD_OK);
    return out;
}

static const char *ip_of(const struct moxd_dns_record *rr)
{
    char *out = moxd_arena_alloc(a, 64);

    return moxd_addr_ip((const struct sockaddr *)&rr->addr, out);
}

IN_FIBER(answers_with_records)
{
    struct moxd_dns_answer ans;

    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ans = ask("MX.test", MOXD_DNS_A);
    ck_assert_int_eq(ans.status, MOXD_DNS_OK);
    ck_assert(!ans.secure);
    ck_assert_str_eq(ans.canonical, "mx.test");
    ck_assert_uint_eq(ans.n, 2);
    ck_assert_uint_eq(ans.rr[0].data.n, 4);
    ck_assert_str_ne(ip_of(&ans.rr[0]), ip_of(&ans.rr[1]));
    ans = ask("mx.test.", MOXD_DNS_AAAA);
    ck_assert_str_eq(ip_of(&ans.rr[0]), "2001:db8::1");
    ans = ask("mail.test", MOXD_DNS_MX);
    ck_assert_uint_eq(ans.ttl, 600);
    ck_assert_uint_eq(ans.rr[0].pref, 10);
    ck_assert_str_eq(ans.rr[0].name, "mx.test");
    ans = ask("null.test", MOXD_DNS_MX);
    ck_assert_str_eq(ans.rr[0].name, "");
    ans = ask("txt.test", MOXD_DNS_TXT);
    ck_assert(moxd_str_eqs(ans.rr[0].text, "v=spf1 -all"));
    ans = ask("_imap._tcp.test", MOXD_DNS_SRV);
    ck_assert_uint_eq(ans.rr[0].pref, 5);
    ck_assert_str_eq(ans.rr[0].name, "mx.test");
    ans = ask("_25._tcp.mx.test", MOXD_DNS_TLSA);
    ck_assert_uint_eq(ans.rr[0].data.n, 35);
    ck_assert_mem_eq(ans.rr[0].data.p, "\3\1\1\1\x23", 5);
    ans = ask("1.2.0.192.in-addr.arpa", MOXD_DNS_PTR);
    ck_assert_str_eq(ans.rr[0].name, "mx.test");
    tear_down();
}

IN_FIBER(tells_nothing_from_nothing)
{
    char long_name[400];

    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ck_assert_int_eq(ask("mx.test", MOXD_DNS_TXT).status, MOXD_DNS_NODATA);
    ck_assert_int_eq(ask("nobody.test", MOXD_DNS_A).status, MOXD_DNS_NXDOMAIN);
    ck_assert_int_eq(ask("x.invalid", MOXD_DNS_A).status, MOXD_DNS_NXDOMAIN);
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    ck_assert_int_eq(ask(long_name, MOXD_DNS_A).status, MOXD_DNS_NXDOMAIN);
    ck_assert_int_eq(ask("a..test", MOXD_DNS_A).status, MOXD_DNS_NXDOMAIN);
    tear_down();
}

/* A name server that hears everything and says nothing. */
static int deaf_server(char *where, size_t cap)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    getsockname(fd, (struct sockaddr *)&in, &len);
    snprintf(where, cap, "127.0.0.1@%d", ntohs(in.sin_port));
    return fd;
}

static void ask_deaf(void *arg)
{
    struct moxd_dns_answer out;

    *(int *)arg = moxd_dns_query("x.deaf.example", MOXD_DNS_A, a, &out, MOXD_NEVER);
    ck_assert_int_eq(out.status, MOXD_DNS_TEMP);
}

IN_FIBER(gives_up)
{
    char where[40];
    int fd = deaf_server(where, sizeof(where)), result = 1;
    struct moxd_dns_stub stub = { "deaf.example.", where };
    struct moxd_dns_answer out;

    set_up(&(struct moxd_dns_opts){ .stubs = &stub, .nstubs = 1, .local_data = local_data });
    ck_assert_int_eq(
        moxd_dns_query("a.deaf.example", MOXD_DNS_A, a, &out, moxd_deadline(20 * MOXD_MS)),
        MOXD_TIMEOUT);
    ck_assert_int_eq(out.status, MOXD_DNS_TEMP);
    struct moxd_fid f = moxd_fiber_spawn("asks", ask_deaf, &result);
    ck_assert_int_eq(moxd_wait_fd(fd, MOXD_FD_READ, MOXD_NEVER), MOXD_FD_READ);
    moxd_fiber_cancel(f);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_int_eq(result, MOXD_CANCELLED);
    /* Others go on. */
    ck_assert_int_eq(ask("mx.test", MOXD_DNS_A).status, MOXD_DNS_OK);
    tear_down();
    close(fd);
}

static void note_run(void *arg)
{
    *(bool *)arg = true;
}

/* Whether the fiber had to wait for the answer: another one ran meanwhile. */
static bool waits_for(const char *name, enum moxd_dns_type type, struct moxd_dns_answer *out)
{
    bool waited = false, ran = false;
    struct moxd_fid f = moxd_fiber_spawn("notes", note_run, &ran);

    *out = ask(name, type);
    waited = ran;
    moxd_fiber_join(f, MOXD_NEVER);
    return waited;
}

IN_FIBER(answers_are_at_hand)
{
    struct moxd_dns_answer ans;

    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ck_assert(waits_for("Mail.test", MOXD_DNS_MX, &ans));
    ck_assert(!waits_for("mail.test.", MOXD_DNS_MX, &ans));
    ck_assert_int_eq(ans.status, MOXD_DNS_OK);
    ck_assert_uint_gt(ans.ttl, 590); /* of 600, though it is not kept as long */
    ck_assert_uint_le(ans.ttl, 600);
    ck_assert_str_eq(ans.canonical, "mail.test");
    ck_assert_uint_eq(ans.n, 1);
    ck_assert_uint_eq(ans.rr[0].pref, 10);
    ck_assert_str_eq(ans.rr[0].name, "mx.test");
    ck_assert(waits_for("mail.test", MOXD_DNS_A, &ans));
    ck_assert(waits_for("mx.test", MOXD_DNS_A, &ans));
    ck_assert(!waits_for("mx.test", MOXD_DNS_A, &ans));
    ck_assert_uint_eq(ans.n, 2);
    ck_assert_str_ne(ip_of(&ans.rr[0]), ip_of(&ans.rr[1]));
    tear_down();
    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ck_assert_msg(waits_for("mx.test", MOXD_DNS_A, &ans), "the resolver before knew it");
    tear_down();
}

IN_FIBER(answers_get_old)
{
    struct moxd_dns_answer ans;

    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ck_assert(waits_for("short.test", MOXD_DNS_A, &ans));
    ck_assert(!waits_for("short.test", MOXD_DNS_A, &ans));
    moxd_clock_step(8 * MOXD_SEC);
    ck_assert(!waits_for("short.test", MOXD_DNS_A, &ans));
    ck_assert_uint_le(ans.ttl, 12);
    moxd_clock_step(12 * MOXD_SEC);
    ck_assert(waits_for("short.test", MOXD_DNS_A, &ans));
    ck_assert(waits_for("never.test", MOXD_DNS_A, &ans));
    ck_assert_msg(waits_for("never.test", MOXD_DNS_A, &ans), "its TTL is 0");
    moxd_clock_reset();
    tear_down();
}

IN_FIBER(the_oldest_answers_go)
{
    enum { MANY = 2100 }; /* more than are kept */
    struct moxd_dns_answer ans;
    char name[40];

    a = moxd_arena_new(0);
    char **data = moxd_arena_calloc(a, MANY + 1, sizeof(*data));
    for (int i = 0; i < MANY; i++)
        data[i] = moxd_arena_printf(a, "n%d.test. 300 IN A 192.0.2.1", i);
    data[MANY] = NULL;
    struct moxd_arena *lines = a;
    set_up(&(struct moxd_dns_opts){ .local_data = (const char *const *)data });
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "n%d.test", i);
        ck_assert_int_eq(ask(name, MOXD_DNS_A).status, MOXD_DNS_OK);
        ck_assert_msg(!waits_for("n0.test", MOXD_DNS_A, &ans), "asked for again and again");
    }
    ck_assert(!waits_for("n2099.test", MOXD_DNS_A, &ans));
    ck_assert(waits_for("n1.test", MOXD_DNS_A, &ans));
    tear_down();
    moxd_arena_free(lines);
}

static void ask_often(void *arg)
{
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(ask("mx.test", MOXD_DNS_A).status, MOXD_DNS_OK);
        ck_assert_int_eq(ask("no.test", MOXD_DNS_A).status, MOXD_DNS_NXDOMAIN);
        ++*(int *)arg;
    }
}

IN_FIBER(many_ask_at_once)
{
    struct moxd_fid f[20];
    int n = 0;

    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    for (int i = 0; i < 20; i++)
        f[i] = moxd_fiber_spawn("asks", ask_often, &n);
    for (int i = 0; i < 20; i++)
        moxd_fiber_join(f[i], MOXD_NEVER);
    ck_assert_int_eq(n, 2000);
    tear_down();
}

static void check_refused(const struct moxd_dns_opts *opts, const char *why)
{
    struct moxd_err err = { 0 };

    ck_assert_int_eq(moxd_dns_setup(opts, &err), -1);
    ck_assert_msg(strstr(err.priv, why) != NULL, "%s", err.priv);
    moxd_dns_fini();
}

IN_FIBER(wrong_settings)
{
    static const char *const forward[] = { "not an address", NULL };
    static const char *const data[] = { "what is this", NULL };
    struct moxd_dns_stub stub = { "x.example.", "nowhere" };

    check_refused(&(struct moxd_dns_opts){ .forward = forward }, "not an address");
    check_refused(&(struct moxd_dns_opts){ .stubs = &stub, .nstubs = 1 }, "x.example.");
    check_refused(&(struct moxd_dns_opts){ .local_data = data }, "what is this");
    check_refused(&(struct moxd_dns_opts){ .trust_anchor_file = "/nonexistent" }, "/nonexistent");
    check_refused(&(struct moxd_dns_opts){ .trust_anchor_file = "/etc/passwd" }, "trust anchor");
    set_up(&(struct moxd_dns_opts){ .local_data = local_data });
    ck_assert_int_eq(ask("mx.test", MOXD_DNS_A).status, MOXD_DNS_OK);
    tear_down();
}

static void check_reverse(int family, const char *ip, const char *want)
{
    struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };
    void *addr = family == AF_INET ? (void *)&((struct sockaddr_in *)(void *)&ss)->sin_addr
                                   : (void *)&((struct sockaddr_in6 *)(void *)&ss)->sin6_addr;

    ck_assert_int_eq(inet_pton(family, ip, addr), 1);
    ck_assert_str_eq(moxd_dns_reverse((struct sockaddr *)&ss, a), want);
}

START_TEST(reverse_names)
{
    a = moxd_arena_new(0);
    check_reverse(AF_INET, "192.0.2.1", "1.2.0.192.in-addr.arpa");
    check_reverse(AF_INET6, "::ffff:192.0.2.1", "1.2.0.192.in-addr.arpa");
    check_reverse(AF_INET6, "2001:db8::567:89ab",
                  "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("dns", answers_with_records, tells_nothing_from_nothing, gives_up, answers_are_at_hand,
          answers_get_old, the_oldest_answers_go, many_ask_at_once, wrong_settings, reverse_names)
