#include "smtp_tell.h"

#include "smtp_local.h"

#include <moxmail/header.h>

enum {
    BEFORE_MAX =
        8 *
        1024, /* bytes of steps outside of transactions: who does nothing else need not be told of more */
};

/* --- the session ------------------------------------------------------------------------------- */

static void hook_ran(struct moxd_hook_trace *hooks, const char *label, enum moxd_verdict v,
                     int64_t took, const char *detail)
{
    smtp_tell(((struct smtp_tell *)hooks)->s, "hook", moxd_sv("hook", label),
              moxd_sv("verdict", moxd_verdict_name(v)), moxd_svi("took", took),
              moxd_sv("detail", detail));
}

void smtp_tell_begin(struct smtp_session *s)
{
    struct smtp_tell *e = &s->tell;

    if (!s->smtp->trace || s->simulated)
        return;
    *e = (struct smtp_tell){ .hooks = { .hook_ran = hook_ran }, .s = s, .on = true };
    moxd_buf_init(&e->before, BEFORE_MAX);
    moxd_hook_trace_begin(&e->hooks);
    smtp_tell(s, "connect", moxd_sv("ip", s->facts.remote_ip), moxd_sv("local", s->facts.local_ip),
              moxd_sv("listener", s->facts.listener), moxd_sv("service", s->c->service->name),
              moxd_sv("tls", s->facts.tls_version),
              moxd_sv("cipher", moxd_stream_tls_cipher(s->st)));
}

/* Who was refused before it came to a message is found by the id in the reply. */
void smtp_tell_end(struct smtp_session *s)
{
    struct smtp_tell *e = &s->tell;
    const struct trace_v1 *trace = s->smtp->trace;

    if (!e->on)
        return;
    moxd_hook_trace_end(&e->hooks);
    if (e->refused && s->ntxn == 0) {
        trace->begin(s->smtp->trace_self, s->public_id, moxd_buf_str(&e->before));
        trace_step(trace, s->smtp->trace_self, s->public_id, "ended",
                   moxd_sv("reason", "the connection ended"));
        trace->end(s->smtp->trace_self, s->public_id);
    }
    moxd_buf_fini(&e->before);
    e->on = false;
}

void smtp_tell_txn(struct smtp_session *s)
{
    if (s->tell.on)
        s->smtp->trace->begin(s->smtp->trace_self, s->txn->id, moxd_buf_str(&s->tell.before));
}

void smtp_tell_over(struct smtp_session *s, const char *kind)
{
    if (s->txn->over)
        return;
    s->txn->over = true;
    if (!s->tell.on)
        return;
    smtp_tell(s, kind ? kind : "ended",
              moxd_sv("reason", kind      ? ""
                                : s->verb ? s->verb
                                          : "the connection ended"));
    s->smtp->trace->end(s->smtp->trace_self, s->txn->id);
}

void smtp_tell_step(struct smtp_session *s, const char *kind, const struct moxd_step_value *v,
                    size_t n)
{
    const struct moxd_step step = { moxd_wall(), kind, v, n };

    if (!s->tell.on)
        return;
    if (s->txn)
        trace_steps(s->smtp->trace, s->smtp->trace_self, s->txn->id, kind, v, n);
    else
        moxd_step_put(&s->tell.before, &step);
}

/* --- what is said ------------------------------------------------------------------------------ */

void smtp_tell_command(struct smtp_session *s, const char *verb, struct moxd_str args)
{
    char text[MOXD_STEP_TEXT_MAX];

    if (!s->tell.on)
        return;
    snprintf(text, sizeof(text), "%s%s%" MOXD_STRF, verb, args.n > 0 ? " " : "", MOXD_STRA(args));
    smtp_tell(s, "command", moxd_sv("text", text));
}

/* Refusals, and what is said to a message and its envelope. */
void smtp_tell_reply(struct smtp_session *s, int code, const char *line)
{
    bool chunk = s->txn && s->txn->receive && !s->txn->judged;

    if (code >= 400 || (code == 250 && s->txn && !chunk))
        smtp_tell(s, "reply", moxd_sv("text", line));
}

/* --- a message --------------------------------------------------------------------------------- */

static struct moxd_str message_id(const struct smtp_txn *t)
{
    struct moxd_field f;

