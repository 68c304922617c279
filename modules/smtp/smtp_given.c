/* Mail that no client brings, but the queue (smtp/1.9): what it was found to be when it came to this server is known, so
 * nobody judges it again; its recipient's rules, forwarding and answers hold as for all mail. */
#include "smtp_given.h"

#include <moxmail/header.h>

#include "smtp_local.h"

/* A transaction without a client. */
struct giving {
    struct smtp_session s; /* of which only the facts count */
    struct moxd_conn conn;
    struct moxd_log log;
    struct moxd_kv kv[3];
    struct smtp_target target;
};

static void init_session(struct giving *g, struct smtp *smtp, const struct smtp_given *given,
                         struct moxd_arena *a)
{
    struct smtp_session *s = &g->s;

    s->smtp = smtp;
    s->arena = a;
    g->kv[0] = moxd_kvs("origin", given->origin);
    g->kv[1] = moxd_kvu("id", given->id);
    g->kv[2] = moxd_kvs("to", given->to);
    g->log = (struct moxd_log){
        .component = "smtp", .parent = &smtp->m.log, .kv = g->kv, .nkv = MOXD_NELEMS(g->kv)
    };
    s->c = &g->conn;
    s->log = (struct moxd_log){ .component = "smtp", .parent = &g->log, .kv = s->log_kv };
    moxd_slots_init(&s->slots, "smtp-session", a);
    s->facts = (struct smtp_conn){
        .remote_ip = "",
        .local_ip = "",
        .remote = (const struct sockaddr *)&smtp_given_address,
        .listener = "",
        .hostname = moxd_conf_core()->hostname,
        .helo = moxd_cstr(moxd_conf_core()->hostname),
        .submission = given->account != NULL,
        .account = given->account,
        .log = &s->log,
        .arena = a,
        .slots = &s->slots,
        .origin = given->origin,
        .own = given->own,
    };
}

static int read_header(struct smtp_txn *t, struct moxd_err *err)
{
    struct moxd_reader r = smtp_txn_reader(t);
    struct smtp_header_facts facts;

    t->message.size = r.size;
    if (moxd_header_read(&r, t->arena, &t->header, NULL, err) < 0)
        return -1;
    t->message.header = t->header;
    smtp_header_facts(t->header, &facts);
    return smtp_check_loop(t, &facts, err);
}

/* Addresses are as the queue has them: they were looked at when it took the message. */
static int set_path(struct smtp_path *p, const char *text, struct moxd_arena *a,
                    struct moxd_err *err)
{
    struct moxd_address ad;

    if (text[0] == '\0') {
        *p = (struct smtp_path){ .text = MOXD_STR("") };
        return 0;
    }
    if (moxd_address_parse(moxd_cstr(text), MOXD_ADDRESS_UTF8, a, &ad, err) < 0)
        return -1;
    return smtp_path_of(p, &ad, true, a, err);
}

static int init_txn(struct smtp_txn *t, const struct smtp_given *given, struct moxd_err *err)
{
    struct smtp_accepted *r = moxd_arena_alloc(t->arena, sizeof(*r));
    const struct smtp_rcpt **rcpts = moxd_arena_calloc(t->arena, 1, sizeof(*rcpts));

    t->mail.smtputf8 = given->smtputf8;
    t->mail.body8bit = given->body8bit;
    t->mail.requiretls = given->requiretls;
    t->mail.nrcpts = t->message.nrcpts = 1;
    t->message.tls_optional = given->tls_optional;
    t->message.stays = given->stays;
    t->message.draft = given->draft;
    t->message.rcpts = rcpts;
    rcpts[0] = &r->facts;
    r->facts.mail = &t->mail;
    if (set_path(&t->mail.from, given->from, t->arena, err) < 0 ||
        set_path(&r->facts.to, given->to, t->arena, err) < 0)
        return -1;
    t->rcpts = moxd_arena_calloc(t->arena, 1, sizeof(struct smtp_accepted *));
    t->rcpts[0] = r;
    t->nrcpts = 1;
    return read_header(t, err);
}

/* As RCPT would have it. */
static int resolve(struct giving *g, struct smtp_txn *t, const struct smtp_given *given,
                   struct moxd_err *err)
{
    struct moxd_arena *a = t->arena;
    struct smtp_rcpt *rcpt = &t->rcpts[0]->facts;
    struct accounts_target to = { 0 };

    if (given->into) {
        rcpt->account = given->into;
        g->target.member = (struct smtp_member){ given->into, "INBOX", given->to, NULL };
        return 0;
    }
    if (smtp_alias_resolve(g->s.smtp, given->to, a, &to, err) < 0)
        return -1;
    if (to.refuse_code)
        return smtp_local_refused(&to, err);
    if (to.match == ACCOUNTS_ALIAS) {
        g->target.list = to.alias;
        return given->own ? 0 : smtp_alias_admit(g->s.smtp, rcpt, &to, err);
    }
    rcpt->account = to.account;
    g->target.member = (struct smtp_member){ to.account, to.mailbox, given->to, NULL };
    return smtp_local_try(g->s.smtp, to.account, t->message.size, err);
}

/* What is told goes to the id that the message has been known by; that is neither begun nor ended here. */
static struct smtp_txn *new_txn(struct giving *g, const struct smtp_given *given)
{
    struct smtp_txn *t = smtp_txn_new(&g->s);

    t->over = true;
    if (given->trace && moxd_str_copy(moxd_cstr(given->trace), t->id, sizeof(t->id)) == 0) {
        g->s.tell.s = &g->s;
        g->s.tell.on = g->s.smtp->trace != NULL;
    }
    return t;
}

static int deliver(struct giving *g, struct smtp_txn *t, const struct smtp_given *given,
                   struct moxd_err *err) MOXD_SUSPENDS;
static int deliver(struct giving *g, struct smtp_txn *t, const struct smtp_given *given,
                   struct moxd_err *err)
{
    struct moxd_instance *m = &g->s.smtp->m;
    void *const targets[] = { &g->target };

    if (init_txn(t, given, err) < 0 || resolve(g, t, given, err) < 0)
        return -1;
    if (!given->own && !given->account)
        smtp_given_results(t);
    t->message.results = (const struct smtp_auth_result *const *)t->results;
    t->message.nresults = t->nresults;
    if (smtp_copies_judge(m, &t->message, given->prefix, targets, 1, err) < 0 ||
        smtp_copies_deliver(m, &t->message, given->prefix, targets, 1, err) < 0)
        return -1;
    moxd_info(&g->s.log, "message delivered", moxd_kvs("from", given->from),
              moxd_kvs("account", g->target.list ? "" : g->target.member.account),
              moxd_kvs("list", g->target.list ? g->target.list : ""),
              moxd_kvu("size", t->message.size));
    return 0;
}

int smtp_give(struct moxd_instance *self, const struct smtp_given *given, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct giving *g = moxd_arena_alloc(a, sizeof(*g));

    init_session(g, (struct smtp *)self, given, a);
    int rc = deliver(g, new_txn(g, given), given, err);
    g->s.txn->message.draft = NULL; /* the caller's */
    smtp_session_free(&g->s);
    return rc;
}
