/* AUTHENTICATE and LOGIN (RFC 9051 6.2.2, 6.2.3; RFC 4959 for the initial response). */
#include "metadata.h"
#include <moxd/enc.h>

/* The session is authenticated once its account is open. */
static int open_account(struct imap_session *s, struct moxd_err *err)
{
    if (s->im->store->open(s->im->store_self, s->who.account, &s->acc, err) < 0)
        return -1;
    s->watch = s->im->store->watch(s->acc, imap_wake, s);
    s->state = IMAP_AUTH;
    s->log_kv[0] = moxd_kvs("account", s->who.account);
    s->log.kv = s->log_kv;
    s->log.nkv = 1;
    moxd_stream_timeouts(s->st, IMAP_COMMAND_TIMEOUT, IMAP_WRITE_TIMEOUT);
    return 0;
}

static int logged_in(struct imap_session *s)
{
    struct moxd_buf code = MOXD_BUF_INIT(4096);
    struct moxd_err err = { 0 };
    int r;

    if (open_account(s, &err) < 0)
        return imap_fail(s, &err);
    imap_capabilities(s, &code);
    r = imap_ok(s, moxd_buf_cstr(&code), "logged in");
    moxd_buf_fini(&code);
    return r;
}

bool imap_preauth(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    int rc = s->im->auth->key_login(s->im->auth_self, &s->auth_env, true, &s->who, &err);

    if (rc > 0 && open_account(s, &err) == 0)
        return true;
    if (rc != 0)
        moxd_info(&s->log, "not logged in by its key", moxd_kve(&err));
    s->who = (struct auth_identity){ 0 };
    return false;
}

int imap_vouched(struct imap_session *s, struct moxd_err *err)
{
    if (s->im->auth->vouched_login(s->im->auth_self, s->c->account, &s->auth_env, &s->who, err) < 0)
        return -1;
    return open_account(s, err);
}

void imap_forget_login(struct imap_session *s)
{
    imap_deselect(s);
    imap_notify_free(s->notify);
    imap_metadata_free(s->metadata);
    if (s->watch)
        s->im->store->unwatch(s->watch);
    if (s->acc)
        s->im->store->close(s->acc);
    s->notify = NULL;
    s->metadata = NULL;
    s->watch = NULL;
    s->acc = NULL;
    s->own = (struct imap_own){ 0 };
    s->who = (struct auth_identity){ 0 };
    s->enabled = 0;
    s->log.nkv = 0;
    s->state = IMAP_NOT_AUTH;
}

/* RFC 8437 3: NO is not allowed. Where a compression ends cannot be seen by a peer that reads ahead (RFC 4978
 * has no mark for it), so the connection ends with it. */
int imap_cmd_unauthenticate(struct imap_session *s)
{
    if (moxd_stream_is_deflated(s->st))
        return imap_bye(s, "a compressed connection cannot be used again");
    imap_forget_login(s);
    moxd_stream_timeouts(s->st, IMAP_LOGIN_TIMEOUT, IMAP_WRITE_TIMEOUT);
    return imap_ok(s, NULL, "logged out of the account");
}

/* RFC 5530 3: which of the codes; 5.7.13 is a login that is disabled although it is the right one. */
static const char *code_of(const struct moxd_err *err)
{
    if (err->kind != MOXD_ERR_DENIED)
        return "UNAVAILABLE";
    return strcmp(err->enhanced, "5.7.13") == 0 ? "AUTHORIZATIONFAILED" : "AUTHENTICATIONFAILED";
}

static int refused(struct imap_session *s, const struct moxd_err *err)
{
    int r = err->kind == MOXD_ERR_SYNTAX ? imap_bad(s, NULL, "%s", err->pub)
                                         : imap_no(s, code_of(err), "%s", err->pub);

    if (r < 0)
        return -1;
    if (s->auth_env.failures >= IMAP_AUTH_FAILURES_MAX)
        return imap_bye(s, "too many failed logins");
    return 0;
}

