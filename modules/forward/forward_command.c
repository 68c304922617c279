/* moxctl forward */
#include "forward.h"

#include <moxd/control.h>
#include <moxmail/address.h>

enum { OUTPUT_MAX = 64 << 20 };

static void show(const struct forward *f, struct moxd_arena *a, const char *address,
                 struct moxd_buf *out)
{
    const struct forward_conf *conf;
    struct accounts_target to = { 0 };
    struct moxd_address ad;

    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, a, &ad, NULL) < 0 ||
        f->accounts->resolve(f->accounts_self, ad.localpart, ad.domain.ascii, a, &to, NULL) < 0 ||
        !to.conf)
        return;
    conf = moxd_conf_ext(to.conf, "forward");
    if (!conf || conf->to.n == 0)
        return;
    moxd_buf_addf(out, "%s\t", to.address);
    for (size_t i = 0; i < conf->to.n; i++)
        moxd_buf_addf(out, "%s%s", i > 0 ? ", " : "", conf->to.v[i]);
    if (to.match == ACCOUNTS_ALIAS)
        moxd_buf_addf(out, "\towner=%s", conf->owner ? conf->owner : to.members[0]);
    else
        moxd_buf_addf(out, "\tkeep-copy=%s", conf->keep_copy ? "true" : "false");
    moxd_buf_addf(out, " unauthenticated=%s\n", conf->unauthenticated ? "true" : "false");
}

static int cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    const struct forward *f = MOXD_CONTAINER(m, struct forward, m);
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct moxd_buf out = MOXD_BUF_INIT(OUTPUT_MAX);
    const char *const *accounts = f->accounts->list(f->accounts_self, a);
    const char *const *aliases = f->accounts->aliases(f->accounts_self, a);
    struct accounts_account account;

    (void)argc, (void)argv;
    for (; *accounts; accounts++)
        if (f->accounts->get(f->accounts_self, *accounts, a, &account, NULL) == 0)
            for (size_t i = 0; i < account.naddresses; i++)
                show(f, a, account.addresses[i], &out);
    for (; *aliases; aliases++)
        show(f, a, *aliases, &out);
    int rc = moxd_ctl_write(c, moxd_buf_cstr(&out), out.n);
    moxd_buf_fini(&out);
    return rc < 0 ? moxd_err_set(err, MOXD_ERR_CLOSED, "output closed") : 0;
}

static int change(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  int (*fn)(struct moxd_node *root, void *edit, struct moxd_err *err),
                  struct moxd_err *err) MOXD_SUSPENDS;
static int change(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  int (*fn)(struct moxd_node *root, void *edit, struct moxd_err *err),
                  struct moxd_err *err)
{
    struct forward_edit e = { .f = MOXD_CONTAINER(m, struct forward, m),
                              .a = moxd_ctl_arena(c),
                              .address = argv[0],
                              .words = (const char *const *)argv + 1,
                              .n = (size_t)argc - 1 };

    if (moxd_conf_edit(fn, &e, err) < 0)
        return -1;
    return moxd_ctl_printf(c, "forwarding of %s changed\n", argv[0]) < 0 ? -1 : 0;
}

static int cmd_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    return change(m, c, argc, argv, forward_edit_add, err);
}

static int cmd_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err)
{
    return change(m, c, argc, argv, forward_edit_rm, err);
}

static int cmd_set(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    return change(m, c, argc, argv, forward_edit_set, err);
}

const struct moxd_command forward_commands[] = {
    { .name = "forward add",
      .args = "ADDRESS TO...",
      .min_args = 2,
      .max_args = -1,
      .summary = "forward mail for an address or alias to other servers",
      .help = "ADDRESS is one of an account, of which a copy stays in its mailbox, or an alias, "
              "which gets "
              "members on other servers that way. Only mail that a DKIM signature of its author's "
              "domain proves goes on, with an envelope sender of this server.",
      .run = cmd_add },
    { .name = "forward list",
      .args = "",
      .summary = "list addresses and aliases that are forwarded",
      .run = cmd_list },
    { .name = "forward rm",
      .args = "ADDRESS [TO...]",
      .min_args = 1,
      .max_args = -1,
      .summary = "stop forwarding, to some addresses or to all",
      .run = cmd_rm },
    { .name = "forward set",
      .args = "ADDRESS OPTION=VALUE...",
      .min_args = 2,
      .max_args = -1,
      .summary = "change how an address or alias is forwarded",
      .help =
          "Of an address: keep-copy=true|false, whether a copy stays in the mailbox. Of an alias: "
          "owner=ADDRESS, who is told of failures. Of both: unauthenticated=true|false, whether "
          "also mail is forwarded that proves nothing about its author.",
      .run = cmd_set },
    { 0 },
};
