/* Hooks: checks begin as soon as there is something to check, and are waited for where their results are
 * needed. Users who logged in are not checked: they send from anywhere. */
#include "spf.h"

enum moxd_verdict spf_on_connect(struct moxd_instance *m, const struct smtp_conn *ev,
                                 struct moxd_reply *reply)
{
    struct spf *spf = MOXD_CONTAINER(m, struct spf, m);
    struct spf_session *s = moxd_slot(ev->slots, "smtp-session", m);

    (void)reply;
    if (!ev->submission && spf->conf->iprev)
        s->iprev = spf_job_iprev(spf, ev);
    return MOXD_NEXT;
}

/* A literal or a word without a dot says nothing that SPF could check. */
static bool is_name(struct moxd_str helo)
{
    return helo.n > 0 && helo.p[0] != '[' && moxd_str_chr(helo, '.') > 0;
}

enum moxd_verdict spf_on_mail(struct moxd_instance *m, const struct smtp_mail *ev,
                              struct moxd_reply *reply)
{
    struct spf *spf = MOXD_CONTAINER(m, struct spf, m);
    struct spf_msg *msg = moxd_slot(ev->slots, "smtp-message", m);

    (void)reply;
    if (ev->conn->submission || ev->conn->account)
        return MOXD_NEXT;
    msg->from = spf_job_spf(spf, ev, false);
    if (spf->conf->helo && ev->from.domain.n > 0 && is_name(ev->conn->helo))
        msg->helo = spf_job_spf(spf, ev, true);
    return MOXD_NEXT;
}

/* A sender that does not prove its domain gets one recipient per message: what is to be said of the
 * message after DATA is then said for that one alone, and who guesses addresses or floods is slow. */
enum moxd_verdict spf_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct moxd_reply *reply)
{
    const struct spf *spf = MOXD_CONTAINER(m, struct spf, m);
    const struct spf_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);

    if (!msg->from || ev->mail->nrcpts == 0 || !spf->conf->one_recipient)
        return MOXD_NEXT;
    if (spf_job_wait(msg->from) == MOXD_OK && msg->from->out.result == MOXD_SPF_PASS)
        return MOXD_NEXT;
    return moxd_reply_set(reply, 452, "4.5.3",
                          "one recipient for each message without an SPF pass");
}

static void add_spf(const struct spf *spf, const struct smtp_mail *mail, const struct spf_job *job)
{
    const struct moxd_authres_prop prop = {
        .ptype = MOXD_STR("smtp"),
        .name = job->is_helo ? MOXD_STR("helo") : MOXD_STR("mailfrom"),
        .value = job->is_helo ? job->args.helo : mail->from.text,
    };
    const struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("spf"),
                   .result = moxd_cstr(moxd_spf_result_name(job->out.result)),
                   .reason = moxd_cstr(job->out.problem),
                   .props = &prop,
                   .nprops = 1 },
        .domain = job->args.domain,
        .dnssec = job->dns.dnssec,
    };

    spf->smtp->add_auth_result(mail, &r);
}

static void add_iprev(const struct spf *spf, const struct smtp_mail *mail,
                      const struct spf_job *job)
{
    const struct moxd_authres_prop prop = {
        .ptype = MOXD_STR("policy"),
        .name = MOXD_STR("iprev"),
        .value = moxd_cstr(mail->conn->remote_ip),
    };
    const struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("iprev"),
                   .result = moxd_cstr(spf_iprev_name(job->iprev)),
                   .comment = moxd_cstr(job->name),
                   .props = &prop,
                   .nprops = 1 },
        .domain = moxd_cstr(job->iprev == SPF_IPREV_PASS ? job->name : NULL),
        .dnssec = job->dns.dnssec,
    };

    spf->smtp->add_auth_result(mail, &r);
}

static void add_received(const struct spf *spf, const struct smtp_message *ev,
                         const struct spf_job *job)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 * 1024);

    moxd_spf_received(&b, &job->args, &job->out, job->is_helo ? "helo" : "mailfrom");
    spf->smtp->add_header(ev, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

/* RFC 7208 8.4, RFC 7372 3.2; the explanation is the domain's, and says so. */
static enum moxd_verdict refuse(const struct spf_job *job, struct moxd_reply *reply)
{
    struct moxd_str why = job->out.explanation;

    (void)snprintf(reply->detail, sizeof(reply->detail),
                   "SPF fail of %" MOXD_STRF " by %" MOXD_STRF,
                   MOXD_STRA(moxd_str_sub(job->args.domain, 0, 200)),
                   MOXD_STRA(moxd_str_sub(job->out.mechanism, 0, 60)));
    return moxd_reply_set(reply, 550, "5.7.23",
                          "SPF: this client may not send for %" MOXD_STRF "%s%" MOXD_STRF,
                          MOXD_STRA(moxd_str_sub(job->args.domain, 0, 100)),
                          why.n > 0 ? "; the domain explains: " : "", MOXD_STRA(why));
}

enum moxd_verdict spf_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply)
{
    const struct spf *spf = MOXD_CONTAINER(m, struct spf, m);
    const struct spf_msg *msg = moxd_slot(ev->mail->slots, "smtp-message", m);
    const struct spf_session *s = moxd_slot(ev->mail->conn->slots, "smtp-session", m);

    if (!msg->from)
        return MOXD_NEXT;
    if (spf_job_wait(msg->from) != MOXD_OK || (msg->helo && spf_job_wait(msg->helo) != MOXD_OK) ||
        (s->iprev && spf_job_wait(s->iprev) != MOXD_OK))
        return MOXD_FAIL;
    add_spf(spf, ev->mail, msg->from);
    if (msg->helo)
        add_spf(spf, ev->mail, msg->helo);
    if (s->iprev)
        add_iprev(spf, ev->mail, s->iprev);
    if (spf->conf->received)
        add_received(spf, ev, msg->from);
    if (spf->conf->refuse_fail && msg->from->out.result == MOXD_SPF_FAIL)
        return refuse(msg->from, reply);
    return MOXD_NEXT;
}