/* The password, as it came and unquoted. */
static void wipe_command(struct imap_session *s)
{
    if (s->cmd.arg2.n > 0)
        moxd_wipe((void *)(uintptr_t)s->cmd.arg2.p, s->cmd.arg2.n);
    if (s->text.n > 0)
        moxd_wipe(s->text.p, s->text.n);
}

/* Base64 from the client into in; "=" is the empty initial response. */
static int decode(struct moxd_str b64, bool initial, struct moxd_buf *in)
{
    moxd_buf_reset(in);
    if (initial && moxd_str_eqs(b64, "="))
        return 0;
    return moxd_b64_decode(in, b64);
}

/* One challenge out, one response in. 1: "*" came. */
static int challenge(struct imap_session *s, const struct moxd_buf *out, struct moxd_buf *in,
                     int *decoded)
{
    struct moxd_buf b64 = MOXD_BUF_INIT(IMAP_LINE_MAX);
    struct moxd_str line;
    int r;

    moxd_b64_encode(&b64, moxd_buf_str(out));
    r = imap_continue(s, moxd_buf_cstr(&b64));
    moxd_buf_wipe(&b64);
    if (r < 0 || imap_read_line(s, &line, true) < 0)
        return -1;
    if (moxd_str_eqs(line, "*"))
        return 1;
    *decoded = decode(line, false, in);
    return 0;
}

/* The exchange up to its end: 0 authenticated, 1 refused (*err), -1 connection lost. */
static int exchange(struct imap_session *s, struct auth_sasl *sasl, struct moxd_buf *in,
                    struct moxd_buf *out, struct moxd_err *err)
{
    bool has_in = s->cmd.has_arg2;
    int decoded = has_in ? decode(s->cmd.arg2, true, in) : 0, r;

    for (;;) {
        enum auth_step step;

        if (decoded < 0) {
            s->im->auth->sasl_abort(sasl);
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "invalid base64"), 1;
        }
        moxd_buf_reset(out);
        step = s->im->auth->sasl_step(sasl, moxd_buf_str(in), has_in, out, err);
        if (step == AUTH_FAILED)
            return 1;
        if (step == AUTH_DONE && out->n == 0)
            return 0;
        r = challenge(s, out, in, &decoded);
        if (r < 0)
            return -1;
        if (r > 0) {
            s->im->auth->sasl_abort(sasl);
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "authentication cancelled"), 1;
        }
        if (step == AUTH_DONE)
            return 0;
        has_in = true;
    }
}

int imap_cmd_authenticate(struct imap_session *s)
{
    struct moxd_buf in = MOXD_BUF_INIT(IMAP_LINE_MAX), out = MOXD_BUF_INIT(IMAP_LINE_MAX);
    struct auth_sasl *sasl;
    struct moxd_err err = { 0 };
    int r;

    if (s->im->auth->sasl_start(s->im->auth_self, s->cmd.arg, &s->auth_env, s->conf->allow_plain,
                                &sasl, &err) < 0)
        return imap_no(s, "CANNOT", "%s", err.pub);
    r = exchange(s, sasl, &in, &out, &err);
    if (r == 0)
        s->who = *s->im->auth->sasl_identity(sasl);
    s->im->auth->sasl_free(sasl);
    moxd_buf_wipe(&in);
    moxd_buf_wipe(&out);
    wipe_command(s);
    if (r == 0)
        return logged_in(s);
    return r > 0 ? refused(s, &err) : -1;
}

static bool offered(struct imap_session *s, const char *mechanism)
{
    const char *const *v =
        s->im->auth->mechanisms(s->im->auth_self, &s->auth_env, s->conf->allow_plain);

    for (; *v; v++)
        if (strcmp(*v, mechanism) == 0)
            return true;
    return false;
}

int imap_cmd_login(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    int r;

    if (!offered(s, "PLAIN"))
        return imap_no(s, "PRIVACYREQUIRED", "passwords are accepted only over TLS");
    r = s->im->auth->check(s->im->auth_self, s->cmd.arg, s->cmd.arg2, &s->auth_env, &s->who, &err);
    wipe_command(s);
    return r < 0 ? refused(s, &err) : logged_in(s);
}
