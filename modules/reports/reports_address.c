/* moxctl reports address: where reports of others about a domain go (DMARC-04). */
#include "reports.h"

#include <moxmail/address.h>

struct edit {
    struct moxd_arena *a;
    const char *block, *domain, *address; /* address NULL: none from now on */
};

static struct moxd_node *find_domain(struct moxd_node *root, const struct edit *e,
                                     struct moxd_err *err)
{
    struct moxd_domain want, d;

    if (moxd_domain_parse(moxd_cstr(e->domain), MOXD_ADDRESS_UTF8, e->a, &want, err) < 0)
        return NULL;
    for (struct moxd_node *n = NULL; (n = moxd_node_next(root, n, "domain"));)
        if (moxd_domain_parse(moxd_cstr(moxd_node_label(n)), MOXD_ADDRESS_UTF8, e->a, &d, NULL) ==
                0 &&
            moxd_domain_eq(&d, &want))
            return n;
    (void)moxd_err_set(
        err, MOXD_ERR_NOTFOUND,
        "there is no domain \"%s\": \"moxctl domain add\" it, also when only reports about "
        "it come here",
        e->domain);
    return NULL;
}

/* That the address is one is for the check of the result. */
static int change(struct moxd_node *root, void *arg, struct moxd_err *err)
{
    const struct edit *e = arg;
    struct moxd_node *domain = find_domain(root, e, err);

    if (!domain)
        return -1;
    struct moxd_node *block = moxd_node_find(domain, e->block, NULL);
    if (e->address) {
        if (!block)
            block = moxd_node_add_block(domain, e->block, NULL);
        moxd_node_set(block, "address", e->address);
        return 0;
    }
    if (!block || !moxd_node_value(block, "address"))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no address for such reports about %s is set",
                            e->domain);
    moxd_node_remove(domain, block);
    return 0;
}

/* The address must lead into a mailbox here: whatever is sent elsewhere is not read as a report. */
static int check_local(const struct reports *r, const struct edit *e, struct moxd_err *err)
{
    struct accounts_target to = { 0 };
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(e->address), MOXD_ADDRESS_UTF8, e->a, &ad, err) < 0 ||
        r->accounts->resolve(r->accounts_self, ad.localpart, ad.domain.ascii, e->a, &to, err) < 0)
        return moxd_err_wrap(err, "%s", e->address);
    return 0;
}

int reports_cmd_address(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err)
{
    struct edit e = { .a = moxd_ctl_arena(c),
                      .block = strcmp(argv[0], "tls") == 0 ? "tlsrpt" : "dmarc",
                      .domain = argv[1],
                      .address = strcmp(argv[2], "none") == 0 ? NULL : argv[2] };

    (void)argc;
    if (strcmp(argv[0], "tls") != 0 && strcmp(argv[0], "dmarc") != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "reports are of dmarc or tls");
    if ((e.address && check_local(reports_self(m), &e, err) < 0) ||
        moxd_conf_edit(change, &e, err) < 0)
        return -1;
    int rc =
        e.address
            ? moxd_ctl_printf(c, "reports about %s go to %s: its record must name that address\n",
                              e.domain, e.address)
            : moxd_ctl_printf(c, "reports about %s go nowhere\n", e.domain);
    return rc < 0 ? -1 : 0;
}
