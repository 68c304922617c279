/* moxctl imapserve: a session through the control socket (P-IMAP-10). Who may connect there may read all
 * mail anyway, so that nobody is asked for a password. */
#include "imap.h"

#include <moxd/control.h>

/* The limits of the first listener that serves IMAP. */
static void configure(struct imap_service_conf *conf)
{
    const struct moxd_blocks *listeners = &moxd_conf_core()->listeners;

    *conf = (struct imap_service_conf){ .max_append_size = IMAP_APPEND_DEFAULT,
                                        .progress_interval = IMAP_PROGRESS_DEFAULT };
    for (size_t i = 0; i < listeners->n; i++)
        for (const struct moxd_service *service = imap_services; service->name; service++) {
            const struct imap_service_conf *found = moxd_conf_ext(listeners->v[i], service->name);
            if (!found)
                continue;
            *conf = *found;
            return;
        }
}

int imap_ctl_imapserve(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct imap *im = MOXD_CONTAINER(m, struct imap, m);
    struct accounts_account account;
    struct imap_service_conf conf;
    struct moxd_conn conn = { .conf = &conf.service, .service = &imap_services[0] };

    (void)argc;
    if (accounts_named(im->accounts, im->accounts_self, argv[0], moxd_ctl_arena(c), &account, err) <
        0)
        return -1;
    configure(&conf);
    conn.account = account.name;
    if (moxd_ctl_raw(c, &conn.st, err) < 0)
        return -1;
    return moxd_service_run(m, "control", &conn, err);
}
