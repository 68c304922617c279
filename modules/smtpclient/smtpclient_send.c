/* A transaction (RFC 5321 3.3), pipelined where that is offered (RFC 2920). */
#include "smtpclient.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

enum state { UNTRIED, ACCEPTED, DONE };
enum { MAIL = -1, DATA = -2 }; /* commands that are no recipient */

struct txn {
    struct smtpclient_session *s;
    struct smtpclient_transaction *t;
    struct moxd_arena *a;
    enum state *states; /* of the recipients */
    size_t next;        /* recipient to be written next */
    size_t limit;       /* recipients that the server takes in a transaction */
    size_t accepted;
    int pending[SMTPCLIENT_WINDOW + 1]; /* commands whose replies are due */
    size_t npending;
    struct moxd_buf out;
    bool mail_written, data_written;
    struct smtpclient_reply mail, data; /* code 0: none yet */
};

static void finish(struct txn *x, size_t i, const struct smtpclient_reply *r)
{
    x->states[i] = DONE;
    x->t->rcpts[i].reply = *r;
    x->t->rcpts[i].ok = r->stage == SMTPCLIENT_BODY && smtpclient_is_ok(r);
}

/* All recipients that are in this state get this reply. */
static void finish_all(struct txn *x, enum state state, const struct smtpclient_reply *r)
{
    for (size_t i = 0; i < x->t->n; i++)
        if (x->states[i] == state)
            finish(x, i, r);
}

static void finish_everybody(struct txn *x, const struct smtpclient_reply *r)
{
    finish_all(x, UNTRIED, r);
    finish_all(x, ACCEPTED, r);
}

static int refuse(struct txn *x, int code, const char *enhanced, const char *why)
{
    struct smtpclient_reply r;

    (void)smtpclient_ours(x->a, &r, SMTPCLIENT_NEEDS, enhanced, "%s", why);
    r.code = code;
    finish_everybody(x, &r);
    return -1;
}

/* --- what the message needs ------------------------------------------------------------------------- */

static int check_needs(struct txn *x)
{
    const struct smtpclient_facts *f = &x->s->facts;
    const struct smtpclient_transaction *t = x->t;

    if (t->requiretls && !f->tls_version)
        return refuse(x, 550, "5.7.10", "the message requires TLS");
    if (t->requiretls && !f->pkix_ok && !f->dane_ok)
        return refuse(x, 550, "5.7.10", "the message requires TLS to a server that was verified");
    if (t->requiretls && !f->requiretls)
        return refuse(x, 550, "5.7.30",
                      "the message requires TLS all the way, the server does not support that "
                      "(REQUIRETLS)");
    if (t->smtputf8 && !f->smtputf8)
        return refuse(x, 553, "5.6.7",
                      "the message has an internationalized address or header, the server does "
                      "not support that (SMTPUTF8)");
    if (t->body8bit && !f->eightbitmime)
        return refuse(x, 554, "5.6.3",
                      "the message has 8-bit text, the server does not support that (8BITMIME)");
    if (f->size > 0 && t->size > f->size)
        return refuse(x, 552, "5.3.4", "the message is larger than the server takes");
    return 0;
}

/* --- writing commands --------------------------------------------------------------------------------- */

static void trace(struct txn *x, size_t start)
{
    moxd_log_trace(&x->s->log, MOXD_TRACE,
                   "C: ", moxd_str_trim(moxd_str_from(moxd_buf_str(&x->out), start)));
}

static void push(struct txn *x, int command, size_t start)
{
    moxd_assert(x->npending < MOXD_NELEMS(x->pending));
    x->pending[x->npending++] = command;
    trace(x, start);
}

static int write_mail(struct txn *x)
{
    const struct smtpclient_transaction *t = x->t;
    const struct moxd_smtp_mail_out m = { .from = t->from,
                                          .size = t->size,
                                          .body8bit = t->body8bit,
                                          .smtputf8 = t->smtputf8,
                                          .requiretls = t->requiretls,
                                          .envid = t->envid,
                                          .ret = t->ret };
    struct moxd_err err = { 0 };
    size_t start = x->out.n;

    x->mail_written = true;
    if (moxd_smtp_mail_put(&x->out, &m, &x->s->offer, &err) < 0)
        return refuse(x, 553, "5.1.7", err.pub);
    push(x, MAIL, start);
    return 0;
}

