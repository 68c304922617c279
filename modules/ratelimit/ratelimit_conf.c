/* Directives: limits are lists of three numbers, one for each width of network. */
#include "ratelimit.h"

enum { NUMBER_MAX = 1000000000, DATA_MAX = 4000000 /* MiB: in KiB it has 32 bits */ };

static int check_number(struct moxd_str value, struct moxd_err *err)
{
    uint64_t n;

    return moxd_str_u64(value, NUMBER_MAX, &n) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID, "not a number of at most %d", NUMBER_MAX)
               : 0;
}

static int check_data(struct moxd_str value, struct moxd_err *err)
{
    uint64_t n;

    return moxd_str_u64(value, DATA_MAX, &n) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID, "not a number of MiB of at most %d", DATA_MAX)
               : 0;
}

static int check_network(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_network net;

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
    { .name = "messages",
      MOXD_AT_STRINGS(struct ratelimit_conf, messages),
      .deflt = "[500, 1500, 4500]",
      .check = check_number,
      .doc = "Most messages in a minute from outside to an account. " WIDTHS },
    { .name = "messages-day",
      MOXD_AT_STRINGS(struct ratelimit_conf, messages_day),
      .deflt = "[10000, 30000, 90000]",
      .check = check_number,
      .doc = "Most messages in a day from outside to an account. " WIDTHS },
    { .name = "data",
      MOXD_AT_STRINGS(struct ratelimit_conf, data),
      .deflt = "[1000, 3000, 9000]",
      .check = check_data,
      .doc = "Most data of such messages in a minute, in MiB. " WIDTHS },
    { .name = "data-day",
      MOXD_AT_STRINGS(struct ratelimit_conf, data_day),
      .deflt = "[3000, 9000, 27000]",
      .check = check_data,
      .doc = "Most data of such messages in a day, in MiB. " WIDTHS },
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
    { .name = "slow-suspects",
      MOXD_AT_BOOL(struct ratelimit_conf, slow_suspects),
      .deflt = "true",
      .doc = "A connection is slow, too, once a message was refused on it for what it is or who "
             "sent it." },
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

const struct ratelimit_kind_info ratelimit_mail_kinds[RATELIMIT_MAIL_KINDS] = {
    [RATELIMIT_MESSAGES] = { "messages", 60 * MOXD_SEC, offsetof(struct ratelimit_conf, messages) },
    [RATELIMIT_MESSAGES_DAY] = { "messages-day", 86400 * MOXD_SEC,
                                 offsetof(struct ratelimit_conf, messages_day) },
    [RATELIMIT_DATA] = { "data", 60 * MOXD_SEC, offsetof(struct ratelimit_conf, data) },
    [RATELIMIT_DATA_DAY] = { "data-day", 86400 * MOXD_SEC,
                             offsetof(struct ratelimit_conf, data_day) },
};

static const struct moxd_strings *list_of(const struct ratelimit_conf *conf,
                                          const struct ratelimit_kind_info *kind)
{
    return (const void *)((const char *)conf + kind->list);
}

static void check_lists(const struct ratelimit_conf *conf, const struct ratelimit_kind_info *kinds,
                        size_t n, struct moxd_problems *out)
{
    for (size_t k = 0; k < n; k++) {
        const struct moxd_strings *list = list_of(conf, &kinds[k]);

        if (list->n != RATELIMIT_WIDTHS)
            moxd_problem(out, list->pos && list->n > 0 ? list->pos[0] : conf->head.pos,
                         "write one for each width of network, as [30, 90, 270]",
                         "%s has %zu numbers instead of %d", kinds[k].name, list->n,
                         (int)RATELIMIT_WIDTHS);
    }
}

static void check(void *block, struct moxd_problems *out)
{
    check_lists(block, ratelimit_kinds, RATELIMIT_KINDS, out);
    check_lists(block, ratelimit_mail_kinds, RATELIMIT_MAIL_KINDS, out);
}

const struct moxd_block ratelimit_block = { .size = sizeof(struct ratelimit_conf),
                                            .directives = directives,
                                            .check = check };

static uint32_t number(const struct ratelimit_conf *conf, const struct ratelimit_kind_info *kind,
                       size_t w)
{
    uint64_t n;

    return moxd_str_u64(moxd_cstr(list_of(conf, kind)->v[w]), NUMBER_MAX, &n) == 0 ? (uint32_t)n
                                                                                   : 0;
}

static void set_limits(struct ratelimit *r, const struct ratelimit_conf *conf, size_t w)
{
    for (size_t k = 0; k < RATELIMIT_KINDS; k++)
        r->limits[k][w] = number(conf, &ratelimit_kinds[k], w);
    for (size_t k = 0; k < RATELIMIT_MAIL_KINDS; k++)
        r->mail_limits[k][w] = number(conf, &ratelimit_mail_kinds[k], w);
    r->mail_limits[RATELIMIT_DATA][w] *= 1024;
    r->mail_limits[RATELIMIT_DATA_DAY][w] *= 1024;
}

void ratelimit_configure(struct ratelimit *r, const struct ratelimit_conf *conf)
{
    r->conf = conf;
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++)
        set_limits(r, conf, w);
    r->exempt = moxd_xcalloc(conf->exempt.n + 1, sizeof(*r->exempt));
    for (size_t i = 0; i < conf->exempt.n; i++)
        if (ratelimit_net_parse(moxd_cstr(conf->exempt.v[i]), &r->exempt[r->nexempt]) == 0)
            r->nexempt++;
}
