/* on_message, and on_deliver for our own: reports about domains of ours, sent to the address that the configuration
 * names for that. The message is
 * delivered in any case; what is wrong with it is said in a field of its header (P-AUTHN-08). */
#include "tlsrpt.h"

/* Where reports about the domain go, NULL: nowhere. Valid until the next suspension. */
static const char *address_for(struct moxd_instance *m, struct moxd_str domain)
{
    const struct tlsrpt *t = tlsrpt_self(m);
    const struct moxd_conf_head *head;
    const struct tlsrpt_domain_conf *conf;

    if (moxd_str_caseeqs(domain, moxd_conf_core()->hostname) && t->conf->host_address)
        return t->conf->host_address;
    head = t->accounts->domain(t->accounts_self, domain);
    conf = head ? moxd_conf_ext(head, "tlsrpt") : NULL;
    return conf ? conf->address : NULL;
}

static void count(const struct moxd_tlsrpt_report *r, struct reports_in *in)
{
    for (size_t i = 0; i < r->n; i++) {
        in->good += r->v[i].successes;
        in->bad += r->v[i].failures;
    }
}

/* On a worker. */
static int parse(struct moxd_str s, struct moxd_str domain, struct moxd_arena *a,
                 struct reports_in *in, struct moxd_err *err)
{
    struct moxd_tlsrpt_report r;

    if (moxd_tlsrpt_parse(s, a, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < r.n; i++)
        if (!moxd_str_caseeqs(domain, r.v[i].domain))
            return moxd_err_set(err, MOXD_ERR_INVALID,
                                "the report is about another domain than the message says");
    *in = (struct reports_in){
        .organization = r.organization, .report_id = r.id, .begin = r.begin, .end = r.end
    };
    count(&r, in);
    return r.n > 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "the report is empty");
}

static bool related(struct moxd_str a, struct moxd_str b)
{
    return moxd_str_caseeq(a, b) ||
           (a.n > b.n && moxd_str_caseends(a, b) && a.p[a.n - b.n - 1] == '.');
}

/* RFC 8460 3: signed by the reporting domain, all of it, with a key that is for that. */
static int check_signature(struct moxd_instance *m, const struct smtp_message *ev,
                           struct moxd_str author, struct moxd_arena *a, struct moxd_err *err)
{
    const struct tlsrpt *t = tlsrpt_self(m);
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

enum moxd_verdict tlsrpt_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply)
{
    static const struct reports_receiver receiver = {
        .kind = MOXD_REPORT_TLS, .address = address_for, .check = check_signature, .parse = parse
    };
    struct tlsrpt *t = tlsrpt_self(m);

    return t->reports->receive(t->reports_self, m, &receiver, ev, reply);
}

/* What this server reports about a domain of its own never leaves it. */
enum moxd_verdict tlsrpt_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                    struct smtp_handing *handing)
{
    const struct smtp_conn *conn = ev->message->mail->conn;

    if (!conn->own || strcmp(conn->origin, "tlsrpt") != 0)
        return MOXD_NEXT;
    return tlsrpt_on_message(m, ev->message, &handing->reply);
}
