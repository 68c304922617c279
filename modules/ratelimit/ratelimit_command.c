/* moxctl ratelimit */
#include "ratelimit.h"

enum { SHOWN_MAX = 1000 }; /* networks of one listing */

static struct ratelimit *of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct ratelimit, m);
}

static size_t width_of(const struct moxd_network *net)
{
    size_t w = 0;

    while (w + 1 < RATELIMIT_WIDTHS && ratelimit_net_of(net, w).bits != net->bits)
        w++;
    return w;
}

/* Name, and of each limit how much is used. */
static void add_network(const struct ratelimit *r, const struct ratelimit_network *n,
                        struct moxd_buf *out)
{
    size_t w = width_of(&n->net);
    char name[MOXD_NETWORK_TEXT];

    moxd_buf_adds(out, moxd_network_text(&n->net, name));
    for (enum ratelimit_kind k = 0; k < RATELIMIT_KINDS; k++) {
        moxd_buf_addf(out, " %s=%u", ratelimit_kinds[k].name, ratelimit_used(n, k));
        if (r->limits[k][w] > 0)
            moxd_buf_addf(out, "/%u", r->limits[k][w]);
    }
    moxd_buf_addc(out, '\n');
}

static int parse(const char *arg, struct moxd_network *ip, struct moxd_err *err)
{
    return ratelimit_net_parse(moxd_cstr(arg), ip) < 0
               ? moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no address", arg)
               : 0;
}

struct listing {
    const struct ratelimit *r;
    struct moxd_buf text;
    size_t n;
};

static bool is_near(const struct ratelimit *r, const struct ratelimit_network *n)
{
    size_t w = width_of(&n->net);

    for (enum ratelimit_kind k = 0; k < RATELIMIT_KINDS; k++)
        if (r->limits[k][w] > 0 && ratelimit_used(n, k) >= (r->limits[k][w] + 1) / 2)
            return true;
    return false;
}

static bool list_near(void *arg, const struct ratelimit_network *n)
{
    struct listing *l = arg;

    if (!is_near(l->r, n))
        return true;
    add_network(l->r, n, &l->text);
    return ++l->n < SHOWN_MAX;
}

static void list_address(struct listing *l, const struct moxd_network *ip)
{
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(ip, w);
        struct ratelimit_network unseen = { .net = net };
        const struct ratelimit_network *n = ratelimit_table_find(l->r->networks, &net);

        add_network(l->r, n ? n : &unseen, &l->text);
    }
}

int ratelimit_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct listing l = { .r = of(m), .text = MOXD_BUF_INIT(SHOWN_MAX * 300) };
    struct moxd_network ip;
    int rc = argc > 0 ? parse(argv[0], &ip, err) : 0;

    if (rc == 0 && argc > 0)
        list_address(&l, &ip);
    else if (rc == 0)
        ratelimit_table_each(l.r->networks, list_near, &l);
    if (rc == 0 && moxd_ctl_write(c, l.text.p, l.text.n) < 0)
        rc = -1;
    moxd_buf_fini(&l.text);
    return rc;
}

int ratelimit_cmd_forget(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err)
{
    struct ratelimit *r = of(m);
    struct moxd_network ip;

    (void)c, (void)argc;
    if (parse(argv[0], &ip, err) < 0)
        return -1;
    for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
        struct moxd_network net = ratelimit_net_of(&ip, w);
        struct ratelimit_network *n = ratelimit_table_find(r->networks, &net);

        if (n)
            memset(n->window, 0, sizeof(n->window));
    }
    return 0;
}
