/* moxctl dmarc send|list|show|summary */
#include "dmarc.h"

#include <inttypes.h>

int dmarc_cmd_send(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    unsigned sent;

    if (argc > 0 && strcmp(argv[0], "all") != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: only \"all\" can be said", argv[0]);
    int rc = dmarc_send(MOXD_CONTAINER(m, struct dmarc, m), argc > 0, &sent, err);
    (void)moxd_ctl_printf(c, "%u reports sent\n", sent);
    return rc;
}

static const struct reports_v2 *reports(struct moxd_instance *m, struct moxd_instance **self,
                                        struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);

    *self = d->reports_self;
    if (!d->reports)
        (void)moxd_err_set(err, MOXD_ERR_STATE, "without the module reports there are none");
    return d->reports;
}

int dmarc_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct moxd_instance *self;
    const struct reports_v2 *r = reports(m, &self, err);

    (void)argc, (void)argv;
    return r ? r->print_list(self, MOXD_REPORT_DMARC, c, err) : -1;
}

int dmarc_cmd_summary(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct moxd_instance *self;
    const struct reports_v2 *r = reports(m, &self, err);

    (void)argc, (void)argv;
    return r ? r->print_sums(self, MOXD_REPORT_DMARC, c, err) : -1;
}

struct showing {
    struct moxd_arena *a;
    struct moxd_dmarc_report report;
};

/* On a worker. */
static int parse(void *arg, struct moxd_str s, struct moxd_err *err)
{
    struct showing *sh = arg;

    return moxd_dmarc_report_parse(s, sh->a, &sh->report, err);
}

static void show_row(struct moxd_ctl *c, const struct moxd_dmarc_report_row *w)
{
    (void)moxd_ctl_printf(c, "%s messages=%" PRIu64 " disposition=%s dkim=%s spf=%s from=%s",
                          moxd_ctl_plain(c, w->source_ip), w->count,
                          moxd_ctl_plain(c, w->disposition), moxd_ctl_plain(c, w->dkim),
                          moxd_ctl_plain(c, w->spf), moxd_ctl_plain(c, w->header_from));
    for (size_t i = 0; i < w->ndkims; i++)
        (void)moxd_ctl_printf(c, " dkim:%s/%s=%s", moxd_ctl_plain(c, w->dkims[i].domain),
                              moxd_ctl_plain(c, w->dkims[i].selector),
                              moxd_ctl_plain(c, w->dkims[i].result));
    for (size_t i = 0; i < w->nspfs; i++)
        (void)moxd_ctl_printf(c, " spf:%s=%s", moxd_ctl_plain(c, w->spfs[i].domain),
                              moxd_ctl_plain(c, w->spfs[i].result));
    for (size_t i = 0; i < w->nreasons; i++)
        (void)moxd_ctl_printf(c, " reason=%s %s", moxd_ctl_plain(c, w->reasons[i].type),
                              moxd_ctl_plain(c, w->reasons[i].comment));
    (void)moxd_ctl_printf(c, "\n");
}

static void show(struct moxd_ctl *c, const struct moxd_dmarc_report *r)
{
    (void)moxd_ctl_printf(c, "report %s of %s, contact %s\n%s to %s\n", moxd_ctl_plain(c, r->id),
                          moxd_ctl_plain(c, r->organization), moxd_ctl_plain(c, r->email),
                          moxd_report_time(MOXD_REPORT_DMARC, r->begin, moxd_ctl_arena(c)),
                          moxd_report_time(MOXD_REPORT_DMARC, r->end, moxd_ctl_arena(c)));
    (void)moxd_ctl_printf(c, "%s p=%s sp=%s np=%s adkim=%s aspf=%s\n", moxd_ctl_plain(c, r->domain),
                          moxd_ctl_plain(c, r->p), moxd_ctl_plain(c, r->sp),
                          moxd_ctl_plain(c, r->np), moxd_ctl_plain(c, r->adkim),
                          moxd_ctl_plain(c, r->aspf));
    for (size_t i = 0; i < r->nerrors; i++)
        (void)moxd_ctl_printf(c, "error: %s\n", moxd_ctl_plain(c, r->errors[i]));
    for (size_t i = 0; i < r->n; i++)
        show_row(c, &r->v[i]);
}

int dmarc_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct moxd_instance *self;
    const struct reports_v2 *r = reports(m, &self, err);
    struct showing sh = { .a = moxd_ctl_arena(c) };

    (void)argc;
    if (!r || r->load(self, MOXD_REPORT_DMARC, argv[0], sh.a, parse, &sh, err) < 0)
        return -1;
    show(c, &sh.report);
    return 0;
}
