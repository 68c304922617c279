/* Hooks at every point of smtp, for tests/session/smtp/hooks.txt. What they do follows from names:
 *
 *     connect = "deny"             (directive) refuses the connection; "hold" keeps it waiting
 *     EHLO deny.example            refused       EHLO drop.example   refused and closed
 *     MAIL defer@...               451           MAIL drop@...       421 and closed
 *     RCPT denied@...              550           RCPT broken@...     the hook fails
 *     offer = true                 (directive) DSN and FUTURERELEASE; takes over what is to be held
 *     RCPT ...@route.example       taken over; refused@ is refused, fails@ fails at delivery
 *     MAIL spam@...                the message is refused after its data was read
 *     MAIL junk@...                goes to Junk with a header and a note
 *     MAIL auth@..., authspam@...  gets authentication results; the latter is refused
 *
 * Each suspends first, so that sessions are seen to stand it. */
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <stdio.h>

struct smtphooks_conf {
    struct moxd_conf_head head;
    const char *connect;
    bool offer;
};
struct smtphooks {
    struct moxd_instance m;
    const struct smtphooks_conf *conf;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
};
/* At each message: what on_message saw, for on_delivered. */
struct smtphooks_msg {
    uint64_t read;
};

static enum moxd_verdict on_connect(struct moxd_instance *m, const struct smtp_conn *ev,
                                    struct moxd_reply *reply)
{
    const struct smtphooks *h = (const struct smtphooks *)m;

    (void)ev;
    (void)moxd_yield();
    if (h->conf->connect && strcmp(h->conf->connect, "hold") == 0) {
        moxd_info(&m->log, "holding a connection");
        (void)moxd_sleep(3600 * MOXD_SEC);
        moxd_info(&m->log, "let go");
    }
    if (h->conf->connect && strcmp(h->conf->connect, "deny") == 0)
        return moxd_reply_set(reply, 554, "5.7.1", "not you");
    return MOXD_NEXT;
}

static enum moxd_verdict on_helo(struct moxd_instance *m, const struct smtp_conn *ev,
                                 struct moxd_reply *reply)
{
    (void)m;
    (void)moxd_yield();
    if (moxd_str_eqs(ev->helo, "deny.example"))
        return moxd_reply_set(reply, 550, "5.7.1", "bad name");
    if (!moxd_str_eqs(ev->helo, "drop.example"))
        return MOXD_NEXT;
    moxd_reply_set(reply, 554, "5.7.1", "go away");
    return MOXD_DROP;
}

static enum moxd_verdict on_mail(struct moxd_instance *m, const struct smtp_mail *ev,
                                 struct moxd_reply *reply)
{
    (void)m;
    (void)moxd_yield();
    if (moxd_str_eqs(ev->from.localpart, "defer"))
        return MOXD_DEFER; /* without a reply of its own */
    if (!moxd_str_eqs(ev->from.localpart, "drop"))
        return MOXD_NEXT;
    moxd_reply_set(reply, 421, "4.7.0", "slow\r\ndown");
    return MOXD_DROP;
}

static enum moxd_verdict on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                 struct moxd_reply *reply)
{
    (void)m;
    (void)moxd_yield();
    if (moxd_str_eqs(ev->to.localpart, "denied"))
        return moxd_reply_set(reply, 550, "5.2.1", "closed");
    return moxd_str_eqs(ev->to.localpart, "broken") ? MOXD_FAIL : MOXD_NEXT;
}

/* What a queue would have to know. */
static void log_envelope(const struct moxd_instance *m, const struct smtp_message *msg)
{
    const struct smtp_mail *mail = msg->mail;

    moxd_info(
        &m->log, "envelope", moxd_kvn("envid", mail->envid), moxd_kvn("ret", mail->ret),
        moxd_kvn("notify", msg->rcpts[0]->notify), moxd_kvn("orcpt", msg->rcpts[0]->orcpt),
        moxd_kvi("held", mail->holduntil == 0 ? 0 : (mail->holduntil - moxd_wall()) / MOXD_SEC),
        moxd_kvb("eightbit", mail->body8bit), moxd_kvb("tlsoptional", msg->tls_optional));
}

static int deliver(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err)
{
    (void)moxd_yield();
    for (size_t i = 0; i < n; i++)
        if (strcmp(targets[i], "fails") == 0)
            return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 451, "4.4.1", "no route now");
    log_envelope(m, msg);
    moxd_info(&m->log, "routed", moxd_kvu("targets", n), moxd_kvu("size", msg->size),
              moxd_kvb("received", moxd_str_find(prefix, MOXD_STR("Received: ")) >= 0));
    return 0;
}

static enum moxd_verdict take(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct smtp_route *route)
{
    if (moxd_str_eqs(ev->to.localpart, "refused"))
        (void)moxd_reply_set(&route->refuse, 550, "5.1.1", "not routed");
    *route = (struct smtp_route){ .by = "smtphooks",
                                  .deliver = deliver,
                                  .m = m,
                                  .target = moxd_arena_cstr(ev->mail->arena, ev->to.localpart),
                                  .refuse = route->refuse };
    return MOXD_ANSWER;
}

static enum moxd_verdict on_route(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                  struct smtp_route *route)
{
    (void)moxd_yield();
    if (!moxd_str_eqs(ev->to.domain, "route.example"))
        return MOXD_NEXT;
    return take(m, ev, route);
}

