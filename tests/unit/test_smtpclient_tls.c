/* The SMTP client and TLS; logging in.
 * proves: QUEUE-22
 * proves in part: QUEUE-08, QUEUE-20, QUEUE-21, DANE-01 */
#include "chain_unit.h"
#include "smtpclient_unit.h"

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HI "S:220 a.example", "C:EHLO me.example"
#define STARTTLS HI, "S:250-a.example", "S:250 STARTTLS", "C:STARTTLS", "S:220 go", "T:"
#define AFTER "C:EHLO me.example", "S:250-a.example", "S:250 REQUIRETLS"
#define BYE "C:QUIT", "S:221 bye"

static struct made ca, leaf, expired, other;

static void write_pem(const char *name, struct moxd_str pem, const char *mode)
{
    FILE *f = fopen(in_dir(name), mode);

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(pem.p, 1, pem.n, f), pem.n);
    fclose(f);
}

static struct moxd_tls *serve(const struct made *cert)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_err err = { 0 };

    write_pem("s.pem", chain_pem(cert, a), "w");
    write_pem("s.pem", chain_pem(&ca, a), "a");
    write_pem("s.key", chain_key_pem(cert, true, a), "w");
    write_pem("ca.pem", chain_pem(&ca, a), "w");
    struct moxd_tls_pair pair = open_pair("s.pem", "s.key");
    struct moxd_tls *tls = moxd_tls_new(&(struct moxd_tls_opts){ .hostname = "a.example",
                                                                 .lenient_sni = true,
                                                                 .client_certs = true },
                                        &pair, 1, &err);
    ck_assert_msg(tls != NULL, "%s", err.priv);
    close_pairs(&pair, 1);
    const char *trusted = in_dir("ca.pem");
    ck_assert_int_eq(moxd_tls_trust(&trusted, 1, true, &err), 0);
    moxd_arena_free(a);
    return tls;
}

static void make_all(void)
{
    ca = chain_make((struct make){ .subject = "test CA", .ca = true });
    leaf = chain_make((struct make){ .subject = "x", .issuer = &ca, .names = "DNS:a.example" });
    expired = chain_make(
        (struct make){ .subject = "x", .issuer = &ca, .names = "DNS:a.example", .days = -3 });
    other = chain_make((struct make){ .subject = "x", .names = "DNS:a.example" });
}

static void free_all(void)
{
    chain_free(&ca);
    chain_free(&leaf);
    chain_free(&expired);
    chain_free(&other);
}

static struct moxd_tlsa record(unsigned usage, const struct made *of)
{
    struct moxd_tlsa t;

    if (!unit_arena)
        unit_arena = moxd_arena_new(0);
    ck_assert_int_eq(moxd_tlsa_make(usage, 1, 1, chain_pem(of, unit_arena), unit_arena, &t, NULL),
                     0);
    return t;
}

/* A session as it should be; the facts are in c. */
static void open_fine(struct client *c)
{
    ck_assert_msg(client_open(c, LINES(STARTTLS, AFTER, BYE)) == 0, "%s", c->reply.text);
    ck_assert(c->facts.starttls && c->facts.requiretls && c->facts.esmtp);
    ck_assert_str_eq(c->facts.tls_version, "TLSv1.3");
    client_end(c);
}

static void open_fails(struct client *c, enum smtpclient_tls_result result)
{
    ck_assert_int_eq(client_open(c, LINES(STARTTLS, BYE)), -1);
    ck_assert_int_eq(c->reply.stage, SMTPCLIENT_HANDSHAKE);
    ck_assert_int_eq(c->reply.code, 0);
    ck_assert_str_eq(c->reply.enhanced, "4.7.5");
    ck_assert(!c->reply.permanent);
    ck_assert_int_eq(c->facts.tls_result, result);
    ck_assert_str_ne(c->facts.tls_error, "");
    client_end(c);
}

/* Nothing is asked of the certificate, but what it is worth is told. */
IN_FIBER(opportunistic)
{
    make_all();
    struct moxd_tls *tls = serve(&leaf);
    struct client c = { .sc.tls = tls, .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };

    open_fine(&c);
    ck_assert(c.facts.pkix_ok && !c.facts.dane_ok);
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_OK);
    moxd_tls_free(tls);
    tls = serve(&other);
    c = (struct client){ .sc.tls = tls, .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };
    open_fine(&c);
    ck_assert(!c.facts.pkix_ok && !c.facts.dane_ok);
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_OK);
    moxd_tls_free(tls);
    /* Not offered: plain text, unless it is required. */
    c = (struct client){ .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };
    ck_assert_int_eq(client_open(&c, LINES(HI, "S:250 SIZE", BYE)), 0);
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_NOT_OFFERED);
    ck_assert_ptr_null(c.facts.tls_version);
    client_end(&c);
    c = (struct client){ .t.security = { .starttls = SMTPCLIENT_TLS_REQUIRED } };
    ck_assert_int_eq(client_open(&c, LINES(HI, "S:250 SIZE", BYE)), -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_STARTTLS);
    ck_assert_str_eq(c.reply.enhanced, "4.7.10");
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_NOT_OFFERED);
    client_end(&c);
    free_all();
}

