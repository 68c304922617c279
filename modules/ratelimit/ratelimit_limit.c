#include "ratelimit.h"

#include <stdio.h>

bool ratelimit_concerns(const struct ratelimit *r, const char *ip, struct moxd_network *out)
{
    if (!ip || ratelimit_net_parse(moxd_cstr(ip), out) < 0)
        return false;
    for (size_t i = 0; i < r->nexempt; i++)
        if (moxd_network_has(&r->exempt[i], out))
            return false;
    return true;
}

uint32_t ratelimit_used(const struct ratelimit_network *n, enum ratelimit_kind kind)
{
    if (kind == RATELIMIT_OPEN)
        return n->open;
    return ratelimit_window_count(&n->window[kind], ratelimit_kinds[kind].period, moxd_mono());
}

static bool network_full(const struct ratelimit *r, const struct ratelimit_network *n, size_t width,
                         unsigned kinds, struct ratelimit_full *out)
{
    for (enum ratelimit_kind k = 0; k < RATELIMIT_KINDS; k++) {
        uint32_t limit = r->limits[k][width];

        if (!(kinds & 1u << k) || limit == 0 || ratelimit_used(n, k) < limit)
            continue;
        *out = (struct ratelimit_full){ .kind = k, .net = n->net, .limit = limit };
        return true;
    }
    return false;
}

bool ratelimit_full(const struct ratelimit *r, const struct moxd_network *ip, unsigned kinds,
                    struct ratelimit_full *out)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);
        const struct ratelimit_network *n = ratelimit_table_find(r->networks, &net);

        if (n && network_full(r, n, w, kinds, out))
            return true;
    }
    return false;
}

void ratelimit_refused(const struct ratelimit *r, const struct ratelimit_full *full,
                       struct moxd_reply *reply)
{
    const char *name = ratelimit_kinds[full->kind].name;
    char net[MOXD_NETWORK_TEXT];

    (void)snprintf(reply->detail, sizeof(reply->detail), "limit %s of %s reached: %u", name,
                   moxd_network_text(&full->net, net), full->limit);
    moxd_metric_inc(r->refused, name, NULL);
}

void ratelimit_count(struct ratelimit *r, const struct moxd_network *ip, enum ratelimit_kind kind)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);
        struct ratelimit_network *n = ratelimit_table_get(r->networks, &net);

        if (n)
            ratelimit_window_add(&n->window[kind], ratelimit_kinds[kind].period, moxd_mono(), 1);
    }
}
