/* on_message: aggregate reports about domains of ours, to the address that the configuration names for that (P-AUTHN-05). The
 * message is delivered in any case; what is wrong with it is said in a field of its header. */
#include "dmarc.h"

/* Where reports about the domain go, NULL: nowhere. Valid until the next suspension. */
static const char *address_for(const struct dmarc *d, struct moxd_str domain)
{
    const struct moxd_conf_head *head = d->accounts->domain(d->accounts_self, domain);
    const struct dmarc_domain_conf *conf = head ? moxd_conf_ext(head, "dmarc") : NULL;

    return conf ? conf->address : NULL;
}

struct job {
    struct moxd_arena *a;
    struct moxd_str domain;
    struct moxd_dmarc_report report;
};

/* On a worker. */
static int parse(void *arg, struct moxd_str s, struct moxd_err *err)
{
    struct job *j = arg;

    if (moxd_dmarc_report_parse(s, j->a, &j->report, err) < 0)
        return -1;
    return moxd_str_caseeqs(j->domain, j->report.domain)
               ? 0
               : moxd_err_set(err, MOXD_ERR_INVALID,
                              "the report is about another domain than the message says");
}

/* RFC 9990 2.6.2: reports must themselves pass DMARC. */
static bool passes(const struct dmarc *d, const struct smtp_mail *mail, struct moxd_str author)
{
    const struct smtp_auth_result *r;

    for (size_t i = 0; (r = d->smtp->auth_result(mail, i)); i++)
        if (moxd_str_eqs(r->shown.method, "dmarc") && moxd_str_eqs(r->shown.result, "pass") &&
            moxd_str_caseeq(r->domain, author))
            return true;
    return false;
}

static void count(const struct moxd_dmarc_report *r, struct reports_in *in)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct moxd_dmarc_report_row *w = &r->v[i];
        if (strcmp(w->dkim, "pass") == 0 || strcmp(w->spf, "pass") == 0)
            in->good += w->count;
        else
            in->bad += w->count;
    }
}

static int take(struct dmarc *d, const struct smtp_message *ev, struct moxd_str domain,
                struct moxd_arena *a, struct moxd_err *err)
{
    struct job j = { .a = a, .domain = domain };
    struct moxd_buf xml = MOXD_BUF_INIT(MOXD_REPORT_MAX);
    struct moxd_str author;

    if (!moxd_report_author(ev->header, a, &author))
        return moxd_err_set(err, MOXD_ERR_INVALID, "the message has no author");
    if (!passes(d, ev->mail, author))
        return moxd_err_set(err, MOXD_ERR_DENIED, "the message does not pass DMARC");
    int rc = d->reports->read(d->reports_self, ev, MOXD_REPORT_DMARC, parse, &j, &xml, err);
    struct reports_in in = { .domain = moxd_arena_cstr(a, domain),
                             .from = moxd_arena_cstr(a, author),
                             .organization = j.report.organization,
                             .report_id = j.report.id,
                             .begin = j.report.begin,
                             .end = j.report.end };
    if (rc == 0) {
        count(&j.report, &in);
        rc = d->reports->keep(d->reports_self, MOXD_REPORT_DMARC, &in, moxd_buf_str(&xml), err);
    }
    moxd_buf_fini(&xml);
    if (rc == 0)
        moxd_info(ev->mail->conn->log, "DMARC report received", moxd_kvs("domain", in.domain),
                  moxd_kvs("from", in.from), moxd_kvs("report-id", in.report_id),
                  moxd_kvu("passed", in.good), moxd_kvu("failed", in.bad));
    return rc;
}

static void say(const struct dmarc *d, const struct smtp_message *ev, const struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_buf_adds(&b, "X-Mox-DMARCReport-Error: ");
    for (const char *s = err->priv; *s; s++)
        moxd_buf_addc(&b, *s < ' ' || *s > '~' ? '?' : *s);
    moxd_buf_adds(&b, "\r\n");
    d->smtp->add_header(ev, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

enum moxd_verdict dmarc_receive(struct moxd_instance *m, const struct smtp_message *ev,
                                struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    struct moxd_err err = { 0 };
    struct moxd_str domain;

    if (!d->reports || !d->accounts || ev->mail->conn->simulated || ev->mail->conn->account ||
        !moxd_report_claim(ev->header, MOXD_REPORT_DMARC, a, &domain) ||
        !d->reports->addressed(d->reports_self, ev, address_for(d, domain)))
        return MOXD_NEXT;
    if (take(d, ev, domain, a, &err) == 0 || err.kind == MOXD_ERR_EXISTS)
        return MOXD_NEXT;
    if (err.kind == MOXD_ERR_CANCELLED)
        return moxd_reply_set(reply, 451, "4.3.0", "The report could not be read, try again later");
    moxd_info(ev->mail->conn->log, "DMARC report not taken", moxd_kve(&err));
    say(d, ev, &err);
    return MOXD_NEXT;
}
