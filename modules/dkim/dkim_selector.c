/* moxctl dkim selectors: which keys a domain has, and which of them sign (DKIM-03). Keys are changed in three steps: add a
 * selector, publish what is printed, use it when the world knows the record. */
#include "dkim_selector.h"

#include <moxmail/address.h>

enum { OUTPUT_MAX = 1 << 20 };

static struct moxd_node *find_domain(struct moxd_node *root, const char *name, struct moxd_arena *a,
                                     struct moxd_err *err)
{
    struct moxd_domain want, d;

    if (moxd_domain_parse(moxd_cstr(name), MOXD_ADDRESS_UTF8, a, &want, err) < 0)
        return NULL;
    for (struct moxd_node *n = NULL; (n = moxd_node_next(root, n, "domain"));)
        if (moxd_domain_parse(moxd_cstr(moxd_node_label(n)), MOXD_ADDRESS_UTF8, a, &d, NULL) == 0 &&
            moxd_domain_eq(&d, &want))
            return n;
    (void)moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no domain \"%s\"", name);
    return NULL;
}

/* A change of domains.conf. */
struct edit {
    struct moxd_arena *a;
    const char *domain, *selector, *path;
    const char *const *sign;
    size_t nsign;
};

static struct moxd_node *find_block(struct moxd_node *root, const struct edit *e, bool make,
                                    struct moxd_err *err)
{
    struct moxd_node *domain = find_domain(root, e->domain, e->a, err);

    if (!domain)
        return NULL;
    struct moxd_node *dkim = moxd_node_find(domain, "dkim", NULL);
    if (dkim || make)
        return dkim ? dkim : moxd_node_add_block(domain, "dkim", NULL);
    (void)moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s has no selectors", e->domain);
    return NULL;
}

static int edit_add(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const struct edit *e = arg;
    struct moxd_node *dkim = find_block(root, e, true, err);

    if (!dkim)
        return -1;
    if (moxd_node_find(dkim, "selector", e->selector))
        return moxd_err_set(err, MOXD_ERR_EXISTS, "%s has a selector \"%s\" already", e->domain,
                            e->selector);
    moxd_node_set(moxd_node_add_block(dkim, "selector", e->selector), "key", e->path);
    return 0;
}

static int edit_rm(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const struct edit *e = arg;
    struct moxd_node *dkim = find_block(root, e, false, err), *selector;
    const char **sign = NULL;

    if (!dkim)
        return -1;
    selector = moxd_node_find(dkim, "selector", e->selector);
    if (!selector)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s has no selector \"%s\"", e->domain,
                            e->selector);
    size_t n = moxd_node_list(dkim, "sign", &sign, e->a);
    for (size_t i = 0; i < n; i++)
        if (strcmp(sign[i], e->selector) == 0)
            return moxd_err_set(err, MOXD_ERR_STATE,
                                "selector \"%s\" signs: let another one do that first, with "
                                "\"moxctl dkim selectors use\"",
                                e->selector);
    moxd_node_remove(dkim, selector);
    return 0;
}

/* That the names are selectors, and not too many, is for the check of the result. */
static int edit_use(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const struct edit *e = arg;
    struct moxd_node *dkim = find_block(root, e, false, err);

    if (!dkim)
        return -1;
    for (size_t i = 1; i < e->nsign; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(e->sign[i], e->sign[k]) == 0)
                return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is there twice", e->sign[i]);
    moxd_node_set_list(dkim, "sign", e->sign, e->nsign);
    return 0;
}

/* ---- commands */

int dkim_cmd_selectors_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    const bool ed25519 = argc > 2 && strcmp(argv[2], "ed25519") == 0;
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct edit e = { .a = a, .domain = argv[0], .selector = argv[1] };
    struct moxd_domain d, s;
    struct moxd_dkim_key public;

    (void)m;
    if (argc > 2 && !ed25519 && strcmp(argv[2], "rsa") != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "a key is rsa or ed25519");
    if (moxd_domain_parse(moxd_cstr(argv[0]), MOXD_ADDRESS_UTF8, a, &d, err) < 0 ||
        moxd_domain_parse(moxd_cstr(argv[1]), MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &s,
                          err) < 0)
        return -1;
    if (dkim_new_key(d.ascii.p, s.ascii.p, ed25519 ? MOXD_DKIM_KEY_ED25519 : MOXD_DKIM_KEY_RSA, a,
                     &e.path, &public, err) < 0)
        return -1;
    if (moxd_conf_edit(edit_add, &e, err) < 0) {
        dkim_drop_key(e.path);
        return -1;
    }
    struct moxd_buf out = MOXD_BUF_INIT(OUTPUT_MAX);
    moxd_buf_addf(&out,
                  "key: %s\npublish this record, and when it is known let the selector sign with "
                  "\"moxctl dkim selectors use\":\n",
                  e.path);
    dkim_put_record(&out, s.ascii.p, d.ascii.p, &public);
    int rc = moxd_ctl_write(c, out.p, out.n);
    moxd_buf_fini(&out);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}

int dkim_cmd_selectors_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err)
{
    struct edit e = { .a = moxd_ctl_arena(c), .domain = argv[0], .selector = argv[1] };

    (void)m, (void)argc;
    if (moxd_conf_edit(edit_rm, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(
               c,
               "selector %s removed; its key file stays, and its record should stay for "
               "some days, for mail that is on its way\n",
               argv[1]) < 0
               ? -1
               : 0;
}

int dkim_cmd_selectors_use(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    struct edit e = { .a = moxd_ctl_arena(c),
                      .domain = argv[0],
                      .sign = (const char *const *)argv + 1,
                      .nsign = (size_t)argc - 1 };

    (void)m;
    if (moxd_conf_edit(edit_use, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, argc > 1 ? "%s signs with what was named\n" : "%s does not sign\n",
                           argv[0]) < 0
               ? -1
               : 0;
}

static bool signs(const struct dkim_domain_conf *conf, const char *name)
{
    for (size_t i = 0; i < conf->sign.n; i++)
        if (strcmp(conf->sign.v[i], name) == 0)
            return true;
    return false;
}

int dkim_cmd_selectors_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err)
{
    const struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct moxd_domain domain;
    const struct dkim_domain_conf *conf;

    (void)argc;
    if (moxd_domain_parse(moxd_cstr(argv[0]), MOXD_ADDRESS_UTF8, moxd_ctl_arena(c), &domain, err) <
        0)
        return -1;
    const struct moxd_conf_head *head = d->accounts->domain(d->accounts_self, domain.ascii);
    if (!head)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no domain \"%s\"", argv[0]);
    conf = moxd_conf_ext(head, "dkim");
    struct moxd_buf out = MOXD_BUF_INIT(OUTPUT_MAX);
    for (size_t i = 0; conf && i < conf->selectors.n; i++) {
        const struct dkim_selector_conf *s = conf->selectors.v[i];
        moxd_buf_addf(&out, "%s\t%s\t%s\n", s->head.label,
                      signs(conf, s->head.label) ? "signs" : "ready", s->key);
    }
    int rc = moxd_ctl_write(c, moxd_buf_cstr(&out), out.n);
    moxd_buf_fini(&out);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}