    if (moxd_header_find(t->header, "Message-ID", &f) ||
        moxd_header_find(moxd_buf_str(&t->completed), "Message-ID", &f))
        return moxd_str_trim(f.value);
    return MOXD_STR("");
}

void smtp_tell_message(struct smtp_txn *t)
{
    if (t->s->tell.on)
        smtp_tell(t->s, "message", moxd_svi("size", (int64_t)t->message.size),
                  moxd_svn("messageid", message_id(t)));
}

static void result(struct smtp_session *s, const struct smtp_auth_result *r)
{
    struct moxd_buf props = MOXD_BUF_INIT(MOXD_STEP_TEXT_MAX);

    for (size_t i = 0; i < r->shown.nprops; i++)
        moxd_buf_addf(&props, "%s%" MOXD_STRF ".%" MOXD_STRF "=%" MOXD_STRF, i > 0 ? " " : "",
                      MOXD_STRA(r->shown.props[i].ptype), MOXD_STRA(r->shown.props[i].name),
                      MOXD_STRA(r->shown.props[i].value));
    smtp_tell(s, "check", moxd_svn("method", r->shown.method), moxd_svn("result", r->shown.result),
              moxd_svn("props", moxd_buf_str(&props)), moxd_svn("comment", r->shown.comment),
              moxd_svn("reason", r->shown.reason));
    moxd_buf_fini(&props);
}

static void record(void *arg, const char *kind, const struct moxd_step_value *v, size_t n)
{
    smtp_tell_step(arg, kind, v, n);
}

void smtp_tell_findings(struct smtp_txn *t)
{
    struct moxd_str added = moxd_buf_str(&t->added);
    struct moxd_field f;

    if (!t->s->tell.on)
        return;
    for (size_t i = 0; i < t->nresults; i++)
        result(t->s, t->results[i]);
    while (moxd_field_next(&added, &f))
        smtp_tell(t->s, "field", moxd_svn("name", f.name));
    smtp_annotations(t, record, t->s);
}

void smtp_tell_stored(struct smtp_txn *t, const struct store_add *adds, size_t n)
{
    for (size_t i = 0; i < n && t->s->tell.on; i++) {
        const char *account = t->s->smtp->store->account_name(adds[i].acc);
        smtp_tell(t->s, "stored", moxd_sv("account", account),
                  moxd_sv("mailbox", adds[i].mailbox_name), moxd_svi("uid", adds[i].uid),
                  moxd_svi("id", (int64_t)adds[i].id),
                  moxd_sv("as", adds[i].reject ? "refused mail" : ""));
    }
}

/* --- for whoever asks -------------------------------------------------------------------------- */

#define TELL(kind, ...)                                                                            \
    fn(arg, (kind), (const struct moxd_step_value[]){ __VA_ARGS__ },                               \
       sizeof((const struct moxd_step_value[]){ __VA_ARGS__ }) / sizeof(struct moxd_step_value))

static void tell_suspicion(const struct smtp_suspicion *sus, smtp_step_fn *fn, void *arg)
{
    char reply[MOXD_STEP_TEXT_MAX];

    snprintf(reply, sizeof(reply), "%d %s %s", sus->reply.code, sus->reply.enhanced,
             sus->reply.text);
    TELL("suspected", moxd_sv("reason", sus->reason), moxd_sv("reply", reply));
    if (sus->reply.detail[0])
        TELL("because", moxd_sv("detail", sus->reply.detail));
}

static void tell_wait(const struct smtp_accepting *ac, smtp_step_fn *fn, void *arg)
{
    char wait[32];

    snprintf(wait, sizeof(wait), "%.0f s", (double)ac->wait / (double)MOXD_SEC);
    TELL("waits", moxd_sv("wait", wait), moxd_sv("why", ac->why));
}

void smtp_annotations(const struct smtp_txn *t, smtp_step_fn *fn, void *arg)
{
    for (size_t i = 0; i < t->nnotes; i++)
        TELL("note", moxd_sv("key", t->notes[i].key), moxd_sv("value", t->notes[i].value));
    if (t->suspicion)
        tell_suspicion(t->suspicion, fn, arg);
    smtp_plan_tell(t->plan, fn, arg);
    if (t->accepting.wait > 0)
        tell_wait(&t->accepting, fn, arg);
    if (t->mailbox)
        TELL("mailbox", moxd_sv("mailbox", t->mailbox));
}
