/* Whether somebody wrote before; who did not waits (SMTPIN-10). */
#include "reputation.h"

struct asking {
    const struct store_v1 *store;
    const char *mailbox;
    const struct reputation_who *who;
    enum reputation_class class;
    int64_t now;
    enum reputation_answer answer;
};

/* How many of the newest `look` that are young enough are junk; *n: of how many. */
static size_t junk_in(const struct reputation_ring *r, size_t look, int64_t since, size_t *n)
{
    size_t junk = 0;

    for (*n = 0; *n < r->n && *n < look && r->v[*n].when >= since; (*n)++)
        junk += (r->v[*n].bits & (REPUTATION_JUNK | REPUTATION_NOTJUNK)) == REPUTATION_JUNK;
    return junk;
}

/* 1: the answer is found; 0; -1. */
static int ask_address(struct asking *as, struct store_tx *tx, uint32_t mailbox,
                       struct moxd_err *err)
{
    struct reputation_key key = reputation_key(REPUTATION_ADDRESS, as->class, mailbox, as->who);
    struct reputation_ring ring;
    size_t n;

    if (reputation_load(as->store, tx, &key, &ring, err) < 0)
        return -1;
    size_t junk = junk_in(&ring, REPUTATION_ADDRESS_LOOK, as->now - REPUTATION_ADDRESS_AGE, &n);
    if (n > 0)
        as->answer = junk < n ? REPUTATION_KNOWN : REPUTATION_ONLY_JUNK;
    return n > 0;
}

/* Only who proves an address can be the one that the account wrote to. */
static int ask_sent(struct asking *as, struct store_tx *tx, struct moxd_err *err)
{
    struct store_sent_to to;

    if (as->class != REPUTATION_VERIFIED)
        return 0;
    int rc = as->who->localpart.n > 0
                 ? as->store->tx_sent_to(tx, as->who->localpart, as->who->domain, &to, err)
                 : 0;
    if (rc > 0)
        as->answer = REPUTATION_WROTE;
    return rc;
}

static int ask_domain(struct asking *as, struct store_tx *tx, uint32_t mailbox,
                      struct moxd_err *err)
{
    struct reputation_key key = reputation_key(REPUTATION_DOMAIN, as->class, mailbox, as->who);
    struct reputation_ring ring;
    size_t n;

    if (reputation_load(as->store, tx, &key, &ring, err) < 0)
        return -1;
    size_t junk = junk_in(&ring, REPUTATION_DOMAIN_MAX, as->now - REPUTATION_DOMAIN_AGE, &n);
    if (n > 0 && (n - junk) * 100 > n * REPUTATION_HAM_PERCENT)
        as->answer = REPUTATION_DOMAIN_KNOWN;
    return 0;
}

/* P-ANALYZE-02: from what says most to what says least. */
static int op_ask(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct asking *as = arg;
    uint32_t mailbox;

    as->answer = REPUTATION_FIRST_TIME;
    int there = as->store->tx_mailbox(tx, moxd_cstr(as->mailbox), &mailbox, err);
    int rc = there > 0 ? ask_address(as, tx, mailbox, err) : there;
    if (rc == 0)
        rc = ask_sent(as, tx, err);
    if (rc == 0 && there > 0)
        rc = ask_domain(as, tx, mailbox, err);
    return rc < 0 ? -1 : 0;
}

int reputation_ask(const struct reputation *r, struct store_account *acc, const char *mailbox,
                   const struct reputation_who *who, enum reputation_class class, int64_t now,
                   enum reputation_answer *out, struct moxd_err *err)
{
    struct asking as = {
        .store = r->store, .mailbox = mailbox, .who = who, .class = class, .now = now
    };

    if (r->store->view(r->store_self, acc, op_ask, &as, err) < 0)
        return -1;
    *out = as.answer;
    return 0;
}

/* --- the hook ----------------------------------------------------------------------------------- */

static bool may_wait(const struct reputation *r, const char *account)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct accounts_account acc = { 0 };

    if (r->accounts->get(r->accounts_self, account, a, &acc, NULL) < 0)
        return false;
    const struct reputation_account_conf *conf = moxd_conf_ext(acc.conf, "reputation");
    return !conf || !conf->no_delay;
}

static int ask_account(const struct reputation *r, const struct smtp_copy *ev,
                       enum reputation_answer *out, struct moxd_err *err) MOXD_SUSPENDS;
static int ask_account(const struct reputation *r, const struct smtp_copy *ev,
                       enum reputation_answer *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct reputation_who who;
    struct store_account *acc;
    bool exists = false;

    *out = REPUTATION_FIRST_TIME;
    if (!reputation_who_of(ev->message, a, &who))
        return 0;
    if (r->store->exists(r->store_self, ev->account, &exists, err) < 0 || !exists)
        return exists ? 0 : err->kind == MOXD_ERR_NONE ? 0 : -1;
    if (r->store->open(r->store_self, ev->account, &acc, err) < 0)
        return -1;
    enum reputation_class class =
        reputation_verified(ev->message, &who) ? REPUTATION_VERIFIED : REPUTATION_CLAIMED;
    int rc = reputation_ask(r, acc, ev->mailbox, &who, class, moxd_wall() / MOXD_SEC, out, err);
    r->store->close(acc);
    return rc;
}

enum moxd_verdict reputation_on_accept(struct moxd_instance *m, const struct smtp_copy *ev,
                                       struct smtp_accepting *accepting)
{
    static const char *const words[] = {
        [REPUTATION_FIRST_TIME] = "firsttime", [REPUTATION_KNOWN] = "known",
        [REPUTATION_WROTE] = "wroteto",        [REPUTATION_DOMAIN_KNOWN] = "domain",
        [REPUTATION_ONLY_JUNK] = "onlyjunk",
    };
    struct reputation *r = MOXD_CONTAINER(m, struct reputation, m);
    const struct smtp_mail *mail = ev->message->mail;
    enum reputation_answer answer;
    struct moxd_err err = { 0 };

    /* One who knows nothing of the sender is enough: nobody waits twice. */
    if (mail->conn->submission || accepting->wait >= r->conf->delay || !may_wait(r, ev->account))
        return MOXD_NEXT;
    if (ask_account(r, ev, &answer, &err) < 0) {
        moxd_warn(mail->conn->log, "what is known of a sender cannot be read",
                  moxd_kvs("account", ev->account), moxd_kve(&err));
        moxd_metric_inc(r->messages, "failed", NULL);
        return MOXD_NEXT;
    }
    moxd_metric_inc(r->messages, words[answer], NULL);
    if (answer == REPUTATION_FIRST_TIME || answer == REPUTATION_ONLY_JUNK) {
        accepting->wait = r->conf->delay;
        accepting->why = answer == REPUTATION_FIRST_TIME ? "first-time sender" : "only junk before";
    }
    return MOXD_NEXT;
}
