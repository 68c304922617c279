/* AUTH (RFC 4954): the strongest mechanism that the server offers, through libgsasl (QUEUE-08). */
#include "smtpclient.h"

#include <moxd/enc.h>
#include <moxd/offload.h>
#include <stdlib.h>

enum {
    CHALLENGE_MAX = MOXD_SMTP_REPLY_LINE_ACCEPTED,
    RESPONSE_MAX = MOXD_SMTP_AUTH_LINE_MAX,
    INITIAL_MAX =
        480, /* of an initial response: the line must not be longer than others (RFC 4954 4) */
};

/* Best first. What shows the password to the server, or to who listens, comes last and only over TLS. */
static const struct mechanism {
    const char *name;
    bool binding, tls;
    bool first; /* the client speaks first */
    bool key;   /* by the key of the TLS client, without a password */
} mechanisms[] = {
    { "EXTERNAL", .key = true, .first = true, .tls = true },
    { "SCRAM-SHA-256-PLUS", .binding = true, .first = true },
    { "SCRAM-SHA-1-PLUS", .binding = true, .first = true },
    { "SCRAM-SHA-256", .first = true },
    { "SCRAM-SHA-1", .first = true },
    { "CRAM-MD5" },
    { "PLAIN", .first = true, .tls = true },
    { "LOGIN", .tls = true },
};

int smtpclient_auth_init(struct smtpclient *sc, struct moxd_err *err)
{
    int rc = gsasl_init(&sc->gsasl);

    return rc == GSASL_OK
               ? 0
               : moxd_err_set(err, MOXD_ERR_INTERNAL, "libgsasl: %s", gsasl_strerror(rc));
}

void smtpclient_auth_fini(struct smtpclient *sc)
{
    if (sc->gsasl)
        gsasl_done(sc->gsasl);
    sc->gsasl = NULL;
}

static int fail(struct smtpclient_session *s, const char *enhanced, const char *why)
{
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_AUTH, enhanced, "cannot log in: %s", why);
}

/* --- which ------------------------------------------------------------------------------------- */

static const struct mechanism *find(const char *name)
{
    for (size_t i = 0; i < MOXD_NELEMS(mechanisms); i++)
        if (moxd_str_caseeqs(moxd_cstr(name), mechanisms[i].name))
            return &mechanisms[i];
    return NULL;
}

static bool has_binding(struct smtpclient_session *s)
{
    struct moxd_buf b = MOXD_BUF_INIT(200);
    bool has = moxd_stream_tls_binding(s->st, "tls-exporter", &b) == 0 ||
               moxd_stream_tls_binding(s->st, "tls-unique", &b) == 0;

    moxd_buf_wipe(&b);
    return has;
}

static bool is_possible(struct smtpclient_session *s, const struct mechanism *mech)
{
    return mech && moxd_smtp_offers_mechanism(&s->offer, mech->name) &&
           (mech->key ? s->t->identity != NULL : s->t->login->password != NULL) &&
           (!mech->tls || moxd_stream_is_tls(s->st)) && (!mech->binding || has_binding(s));
}

static const struct mechanism *choose(struct smtpclient_session *s)
{
    const char *const *names = s->t->login->mechanisms;

    for (size_t i = 0; !names && i < MOXD_NELEMS(mechanisms); i++)
        if (is_possible(s, &mechanisms[i]))
            return &mechanisms[i];
    for (; names && *names; names++)
        if (is_possible(s, find(*names)))
            return find(*names);
    return NULL;
}

/* --- one step of libgsasl ----------------------------------------------------------------------------- */

static int set_binding(struct smtpclient_session *s, Gsasl_session *g, const char *type,
                       Gsasl_property prop)
{
    struct moxd_buf data = MOXD_BUF_INIT(200), text = MOXD_BUF_INIT(400);
    int rc = GSASL_OK;

    if (moxd_stream_tls_binding(s->st, type, &data) == 0) {
        moxd_b64_encode(&text, moxd_buf_str(&data));
        rc = gsasl_property_set(g, prop, moxd_buf_cstr(&text));
    }
    moxd_buf_wipe(&data);
    moxd_buf_wipe(&text);
    return rc;
}