static void write_rcpt(struct txn *x, size_t i)
{
    const struct smtpclient_rcpt *rcpt = &x->t->rcpts[i];
    const struct moxd_smtp_rcpt_out r = {
        .to = rcpt->to, .notify = rcpt->notify, .orcpt = rcpt->orcpt, .smtputf8 = x->t->smtputf8
    };
    struct moxd_err err = { 0 };
    struct smtpclient_reply reply;
    size_t start = x->out.n;

    if (moxd_smtp_rcpt_put(&x->out, &r, &x->s->offer, &err) == 0) {
        push(x, (int)i, start);
        return;
    }
    (void)smtpclient_ours(x->a, &reply, SMTPCLIENT_RCPT, "5.1.3", "%s", err.pub);
    reply.code = 553;
    finish(x, i, &reply);
}

static bool all_written(const struct txn *x)
{
    return x->mail_written && x->next == x->limit;
}

/* As many commands as may go together: one, where the server does not say that it reads on (RFC 2920 3.1). DATA is
 * the last one of its group. */
static int write_group(struct txn *x)
{
    size_t most = x->s->offer.pipelining ? SMTPCLIENT_WINDOW : 1;

    moxd_buf_reset(&x->out);
    if (!x->mail_written && write_mail(x) < 0)
        return -1;
    while (x->npending < most && x->next < x->limit)
        write_rcpt(x, x->next++);
    bool may_have_any = x->accepted > 0 || (x->s->offer.pipelining && x->npending > 0);
    if (all_written(x) && may_have_any && (x->npending == 0 || x->s->offer.pipelining)) {
        size_t start = x->out.n;
        moxd_buf_adds(&x->out, "DATA\r\n");
        push(x, DATA, start);
        x->data_written = true;
    }
    return 0;
}

/* --- reading replies --------------------------------------------------------------------------------- */

/* RFC 5321 4.5.3.1.10: 552 to RCPT may mean "too many recipients", as 452 does. */
static void take_rcpt(struct txn *x, size_t i, struct smtpclient_reply *r)
{
    bool too_many = r->code == 552 && (*r->enhanced == '\0' || strcmp(r->enhanced, "5.5.3") == 0);

    if (too_many) {
        r->code = 452;
        r->permanent = false;
    }
    if (!smtpclient_is_ok(r)) {
        finish(x, i, r);
        return;
    }
    x->states[i] = ACCEPTED;
    x->accepted++;
}

static MOXD_SUSPENDS int read_reply(struct txn *x, int command)
{
    const struct smtpclient_conf *conf = x->s->sc->conf;
    enum smtpclient_stage stage = command == MAIL   ? SMTPCLIENT_MAIL
                                  : command == DATA ? SMTPCLIENT_DATA
                                                    : SMTPCLIENT_RCPT;
    int64_t timeout = command == DATA ? conf->data : conf->command;
    struct smtpclient_reply r;

    if (smtpclient_reply(x->s, stage, timeout, x->a, &r) < 0 || x->s->broken) {
        /* Why it broke off was said before, if MAIL was refused. */
        bool refused = x->mail.code > 0 && !smtpclient_is_ok(&x->mail);
        finish_everybody(x, refused ? &x->mail : &r);
        return -1;
    }
    if (command == MAIL)
        x->mail = r;
    else if (command == DATA)
        x->data = r;
    else if (smtpclient_is_ok(&x->mail))
        take_rcpt(x, (size_t)command, &r);
    return 0;
}

/* A server that sends each reply by itself waits until we have confirmed the one before (RFC 896), and without this we
 * would wait for something to send along with that: 40 ms for each message. */