IN_FIBER(starttls_that_is_refused_or_broken)
{
    struct client c = { .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };

    ck_assert_int_eq(client_open(&c, LINES(HI, "S:250-x", "S:250 STARTTLS", "C:STARTTLS",
                                           "S:454 4.7.0 not now", BYE)),
                     0);
    ck_assert(c.facts.starttls);
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_NOT_OFFERED);
    ck_assert_str_eq(c.facts.tls_error, "454 4.7.0 not now");
    client_end(&c);
    c = (struct client){ .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };
    ck_assert_int_eq(client_open(&c, LINES(HI, "S:250-x", "S:250 STARTTLS", "C:STARTTLS",
                                           "S:220 go", "B:16", "S:HTTP/1.0 400", "X:")),
                     -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_HANDSHAKE);
    ck_assert_int_eq(c.facts.tls_result, SMTPCLIENT_TLS_FAILED);
    client_end(&c);
    c = (struct client){ .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED } };
    ck_assert_int_eq(
        client_open(&c, LINES(HI, "S:250-x", "S:250 STARTTLS", "C:STARTTLS", "S:220 go", "X:")),
        -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_HANDSHAKE);
    client_end(&c);
    /* Silence in the handshake. */
    c = (struct client){ .t.security = { .starttls = SMTPCLIENT_TLS_IF_OFFERED },
                         .t.deadline = moxd_deadline(100 * MOXD_MS) };
    ck_assert_int_eq(
        client_open(&c, LINES(HI, "S:250-x", "S:250 STARTTLS", "C:STARTTLS", "S:220 go", "E:")),
        -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_HANDSHAKE);
    ck_assert_msg(strstr(c.reply.text, "timeout") != NULL, "%s", c.reply.text);
    client_end(&c);
}

/* What comes in plain text behind the reply to STARTTLS is not taken for what comes in TLS, and what was offered
 * before TLS is not believed after it (RFC 3207 4.2). */
IN_FIBER(injected_plaintext)
{
    make_all();
    struct moxd_tls *tls = serve(&leaf);
    struct client c = { .sc.tls = tls, .t.security = { .starttls = SMTPCLIENT_TLS_REQUIRED } };

    ck_assert_int_eq(
        client_open(&c, LINES(HI, "S:250-a.example", "S:250-AUTH PLAIN", "S:250-SMTPUTF8",
                              "S:250 STARTTLS", "C:STARTTLS", "S:220 go", "S:250-a.example",
                              "S:250 AUTH PLAIN", "T:", AFTER, BYE)),
        0);
    ck_assert(c.facts.requiretls && !c.facts.smtputf8);
    ck_assert_uint_eq(c.s->offer.nmechanisms, 0);
    client_end(&c);
    moxd_tls_free(tls);
    free_all();
}

static void check_pkix(const struct made *cert, const char *host, enum smtpclient_tls_result want)
{
    struct moxd_tls *tls = serve(cert);
    struct client c = { .sc.tls = tls,
                        .t = { .host = host,
                               .security = { .starttls = SMTPCLIENT_TLS_REQUIRED,
                                             .verify_pkix = true } } };

    if (want == SMTPCLIENT_TLS_OK)
        open_fine(&c);
    else
        open_fails(&c, want);
    /* The same, and errors are ignored: told, no more. */
    c = (struct client){ .sc.tls = tls,
                         .t = { .host = host,
                                .security = { .starttls = SMTPCLIENT_TLS_REQUIRED,
                                              .verify_pkix = true,
                                              .ignore_errors = true } } };
    open_fine(&c);
    ck_assert_int_eq(c.facts.tls_result, want);
    ck_assert_int_eq(c.facts.pkix_ok, want == SMTPCLIENT_TLS_OK);
    moxd_tls_free(tls);
}

IN_FIBER(pkix)
{
    make_all();
    check_pkix(&leaf, "a.example", SMTPCLIENT_TLS_OK);
    check_pkix(&leaf, "b.example", SMTPCLIENT_TLS_HOST_MISMATCH);
    check_pkix(&leaf, "[127.0.0.1]", SMTPCLIENT_TLS_HOST_MISMATCH);
    check_pkix(&expired, "a.example", SMTPCLIENT_TLS_EXPIRED);
    check_pkix(&other, "a.example", SMTPCLIENT_TLS_NOT_TRUSTED);
    free_all();
}

