/* Parsing messages again on command (P-CTL-05). */
#include "cmd.h"

enum { TELL_AFTER = 10000 }; /* messages between two lines */
#define LLU(x) ((unsigned long long)(x))

struct parsing {
    struct moxd_ctl *c;
    const char *account;
    uint64_t total, told;
};

static void tell(void *arg, const struct store_fill_progress *p)
{
    struct parsing *pa = arg;

    if (p->looked < pa->told + TELL_AFTER)
        return;
    pa->told = p->looked;
    (void)moxd_ctl_printf(pa->c, "%s: %llu of %llu\n", pa->account, LLU(p->looked), LLU(pa->total));
}

static int parse_account(struct store *s, struct moxd_ctl *c, const char *name, bool all,
                         struct moxd_err *err)
{
    struct parsing pa = { .c = c, .account = name };
    struct store_fill_progress p = { .tell = tell, .arg = &pa };
    struct store_account *acc;
    uint64_t id;
    uint32_t uidvalidity;

    if (store_server_id(s, name, false, &id, &uidvalidity, err) < 0 ||
        store_account_open(s, name, &acc, err) < 0)
        return -1;
    pa.total = acc->bt->meta.messages;
    int rc = store_fill(acc, all, &p, err);
    store_account_close(acc);
    if (rc < 0)
        return -1;
    return moxd_ctl_printf(c, "%s: %llu messages, %llu parsed, %llu that cannot be read\n", name,
                           LLU(p.looked), LLU(p.made), LLU(p.failed));
}

static int parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv, bool all,
                 struct moxd_err *err)
{
    struct store *s = MOXD_CONTAINER(m, struct store, m);
    struct store_accounts list = { .arena = moxd_ctl_arena(c) };
    size_t failed = 0;

    if (argc == 0 && store_server_list(s, false, &list, err) < 0)
        return -1;
    size_t n = argc > 0 ? (size_t)argc : list.n;
    for (size_t i = 0; i < n; i++) {
        const char *name = argc > 0 ? argv[i] : list.v[i].name;
        struct moxd_err local = { 0 };

        if (parse_account(s, c, name, all, &local) == 0)
            continue;
        failed++;
        (void)moxd_ctl_printf(c, "%s: %s\n", name, local.priv);
    }
    return failed == 0 ? 0 : moxd_err_set(err, MOXD_ERR_STATE, "%zu accounts not parsed", failed);
}

int store_cmd_reparse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    return parse(m, c, argc, argv, true, err);
}

int store_cmd_ensureparsed(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err)
{
    return parse(m, c, argc, argv, false, err);
}
