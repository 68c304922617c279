/* The SMTP client against a server that follows a script. Each line of it begins with what it is:
 *
 *     "S:250 ok"   is sent, with CRLF; several go out together, when the server waits for something
 *     "s:250"      is sent without CRLF
 *     "C:QUIT"     is what the client must send, with CRLF
 *     "T:"         TLS
 *     "A:"         one SASL exchange, in which SASL_USER with SASL_PASSWORD logs in
 *     "B:0501"     bytes that the client must send; "b:0500" are sent
 *     "E:"         waits for the end of the connection
 *     "X:"         ends it
 *
 * What does not come as it must is in script.problem. */
#ifndef MOXD_UNIT_SMTPCLIENT_H
#define MOXD_UNIT_SMTPCLIENT_H

#include "smtpclient.h"
#include "tls_unit.h"

#include <moxd/enc.h>

#define SASL_USER "user@example.org"
#define SASL_PASSWORD "pass word"

struct script {
    const char *const *lines;
    struct moxd_tls *tls;
    int listener;
    struct sockaddr_in address;
    struct moxd_fid fiber;
    char problem[600];
    /* set by the server */
    bool resumed, has_key;
    const char *mechanism;
};

static const struct moxd_module unit_module = { .name = "smtpclient" };
static struct smtpclient_conf unit_conf = {
    .dns = 60 * MOXD_SEC,
    .connect = 60 * MOXD_SEC,
    .greeting = 60 * MOXD_SEC,
    .command = 60 * MOXD_SEC,
    .data = 60 * MOXD_SEC,
    .block = 60 * MOXD_SEC,
    .end = 60 * MOXD_SEC,
};
static struct smtpclient unit_sc = { .m = { .module = &unit_module }, .conf = &unit_conf };
static const struct moxd_log unit_log = { .component = "unit" };
static struct moxd_arena *unit_arena;

/* --- the server ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static inline int script_fail(struct script *sc,
                                                                    const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sc->problem, sizeof(sc->problem), fmt, ap);
    va_end(ap);
    return -1;
}

static inline int script_expect(struct script *sc, struct moxd_stream *st, const char *want)
{
    struct moxd_str line;
    bool crlf = false;
    long n = moxd_stream_line(st, &line, 100000, &crlf);

    if (n < 0)
        return script_fail(sc, "\"%s\" wanted, got nothing: %s", want, moxd_wait_name((int)n));
    if (!crlf || !moxd_str_eqs(line, want))
        return script_fail(sc, "\"%s\" wanted, got \"%" MOXD_STRF "\"%s", want, MOXD_STRA(line),
                           crlf ? "" : " without CRLF");
    return 0;
}

static inline int sasl_callback(Gsasl *ctx, Gsasl_session *g, Gsasl_property prop)
{
    (void)ctx;
    if (prop == GSASL_PASSWORD)
        return gsasl_property_set(g, GSASL_PASSWORD, SASL_PASSWORD);
    if (prop == GSASL_VALIDATE_SIMPLE)
        return strcmp(gsasl_property_fast(g, GSASL_AUTHID), SASL_USER) == 0 &&
                       strcmp(gsasl_property_fast(g, GSASL_PASSWORD), SASL_PASSWORD) == 0
                   ? GSASL_OK
                   : GSASL_AUTHENTICATION_ERROR;
    return GSASL_NO_CALLBACK;
}

static inline void sasl_binding(Gsasl_session *g, struct moxd_stream *st)
{
    struct moxd_buf b = MOXD_BUF_INIT(100), text = MOXD_BUF_INIT(200);

    if (moxd_stream_tls_binding(st, "tls-exporter", &b) == 0) {
        moxd_b64_encode(&text, moxd_buf_str(&b));
        gsasl_property_set(g, GSASL_CB_TLS_EXPORTER, moxd_buf_cstr(&text));
    }
    moxd_buf_fini(&b);
    moxd_buf_fini(&text);
}

/* As gsasl_step64, which reads a byte behind what it has decoded. */
static inline int sasl_step(Gsasl_session *g, const char *in, char **out)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000), text = MOXD_BUF_INIT(20000);
    char *raw = NULL;
    size_t n = 0;
    int rc = GSASL_BASE64_ERROR;

    *out = NULL;
    if (moxd_b64_decode(&b, moxd_cstr(in)) == 0)
        rc = gsasl_step(g, moxd_buf_cstr(&b), b.n, &raw, &n);
    if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE) {
        moxd_b64_encode(&text, moxd_str(raw, n));
        *out = moxd_str_dup(moxd_buf_str(&text));
    }
    gsasl_free(raw);
    moxd_buf_fini(&b);
    moxd_buf_fini(&text);
    return rc;
}

