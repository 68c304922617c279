/* Reports that came in, as commands show them. */
#include "reports.h"

#include <inttypes.h>
#include <moxd/offload.h>
#include <stdlib.h>

int reports_print_list(struct moxd_instance *m, enum moxd_report_kind kind, struct moxd_ctl *c,
                       struct moxd_err *err)
{
    const struct reports_words *w = &reports_words[kind];
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct reports_in *v;
    size_t n;

    if (reports_list(reports_self(m), kind, a, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        (void)moxd_ctl_printf(
            c, "%" PRIx64 " %s %s from=%s %s=%" PRIu64 " %s=%" PRIu64 " report-id=%s\n", v[i].id,
            moxd_report_time(kind, v[i].begin, a), v[i].domain, v[i].from, w->good, v[i].good,
            w->bad, v[i].bad, moxd_ctl_plain(c, v[i].report_id));
    return 0;
}

/* There are few domains of ours. */
int reports_print_sums(struct moxd_instance *m, enum moxd_report_kind kind, struct moxd_ctl *c,
                       struct moxd_err *err)
{
    const struct reports_words *w = &reports_words[kind];
    struct reports_in *v;
    size_t n;

    if (reports_list(reports_self(m), kind, moxd_ctl_arena(c), &v, &n, err) < 0)
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
            (void)moxd_ctl_printf(c, "%s reports=%u %s=%" PRIu64 " %s=%" PRIu64 "\n", sum.domain,
                                  count, w->good, sum.good, w->bad, sum.bad);
    }
    return 0;
}

struct load {
    int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err);
    void *arg;
    struct moxd_str report;
    int rc;
    struct moxd_err err;
};

static void run(void *arg)
{
    struct load *l = arg;

    l->rc = l->parse(l->arg, l->report, &l->err);
}

int reports_load(struct moxd_instance *m, enum moxd_report_kind kind, const char *id,
                 struct moxd_arena *a,
                 int (*parse)(void *arg, struct moxd_str report, struct moxd_err *err), void *arg,
                 struct moxd_err *err)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct load l = { .parse = parse, .arg = arg };

    if (reports_get(reports_self(m), kind, strtoull(id, NULL, 16), &b, err) < 0)
        return -1;
    l.report = moxd_arena_str(a, moxd_buf_str(&b));
    if (moxd_offload(MOXD_LANE_CPU, run, &l) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (l.rc < 0)
        *err = l.err;
    return l.rc;
}
