/* One IMAP connection: greeting, command loop, end. */
#include "place.h"

struct command {
    imap_cmd_fn *fn;
    unsigned states; /* in which it is valid */
    bool
        no_expunge; /* RFC 9051 7.5.1: no EXPUNGE during FETCH, STORE, SEARCH by number; nor in SELECT,
                        whose answers still number what was told first */
};
enum { ANY = IMAP_NOT_AUTH | IMAP_AUTH | IMAP_SELECTED, IN = IMAP_AUTH | IMAP_SELECTED };

static const struct command commands[MOXD_IMAP_VERBS] = {
    [MOXD_IMAP_CAPABILITY] = { imap_cmd_capability, ANY, false },
    [MOXD_IMAP_NOOP] = { imap_cmd_noop, ANY, false },
    [MOXD_IMAP_LOGOUT] = { imap_cmd_logout, ANY, false },
    [MOXD_IMAP_ID] = { imap_cmd_id, ANY, false },
    [MOXD_IMAP_STARTTLS] = { imap_cmd_starttls, IMAP_NOT_AUTH, false },
    [MOXD_IMAP_AUTHENTICATE] = { imap_cmd_authenticate, IMAP_NOT_AUTH, false },
    [MOXD_IMAP_LOGIN] = { imap_cmd_login, IMAP_NOT_AUTH, false },
    [MOXD_IMAP_ENABLE] = { imap_cmd_enable, IN, false },
    [MOXD_IMAP_SELECT] = { imap_cmd_select, IN, true },
    [MOXD_IMAP_EXAMINE] = { imap_cmd_select, IN, true },
    [MOXD_IMAP_CREATE] = { imap_cmd_create, IN, false },
    [MOXD_IMAP_DELETE] = { imap_cmd_delete, IN, false },
    [MOXD_IMAP_RENAME] = { imap_cmd_rename, IN, false },
    [MOXD_IMAP_SUBSCRIBE] = { imap_cmd_subscribe, IN, false },
    [MOXD_IMAP_UNSUBSCRIBE] = { imap_cmd_subscribe, IN, false },
    [MOXD_IMAP_LIST] = { imap_cmd_list, IN, false },
    [MOXD_IMAP_LSUB] = { imap_cmd_lsub, IN, false },
    [MOXD_IMAP_NAMESPACE] = { imap_cmd_namespace, IN, false },
    [MOXD_IMAP_STATUS] = { imap_cmd_status, IN, false },
    [MOXD_IMAP_APPEND] = { imap_cmd_append, IN, false },
    [MOXD_IMAP_IDLE] = { imap_cmd_idle, IN, false },
    [MOXD_IMAP_CHECK] = { imap_cmd_check, IMAP_SELECTED, false },
    [MOXD_IMAP_CLOSE] = { imap_cmd_close, IMAP_SELECTED, false },
    [MOXD_IMAP_UNSELECT] = { imap_cmd_unselect, IMAP_SELECTED, false },
    [MOXD_IMAP_EXPUNGE] = { imap_cmd_expunge, IMAP_SELECTED, false },
    [MOXD_IMAP_SEARCH] = { imap_cmd_search, IMAP_SELECTED, true },
    [MOXD_IMAP_FETCH] = { imap_cmd_fetch, IMAP_SELECTED, true },
    [MOXD_IMAP_STORE] = { imap_cmd_store, IMAP_SELECTED, true },
    [MOXD_IMAP_COPY] = { imap_cmd_copy, IMAP_SELECTED, false },
    [MOXD_IMAP_MOVE] = { imap_cmd_move, IMAP_SELECTED, false },
    [MOXD_IMAP_SORT] = { imap_cmd_sort, IMAP_SELECTED, true },
    [MOXD_IMAP_THREAD] = { imap_cmd_thread, IMAP_SELECTED, true },
    [MOXD_IMAP_GETMETADATA] = { imap_cmd_getmetadata, IN, false },
    [MOXD_IMAP_SETMETADATA] = { imap_cmd_setmetadata, IN, false },
    [MOXD_IMAP_UNAUTHENTICATE] = { imap_cmd_unauthenticate, IN, false },
    [MOXD_IMAP_GETQUOTA] = { imap_cmd_getquota, IN, false },
    [MOXD_IMAP_GETQUOTAROOT] = { imap_cmd_getquotaroot, IN, false },
    [MOXD_IMAP_SETQUOTA] = { imap_cmd_setquota, IN, false },
    [MOXD_IMAP_COMPRESS] = { imap_cmd_compress, IN, false },
    [MOXD_IMAP_SETACL] = { imap_cmd_setacl, IN, false },
    [MOXD_IMAP_DELETEACL] = { imap_cmd_deleteacl, IN, false },
    [MOXD_IMAP_GETACL] = { imap_cmd_getacl, IN, false },
    [MOXD_IMAP_LISTRIGHTS] = { imap_cmd_listrights, IN, false },
    [MOXD_IMAP_MYRIGHTS] = { imap_cmd_myrights, IN, false },
    [MOXD_IMAP_ESEARCH] = { imap_cmd_esearch, IN, true },
    [MOXD_IMAP_NOTIFY] = { imap_cmd_notify, IN, false },
    [MOXD_IMAP_CANCELUPDATE] = { imap_cmd_cancelupdate, IMAP_SELECTED, false },
    [MOXD_IMAP_REPLACE] = { imap_cmd_append, IMAP_SELECTED, false },
};