static void check_dane(const struct made *cert, struct moxd_tlsa t, const char *name, bool pkix_too,
                       enum smtpclient_tls_result want)
{
    const char *names[] = { name, NULL };
    struct moxd_tls *tls = serve(cert);
    struct client c = { .sc.tls = tls,
                        .t = { .host = "b.example",
                               .security = { .starttls = SMTPCLIENT_TLS_REQUIRED,
                                             .verify_dane = true,
                                             .verify_pkix = pkix_too,
                                             .tlsa = &t,
                                             .ntlsa = 1,
                                             .dane_names = names } } };

    if (want == SMTPCLIENT_TLS_OK)
        open_fine(&c);
    else
        open_fails(&c, want);
    moxd_tls_free(tls);
}

IN_FIBER(dane)
{
    make_all();
    check_dane(&leaf, record(3, &leaf), "c.example", false, SMTPCLIENT_TLS_OK);
    check_dane(&expired, record(3, &expired), "c.example", false, SMTPCLIENT_TLS_OK);
    check_dane(&leaf, record(3, &other), "a.example", false, SMTPCLIENT_TLS_FAILED);
    check_dane(&leaf, record(2, &ca), "a.example", false, SMTPCLIENT_TLS_OK);
    check_dane(&leaf, record(2, &ca), "c.example", false, SMTPCLIENT_TLS_HOST_MISMATCH);
    check_dane(&expired, record(2, &ca), "a.example", false, SMTPCLIENT_TLS_EXPIRED);
    /* Both are asked for: the certificate has not the name of the host. */
    check_dane(&leaf, record(3, &leaf), "a.example", true, SMTPCLIENT_TLS_HOST_MISMATCH);
    free_all();
}

static bool resumes(struct moxd_tls *tls, const struct moxd_tlsa *t)
{
    const struct moxd_tlsa copy = *t;
    struct client c = { .sc.tls = tls,
                        .t = { .address.ss_family = AF_INET,
                               .security = { .starttls = SMTPCLIENT_TLS_REQUIRED,
                                             .verify_dane = true,
                                             .tlsa = &copy,
                                             .ntlsa = 1 } } };

    open_fine(&c);
    ck_assert(c.facts.dane_ok);
    return c.sc.resumed;
}

/* Sessions belong to a host, its port and the policy; each script has another port here. */
IN_FIBER(another_server_resumes_nothing)
{
    make_all();
    struct moxd_tls *tls = serve(&leaf);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_tlsa t;

    ck_assert_int_eq(moxd_tlsa_make(3, 1, 1, chain_pem(&leaf, a), a, &t, NULL), 0);
    ck_assert(!resumes(tls, &t));
    ck_assert(!resumes(tls, &t));
    moxd_arena_free(a);
    moxd_tls_free(tls);
    free_all();
}

/* RFC 8314 */
IN_FIBER(tls_from_the_first_byte)
{
    make_all();
    struct moxd_tls *tls = serve(&leaf);
    struct client c = {
        .sc.tls = tls, .t.security = { .starttls = SMTPCLIENT_TLS_IMMEDIATE, .verify_pkix = true }
    };

    ck_assert_msg(client_open(&c, LINES("T:", HI, "S:250-x", "S:250 SIZE", BYE)) == 0, "%s",
                  c.reply.text);
    ck_assert(c.facts.pkix_ok && !c.facts.starttls);
    client_end(&c);
    moxd_tls_free(tls);
    free_all();
}

/* --- REQUIRETLS ------------------------------------------------------------------------------------------ */

static struct unit_message hello = { .text = { "a: b\r\n\r\nc\r\n", 11 } };

static void check_requiretls(const struct made *cert, const char *const *lines,
                             const char *enhanced)
{
    struct smtpclient_rcpt rcpts[] = { { .to = "a@a" } };
    struct smtpclient_transaction t = unit_transaction(rcpts, 1, &hello);
    struct moxd_tls *tls = serve(cert);
    struct client c = { .sc.tls = tls, .t.security = { .starttls = SMTPCLIENT_TLS_REQUIRED } };

    t.requiretls = true;
    ck_assert_int_eq(client_open(&c, lines), 0);
    ck_assert_int_eq(smtpclient_send(c.s, &t, unit_arena), 0);
    ck_assert_int_eq(rcpts[0].ok, enhanced == NULL);
    ck_assert_str_eq(rcpts[0].reply.enhanced, enhanced ? enhanced : "");
    ck_assert_int_eq(rcpts[0].reply.permanent, enhanced != NULL);
    client_end(&c);
    moxd_tls_free(tls);
}

