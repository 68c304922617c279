/* on_message, and on_deliver for our own: aggregate reports about domains of ours, to the address that the configuration
 * names for that (P-AUTHN-05). The
 * message is delivered in any case; what is wrong with it is said in a field of its header. */
#include "dmarc.h"

/* Where reports about the domain go, NULL: nowhere. Valid until the next suspension. */
static const char *address_for(struct moxd_instance *m, struct moxd_str domain)
{
    const struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    const struct moxd_conf_head *head = d->accounts->domain(d->accounts_self, domain);
    const struct dmarc_domain_conf *conf = head ? moxd_conf_ext(head, "dmarc") : NULL;

    return conf ? conf->address : NULL;
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

/* On a worker. */
static int parse(struct moxd_str s, struct moxd_str domain, struct moxd_arena *a,
                 struct reports_in *in, struct moxd_err *err)
{
    struct moxd_dmarc_report r;

    if (moxd_dmarc_report_parse(s, a, &r, err) < 0)
        return -1;
    if (!moxd_str_caseeqs(domain, r.domain))
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "the report is about another domain than the message says");
    *in = (struct reports_in){
        .organization = r.organization, .report_id = r.id, .begin = r.begin, .end = r.end
    };
    count(&r, in);
    return 0;
}

/* RFC 9990 2.6.2: reports must themselves pass DMARC. */
static int check(struct moxd_instance *m, const struct smtp_message *ev, struct moxd_str author,
                 struct moxd_arena *a, struct moxd_err *err)
{
    const struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);
    const struct smtp_auth_result *r;

    (void)a;
    for (size_t i = 0; (r = d->smtp->auth_result(ev->mail, i)); i++)
        if (moxd_str_eqs(r->shown.method, "dmarc") && moxd_str_eqs(r->shown.result, "pass") &&
            moxd_str_caseeq(r->domain, author))
            return 0;
    return moxd_err_set(err, MOXD_ERR_DENIED, "the message does not pass DMARC");
}

enum moxd_verdict dmarc_receive(struct moxd_instance *m, const struct smtp_message *ev,
                                struct moxd_reply *reply)
{
    static const struct reports_receiver receiver = {
        .kind = MOXD_REPORT_DMARC, .address = address_for, .check = check, .parse = parse
    };
    struct dmarc *d = MOXD_CONTAINER(m, struct dmarc, m);

    if (!d->reports || !d->accounts)
        return MOXD_NEXT;
    return d->reports->receive(d->reports_self, m, &receiver, ev, reply);
}

/* What this server reports about a domain of its own never leaves it. */
enum moxd_verdict dmarc_on_deliver(struct moxd_instance *m, const struct smtp_copy *ev,
                                   struct smtp_handing *handing)
{
    const struct smtp_conn *conn = ev->message->mail->conn;

    if (!conn->own || strcmp(conn->origin, "dmarc") != 0)
        return MOXD_NEXT;
    return dmarc_receive(m, ev->message, &handing->reply);
}