static const char *wrong_state(const struct imap_session *s, unsigned states)
{
    if (s->state == IMAP_NOT_AUTH)
        return "log in first";
    return states == IMAP_NOT_AUTH ? "already logged in" : "select a mailbox first";
}

/* SMTPIN-02: what begins with an invalid command is not an IMAP client. DENIED: RFC 9586 3. */
static int invalid(struct imap_session *s, const struct moxd_err *err)
{
    if (imap_bad(s, err->kind == MOXD_ERR_DENIED ? "UIDREQUIRED" : NULL, "%s", err->pub) < 0)
        return -1;
    if (!s->valid_seen)
        return imap_bye(s, "the first command was invalid");
    if (s->bad >= IMAP_BAD_MAX)
        return imap_bye(s, "too many invalid commands");
    if (imap_data_follows(s))
        return imap_bye(s, "cannot tell what follows from commands");
    return 0;
}

static void count(struct imap_session *s, const char *name)
{
    moxd_metric_inc(s->im->commands, name, s->cmd_error ? s->cmd_error : "ok");
}

void imap_set_tag(struct imap_session *s, struct moxd_str tag)
{
    moxd_assert(tag.n <= sizeof(s->tag));
    if (tag.n > 0)
        memcpy(s->tag, tag.p, tag.n);
    s->cmd.tag = moxd_str(s->tag, tag.n);
}

/* The mailbox that was selected before is none of its business. */
static bool selects(const struct imap_session *s)
{
    return s->cmd.verb == MOXD_IMAP_SELECT || s->cmd.verb == MOXD_IMAP_EXAMINE;
}

static int run_command(struct imap_session *s)
{
    const struct command *c;
    struct moxd_err err = { 0 };
    int r = moxd_imap_parse(moxd_buf_str(&s->text), s->a, &s->cmd, &err);

    imap_set_tag(s, s->cmd.tag);
    if (r < 0) {
        s->cmd_error = "bad";
        count(s, "invalid");
        return invalid(s, &err);
    }
    s->valid_seen = true;
    imap_progress_begin(s);
    c = &commands[s->cmd.verb];
    if (imap_uid_required(s)) {
        moxd_err_set(&err, MOXD_ERR_DENIED, "message numbers are not used in this session");
        r = invalid(s, &err);
    } else if (c->states & s->state) {
        s->bad = 0;
        r = imap_rights_refresh(s);
        if (r < 0)
            return -1;
        r = s->cmd.condstore && !selects(s) ? imap_condstore(s) : 0;
        r = r < 0 ? -1 : c->fn(s);
    } else {
        moxd_err_set(&err, MOXD_ERR_STATE, "%s: %s", moxd_imap_verb_name(s->cmd.verb),
                     wrong_state(s, c->states));
        r = invalid(s, &err);
    }
    count(s, moxd_imap_verb_name(s->cmd.verb));
    return r;
}

static int one_command(struct imap_session *s)
{
    int r;

    s->a = moxd_arena_new(0);
    s->cmd = (struct moxd_imap_cmd){ 0 };
    s->cmd_error = NULL;
    r = imap_read_command(s);
    if (r == 0)
        r = run_command(s);
    imap_release(s);
    return r < 0 ? -1 : 0;
}