/* Only for -PLUS: libgsasl 2.2 makes a message that it refuses itself when it should say that the client could bind
 * (RFC 5802 6, gs2-cbind-flag "y"). */
static int set_bindings(struct smtpclient_session *s, Gsasl_session *g)
{
    int rc = set_binding(s, g, "tls-exporter", GSASL_CB_TLS_EXPORTER);

    return rc == GSASL_OK ? set_binding(s, g, "tls-unique", GSASL_CB_TLS_UNIQUE) : rc;
}

/* With EXTERNAL the key says who it is; a user that is named too is whom it acts as (RFC 4422 A.1). */
static int set_names(struct smtpclient_session *s, const struct mechanism *mech, Gsasl_session *g)
{
    const struct smtpclient_login *login = s->t->login;

    if (mech->key)
        return gsasl_property_set(g, GSASL_AUTHZID, login->user ? login->user : "");
    int rc = gsasl_property_set(g, GSASL_AUTHID, login->user);
    return rc == GSASL_OK ? gsasl_property_set(g, GSASL_PASSWORD, login->password) : rc;
}

static Gsasl_session *start(struct smtpclient_session *s, const struct mechanism *mech)
{
    Gsasl_session *g = NULL;

    if (gsasl_client_start(s->sc->gsasl, mech->name, &g) != GSASL_OK)
        return NULL;
    if (set_names(s, mech, g) == GSASL_OK && (!mech->binding || set_bindings(s, g) == GSASL_OK))
        return g;
    gsasl_finish(g);
    return NULL;
}

struct step {
    Gsasl_session *g;
    struct moxd_str in;
    char *out;
    size_t n;
    int rc;
};

static void run_step(void *arg)
{
    struct step *st = arg;

    st->rc = gsasl_step(st->g, st->in.p, st->in.n, &st->out, &st->n);
}

/* server-first-message: "r=...,s=...,i=4096" (RFC 5802 7). The server chooses how long we calculate. */
static bool is_too_much(struct moxd_str challenge)
{
    while (challenge.n > 0) {
        struct moxd_str attr = moxd_str_cut(&challenge, ',');
        uint64_t n;
        if (moxd_str_starts(attr, MOXD_STR("i=")) &&
            moxd_str_u64(moxd_str_from(attr, 2), SMTPCLIENT_ITERATIONS_MAX, &n) < 0)
            return true;
    }
    return false;
}

/* Takes a challenge, gives the response in base64. GSASL_OK: nothing more is expected, GSASL_NEEDS_MORE, or an
 * error. SCRAM calculates for milliseconds, so it is not done on the loop. */
static MOXD_SUSPENDS int step(Gsasl_session *g, struct moxd_str challenge,
                              struct moxd_buf *response)
{
    struct step st = { .g = g, .in = challenge };

    if (is_too_much(challenge))
        return GSASL_AUTHENTICATION_ERROR;
    if (moxd_offload(MOXD_LANE_CPU, run_step, &st) != MOXD_OK && st.rc == GSASL_OK)
        st.rc = GSASL_AUTHENTICATION_ERROR;
    if (st.rc == GSASL_OK || st.rc == GSASL_NEEDS_MORE)
        moxd_b64_encode(response, moxd_str(st.out, st.n));
    if (st.out) {
        moxd_wipe(st.out, st.n);
        gsasl_free(st.out);
    }
    return response->overflow ? GSASL_AUTHENTICATION_ERROR : st.rc;
}

/* --- the exchange ------------------------------------------------------------------------------------ */

static MOXD_SUSPENDS int say(struct smtpclient_session *s, const char *line)
{
    return smtpclient_command(s, SMTPCLIENT_AUTH, MOXD_TRACEAUTH, line, s->sc->conf->command, s->ra,
                              s->why);
}

/* Ends an exchange that we do not go on with (RFC 4954 4), and says why. */
static MOXD_SUSPENDS int abandon(struct smtpclient_session *s, int rc)
{
    if (say(s, "*") < 0)
        return -1;
    return fail(s, "4.7.0", gsasl_strerror(rc));
}

