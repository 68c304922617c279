/* CAPABILITY, NOOP, LOGOUT, ID, ENABLE, NAMESPACE, STARTTLS, IDLE. */
#include "place.h"

/* clang-format off */
/* Each name is announced only while it works: before login what leads to it, afterwards all. A line
 * each, so that they are added and found easily. */
static const struct {
    const char *name;
    bool before_login;
} capabilities[] = {
    { "LITERAL+", true },
    { "ID", true },
    { "SASL-IR", true },
    { "ENABLE", true },
    { "CONDSTORE", false },
    { "QRESYNC", false },
    { "UIDONLY", false },
    { "IDLE", false },
    { "NAMESPACE", false },
    { "CHILDREN", false },
    { "UNSELECT", false },
    { "UIDPLUS", false },
    { "MOVE", false },
    { "ESEARCH", false },
    { "SEARCHRES", false },
    { "SORT", false },
    { "SORT=DISPLAY", false },
    { "ESORT", false },
    { "THREAD=ORDEREDSUBJECT", false },
    { "THREAD=REFERENCES", false },
    { "PARTIAL", false },
    { "CONTEXT=SEARCH", false },
    { "CONTEXT=SORT", false },
    { "WITHIN", false },
    { "SAVEDATE", false },
    { "PREVIEW", false },
    { "OBJECTID", false },
    { "UNAUTHENTICATE", false },
    { "METADATA", false },
    { "FILTERS", false },
    { "LIST-METADATA", false },
    { "ACL", false },
    { "RIGHTS=texk", false },
    { "QUOTA", false },
    { "QUOTA=RES-STORAGE", false },
    { "QUOTA=RES-MESSAGE", false },
    { "BINARY", false },
    { "LIST-EXTENDED", false },
    { "LIST-STATUS", false },
    { "SPECIAL-USE", false },
    { "CREATE-SPECIAL-USE", false },
    { "STATUS=SIZE", false },
    { "UTF8=ACCEPT", false },
    { "MULTIAPPEND", false },
    { "CATENATE", false },
    { "REPLACE", false },
    { "COMPRESS=DEFLATE", false },
    { "INPROGRESS", false },
    { "NOTIFY", false },
    { "MULTISEARCH", false },
};
/* clang-format on */

static void auth_capabilities(struct imap_session *s, struct moxd_buf *b)
{
    const char *const *v =
        s->im->auth->mechanisms(s->im->auth_self, &s->auth_env, s->conf->allow_plain);
    bool plain = false;

    if (s->c->tls && !moxd_stream_is_tls(s->st))
        moxd_buf_adds(b, " STARTTLS");
    for (; *v; v++) {
        moxd_buf_addf(b, " AUTH=%s", *v);
        plain |= strcmp(*v, "PLAIN") == 0;
    }
    if (!plain)
        moxd_buf_adds(b, " LOGINDISABLED");
}

static bool is_disabled(const struct imap_account_conf *conf, const char *name)
{
    for (size_t i = 0; conf && i < conf->disabled.n; i++)
        if (moxd_str_caseeqs(moxd_cstr(name), conf->disabled.v[i]))
            return true;
    return false;
}

const struct imap_account_conf *imap_account_conf(struct imap_session *s, struct moxd_arena *a)
{
    struct accounts_account account;

    if (s->im->accounts->get(s->im->accounts_self, s->who.account, a, &account, NULL) < 0)
        return NULL;
    return moxd_conf_ext(account.conf, "imap");
}

/* P-CORE-22: without those that the account's programs cannot live with. The commands stay. */
static void account_capabilities(struct imap_session *s, struct moxd_buf *b)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct imap_account_conf *conf = imap_account_conf(s, a);

    for (size_t i = 0; i < MOXD_NELEMS(capabilities); i++)
        if (!is_disabled(conf, capabilities[i].name))
            moxd_buf_addf(b, " %s", capabilities[i].name);
    if (conf && conf->quota_admin && !is_disabled(conf, "QUOTASET"))
        moxd_buf_adds(b, " QUOTASET");
    if (!is_disabled(conf, "APPENDLIMIT"))
        moxd_buf_addf(b, " APPENDLIMIT=%lld", (long long)s->conf->max_append_size);
}

void imap_capabilities(struct imap_session *s, struct moxd_buf *b)
{
    moxd_buf_adds(b, "CAPABILITY IMAP4rev2 IMAP4rev1");
    if (s->state == IMAP_NOT_AUTH) {
        for (size_t i = 0; i < MOXD_NELEMS(capabilities); i++)
            if (capabilities[i].before_login)
                moxd_buf_addf(b, " %s", capabilities[i].name);
        auth_capabilities(s, b);
    } else {
        account_capabilities(s, b);
    }
}

int imap_cmd_capability(struct imap_session *s)
{
    moxd_buf_adds(&s->out, "* ");
    imap_capabilities(s, &s->out);
    return imap_send_out(s) < 0 ? -1 : imap_ok(s, NULL, "capabilities listed");
}