IN_FIBER(requiretls_needs_it_and_a_verified_server)
{
    make_all();
    check_requiretls(&leaf,
                     LINES(STARTTLS, AFTER, "C:MAIL FROM:<from@me.example> REQUIRETLS", "S:250 ok",
                           "C:RCPT TO:<a@a>", "S:250 ok", "C:DATA", "S:354 go", "C:a: b",
                           "C:", "C:c", "C:.", "S:250 ok", BYE),
                     NULL);
    check_requiretls(&leaf, LINES(STARTTLS, "C:EHLO me.example", "S:250 a.example", BYE), "5.7.30");
    check_requiretls(&other, LINES(STARTTLS, AFTER, BYE), "5.7.10");
    free_all();
}

/* --- AUTH -------------------------------------------------------------------------------------------------- */

static void check_login(bool tls_too, const char *offer, const char *const *mechanisms,
                        const char *password, const char *want)
{
    const struct smtpclient_login login = { .user = SASL_USER,
                                            .password = password,
                                            .mechanisms = mechanisms };
    struct moxd_tls *tls = serve(&leaf);
    char line[200];
    struct client c = { .sc.tls = tls, .t.login = &login };
    bool fine = want && strcmp(password, SASL_PASSWORD) == 0;

    snprintf(line, sizeof(line), "S:250 AUTH %s", offer);
    if (tls_too)
        c.t.security.starttls = SMTPCLIENT_TLS_IMMEDIATE;
    int rc = client_open(&c, tls_too ? LINES("T:", HI, "S:250-x", line, want ? "A:" : "C:QUIT",
                                             want ? "C:QUIT" : "S:221 bye", "S:221 bye")
                                     : LINES(HI, "S:250-x", line, want ? "A:" : "C:QUIT",
                                             want ? "C:QUIT" : "S:221 bye", "S:221 bye"));
    ck_assert_msg(rc == (fine ? 0 : -1), "%s: %s", offer, c.reply.text);
    if (want)
        ck_assert_str_eq(c.sc.mechanism, want);
    if (rc < 0)
        ck_assert_int_eq(c.reply.stage, SMTPCLIENT_AUTH);
    ck_assert(!c.reply.permanent);
    client_end(&c);
    moxd_tls_free(tls);
}

/* proves: QUEUE-08 */
IN_FIBER(the_strongest_mechanism)
{
    static const char *const only[] = { "CRAM-MD5", "SCRAM-SHA-1", NULL };

    make_all();
    check_login(true, "PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS CRAM-MD5", NULL,
                SASL_PASSWORD, "SCRAM-SHA-256-PLUS");
    check_login(true, "PLAIN SCRAM-SHA-1 SCRAM-SHA-256 CRAM-MD5", NULL, SASL_PASSWORD,
                "SCRAM-SHA-256");
    check_login(true, "PLAIN SCRAM-SHA-1 CRAM-MD5", NULL, SASL_PASSWORD, "SCRAM-SHA-1");
    check_login(true, "SCRAM-SHA-1-PLUS SCRAM-SHA-1", NULL, SASL_PASSWORD, "SCRAM-SHA-1-PLUS");
    check_login(true, "CRAM-MD5 PLAIN", NULL, SASL_PASSWORD, "CRAM-MD5");
    check_login(true, "LOGIN PLAIN", NULL, SASL_PASSWORD, "PLAIN");
    check_login(true, "LOGIN", NULL, SASL_PASSWORD, "LOGIN");
    check_login(true, "PLAIN SCRAM-SHA-256 SCRAM-SHA-1", only, SASL_PASSWORD, "SCRAM-SHA-1");
    check_login(true, "PLAIN SCRAM-SHA-256", only, SASL_PASSWORD, NULL);
    check_login(true, "SCRAM-SHA-1-PLUS SCRAM-SHA-1", only, SASL_PASSWORD, "SCRAM-SHA-1");
    check_login(true, "GSSAPI XOAUTH2", NULL, SASL_PASSWORD, NULL);
    /* Without TLS passwords are not shown, and there is nothing to bind to. */
    check_login(false, "PLAIN LOGIN", NULL, SASL_PASSWORD, NULL);
    check_login(false, "PLAIN CRAM-MD5", NULL, SASL_PASSWORD, "CRAM-MD5");
    check_login(false, "SCRAM-SHA-256-PLUS SCRAM-SHA-256", NULL, SASL_PASSWORD, "SCRAM-SHA-256");
    free_all();
}

