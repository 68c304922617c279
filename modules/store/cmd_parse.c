/* Parsing messages again on command (P-CTL-05). */
#include "cmd.h"

enum { TELL_AFTER = 10000 }; /* messages between two lines */
#define LLU(x) ((unsigned long long)(x))

struct parsing {
    struct store *s;
    struct moxd_ctl *c;
    bool all; /* also what is parsed already */
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

static int parse_one(void *arg, const char *name, struct moxd_err *err)
{
    struct parsing *pa = arg;
    struct store_fill_progress p = { .tell = tell, .arg = pa };
    struct store_account *acc;

    if (store_account_open_known(pa->s, name, &acc, err) < 0)
        return -1;
    pa->account = name;
    pa->total = acc->bt->meta.messages;
    pa->told = 0;
    int rc = store_fill(acc, pa->all, &p, err);
    store_account_close(acc);
    if (rc < 0)
        return -1;
    return moxd_ctl_printf(pa->c, "%s: %llu messages, %llu parsed, %llu that cannot be read\n", name,
                           LLU(p.looked), LLU(p.made), LLU(p.failed));
}

static int parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv, bool all,
                 struct moxd_err *err)
{
    struct parsing pa = { .s = MOXD_CONTAINER(m, struct store, m), .c = c, .all = all };
    long failed = store_cmd_each(pa.s, c, argc, argv, parse_one, &pa, err);

    if (failed > 0)
        return moxd_err_set(err, MOXD_ERR_STATE, "%ld accounts not parsed", failed);
    return failed < 0 ? -1 : 0;
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
