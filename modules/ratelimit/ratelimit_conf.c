/* Directives: limits are lists of three numbers, one for each width of network. */
#include "ratelimit.h"

enum { NUMBER_MAX = 1000000000 };

static int check_number(struct moxd_str value, struct moxd_err *err)
{
    uint64_t n;

    return moxd_str_u64(value, NUMBER_MAX, &n) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID, "not a number of at most %d", NUMBER_MAX)
               : 0;
}

static int check_network(struct moxd_str value, struct moxd_err *err)
{
    struct ratelimit_net net;

    return ratelimit_net_parse(value, &net) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID,
                              "not an address or network, like 192.0.2.0/24 or 2001:db8::/32, "
                              "without bits behind the prefix")
               : 0;
}

#define WIDTHS                                                                                     \
    "Three numbers: for the address itself (/32 of IPv4, /64 of IPv6), for the network "           \
    "around it (/26, /48), and for a wide one (/21, /32). 0: no limit."

static const struct moxd_directive directives[] = {
    { .name = "connections",
      MOXD_AT_STRINGS(struct ratelimit_conf, connections),
      .deflt = "[30, 90, 270]",
      .check = check_number,
      .doc = "Most connections at a time that have not logged in. " WIDTHS },
    { .name = "connection-rate",
      MOXD_AT_STRINGS(struct ratelimit_conf, connection_rate),
      .deflt = "[300, 900, 2700]",
      .check = check_number,
      .doc = "Most new connections in a minute. " WIDTHS },
    { .name = "failed-logins",
      MOXD_AT_STRINGS(struct ratelimit_conf, failed_logins),
      .deflt = "[10, 30, 90]",
      .check = check_number,
      .doc = "Most failed logins in a minute; beyond that mail programs cannot connect. " WIDTHS },
    { .name = "failed-logins-day",
      MOXD_AT_STRINGS(struct ratelimit_conf, failed_logins_day),
      .deflt = "[50, 150, 450]",
      .check = check_number,
      .doc = "Most failed logins in a day. " WIDTHS },
    { .name = "account-connections",
      MOXD_AT_INT(struct ratelimit_conf, account_connections),
      .deflt = "200",
      .max = 1000000,
      .doc = "Most connections at a time that have logged in to an account. They do not count for "
             "their "
             "network any more, so that an office behind one address is not locked out. 0: no "
             "limit." },
    { .name = "slow-after",
      MOXD_AT_INT(struct ratelimit_conf, slow_after),
      .deflt = "3",
      .max = 1000,
      .doc =
          "From this failed login on a connection is slow: one byte a write, a second before each "
          "read, until a login succeeds. 0: never." },
    { .name = "exempt",
      MOXD_AT_STRINGS(struct ratelimit_conf, exempt),
      .deflt = "[\"127.0.0.0/8\", \"::1\"]",
      .check = check_network,
      .doc = "Addresses and networks without limits." },
    { 0 },
};

const struct ratelimit_kind_info ratelimit_kinds[RATELIMIT_KINDS] = {
    [RATELIMIT_OPEN] = { "connections", 0, offsetof(struct ratelimit_conf, connections) },
    [RATELIMIT_CONNECTED] = { "connection-rate", 60 * MOXD_SEC,
                              offsetof(struct ratelimit_conf, connection_rate) },
    [RATELIMIT_FAILED] = { "failed-logins", 60 * MOXD_SEC,
                           offsetof(struct ratelimit_conf, failed_logins) },
    [RATELIMIT_FAILED_DAY] = { "failed-logins-day", 86400 * MOXD_SEC,
                               offsetof(struct ratelimit_conf, failed_logins_day) },
};

static const struct moxd_strings *list_of(const struct ratelimit_conf *conf, enum ratelimit_kind k)
{
    return (const void *)((const char *)conf + ratelimit_kinds[k].list);
}

static void check(void *block, struct moxd_problems *out)
{
    const struct ratelimit_conf *conf = block;

    for (enum ratelimit_kind k = 0; k < RATELIMIT_KINDS; k++) {
        const struct moxd_strings *list = list_of(conf, k);

        if (list->n != RATELIMIT_WIDTHS)
            moxd_problem(out, list->pos && list->n > 0 ? list->pos[0] : conf->head.pos,
                         "write one for each width of network, as [30, 90, 270]",
                         "%s has %zu numbers instead of %d", ratelimit_kinds[k].name, list->n,
                         (int)RATELIMIT_WIDTHS);
    }
}

const struct moxd_block ratelimit_block = { .size = sizeof(struct ratelimit_conf),
                                            .directives = directives,
                                            .check = check };

void ratelimit_configure(struct ratelimit *r, const struct ratelimit_conf *conf)
{
    uint64_t n;

    r->conf = conf;
    for (enum ratelimit_kind k = 0; k < RATELIMIT_KINDS; k++)
        for (size_t w = 0; w < RATELIMIT_WIDTHS; w++)
            if (moxd_str_u64(moxd_cstr(list_of(conf, k)->v[w]), NUMBER_MAX, &n) == 0)
                r->limits[k][w] = (uint32_t)n;
    r->exempt = moxd_xcalloc(conf->exempt.n + 1, sizeof(*r->exempt));
    for (size_t i = 0; i < conf->exempt.n; i++)
        if (ratelimit_net_parse(moxd_cstr(conf->exempt.v[i]), &r->exempt[r->nexempt]) == 0)
            r->nexempt++;
}