/* After those who know the local addresses. */
static enum moxd_verdict on_route_held(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                       struct smtp_route *route)
{
    return ev->mail->holduntil != 0 ? take(m, ev, route) : MOXD_NEXT;
}

static enum moxd_verdict on_submit(struct moxd_instance *m, const struct smtp_message *ev,
                                   struct moxd_reply *reply)
{
    const struct smtphooks *h = (const struct smtphooks *)m;

    (void)reply;
    (void)moxd_yield();
    h->smtp->add_header(ev, MOXD_STR("X-Submitted: yes\r\n"));
    return MOXD_NEXT;
}

/* Reads the draft as any hook would. */
static uint64_t read_all(const struct smtphooks *h, const struct smtp_message *ev)
{
    uint64_t off = 0;
    char buf[1000];
    long n;

    while ((n = h->store->draft_read(ev->draft, off, buf, sizeof(buf), NULL)) > 0)
        off += (uint64_t)n;
    return off;
}

static void add_result(const struct smtphooks *h, const struct smtp_mail *mail, const char *method,
                       const char *property, enum smtp_dnssec dnssec)
{
    const struct moxd_authres_prop prop = { MOXD_STR("smtp"), moxd_cstr(property),
                                            mail->from.text };
    char copied[] = "pass";

    h->smtp->add_auth_result(
        mail, &(struct smtp_auth_result){ .shown = { .method = moxd_cstr(method),
                                                     .result = moxd_cstr(copied),
                                                     .comment = MOXD_STR("for (tests)"),
                                                     .props = &prop,
                                                     .nprops = 1 },
                                          .domain = mail->from.domain,
                                          .dnssec = dnssec });
    memset(copied, 'x', sizeof(copied) - 1);
}

static void add_results(const struct smtphooks *h, const struct smtp_mail *mail)
{
    size_t n = 0;

    add_result(h, mail, "spf", "helo", SMTP_DNSSEC_BOGUS);
    add_result(h, mail, "dkim", "d", SMTP_DNSSEC_SECURE);
    add_result(h, mail, "spf", "mailfrom", SMTP_DNSSEC_INSECURE);
    while (h->smtp->auth_result(mail, n))
        n++;
    moxd_info(&h->m.log, "results", moxd_kvu("n", n),
              moxd_kvn("first", h->smtp->auth_result(mail, 0)->shown.method));
}

static enum moxd_verdict on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                    struct moxd_reply *reply)
{
    const struct smtphooks *h = (const struct smtphooks *)m;
    struct smtphooks_msg *slot = moxd_slot(ev->mail->slots, "smtp-message", m);

    (void)moxd_yield();
    slot->read = read_all(h, ev);
    if (moxd_str_starts(ev->mail->from.localpart, MOXD_STR("auth")))
        add_results(h, ev->mail);
    if (moxd_str_ends(ev->mail->from.localpart, MOXD_STR("spam")))
        return moxd_reply_set(reply, 550, "5.7.1", "spam");
    if (moxd_str_eqs(ev->mail->from.localpart, "junk")) {
        h->smtp->add_header(ev, MOXD_STR("X-Verdict: junk\r\n"));
        h->smtp->set_mailbox(ev, "Junk");
        h->smtp->note(ev, "verdict", "junk");
    }
    return MOXD_NEXT;
}

static void on_delivered(struct moxd_instance *m, const struct smtp_message *ev)
{
    const struct smtphooks_msg *slot = moxd_slot(ev->mail->slots, "smtp-message", m);

    moxd_info(&m->log, "seen delivered", moxd_kvb("all", slot->read == ev->size),
              moxd_kvu("recipients", ev->nrcpts));
}

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_connect, on_connect),
    MOXD_HOOK(on_helo, on_helo),
    MOXD_HOOK(on_mail, on_mail),
    MOXD_HOOK(on_rcpt, on_rcpt),
    MOXD_HOOK(on_route, on_route, .phase = MOXD_EARLY),
    MOXD_HOOK(on_route, on_route_held, .phase = MOXD_POLICY),
    MOXD_HOOK(on_submit, on_submit),
    MOXD_HOOK(on_message, on_message),
    MOXD_HOOK(on_delivered, on_delivered),
    { 0 },
};
static const struct moxd_directive directives[] = {
    { .name = "offer", MOXD_AT_BOOL(struct smtphooks_conf, offer), .doc = "For tests." },
    { .name = "connect", MOXD_AT_STRING(struct smtphooks_conf, connect), .doc = "For tests." },
    { 0 },
};
static const struct moxd_block block = { .size = sizeof(struct smtphooks_conf),
                                         .directives = directives };
static const struct moxd_slot slots[] = {
    { .object = "smtp-message", .size = sizeof(struct smtphooks_msg) },
    { 0 },
};
static const char *const needs[] = { "smtp/1.5", "store/1", NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct smtphooks *h = (struct smtphooks *)m;
    struct moxd_instance *self;

    (void)err;
    h->conf = moxd_conf_module(conf, m);
    h->smtp = moxd_interface_get(m, "smtp", &self);
    if (h->conf->offer)
        h->smtp->offer(self, &(struct smtp_offer){ .dsn = true, .hold_max = 60 * 24 * 3600 });
    h->store = moxd_interface_get(m, "store", &self);
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("smtphooks", "1.0", "hooks of smtp, for tests"),
    .needs = needs,
    .conf = &block,
    .hooks = hooks,
    .slots = slots,
    .instance_size = sizeof(struct smtphooks),
    .init = init,
};
