/* moxctl dane dial|dialmx|makerecord */
#include "dane.h"

enum {
    PORT_SMTP = 25,
    PORT_SUBMISSION = 587,
    PEM_MAX = 256 * 1024,
};

static int parse_port(struct moxd_str s, unsigned *port, struct moxd_err *err)
{
    uint64_t n;

    if (moxd_str_u64(s, 65535, &n) < 0 || n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%" MOXD_STRF "\" is no port", MOXD_STRA(s));
    *port = (unsigned)n;
    return 0;
}

/* --- dial ---------------------------------------------------------------------------------------- */

static int parse_host_port(const char *text, struct dane_host *h, struct moxd_arena *a,
                           struct moxd_err *err)
{
    struct moxd_str s = moxd_cstr(text);
    ptrdiff_t colon = moxd_str_rchr(s, ':');

    if (colon <= 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is not of the form host:port", text);
    if (parse_port(moxd_str_from(s, (size_t)colon + 1), &h->port, err) < 0)
        return -1;
    h->host = h->domain = moxd_arena_cstr(a, moxd_str_sub(s, 0, (size_t)colon));
    return 0;
}

static MOXD_SUSPENDS int dial(const struct dane *d, struct moxd_ctl *c, const char *where,
                              struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct smtpclient_addresses ad;
    struct dane_found found;
    struct dane_host h = { 0 };

    if (parse_host_port(where, &h, a, err) < 0)
        return -1;
    (void)moxd_ctl_printf(c, "%s port %u\n", h.host, h.port);
    if (dane_lookup_host(d, &h, &ad, a, &found, err) < 0)
        return -1;
    dane_print_records(c, &h, &found);
    return dane_try(d, c, &h, &found, h.port == PORT_SMTP || h.port == PORT_SUBMISSION, err);
}

int dane_cmd_dial(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err)
{
    int rc = 0;

    for (int i = 0; i < argc; i++)
        if (dial(MOXD_CONTAINER(m, struct dane, m), c, argv[i], err) < 0)
            rc = -1;
    return rc;
}

/* --- dialmx -------------------------------------------------------------------------------------- */

static MOXD_SUSPENDS int dial_mx(const struct dane *d, struct moxd_ctl *c,
                                 const struct smtpclient_hosts *hosts, size_t i, const char *domain,
                                 unsigned port, struct moxd_err *err)
{
    struct dane_host h = {
        .host = hosts->v[i].host, .port = port, .domain = domain, .hosts = hosts
    };
    struct smtpclient_addresses ad;
    struct dane_found found;

    (void)moxd_ctl_printf(c, "%s, preference %u\n", h.host, hosts->v[i].pref);
    if (dane_lookup_host(d, &h, &ad, moxd_ctl_arena(c), &found, err) < 0) {
        (void)moxd_ctl_printf(c, "  %s\n", err->priv);
        return -1;
    }
    dane_print_records(c, &h, &found);
    return dane_try(d, c, &h, &found, true, err);
}

/* DOMAIN [PORT] */
int dane_cmd_dialmx(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    const struct dane *d = MOXD_CONTAINER(m, struct dane, m);
    struct smtpclient_hosts hosts;
    unsigned port = PORT_SMTP;
    size_t good = 0;

    if (argc > 1 && parse_port(moxd_cstr(argv[1]), &port, err) < 0)
        return -1;
    if (d->client->hosts(d->client_self, argv[0], moxd_ctl_arena(c), &hosts, err) < 0)
        return -1;
    (void)moxd_ctl_printf(c, "%s: %s, %s\n", argv[0],
                          hosts.have_mx ? "MX records" : "no MX records, the domain is the host",
                          hosts.secure ? "authentic (DNSSEC)" : "not authentic (no DNSSEC)");
    for (size_t i = 0; i < hosts.n; i++)
        good += dial_mx(d, c, &hosts, i, argv[0], port, err) == 0;
    if (good == hosts.n)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "%zu of %zu hosts are not verified by DANE",
                        hosts.n - good, hosts.n);
}

/* --- makerecord ------------------------------------------------------------------------------------ */

static MOXD_SUSPENDS int read_all(struct moxd_ctl *c, struct moxd_buf *out, struct moxd_err *err)
{
    char part[4096];
    long n;

    while ((n = moxd_ctl_read(c, part, sizeof(part))) > 0)
        moxd_buf_add(out, part, (size_t)n);
    moxd_wipe(part, sizeof(part));
    if (n < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off");
    if (out->overflow)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "a file of more than %d bytes", PEM_MAX);
    return 0;
}

static MOXD_SUSPENDS int print_made(struct moxd_ctl *c, const struct moxd_tlsa *t)
{
    struct moxd_buf b = MOXD_BUF_INIT(2 * t->data.n + 20);

    moxd_tlsa_put(&b, t);
    int rc = moxd_ctl_printf(c, "TLSA %s\n", moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return rc;
}

static int number(int n, const char *what, const char *text, struct moxd_err *err)
{
    if (n < 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "there is no %s \"%s\"", what, text);
    return 0;
}

/* USAGE SELECTOR MATCHING FILE */
int dane_cmd_makerecord(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    int usage = moxd_tlsa_usage_number(argv[0]), selector = moxd_tlsa_selector_number(argv[1]);
    int matching = moxd_tlsa_matching_number(argv[2]);
    struct moxd_buf pem = MOXD_BUF_INIT(PEM_MAX);
    struct moxd_tlsa t;

    (void)m, (void)argc;
    if (number(usage, "usage", argv[0], err) < 0 ||
        number(selector, "selector", argv[1], err) < 0 ||
        number(matching, "matching type", argv[2], err) < 0)
        return -1;
    if (moxd_ctl_file(c, argv[3]) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "input broke off");
    int rc = read_all(c, &pem, err);
    if (rc == 0)
        rc = moxd_tlsa_make((unsigned)usage, (unsigned)selector, (unsigned)matching,
                            moxd_buf_str(&pem), moxd_ctl_arena(c), &t, err);
    moxd_buf_wipe(&pem);
    return rc < 0 ? -1 : print_made(c, &t);
}
