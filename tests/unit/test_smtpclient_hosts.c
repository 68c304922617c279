/* proves in part: P-QUEUE-12, QUEUE-01 */
#include "in_fiber.h"
#include "smtpclient.h"

#include <arpa/inet.h>
#include <moxd/stream.h>

static const char *const local_data[] = {
    "many.test. 300 IN MX 20 C.many.test.",
    "many.test. 300 IN MX 10 a.many.test.",
    "many.test. 300 IN MX 10 b.many.test.",
    "many.test. 300 IN MX 30 bad\\032name.test.",
    "a.many.test. 300 IN A 192.0.2.1",
    "a.many.test. 300 IN A 192.0.2.2",
    "a.many.test. 300 IN AAAA 2001:db8::1",
    "null.test. 300 IN MX 0 .",
    "halfnull.test. 300 IN MX 0 .",
    "halfnull.test. 300 IN MX 5 a.many.test.",
    "wrong.test. 300 IN MX 10 two\\032words.test.",
    "bare.test. 300 IN A 192.0.2.7",
    "text.test. 300 IN TXT \"no mail\"",
    NULL,
};

static struct moxd_arena *a;
static const struct smtpclient_conf conf = { .dns = 60 * MOXD_SEC };
static struct smtpclient sc = { .conf = &conf };

static void set_up(void)
{
    struct moxd_err err = { 0 };

    a = moxd_arena_new(0);
    ck_assert_msg(moxd_dns_setup(&(struct moxd_dns_opts){ .local_data = local_data }, &err) == 0,
                  "%s", err.priv);
}

static void tear_down(void)
{
    moxd_dns_fini();
    moxd_arena_free(a);
}

static void hosts(const char *domain, struct smtpclient_hosts *out)
{
    struct moxd_err err = { 0 };

    ck_assert_msg(smtpclient_hosts(&sc.m, domain, a, out, &err) == 0, "%s", err.priv);
}

static void no_hosts(const char *domain, enum moxd_err_kind kind, int code, const char *enhanced)
{
    struct moxd_err err = { 0 };
    struct smtpclient_hosts out;

    ck_assert_int_eq(smtpclient_hosts(&sc.m, domain, a, &out, &err), -1);
    ck_assert_int_eq(err.kind, kind);
    ck_assert_int_eq(err.smtp_code, code);
    ck_assert_str_eq(err.enhanced, enhanced);
}

static const char *ip_of(const struct sockaddr_storage *ss)
{
    char *out = moxd_arena_alloc(a, 64);

    return moxd_addr_ip((const struct sockaddr *)ss, out);
}

IN_FIBER(sorts_hosts_by_preference)
{
    struct smtpclient_hosts h;
    unsigned first[2] = { 0 };

    set_up();
    for (int i = 0; i < 100; i++) {
        hosts("many.test", &h);
        ck_assert_uint_eq(h.n, 3); /* the name with a space is none */
        ck_assert(h.have_mx && !h.secure);
        ck_assert_str_eq(h.v[2].host, "c.many.test");
        ck_assert_uint_eq(h.v[2].pref, 20);
        ck_assert_uint_eq(h.v[0].pref, 10);
        first[h.v[0].host[0] - 'a']++;
    }
    ck_assert_uint_gt(first[0], 0);
    ck_assert_uint_gt(first[1], 0);
    tear_down();
}

IN_FIBER(without_mx_the_domain_is_the_host)
{
    struct smtpclient_hosts h;

    set_up();
    hosts("bare.test", &h);
    ck_assert_uint_eq(h.n, 1);
    ck_assert(!h.have_mx);
    ck_assert_str_eq(h.v[0].host, "bare.test");
    hosts("[192.0.2.9]", &h);
    ck_assert_str_eq(h.v[0].host, "[192.0.2.9]");
    no_hosts("text.test", MOXD_ERR_NOTFOUND, 550, "5.1.2");
    no_hosts("nobody.test", MOXD_ERR_NOTFOUND, 550, "5.1.2");
    tear_down();
}

IN_FIBER(null_mx)
{
    struct smtpclient_hosts h;

    set_up();
    no_hosts("null.test", MOXD_ERR_DENIED, 556, "5.1.10");
    no_hosts("wrong.test", MOXD_ERR_NOTFOUND, 550, "5.1.2");
    hosts("halfnull.test", &h); /* RFC 7505 3 does not allow it; the other host is meant */
    ck_assert_uint_eq(h.n, 1);
    ck_assert_str_eq(h.v[0].host, "a.many.test");
    tear_down();
}

IN_FIBER(addresses_of_both_families)
{
    struct smtpclient_addresses out;
    struct moxd_err err = { 0 };

    set_up();
    ck_assert_int_eq(smtpclient_addresses(&sc.m, "A.many.test", a, &out, &err), 0);
    ck_assert_uint_eq(out.n, 3);
    ck_assert_str_eq(ip_of(&out.v[0]), "2001:db8::1");
    ck_assert_int_eq(out.v[1].ss_family, AF_INET);
    ck_assert_int_eq(out.v[2].ss_family, AF_INET);
    ck_assert(!out.secure && out.unsigned_host);
    ck_assert_str_eq(out.canonical, "a.many.test");
    ck_assert_int_eq(smtpclient_addresses(&sc.m, "[IPv6:2001:db8::9]", a, &out, &err), 0);
    ck_assert_str_eq(ip_of(&out.v[0]), "2001:db8::9");
    ck_assert_int_eq(smtpclient_addresses(&sc.m, "192.0.2.5", a, &out, &err), 0);
    ck_assert_str_eq(ip_of(&out.v[0]), "192.0.2.5");
    ck_assert_int_eq(smtpclient_addresses(&sc.m, "text.test", a, &out, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_NOTFOUND);
    tear_down();
}

UNIT_MAIN("smtpclient_hosts", sorts_hosts_by_preference, without_mx_the_domain_is_the_host, null_mx,
          addresses_of_both_families)