void imap_release(struct imap_session *s)
{
    moxd_buf_fini(&s->text);
    moxd_buf_fini(&s->out);
    moxd_arena_free(s->a);
    s->a = NULL;
    s->own = (struct imap_own){ 0 };
    imap_close_others(s);
    if (s->sel)
        imap_view_forget(&s->sel->view);
}

bool imap_may_expunge(const struct imap_session *s)
{
    /* RFC 5465 6.1: the client has said that it does not use message numbers. */
    if (s->waiting || (imap_notify_at_once(s) && !selects(s)))
        return imap_notify_at_once(s);
    /* RFC 7162 3.2.10.2: nor while UID SEARCH looks at numbers. */
    return !commands[s->cmd.verb].no_expunge || (s->cmd.uid && !s->cmd.search_seqs);
}

/* Waits for the next command. What others change meanwhile is noted and told in the next command
 * (RFC 9051 5.2 lets a server send it at any time, but few clients read outside of a command), to a client
 * that used NOTIFY at once. */
static int wait_command(struct imap_session *s)
{
    int64_t deadline =
        moxd_deadline(s->state == IMAP_NOT_AUTH ? IMAP_LOGIN_TIMEOUT : IMAP_IDLE_TIMEOUT);

    int r;

    if (moxd_stream_buffered(s->st) > 0 && !moxd_stopping())
        return 0;
    s->waiting = true;
    r = imap_wait(s, deadline, s->notify ? imap_tell_changes : imap_pull);
    s->waiting = false;
    return r;
}

int imap_wait(struct imap_session *s, int64_t deadline, int (*on_change)(struct imap_session *s))
{
    int r = 0;

    while (r == 0) {
        if (moxd_stopping())
            return imap_bye(s, "server is shutting down"), -1;
        if (on_change(s) < 0)
            return -1;
        r = moxd_stream_wait(s->st, deadline);
    }
    if (r == MOXD_TIMEOUT)
        (void)imap_bye(s, "idle for too long");
    else if (r == MOXD_CANCELLED)
        (void)imap_bye(s, "server is shutting down");
    return r > 0 ? 0 : -1;
}

static int greet(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    bool preauth = s->c->account || (moxd_stream_is_tls(s->st) && imap_preauth(s));

    if (s->c->account && imap_vouched(s, &err) < 0) {
        moxd_info(&s->log, "no session", moxd_kve(&err));
        return imap_bye(s, "%s", err.pub[0] ? err.pub : "the account cannot be opened"), -1;
    }
    moxd_buf_adds(&s->out, preauth ? "* PREAUTH [" : "* OK [");
    imap_capabilities(s, &s->out);
    moxd_buf_addf(&s->out, "] %s moxd imap", s->c->hostname);
    return imap_send_out(s) < 0 || moxd_stream_flush(s->st) < 0 ? -1 : 0;
}

static void init(struct imap_session *s, struct moxd_instance *m, struct moxd_conn *c)
{
    memset(s, 0, sizeof(*s));
    s->im = MOXD_CONTAINER(m, struct imap, m);
    s->c = c;
    s->st = c->st;
    s->log = (struct moxd_log){ .component = "imap", .parent = &c->log };
    s->conf = MOXD_CONTAINER(c->conf, struct imap_service_conf, service);
    s->state = IMAP_NOT_AUTH;
    s->fiber = moxd_fiber_self();
    s->auth_env = (struct auth_env){
        .protocol = "imap", .remote_ip = c->remote_ip, .stream = c->st, .log = &s->log
    };
    moxd_buf_init(&s->text, IMAP_COMMAND_MAX);
    moxd_buf_init(&s->out, IMAP_OUT_MAX);
    moxd_stream_timeouts(c->st, IMAP_LOGIN_TIMEOUT, IMAP_WRITE_TIMEOUT);
}

static void fini(struct imap_session *s)
{
    imap_release(s);
    imap_forget_login(s);
}

void imap_session_run(struct moxd_instance *m, struct moxd_conn *c)
{
    struct imap_session *s = moxd_xcalloc(1, sizeof(*s));

    init(s, m, c);
    moxd_metric_inc(s->im->connections, NULL, NULL);
    if (greet(s) == 0)
        while (!s->bye && wait_command(s) == 0)
            if (one_command(s) < 0)
                break;
    (void)!moxd_stream_flush(s->st);
    moxd_debug(&s->log, "session ended", moxd_kvs("error", moxd_stream_error(s->st)));
    fini(s);
    free(s);
}