static void confirm_soon(struct smtpclient_session *s)
{
    int on = 1;

    (void)setsockopt(moxd_stream_fd(s->st), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

/* All replies are read, whatever the first ones say: each command has one. */
static MOXD_SUSPENDS int read_group(struct txn *x)
{
    if (x->npending > 1)
        confirm_soon(x->s);
    for (size_t i = 0; i < x->npending; i++)
        if (read_reply(x, x->pending[i]) < 0)
            return -1;
    x->npending = 0;
    if (smtpclient_is_ok(&x->mail))
        return 0;
    finish_everybody(x, &x->mail);
    return 1;
}

/* 0: all is written and answered, 1: MAIL was refused, -1: it cannot go on. */
static MOXD_SUSPENDS int envelope(struct txn *x)
{
    int rc;

    do {
        if (write_group(x) < 0)
            return 1;
        rc = moxd_stream_write(x->s->st, x->out.p, x->out.n);
        if (rc == 0)
            rc = moxd_stream_flush(x->s->st);
        if (rc < 0) {
            struct smtpclient_reply r;
            (void)smtpclient_broken(x->s, SMTPCLIENT_MAIL, rc, x->a, &r);
            finish_everybody(x, &r);
            return -1;
        }
        rc = read_group(x);
    } while (rc == 0 && (!all_written(x) || (x->accepted > 0 && !x->data_written)));
    return rc;
}

/* --- DATA ---------------------------------------------------------------------------------------------- */

static MOXD_SUSPENDS int message(struct txn *x)
{
    struct smtpclient_reply r;
    int rc = smtpclient_body(x->s, x->t, x->a, &r);

    finish_all(x, ACCEPTED, &r);
    return rc < 0 || x->s->broken ? -1 : 0;
}

/* Nobody is there to get a message, but the server waits for one: an empty one ends it (RFC 2920 3.1). */
static MOXD_SUSPENDS int empty_message(struct txn *x)
{
    struct smtpclient_reply r;

    return smtpclient_command(x->s, SMTPCLIENT_BODY, MOXD_TRACE, ".", x->s->sc->conf->end, x->a,
                              &r);
}

/* The session is to be fresh for the next transaction. */
static MOXD_SUSPENDS int reset(struct txn *x)
{
    struct smtpclient_reply r;

    if (x->s->broken)
        return -1;
    if (smtpclient_command(x->s, SMTPCLIENT_MAIL, MOXD_TRACE, "RSET", x->s->sc->conf->command, x->a,
                           &r) < 0)
        return -1;
    if (!smtpclient_is_ok(&r))
        x->s->broken = true;
    return x->s->broken ? -1 : 0;
}

static MOXD_SUSPENDS int transaction(struct txn *x)
{
    int rc = envelope(x);
    bool go = x->data.code / 100 == 3;

    if (rc < 0)
        return -1;
    if (go && !x->s->broken && x->accepted > 0 && rc == 0)
        return message(x);
    if (x->data.code > 0)
        finish_all(x, ACCEPTED, &x->data);
    if (go && empty_message(x) < 0)
        return -1;
    return x->mail_written ? reset(x) : 0;
}

/* Those that do not fit come in the next transaction. */
static void take_limit(struct txn *x)
{
    uint32_t max = x->s->facts.rcptmax;
    struct smtpclient_reply r;

    x->limit = max > 0 && max < x->t->n ? max : x->t->n;
    if (x->limit == x->t->n)
        return;
    (void)smtpclient_ours(x->a, &r, SMTPCLIENT_RCPT, "4.5.3",
                          "the server takes %u recipients in a transaction", max);
    r.code = 452;
    for (size_t i = x->limit; i < x->t->n; i++)
        finish(x, i, &r);
}

static void clear_results(struct smtpclient_transaction *t)
{
    for (size_t i = 0; i < t->n; i++) {
        t->rcpts[i].reply = (struct smtpclient_reply){ .code = 0 };
        t->rcpts[i].ok = false;
    }
}

int smtpclient_send(struct smtpclient_session *s, struct smtpclient_transaction *t,
                    struct moxd_arena *a)
{
    struct txn x = { .s = s, .t = t, .a = a, .out = MOXD_BUF_INIT(1 << 20) };
    int64_t before = smtpclient_until(t->deadline);
    int rc = 0;

    x.states = moxd_arena_calloc(a, t->n, sizeof(*x.states));
    clear_results(t);
    if (check_needs(&x) == 0) {
        take_limit(&x);
        s->transactions++;
        rc = transaction(&x);
    }
    (void)moxd_fiber_ceiling(before);
    moxd_buf_fini(&x.out);
    for (size_t i = 0; i < t->n; i++)
        moxd_assert(x.states[i] == DONE);
    return rc;
}