/* proves in part: AUTH-14 */
static void check_key(const char *user, const char *password, const char *const *lines, int want)
{
    static const char ed25519[] =
        "-----BEGIN PRIVATE KEY-----\n"
        "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
        "-----END PRIVATE KEY-----\n"; /* RFC 8032 7.1, TEST 1 */
    const struct smtpclient_login login = { .user = user, .password = password };
    struct moxd_tls *tls = serve(&leaf);
    struct moxd_err err = { 0 };
    struct moxd_tls_identity *id = moxd_tls_identity_new(moxd_cstr(ed25519), &err);
    struct client c = { .sc.tls = tls,
                        .t.login = &login,
                        .t.security.starttls = SMTPCLIENT_TLS_IMMEDIATE };

    ck_assert_msg(id != NULL, "%s", err.priv);
    c.t.identity = id;
    ck_assert_msg(client_open(&c, lines) == want, "%s", c.reply.text);
    client_end(&c);
    ck_assert(!c.sc.resumed && c.sc.has_key);
    moxd_tls_identity_free(id);
    moxd_tls_free(tls);
}

IN_FIBER(logins_by_key)
{
    make_all();
    for (int i = 0; i < 2; i++) /* nothing is resumed */
        check_key(NULL, NULL,
                  LINES("T:", HI, "S:250-x", "S:250 AUTH PLAIN EXTERNAL",
                        "C:AUTH EXTERNAL =", "S:235 ok", BYE),
                  0);
    check_key("me@a", "pw",
              LINES("T:", HI, "S:250-x", "S:250 AUTH PLAIN EXTERNAL",
                    "C:AUTH EXTERNAL bWVAYQ==", "S:235 ok", BYE),
              0);
    check_key(
        NULL, NULL,
        LINES("T:", HI, "S:250-x", "S:250 AUTH EXTERNAL", "C:AUTH EXTERNAL =", "S:535 no", BYE),
        -1);
    check_key(NULL, NULL, LINES("T:", HI, "S:250-x", "S:250 AUTH PLAIN", BYE), 0);
    check_key(
        "u", "p",
        LINES("T:", HI, "S:250-x", "S:250 AUTH PLAIN", "C:AUTH PLAIN AHUAcA==", "S:235 ok", BYE),
        0);
    free_all();
}

IN_FIBER(wrong_passwords)
{
    make_all();
    check_login(true, "PLAIN", NULL, "wrong", "PLAIN");
    check_login(true, "SCRAM-SHA-256", NULL, "wrong", "SCRAM-SHA-256");
    check_login(true, "CRAM-MD5", NULL, "wrong", "CRAM-MD5");
    free_all();
}

static void check_liar(const char *const *lines, const char *text)
{
    static const char *const mechanisms[] = { "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", NULL };
    const struct smtpclient_login login = { .user = "u",
                                            .password = "p",
                                            .mechanisms = mechanisms };
    struct client c = { .t.login = &login };

    ck_assert_int_eq(client_open(&c, lines), -1);
    ck_assert_int_eq(c.reply.stage, SMTPCLIENT_AUTH);
    ck_assert_msg(strstr(c.reply.text, text) != NULL, "%s", c.reply.text);
    client_end(&c);
}

IN_FIBER(servers_that_lie)
{
    check_liar(LINES(HI, "S:250-x", "S:250 AUTH CRAM-MD5", "C:AUTH CRAM-MD5", "S:334 !not base64",
                     "C:*", "S:501 ok", BYE),
               "cannot log in");
    check_liar(LINES(HI, "S:250-x", "S:250 AUTH CRAM-MD5", "C:AUTH CRAM-MD5", "S:235 welcome", BYE),
               "has not proved");
    check_liar(
        LINES(HI, "S:250-x", "S:250 AUTH CRAM-MD5", "C:AUTH CRAM-MD5", "S:454 4.7.0 later", BYE),
        "later");
    check_liar(LINES(HI, "S:250-x", "S:250 AUTH CRAM-MD5", "C:AUTH CRAM-MD5", "X:"), "closed");
}

int main(void)
{
    const TTest *const tests[] = { opportunistic,
                                   starttls_that_is_refused_or_broken,
                                   injected_plaintext,
                                   pkix,
                                   dane,
                                   another_server_resumes_nothing,
                                   tls_from_the_first_byte,
                                   requiretls_needs_it_and_a_verified_server,
                                   the_strongest_mechanism,
                                   logins_by_key,
                                   wrong_passwords,
                                   servers_that_lie };

    return tls_run("smtpclient_tls", tests, MOXD_NELEMS(tests));
}
