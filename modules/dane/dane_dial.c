/* A host is tried, and what comes of it is told. */
#include "dane.h"

#include <moxd/stream.h>

#define DIAL_TIMEOUT (60 * MOXD_SEC)

static MOXD_SUSPENDS void print_record(struct moxd_ctl *c, const struct moxd_tlsa *t)
{
    struct moxd_buf b = MOXD_BUF_INIT(2 * t->data.n + 20);

    moxd_tlsa_put(&b, t);
    (void)moxd_ctl_printf(c, "    %s%s\n", moxd_buf_cstr(&b),
                          moxd_tlsa_usable(t) ? "" : "  (not usable for SMTP)");
    moxd_buf_fini(&b);
}

void dane_print_records(struct moxd_ctl *c, const struct dane_host *h,
                        const struct dane_found *found)
{
    if (!found->secure) {
        (void)moxd_ctl_printf(c, "  no TLSA records that DNSSEC proves%s\n",
                              h->hosts && !h->hosts->secure ? ": the MX records are not authentic"
                              : h->addresses && h->addresses->unsigned_host
                                  ? ": the host's zone is not signed"
                                  : "");
        return;
    }
    (void)moxd_ctl_printf(c, "  TLSA records at _%u._tcp.%s, authentic (DNSSEC)\n", h->port,
                          found->base);
    for (size_t i = 0; i < found->nall; i++)
        print_record(c, &found->all[i]);
}

static struct sockaddr_storage with_port(const struct sockaddr_storage *address, unsigned port)
{
    struct sockaddr_storage ss = *address;

    moxd_addr_set_port(&ss, port);
    return ss;
}

/* 0: fine. */
static MOXD_SUSPENDS int tell(struct moxd_ctl *c, const char *ip, const char *tls, bool dane,
                              bool pkix, const char *problem)
{
    (void)moxd_ctl_printf(c, "  %s: %s; DANE: %s; PKIX: %s%s%s\n", ip, tls ? tls : "no TLS",
                          dane ? "verified" : "not verified", pkix ? "verified" : "not verified",
                          *problem ? "; " : "", moxd_ctl_plain(c, problem));
    return dane ? 0 : -1;
}

static MOXD_SUSPENDS int try_smtp(const struct dane *d, struct moxd_ctl *c,
                                  const struct dane_host *h, const struct dane_found *found,
                                  const struct sockaddr_storage *address)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    const struct smtpclient_target t = {
        .host = h->host,
        .address = with_port(address, h->port),
        .ehlo = moxd_conf_core()->hostname,
        .security = { .starttls = SMTPCLIENT_TLS_REQUIRED,
                      .verify_dane = found->nusable > 0,
                      .ignore_errors = true,
                      .tlsa = found->usable,
                      .ntlsa = found->nusable,
                      .dane_names = found->names },
        .log = &d->m.log,
        .deadline = moxd_deadline(DIAL_TIMEOUT),
    };
    struct smtpclient_session *s;
    struct smtpclient_facts facts;
    struct smtpclient_reply why;
    char ip[64];
    int rc = d->client->open(d->client_self, &t, a, &s, &facts, &why);

    rc = tell(c, moxd_addr_ip((const struct sockaddr *)address, ip), facts.tls_version,
              facts.dane_ok, facts.pkix_ok, rc == 0 ? facts.tls_error : why.text);
    if (s)
        d->client->close(s);
    return rc;
}

static enum moxd_dane_result verify(struct moxd_stream *st, const struct dane_host *h,
                                    const struct dane_found *found, struct moxd_arena *a)
{
    const char *const host_alone[] = { h->host, NULL };
    struct moxd_str *chain;
    struct moxd_dane_server server = { .records = found->usable,
                                       .nrecords = found->nusable,
                                       .names = found->names ? found->names : host_alone,
                                       .now = moxd_wall() / MOXD_SEC };

    server.nchain = moxd_stream_tls_chain(st, a, &chain);
    server.chain = chain;
    return moxd_dane_verify(&server, NULL);
}

static MOXD_SUSPENDS int try_tls(struct moxd_ctl *c, const struct dane_host *h,
                                 const struct dane_found *found,
                                 const struct sockaddr_storage *address)
{
    struct moxd_arena *a = moxd_ctl_arena(c);
    struct sockaddr_storage to = with_port(address, h->port);
    const struct moxd_tls_client tls = {
        .name = h->host, .sni = found->secure ? found->base : NULL, .verify = true, .report = true
    };
    struct moxd_err err = { 0 };
    char ip[64];
    const char *who = moxd_addr_ip((const struct sockaddr *)address, ip);
    struct moxd_stream *st = moxd_stream_connect_from(NULL, (const struct sockaddr *)&to,
                                                      moxd_deadline(DIAL_TIMEOUT), &err);

    if (!st)
        return tell(c, who, NULL, false, false, err.priv);
    int rc = moxd_stream_tls_connect(st, &tls);
    if (rc < 0) {
        rc = tell(c, who, NULL, false, false, moxd_stream_error(st));
    } else {
        enum moxd_dane_result dane = verify(st, h, found, a);
        bool pkix = moxd_stream_tls_fault(st) == MOXD_TLS_FINE;
        rc = tell(c, who, moxd_stream_tls_version(st), dane == MOXD_DANE_OK, pkix,
                  found->nusable > 0 ? moxd_dane_result_text(dane) : "");
    }
    moxd_stream_close(st);
    return rc;
}

int dane_try(const struct dane *d, struct moxd_ctl *c, const struct dane_host *h,
             const struct dane_found *found, bool smtp, struct moxd_err *err)
{
    size_t good = 0;

    for (size_t i = 0; i < h->addresses->n && !moxd_fiber_cancelled(); i++) {
        const struct sockaddr_storage *address = &h->addresses->v[i];
        int rc = smtp ? try_smtp(d, c, h, found, address) : try_tls(c, h, found, address);
        good += rc == 0;
    }
    if (good > 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "%s is not verified by DANE", h->host);
}