static inline int script_sasl(struct script *sc, struct moxd_stream *st)
{
    struct moxd_str line, mech;
    Gsasl *ctx;
    Gsasl_session *g;
    char *out, *in;
    int rc;

    ck_assert_int_eq(gsasl_init(&ctx), GSASL_OK);
    gsasl_callback_set(ctx, sasl_callback);
    if (moxd_stream_line(st, &line, 100000, NULL) < 0 || !moxd_str_starts(line, MOXD_STR("AUTH ")))
        return script_fail(sc, "no AUTH");
    line = moxd_str_from(line, 5);
    mech = moxd_str_cut(&line, ' ');
    sc->mechanism = moxd_arena_cstr(unit_arena, mech);
    ck_assert_int_eq(gsasl_server_start(ctx, sc->mechanism, &g), GSASL_OK);
    if (moxd_str_ends(mech, MOXD_STR("-PLUS")))
        sasl_binding(g, st);
    in = line.p ? moxd_str_dup(line) : NULL;
    if (!in && (mech.p[0] == 'C' || mech.p[0] == 'L')) /* the server begins */
        in = moxd_xstrdup("");
    for (;;) {
        if (!in) { /* the client's turn */
            moxd_stream_puts(st, "334 \r\n");
            rc = GSASL_NEEDS_MORE;
            out = NULL;
        } else {
            rc = sasl_step(g, strcmp(in, "=") == 0 ? "" : in, &out);
            if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
                break;
            if (rc == GSASL_OK && (!out || !*out)) {
                free(out);
                break;
            }
            moxd_stream_printf(st, "334 %s\r\n", out);
        }
        free(in);
        free(out);
        in = NULL;
        if (moxd_stream_line(st, &line, 100000, NULL) < 0)
            return script_fail(sc, "AUTH was broken off");
        in = moxd_str_dup(line);
        if (rc == GSASL_OK)
            break;
    }
    free(in);
    moxd_stream_puts(st, rc == GSASL_OK ? "235 2.7.0 welcome\r\n" : "535 5.7.8 no\r\n");
    gsasl_finish(g);
    gsasl_done(ctx);
    return 0;
}

static inline int script_bytes(struct script *sc, struct moxd_stream *st, const char *hex,
                               bool send)
{
    struct moxd_buf want = MOXD_BUF_INIT(1000);
    char got[1000];
    int rc = 0;

    ck_assert_int_eq(moxd_hex_decode(&want, moxd_cstr(hex)), 0);
    if (send)
        moxd_stream_write(st, want.p, want.n);
    else if (moxd_stream_readn(st, got, want.n) < 0 || memcmp(got, want.p, want.n) != 0)
        rc = script_fail(sc, "other bytes than %s", hex);
    moxd_buf_fini(&want);
    return rc;
}

static inline int script_tls(struct script *sc, struct moxd_stream *st)
{
    if (moxd_stream_tls_accept(st, sc->tls, NULL) < 0)
        return script_fail(sc, "no TLS: %s", moxd_stream_error(st));
    unsigned char key[32];

    sc->resumed = moxd_stream_tls_resumed(st);
    sc->has_key = moxd_stream_tls_client_key(st, key) == 0;
    return 0;
}

