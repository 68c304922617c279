/* Connections: those of a network until they log in, those of an account from then on. */
#include "ratelimit.h"

#include <stdio.h>
#include <stdlib.h>

/* The hash function of uthash falls through without saying so in a way that clang reads. */
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include <uthash.h>

struct ratelimit_conn {
    const struct moxd_stream *st;                         /* which connection */
    struct ratelimit_network *networks[RATELIMIT_WIDTHS]; /* NULL: not counted there */
    struct ratelimit_account *account;                    /* once logged in */
    UT_hash_handle hh;
};
struct ratelimit_account {
    uint32_t open;
    UT_hash_handle hh;
    char name[];
};

static struct ratelimit *of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct ratelimit, m);
}

/* --- networks ------------------------------------------------------------------------------------------- */

static void enter_networks(struct ratelimit *r, struct ratelimit_conn *c,
                           const struct moxd_network *ip)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);

        c->networks[w] = ratelimit_table_get(r->networks, &net);
        if (c->networks[w])
            ratelimit_table_open(r->networks, c->networks[w]);
    }
}

static void leave_networks(struct ratelimit *r, struct ratelimit_conn *c)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++)
        if (c->networks[w])
            ratelimit_table_close(r->networks, c->networks[w]);
    memset(c->networks, 0, sizeof(c->networks));
}

/* --- accounts ------------------------------------------------------------------------------------------- */

static struct ratelimit_account *find_account(const struct ratelimit *r, const char *name)
{
    struct ratelimit_account *account;

    HASH_FIND(hh, r->accounts, name, strlen(name), account);
    return account;
}

uint32_t ratelimit_account_open(const struct ratelimit *r, const char *name)
{
    const struct ratelimit_account *account = find_account(r, name);

    return account ? account->open : 0;
}

static void enter_account(struct ratelimit *r, struct ratelimit_conn *c, const char *name)
{
    size_t n = strlen(name);

    c->account = find_account(r, name);
    if (!c->account) {
        c->account = moxd_xcalloc(1, sizeof(*c->account) + n + 1);
        memcpy(c->account->name, name, n + 1);
        HASH_ADD(hh, r->accounts, name, n, c->account);
    }
    c->account->open++;
}

static void leave_account(struct ratelimit *r, struct ratelimit_conn *c)
{
    struct ratelimit_account *account = c->account;

    c->account = NULL;
    if (!account || --account->open > 0)
        return;
    HASH_DEL(r->accounts, account);
    free(account);
}

/* --- connections ---------------------------------------------------------------------------------------- */

static struct ratelimit_conn *find_conn(const struct ratelimit *r, const struct moxd_stream *st)
{
    struct ratelimit_conn *c;

    HASH_FIND(hh, r->conns, &st, sizeof(st), c);
    return c;
}

static void add_conn(struct ratelimit *r, const struct moxd_stream *st,
                     const struct moxd_network *ip)
{
    struct ratelimit_conn *c = moxd_xcalloc(1, sizeof(*c));

    c->st = st;
    HASH_ADD(hh, r->conns, st, sizeof(c->st), c);
    enter_networks(r, c, ip);
}

enum moxd_verdict ratelimit_on_connection(struct moxd_instance *m, const struct moxd_conn *ev,
                                          struct moxd_reply *reply)
{
    struct ratelimit *r = of(m);
    unsigned kinds = 1u << RATELIMIT_OPEN | 1u << RATELIMIT_CONNECTED;
    struct ratelimit_full full;
    struct moxd_network ip;

    if (!ratelimit_concerns(r, ev->remote_ip, &ip))
        return MOXD_NEXT;
    /* servers that bring mail have nothing to do with those who guess passwords */
    if (ev->service->for_clients)
        kinds |= 1u << RATELIMIT_FAILED | 1u << RATELIMIT_FAILED_DAY;
    if (ratelimit_full(r, &ip, kinds, &full)) {
        ratelimit_refused(r, &full, reply);
        return MOXD_DROP;
    }
    ratelimit_count(r, &ip, RATELIMIT_CONNECTED);
    add_conn(r, ev->st, &ip);
    return MOXD_NEXT;
}

void ratelimit_on_disconnect(struct moxd_instance *m, const struct moxd_conn *ev)
{
    struct ratelimit *r = of(m);
    struct ratelimit_conn *c = find_conn(r, ev->st);

    if (!c)
        return;
    leave_networks(r, c);
    leave_account(r, c);
    HASH_DEL(r->conns, c);
    free(c);
}

/* --- logins --------------------------------------------------------------------------------------------- */

enum moxd_verdict ratelimit_on_login(struct moxd_instance *m, const struct auth_event *ev,
                                     struct moxd_reply *reply)
{
    struct ratelimit *r = of(m);
    const struct ratelimit_conn *c = find_conn(r, ev->env->stream);
    uint32_t limit = (uint32_t)r->conf->account_connections;

    if (!c || limit == 0 || ratelimit_account_open(r, ev->account) < limit ||
        (c->account && strcmp(c->account->name, ev->account) == 0))
        return MOXD_NEXT;
    (void)snprintf(reply->detail, sizeof(reply->detail), "account-connections reached: %u", limit);
    moxd_metric_inc(r->refused, "account", NULL);
    return moxd_reply_set(reply, 454, "4.7.0",
                          "the account has %u connections open, which is the limit; close some",
                          limit);
}

void ratelimit_conn_owned(struct ratelimit *r, const struct moxd_stream *st, const char *account)
{
    struct ratelimit_conn *c = find_conn(r, st);

    if (!c)
        return;
    leave_networks(r, c);
    leave_account(r, c);
    enter_account(r, c, account);
}