int imap_cmd_noop(struct imap_session *s)
{
    return imap_ok(s, NULL, "done");
}

int imap_cmd_logout(struct imap_session *s)
{
    if (imap_bye(s, "logging out") < 0)
        return -1;
    return imap_ok(s, NULL, "see you");
}

/* RFC 2971. The version is told only to those who have logged in (P-SMTP-17). */
int imap_cmd_id(struct imap_session *s)
{
    imap_take_client_id(s);
    if (s->state == IMAP_NOT_AUTH) {
        if (imap_untagged(s, "ID (\"name\" \"moxd\")") < 0)
            return -1;
    } else if (imap_untagged(s, "ID (\"name\" \"moxd\" \"version\" \"%s\")", PACKAGE_VERSION) < 0) {
        return -1;
    }
    return imap_ok(s, NULL, "thanks");
}

static const struct {
    const char *name;
    unsigned bit;
} enable[] = {
    { "IMAP4rev2", IMAP_EN_REV2 },
    { "UTF8=ACCEPT", IMAP_EN_UTF8 },
    { "CONDSTORE", IMAP_EN_CONDSTORE },
    { "QRESYNC", IMAP_EN_QRESYNC },
    { "UIDONLY", IMAP_EN_UIDONLY },
    { "METADATA", IMAP_EN_METADATA },
};

/* CONDSTORE may have been enabled by a command that did not say so. */
static void enable_one(struct imap_session *s, struct moxd_str name, unsigned *on)
{
    unsigned before = (s->enabled & ~(unsigned)IMAP_EN_CONDSTORE) | *on;

    for (size_t k = 0; k < MOXD_NELEMS(enable); k++) {
        if (!moxd_str_caseeqs(name, enable[k].name) || (before & enable[k].bit))
            continue;
        *on |= enable[k].bit;
        moxd_buf_addf(&s->out, " %s", enable[k].name);
    }
}

/* RFC 9051 6.3.1: unknown names are ignored; only what is new is told. QRESYNC includes CONDSTORE (RFC 7162
 * 3.2.3). */
int imap_cmd_enable(struct imap_session *s)
{
    unsigned on = 0;

    moxd_buf_adds(&s->out, "* ENABLED");
    for (size_t i = 0; i < s->cmd.list.n; i++)
        enable_one(s, s->cmd.list.v[i], &on);
    s->enabled |= on & ~(unsigned)IMAP_EN_CONDSTORE;
    if (imap_send_out(s) < 0)
        return -1;
    if ((on & (IMAP_EN_CONDSTORE | IMAP_EN_QRESYNC)) && imap_condstore(s) < 0)
        return -1;
    return imap_ok(s, NULL, "enabled");
}

/* RFC 2342 5: mailboxes of others, once somebody shares some with this user. */
int imap_cmd_namespace(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    const char **owners;
    size_t n;

    if (imap_shares_with(s, &owners, &n, &err) < 0)
        return imap_fail(s, &err);
    if (imap_untagged(s, "NAMESPACE ((\"\" \"/\")) %s NIL",
                      n > 0 ? "((\"" IMAP_OTHERS "/\" \"/\"))" : "NIL") < 0)
        return -1;
    return imap_ok(s, NULL, "namespaces told");
}

int imap_cmd_starttls(struct imap_session *s)
{
    size_t discarded = 0;

    if (!s->c->tls || moxd_stream_is_tls(s->st))
        return imap_bad(s, NULL, s->c->tls ? "TLS is active already" : "no TLS on this listener");
    if (imap_ok(s, NULL, "begin TLS now") < 0)
        return -1;
    if (moxd_stream_tls_accept(s->st, s->c->tls, &discarded) < 0) {
        moxd_debug(&s->log, "TLS handshake failed", moxd_kvs("error", moxd_stream_error(s->st)));
        return -1;
    }
    if (discarded > 0)
        moxd_warn(&s->log, "plaintext after STARTTLS discarded", moxd_kvu("bytes", discarded));
    return 0;
}

int imap_tell_changes(struct imap_session *s)
{
    int r = imap_sync(s);

    moxd_buf_fini(&s->out);
    return r;
}

/* RFC 9051 6.3.13: changes are told as they come, until a line ends it. Some clients pipeline the next
 * command after DONE; it stays in the stream. */
int imap_cmd_idle(struct imap_session *s)
{
    struct moxd_str line;

    imap_release(s);
    if (imap_continue(s, "idling") < 0)
        return -1;
    do { /* some clients send an empty line behind IDLE (doc/clients.md) */
        if (imap_wait(s, moxd_deadline(IMAP_IDLE_TIMEOUT), imap_tell_changes) < 0 ||
            imap_read_line(s, &line, false) < 0)
            return -1;
    } while (line.n == 0);
    if (!moxd_str_caseeqs(line, "DONE"))
        return imap_bad(s, NULL, "expected DONE to end IDLE");
    return imap_ok(s, NULL, "no longer idle");
}