static inline int script_line(struct script *sc, struct moxd_stream *st, const char *line)
{
    struct moxd_str rest;

    switch (line[0]) {
    case 'S':
        moxd_stream_printf(st, "%s\r\n", line + 2);
        return 0;
    case 's':
        moxd_stream_puts(st, line + 2);
        return 0;
    case 'C':
        return script_expect(sc, st, line + 2);
    case 'T':
        return script_tls(sc, st);
    case 'A':
        return script_sasl(sc, st);
    case 'B':
    case 'b':
        return script_bytes(sc, st, line + 2, line[0] == 'b');
    case 'E':
        while (moxd_stream_line(st, &rest, 1000, NULL) >= 0)
            ;
        return -1;
    default:
        return -1;
    }
}

static inline void script_run(void *arg)
{
    struct script *sc = arg;

    if (moxd_wait_fd(sc->listener, MOXD_FD_READ, MOXD_NEVER) < 0)
        return;
    struct moxd_stream *st = moxd_stream_new(accept(sc->listener, NULL, NULL));
    for (size_t i = 0; sc->lines[i]; i++)
        if (script_line(sc, st, sc->lines[i]) < 0)
            break;
    moxd_stream_flush(st);
    moxd_stream_close(st);
}

/* --- the client ----------------------------------------------------------------------------------- */

struct client {
    struct script sc;
    struct smtpclient_target t;
    struct smtpclient_facts facts;
    struct smtpclient_reply reply;
    struct smtpclient_session *s;
};

/* Starts the server; what is not set in c->t is as it is mostly. */
static inline void client_begin(struct client *c, const char *const *lines)
{
    size_t n;

    if (!unit_arena)
        unit_arena = moxd_arena_new(0);
    if (!unit_sc.gsasl)
        ck_assert_int_eq(smtpclient_auth_init(&unit_sc, NULL), 0);
    for (n = 0; lines[n]; n++)
        ;
    c->sc.lines = moxd_arena_dup(unit_arena, lines, (n + 1) * sizeof(*lines));
    c->sc.problem[0] = '\0';
    c->sc.listener = listen_local(&c->sc.address);
    memcpy(&c->t.address, &c->sc.address, sizeof(c->sc.address));
    if (!c->t.host)
        c->t.host = "a.example";
    c->t.ehlo = "me.example";
    c->t.log = &unit_log;
    if (c->t.deadline == 0)
        c->t.deadline = moxd_deadline(60 * MOXD_SEC);
    c->sc.fiber = moxd_fiber_spawn("server", script_run, &c->sc);
}

static inline int client_open(struct client *c, const char *const *lines)
{
    client_begin(c, lines);
    return smtpclient_open(&unit_sc.m, &c->t, unit_arena, &c->s, &c->facts, &c->reply);
}

/* The server has come to the end of its script. */
static inline void client_end(struct client *c)
{
    if (c->s)
        smtpclient_close(c->s);
    c->s = NULL;
    moxd_fiber_join(c->sc.fiber, MOXD_NEVER);
    close(c->sc.listener);
    ck_assert_msg(c->sc.problem[0] == '\0', "%s", c->sc.problem);
    moxd_arena_free(unit_arena);
    unit_arena = NULL;
    smtpclient_auth_fini(&unit_sc);
}

/* A message in memory. */
struct unit_message {
    struct moxd_str text;
    bool fails; /* after the first part */
};

static inline long unit_read(void *arg, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    const struct unit_message *msg = arg;
    struct moxd_str part = moxd_str_sub(msg->text, (size_t)off, n);

    if (msg->fails && off > 0)
        return moxd_err_set(err, MOXD_ERR_IO, "the disk is gone");
    (void)moxd_yield();
    if (part.n > 0)
        memcpy(p, part.p, part.n);
    return (long)part.n;
}

static inline struct smtpclient_transaction unit_transaction(struct smtpclient_rcpt *rcpts,
                                                             size_t n, struct unit_message *msg)
{
    return (struct smtpclient_transaction){ .from = "from@me.example",
                                            .rcpts = rcpts,
                                            .n = n,
                                            .size = msg->text.n,
                                            .read = unit_read,
                                            .arg = msg,
                                            .deadline = moxd_deadline(60 * MOXD_SEC) };
}

#endif
