/* moxctl tlsrpt lookup|results|send|list|show|summary */
#include "tlsrpt.h"

#include <inttypes.h>
#include <moxmail/address.h>

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
                          moxd_ctl_plain(c, p->domain), moxd_ctl_plain(c, p->type), p->successes,
                          p->failures);
    for (const char *const *s = p->strings; *s; s++)
        (void)moxd_ctl_printf(c, "  policy: %s\n", moxd_ctl_plain(c, *s));
    for (size_t i = 0; i < p->n; i++) {
        const struct moxd_tlsrpt_failure *f = &p->v[i];
        (void)moxd_ctl_printf(c, "  %s sessions=%" PRIu64 " from=%s host=%s ip=%s %s\n",
                              moxd_ctl_plain(c, f->result), f->count,
                              moxd_ctl_plain(c, f->sending_ip), moxd_ctl_plain(c, f->mx),
                              moxd_ctl_plain(c, f->receiving_ip), moxd_ctl_plain(c, f->reason));
    }
}

static int cmd_results(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct tlsrpt_result *v;
    size_t n;

    (void)argc, (void)argv;
    if (tlsrpt_results(tlsrpt_self(m), a, &v, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        show_policy(c,
                    moxd_arena_printf(a, "%s ",
                                      moxd_report_time(MOXD_REPORT_TLS, v[i].day * TLSRPT_DAY, a)),
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

    (void)argc, (void)argv;
    return t->reports->print_list(t->reports_self, MOXD_REPORT_TLS, c, err);
}

static int cmd_summary(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);

    (void)argc, (void)argv;
    return t->reports->print_sums(t->reports_self, MOXD_REPORT_TLS, c, err);
}

struct showing {
    struct moxd_arena *a;
    struct moxd_tlsrpt_report report;
};

/* On a worker. */
static int parse(void *arg, struct moxd_str s, struct moxd_err *err)
{
    struct showing *sh = arg;

    return moxd_tlsrpt_parse(s, sh->a, &sh->report, err);
}

static int cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err)
{
    struct tlsrpt *t = tlsrpt_self(m);
    struct showing sh = { .a = moxd_ctl_arena(c) };
    const struct moxd_tlsrpt_report *r = &sh.report;

    (void)argc;
    if (t->reports->load(t->reports_self, MOXD_REPORT_TLS, argv[0], sh.a, parse, &sh, err) < 0)
        return -1;
    (void)moxd_ctl_printf(c, "report %s of %s, contact %s\n%s to %s\n", moxd_ctl_plain(c, r->id),
                          moxd_ctl_plain(c, r->organization), moxd_ctl_plain(c, r->contact),
                          moxd_report_time(MOXD_REPORT_TLS, r->begin, sh.a),
                          moxd_report_time(MOXD_REPORT_TLS, r->end, sh.a));
    for (size_t i = 0; i < r->n; i++)
        show_policy(c, "", &r->v[i]);
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
