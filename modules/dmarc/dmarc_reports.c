/* moxctl dmarc send|list|show|summary */
#include "dmarc.h"

#include <inttypes.h>
#include <moxd/offload.h>
#include <moxmail/date.h>
#include <stdlib.h>

static const char *day_of(struct moxd_ctl *c, int64_t sec)
{
    struct moxd_civil d = moxd_civil(sec);

    return moxd_arena_printf(moxd_ctl_arena(c), "%04d-%02d-%02dT%02d", d.year, d.month, d.day,
                             d.hour);
}

/* What others wrote is no more than text. */
static const char *plain(struct moxd_ctl *c, const char *s)
{
    char *copy = moxd_arena_strdup(moxd_ctl_arena(c), s);

    for (char *p = copy; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
    return copy;
}

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

static int list(struct moxd_instance *m, struct moxd_ctl *c, struct reports_in **v, size_t *n,
                struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);

    if (!d->reports)
        return moxd_err_set(err, MOXD_ERR_STATE, "without the module reports there are none");
    return d->reports->list(d->reports_self, MOXD_REPORT_DMARC, moxd_ctl_arena(c), v, n, err);
}

int dmarc_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct reports_in *v;
    size_t n;

    (void)argc, (void)argv;
    if (list(m, c, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        (void)moxd_ctl_printf(
            c, "%" PRIx64 " %s %s from=%s passed=%" PRIu64 " failed=%" PRIu64 " report-id=%s\n",
            v[i].id, day_of(c, v[i].begin), v[i].domain, v[i].from, v[i].good, v[i].bad,
            plain(c, v[i].report_id));
    return 0;
}

struct show_job {
    struct moxd_arena *a;
    struct moxd_str xml;
    struct moxd_dmarc_report report;
    int rc;
    struct moxd_err err;
};

static void parse(void *arg)
{
    struct show_job *j = arg;

    j->rc = moxd_dmarc_report_parse(j->xml, j->a, &j->report, &j->err);
}

static void show_row(struct moxd_ctl *c, const struct moxd_dmarc_report_row *w)
{
    (void)moxd_ctl_printf(c, "%s messages=%" PRIu64 " disposition=%s dkim=%s spf=%s from=%s",
                          plain(c, w->source_ip), w->count, plain(c, w->disposition),
                          plain(c, w->dkim), plain(c, w->spf), plain(c, w->header_from));
    for (size_t i = 0; i < w->ndkims; i++)
        (void)moxd_ctl_printf(c, " dkim:%s/%s=%s", plain(c, w->dkims[i].domain),
                              plain(c, w->dkims[i].selector), plain(c, w->dkims[i].result));
    for (size_t i = 0; i < w->nspfs; i++)
        (void)moxd_ctl_printf(c, " spf:%s=%s", plain(c, w->spfs[i].domain),
                              plain(c, w->spfs[i].result));
    for (size_t i = 0; i < w->nreasons; i++)
        (void)moxd_ctl_printf(c, " reason=%s %s", plain(c, w->reasons[i].type),
                              plain(c, w->reasons[i].comment));
    (void)moxd_ctl_printf(c, "\n");
}

static void show(struct moxd_ctl *c, const struct moxd_dmarc_report *r)
{
    (void)moxd_ctl_printf(c, "report %s of %s, contact %s\n%s to %s\n", plain(c, r->id),
                          plain(c, r->organization), plain(c, r->email), day_of(c, r->begin),
                          day_of(c, r->end));
    (void)moxd_ctl_printf(c, "%s p=%s sp=%s np=%s adkim=%s aspf=%s\n", plain(c, r->domain),
                          plain(c, r->p), plain(c, r->sp), plain(c, r->np), plain(c, r->adkim),
                          plain(c, r->aspf));
    for (size_t i = 0; i < r->nerrors; i++)
        (void)moxd_ctl_printf(c, "error: %s\n", plain(c, r->errors[i]));
    for (size_t i = 0; i < r->n; i++)
        show_row(c, &r->v[i]);
}

int dmarc_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err)
{
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct show_job j = { .a = moxd_ctl_arena(c) };

    (void)argc;
    if (!d->reports)
        return moxd_err_set(err, MOXD_ERR_STATE, "without the module reports there are none");
    int rc =
        d->reports->get(d->reports_self, MOXD_REPORT_DMARC, strtoull(argv[0], NULL, 16), &b, err);
    j.xml = moxd_buf_str(&b);
    if (rc == 0)
        rc = moxd_offload(MOXD_LANE_CPU, parse, &j) == MOXD_OK
                 ? j.rc
                 : moxd_err_set(&j.err, MOXD_ERR_CANCELLED, "cancelled");
    if (rc < 0 && j.err.kind)
        *err = j.err;
    if (rc == 0)
        show(c, &j.report);
    moxd_buf_fini(&b);
    return rc;
}

/* Sums by domain; there are few of ours. */
int dmarc_cmd_summary(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct reports_in *v;
    size_t n;

    (void)argc, (void)argv;
    if (list(m, c, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct reports_in sum = { .domain = v[i].domain };
        unsigned count = 0;
        for (size_t k = i; *sum.domain && k < n; k++) {
            if (strcmp(v[k].domain, sum.domain) != 0)
                continue;
            sum.good += v[k].good;
            sum.bad += v[k].bad;
            count++;
            if (k > i)
                v[k].domain = "";
        }
        if (count > 0)
            (void)moxd_ctl_printf(c, "%s reports=%u passed=%" PRIu64 " failed=%" PRIu64 "\n",
                                  sum.domain, count, sum.good, sum.bad);
    }
    return 0;
}