/* A 334 has one line, base64. */
static int challenge_of(const struct smtpclient_reply *r, struct moxd_buf *out)
{
    struct moxd_str text = moxd_str_from(moxd_cstr(r->text), 4);

    return moxd_b64_decode(out, moxd_str_trim(text));
}

/* The first message goes with AUTH when it is short enough; an empty one cannot be told from none but by
 * "=". */
static MOXD_SUSPENDS int begin(struct smtpclient_session *s, const struct mechanism *mech,
                               Gsasl_session *g, int *state)
{
    struct moxd_buf first = MOXD_BUF_INIT(RESPONSE_MAX), line = MOXD_BUF_INIT(RESPONSE_MAX + 50);
    *state = GSASL_NEEDS_MORE;
    if (mech->first)
        *state = step(g, moxd_str(NULL, 0), &first);
    if (mech->first && first.n == 0)
        moxd_buf_addc(&first, '=');
    bool goes_with = mech->first && first.n <= INITIAL_MAX;
    moxd_buf_addf(&line, "AUTH %s%s%s", mech->name, goes_with ? " " : "",
                  goes_with ? moxd_buf_cstr(&first) : "");
    int rc = *state == GSASL_OK || *state == GSASL_NEEDS_MORE
                 ? say(s, moxd_buf_cstr(&line))
                 : fail(s, "4.7.0", gsasl_strerror(*state));
    if (rc == 0 && mech->first && !goes_with && s->why->code == 334)
        rc = say(s, moxd_buf_cstr(&first));
    moxd_buf_wipe(&first);
    moxd_buf_wipe(&line);
    return rc;
}

static MOXD_SUSPENDS int answer(struct smtpclient_session *s, Gsasl_session *g, int *state)
{
    struct moxd_buf in = MOXD_BUF_INIT(CHALLENGE_MAX), out = MOXD_BUF_INIT(RESPONSE_MAX);
    int rc;

    *state = challenge_of(s->why, &in) < 0 ? GSASL_BASE64_ERROR : step(g, moxd_buf_str(&in), &out);
    if (*state == GSASL_OK || *state == GSASL_NEEDS_MORE)
        rc = say(s, moxd_buf_cstr(&out));
    else
        rc = abandon(s, *state);
    moxd_buf_wipe(&in);
    moxd_buf_wipe(&out);
    return rc;
}

/* A success before we are through is not one: with SCRAM the server has not shown yet that it knows the password
 * (RFC 5802 3). */
static MOXD_SUSPENDS int exchange(struct smtpclient_session *s, const struct mechanism *mech,
                                  Gsasl_session *g)
{
    int state, rc = begin(s, mech, g, &state);

    for (int i = 0; rc == 0 && s->why->code == 334 && i < SMTPCLIENT_AUTH_STEPS_MAX; i++)
        rc = answer(s, g, &state);
    if (rc < 0)
        return -1;
    if (s->why->code == 334)
        return abandon(s, GSASL_MECHANISM_CALLED_TOO_MANY_TIMES);
    if (!smtpclient_is_ok(s->why))
        return -1;
    return state == GSASL_OK
               ? 0
               : fail(s, "4.7.0", "the server has not proved that it knows the password");
}

int smtpclient_auth(struct smtpclient_session *s)
{
    const struct mechanism *mech = choose(s);
    Gsasl_session *g;

    if (!mech && s->t->identity && !s->t->login->password) {
        moxd_debug(&s->log, "no EXTERNAL is offered; the certificate was shown");
        return 0;
    }
    if (!mech)
        return fail(s, "4.7.4",
                    moxd_stream_is_tls(s->st)
                        ? "the server offers no mechanism that can be used"
                        : "the server offers no mechanism that can be used without TLS");
    g = start(s, mech);
    if (!g)
        return fail(s, "4.7.0", "libgsasl does not know the mechanism");
    int rc = exchange(s, mech, g);
    gsasl_finish(g);
    if (rc == 0)
        moxd_debug(&s->log, "logged in", moxd_kvs("mechanism", mech->name));
    return rc;
}
