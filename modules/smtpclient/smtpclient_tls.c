/* TLS to a server: the handshake, and what is to be verified (QUEUE-22). */
#include "smtpclient.h"

#include <moxd/enc.h>
#include <openssl/evp.h>

/* The host as certificates have it: an address without the brackets of a literal. */
static const char *name_of(const struct smtpclient_session *s)
{
    struct moxd_str host = moxd_cstr(s->t->host);

    if (host.n > 2 && host.p[0] == '[')
        host = moxd_str_sub(host, 1, host.n - 2);
    if (moxd_str_casestarts(host, MOXD_STR("IPv6:")))
        host = moxd_str_from(host, 5);
    return moxd_arena_cstr(s->a, host);
}

static void add_digest(struct moxd_buf *b, const struct smtpclient_security *sec)
{
    struct moxd_buf records = MOXD_BUF_INIT(1 << 20);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    for (size_t i = 0; i < sec->ntlsa; i++)
        moxd_tlsa_put(&records, &sec->tlsa[i]);
    if (EVP_Digest(records.p, records.n, digest, &n, EVP_sha256(), NULL) == 1)
        moxd_hex_encode(b, moxd_str((const char *)digest, n));
    moxd_buf_fini(&records);
}

/* Sessions are resumed with the same server under the same policy. */
static const char *session_key(const struct smtpclient_session *s, const char *name,
                               const char *sni)
{
    const struct smtpclient_security *sec = &s->t->security;
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_buf_addf(&b, "smtp %s %s %u %d%d ", name, sni,
                  moxd_addr_port((const struct sockaddr *)&s->t->address), sec->verify_pkix,
                  sec->verify_dane);
    if (sec->ntlsa > 0)
        add_digest(&b, sec);
    const char *key = b.overflow ? NULL : moxd_arena_strdup(s->a, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return key;
}

static enum moxd_dane_result look_at_dane(struct smtpclient_session *s, const char *name)
{
    const char *const host_alone[] = { name, NULL };
    const struct smtpclient_security *sec = &s->t->security;
    struct moxd_dane_server server = { .records = sec->tlsa,
                                       .nrecords = sec->ntlsa,
                                       .names = sec->dane_names ? sec->dane_names : host_alone,
                                       .now = moxd_wall() / MOXD_SEC };
    struct moxd_str *chain;

    server.nchain = moxd_stream_tls_chain(s->st, s->scratch, &chain);
    server.chain = chain;
    enum moxd_dane_result r = moxd_dane_verify(&server, NULL);
    if (r != MOXD_DANE_OK)
        moxd_debug(&s->log, "not verified by DANE", moxd_kvs("reason", moxd_dane_result_text(r)),
                   moxd_kvu("certificates", server.nchain), moxd_kvu("records", sec->ntlsa),
                   moxd_kvs("base", server.names[0]),
                   moxd_kvb("resumed", moxd_stream_tls_resumed(s->st)));
    return r;
}

static const enum smtpclient_tls_result of_dane[] = {
    [MOXD_DANE_OK] = SMTPCLIENT_TLS_OK,
    [MOXD_DANE_NO_MATCH] = SMTPCLIENT_TLS_FAILED,
    [MOXD_DANE_HOST_MISMATCH] = SMTPCLIENT_TLS_HOST_MISMATCH,
    [MOXD_DANE_EXPIRED] = SMTPCLIENT_TLS_EXPIRED,
    [MOXD_DANE_NOT_TRUSTED] = SMTPCLIENT_TLS_NOT_TRUSTED,
};
static const enum smtpclient_tls_result of_pkix[] = {
    [MOXD_TLS_FINE] = SMTPCLIENT_TLS_OK,
    [MOXD_TLS_UNVERIFIED] = SMTPCLIENT_TLS_NOT_TRUSTED,
    [MOXD_TLS_HOST_MISMATCH] = SMTPCLIENT_TLS_HOST_MISMATCH,
    [MOXD_TLS_EXPIRED] = SMTPCLIENT_TLS_EXPIRED,
    [MOXD_TLS_NOT_TRUSTED] = SMTPCLIENT_TLS_NOT_TRUSTED,
};

static void note(struct smtpclient_facts *f, enum smtpclient_tls_result result, const char *error)
{
    f->tls_result = result;
    f->tls_error = error;
}

/* What was asked for is told in tls_result: DANE before PKIX (RFC 8461 2). */
static void verify(struct smtpclient_session *s, const char *name)
{
    const struct smtpclient_security *sec = &s->t->security;
    struct smtpclient_facts *f = &s->facts;
    enum moxd_tls_fault pkix = moxd_stream_tls_fault(s->st);
    enum moxd_dane_result dane = sec->ntlsa > 0 ? look_at_dane(s, name) : MOXD_DANE_NO_MATCH;

    f->pkix_ok = pkix == MOXD_TLS_FINE;
    f->dane_ok = dane == MOXD_DANE_OK;
    note(f, SMTPCLIENT_TLS_OK, "");
    if (sec->verify_dane && !f->dane_ok)
        note(f, of_dane[dane], moxd_dane_result_text(dane));
    else if (sec->verify_pkix && !f->pkix_ok)
        note(f, of_pkix[pkix], moxd_stream_tls_fault_text(s->st));
}

static int handshake_failed(struct smtpclient_session *s, int result)
{
    const char *detail = moxd_stream_error(s->st);

    note(&s->facts, SMTPCLIENT_TLS_FAILED,
         moxd_arena_strdup(s->a, *detail ? detail : moxd_wait_name(result)));
    s->broken = true;
    if (result != MOXD_TLSERR)
        return smtpclient_broken(s, SMTPCLIENT_HANDSHAKE, result, s->ra, s->why);
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_HANDSHAKE, "4.7.5", "TLS failed: %s", detail);
}

/* Only what was verified, or need not be, may be resumed: else a server that has mended its certificate would not be
 * asked for it. */
static int judge(struct smtpclient_session *s)
{
    const struct smtpclient_facts *f = &s->facts;
    bool bad = f->tls_result != SMTPCLIENT_TLS_OK;

    if (bad || (!f->pkix_ok && !f->dane_ok))
        moxd_stream_tls_forget(s->st);
    if (!bad || s->t->security.ignore_errors)
        return 0;
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_HANDSHAKE, "4.7.5",
                           "the server's certificate is not accepted: %s", f->tls_error);
}

int smtpclient_tls(struct smtpclient_session *s)
{
    const struct smtpclient_security *sec = &s->t->security;
    const char *name = name_of(s), *sni = sec->dane_names ? sec->dane_names[0] : name;
    const struct moxd_tls_client c = { .name = name,
                                       .sni = sni,
                                       .verify = true,
                                       .report = true,
                                       .resume = session_key(s, name, sni),
                                       .identity = s->t->identity };
    int rc = moxd_stream_tls_connect(s->st, &c);

    if (rc < 0)
        return handshake_failed(s, rc);
    s->facts.tls_version = moxd_stream_tls_version(s->st);
    s->facts.tls_cipher = moxd_stream_tls_cipher(s->st);
    verify(s, name);
    return judge(s);
}
