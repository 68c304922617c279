/* Putting messages into threads anew on command (P-CTL-05). */
#include "cmd.h"

enum { TELL_AFTER = 10000 }; /* messages between two lines */
#define LLU(x) ((unsigned long long)(x))

struct reassigning {
    struct store *s;
    struct moxd_ctl *c;
    const char *account;
    uint64_t told;
};

static void tell(void *arg, const struct store_threads_done *done)
{
    struct reassigning *re = arg;

    if (done->read + done->linked < re->told + TELL_AFTER)
        return;
    re->told = done->read + done->linked;
    (void)moxd_ctl_printf(re->c, "%s: %llu read, %llu put into threads\n", re->account,
                          LLU(done->read), LLU(done->linked));
}

static int reassign_one(void *arg, const char *name, struct moxd_err *err)
{
    struct reassigning *re = arg;
    struct store_threads_done done = { .tell = tell, .arg = re };
    struct store_account *acc;

    if (store_account_open_known(re->s, name, &acc, err) < 0)
        return -1;
    re->account = name;
    re->told = 0;
    int rc = store_threads_reassign(acc, &done, err);
    store_account_close(acc);
    if (rc < 0)
        return -1;
    return moxd_ctl_printf(re->c, "%s: %llu messages put into threads\n", name, LLU(done.linked));
}

int store_cmd_reassignthreads(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    struct reassigning re = { .s = MOXD_CONTAINER(m, struct store, m), .c = c };
    long failed = store_cmd_each(re.s, c, argc, argv, reassign_one, &re, err);

    if (failed > 0)
        return moxd_err_set(err, MOXD_ERR_STATE, "%ld accounts left as they were", failed);
    return failed < 0 ? -1 : 0;
}
