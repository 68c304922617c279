/* moxctl tlsrpt lookup|results|send|list|show|summary */
#include "tlsrpt.h"

#include <inttypes.h>
#include <moxd/offload.h>
#include <moxmail/address.h>
#include <moxmail/date.h>
#include <stdlib.h>

static const char *day_of(struct moxd_ctl *c, int64_t sec)
{
    struct moxd_civil d = moxd_civil(sec);

    return moxd_arena_printf(moxd_ctl_arena(c), "%04d-%02d-%02d", d.year, d.month, d.day);
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

static int cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err)
{
    struct moxd_tlsrpt_record r;
    struct moxd_domain d;

    (void)m, (void)argc;
    if (moxd_domain_parse(moxd_cstr(argv[0]), MOXD_ADDRESS_UTF8, moxd_ctl_arena(c), &d, err) < 0)
        return -1;
    int rc = tlsrpt_lookup(d.ascii.p, moxd_ctl_arena(c), &r, err);
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s wants no TLS reports", argv[0]);
    for (size_t i = 0; rc > 0 && i < r.nrua; i++)
        (void)moxd_ctl_printf(c, "%s\n", r.rua[i]);
    return rc > 0 ? 0 : -1;
}

static void show_policy(struct moxd_ctl *c, const char *before, const struct moxd_tlsrpt_policy *p)
{
    (void)moxd_ctl_printf(c, "%s%s %s successful=%" PRIu64 " failed=%" PRIu64 "\n", before,
                          plain(c, p->domain), plain(c, p->type), p->successes, p->failures);
    for (const char *const *s = p->strings; *s; s++)
        (void)moxd_ctl_printf(c, "  policy: %s\n", plain(c, *s));
    for (size_t i = 0; i < p->n; i++) {
        const struct moxd_tlsrpt_failure *f = &p->v[i];
        (void)moxd_ctl_printf(c, "  %s sessions=%" PRIu64 " from=%s host=%s ip=%s %s\n",
                              plain(c, f->result), f->count, plain(c, f->sending_ip),
                              plain(c, f->mx), plain(c, f->receiving_ip), plain(c, f->reason));
    }
}

static int cmd_results(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct tlsrpt_result *v;
    size_t n;

    (void)argc, (void)argv;
    if (tlsrpt_results(tlsrpt_self(m), moxd_ctl_arena(c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        show_policy(c,
                    moxd_arena_printf(moxd_ctl_arena(c), "%s ", day_of(c, v[i].day * TLSRPT_DAY)),
                    &v[i].policy);
    return 0;
}

static int cmd_send(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    unsigned sent;

    if (argc > 0 && strcmp(argv[0], "all") != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: only \"all\" can be said", argv[0]);
    int rc = tlsrpt_send(tlsrpt_self(m), argc > 0, &sent, err);
    (void)moxd_ctl_printf(c, "%u reports sent\n", sent);
    return rc;
}

static int cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);
    struct reports_in *v;
    size_t n;

    (void)argc, (void)argv;
    if (t->reports->list(t->reports_self, MOXD_REPORT_TLS, moxd_ctl_arena(c), &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        (void)moxd_ctl_printf(
            c, "%" PRIx64 " %s %s from=%s successful=%" PRIu64 " failed=%" PRIu64 " report-id=%s\n",
            v[i].id, day_of(c, v[i].begin), v[i].domain, v[i].from, v[i].good, v[i].bad,
            plain(c, v[i].report_id));
    return 0;
}

struct show_job {
    struct moxd_arena *a;
    struct moxd_str json;
    struct moxd_tlsrpt_report report;
    int rc;
    struct moxd_err err;
};

static void parse(void *arg)
{
    struct show_job *j = arg;

    j->rc = moxd_tlsrpt_parse(j->json, j->a, &j->report, &j->err);
}

static int cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct show_job j = { .a = moxd_ctl_arena(c) };
    int rc =
        t->reports->get(t->reports_self, MOXD_REPORT_TLS, strtoull(argv[0], NULL, 16), &b, err);

    (void)argc;
    j.json = moxd_buf_str(&b);
    if (rc == 0)
        rc = moxd_offload(MOXD_LANE_CPU, parse, &j) == MOXD_OK
                 ? j.rc
                 : moxd_err_set(&j.err, MOXD_ERR_CANCELLED, "cancelled");
    if (rc < 0 && j.err.kind)
        *err = j.err;
    if (rc == 0) {
        (void)moxd_ctl_printf(c, "report %s of %s, contact %s\n%s to %s\n", plain(c, j.report.id),
                              plain(c, j.report.organization), plain(c, j.report.contact),
                              day_of(c, j.report.begin), day_of(c, j.report.end));
        for (size_t i = 0; i < j.report.n; i++)
            show_policy(c, "", &j.report.v[i]);
    }
    moxd_buf_fini(&b);
    return rc;
}

/* Sums by domain; there are few of ours. */
static int cmd_summary(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);
    struct reports_in *v;
    size_t n;

    (void)argc, (void)argv;
    if (t->reports->list(t->reports_self, MOXD_REPORT_TLS, moxd_ctl_arena(c), &v, &n, err) < 0)
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
            (void)moxd_ctl_printf(c, "%s reports=%u successful=%" PRIu64 " failed=%" PRIu64 "\n",
                                  sum.domain, count, sum.good, sum.bad);
    }
    return 0;
}

const struct moxd_command tlsrpt_commands[] = {
    { .name = "tlsrpt lookup",
      .args = "DOMAIN",
      .summary = "show where a domain wants TLS reports",
      .help = "The addresses of its record at _smtp._tls.",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_lookup },
    { .name = "tlsrpt results",
      .args = "",
      .summary = "show what is gathered for TLS reports to others",
      .help = "By day and domain: how often TLS was as its policy wants it, and what went wrong.",
      .run = cmd_results },
    { .name = "tlsrpt send",
      .args = "[all]",
      .summary = "send the TLS reports that are due",
      .help = "They go out by themselves in the hours after midnight UTC. With \"all\": those that "
              "are not due, too, that of today among them.",
      .max_args = 1,
      .run = cmd_send },
    { .name = "tlsrpt list",
      .args = "",
      .summary = "list the TLS reports that came in",
      .help = "One line each, with the id for \"tlsrpt show\".",
      .run = cmd_list },
    { .name = "tlsrpt show",
      .args = "ID",
      .summary = "show a TLS report that came in",
      .help = "Its policies, and each kind of failure.",
      .min_args = 1,
      .max_args = 1,
      .run = cmd_show },
    { .name = "tlsrpt summary",
      .args = "",
      .summary = "add up the TLS reports that came in, by domain",
      .help = "Sessions that were successful, and that failed.",
      .run = cmd_summary },
    { 0 },
};
