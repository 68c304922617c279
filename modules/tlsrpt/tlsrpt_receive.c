/* on_message: reports about domains of ours, sent to the address that the configuration names for that. The message is
 * delivered in any case; what is wrong with it is said in a field of its header (P-AUTHN-08). */
#include "tlsrpt.h"

/* Where reports about the domain go, NULL: nowhere. Valid until the next suspension. */
static const char *address_for(struct tlsrpt *t, struct moxd_str domain)
{
    const struct moxd_conf_head *head;
    const struct tlsrpt_domain_conf *conf;

    if (moxd_str_caseeqs(domain, moxd_conf_core()->hostname) && t->conf->host_address)
        return t->conf->host_address;
    head = t->accounts->domain(t->accounts_self, domain);
    conf = head ? moxd_conf_ext(head, "tlsrpt") : NULL;
    return conf ? conf->address : NULL;
}

struct job {
    struct moxd_arena *a;
    struct moxd_str domain;
    struct moxd_tlsrpt_report report;
};

/* On a worker. */
static int parse(void *arg, struct moxd_str s, struct moxd_err *err)
{
    struct job *j = arg;

    if (moxd_tlsrpt_parse(s, j->a, &j->report, err) < 0)
        return -1;
    for (size_t i = 0; i < j->report.n; i++)
        if (!moxd_str_caseeqs(j->domain, j->report.v[i].domain))
            return moxd_err_set(err, MOXD_ERR_INVALID,
                                "the report is about another domain than the message says");
    return j->report.n > 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "the report is empty");
}

static bool related(struct moxd_str a, struct moxd_str b)
{
    return moxd_str_caseeq(a, b) ||
           (a.n > b.n && moxd_str_caseends(a, b) && a.p[a.n - b.n - 1] == '.');
}

/* RFC 8460 3: signed by the reporting domain, all of it, with a key that is for that. */
static int check_signature(struct tlsrpt *t, const struct smtp_message *ev, struct moxd_str author,
                           struct moxd_arena *a, struct moxd_err *err)
{
    struct moxd_str *domains;
    size_t n;

    if (!t->dkim)
        return moxd_err_set(err, MOXD_ERR_STATE, "signatures are not looked at here");
    if (t->dkim->verify(t->dkim_self, "tlsrpt", ev->header, ev->draft, a, &domains, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (related(author, domains[i]) || related(domains[i], author))
            return 0;
    return moxd_err_set(err, MOXD_ERR_DENIED,
                        "no DKIM signature of the author's domain over all of the message verifies "
                        "with a key for tlsrpt");
}

static void count(const struct moxd_tlsrpt_report *r, struct reports_in *in)
{
    for (size_t i = 0; i < r->n; i++) {
        in->good += r->v[i].successes;
        in->bad += r->v[i].failures;
    }
}

static int take(struct tlsrpt *t, const struct smtp_message *ev, struct moxd_str domain,
                struct moxd_arena *a, struct moxd_err *err)
{
    struct job j = { .a = a, .domain = domain };
    struct moxd_buf json = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct moxd_str author;
    int rc;

    if (!moxd_report_author(ev->header, a, &author))
        return moxd_err_set(err, MOXD_ERR_INVALID, "the message has no author");
    if (check_signature(t, ev, author, a, err) < 0)
        return -1;
    rc = t->reports->read(t->reports_self, ev, MOXD_REPORT_TLS, parse, &j, &json, err);
    struct reports_in in = { .domain = moxd_arena_cstr(a, domain),
                             .from = moxd_arena_cstr(a, author),
                             .organization = j.report.organization,
                             .report_id = j.report.id,
                             .begin = j.report.begin,
                             .end = j.report.end };
    if (rc == 0) {
        count(&j.report, &in);
        rc = t->reports->keep(t->reports_self, MOXD_REPORT_TLS, &in, moxd_buf_str(&json), err);
    }
    moxd_buf_fini(&json);
    if (rc == 0)
        moxd_info(ev->mail->conn->log, "TLS report received", moxd_kvs("domain", in.domain),
                  moxd_kvs("from", in.from), moxd_kvs("report-id", in.report_id),
                  moxd_kvu("successful", in.good), moxd_kvu("failed", in.bad));
    return rc;
}

static void say(struct tlsrpt *t, const struct smtp_message *ev, const struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_buf_adds(&b, "X-Mox-TLSReport-Error: ");
    for (const char *s = err->priv; *s; s++)
        moxd_buf_addc(&b, *s < ' ' || *s > '~' ? '?' : *s);
    moxd_buf_adds(&b, "\r\n");
    t->smtp->add_header(ev, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

enum moxd_verdict tlsrpt_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct tlsrpt *t = tlsrpt_self(m);
    struct moxd_err err = { 0 };
    struct moxd_str domain;

    (void)reply;
    if (ev->mail->conn->simulated || ev->mail->conn->account ||
        !moxd_report_claim(ev->header, MOXD_REPORT_TLS, a, &domain) ||
        !t->reports->addressed(t->reports_self, ev, address_for(t, domain)))
        return MOXD_NEXT;
    if (take(t, ev, domain, a, &err) == 0 || err.kind == MOXD_ERR_EXISTS)
        return MOXD_NEXT;
    if (err.kind == MOXD_ERR_CANCELLED)
        return moxd_reply_set(reply, 451, "4.3.0", "The report could not be read, try again later");
    moxd_info(ev->mail->conn->log, "TLS report not taken", moxd_kve(&err));
    say(t, ev, &err);
    return MOXD_NEXT;
}
