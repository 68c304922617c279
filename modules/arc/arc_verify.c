/* on_message: verifies the chain of incoming mail (RFC 8617 5.2), and says what came of it. All keys are looked up at
 * once, then one job reads the body and verifies. */
#include "arc.h"

#include <moxd/offload.h>

struct key {
    struct check *c;
    const struct moxd_dkim_sig *sig;
    struct moxd_dkim_key key;
    enum smtp_dnssec dnssec;
    struct moxd_dkim_verdict why; /* reason NULL: it is there */
    struct moxd_fid fiber;
};
struct check {
    struct arc *arc;
    struct moxd_arena *a; /* touched by one thread at a time */
    const struct smtp_message *msg;
    struct moxd_dkim_header header;
    struct moxd_arc_chain chain;
    struct key keys[ARC_KEYS_MAX];
    size_t nkeys;
    const char *reason; /* why it failed */
};

static void fail(struct check *c, const char *reason)
{
    if (!c->reason)
        c->reason = reason;
}

/* --- keys ------------------------------------------------------------------------------------------ */

static struct key *find(struct check *c, const struct moxd_dkim_sig *sig)
{
    for (size_t i = 0; i < c->nkeys; i++)
        if (moxd_str_eq(c->keys[i].sig->domain, sig->domain) &&
            moxd_str_eq(c->keys[i].sig->selector, sig->selector) && c->keys[i].sig->alg == sig->alg)
            return &c->keys[i];
    return NULL;
}

static void want(struct check *c, const struct moxd_dkim_sig *sig)
{
    if (find(c, sig))
        return;
    if (c->nkeys == ARC_KEYS_MAX)
        fail(c, "too many keys");
    else
        c->keys[c->nkeys++] = (struct key){ .c = c, .sig = sig };
}

static void lookup(void *arg)
{
    struct key *k = arg;
    struct arc *arc = k->c->arc;

    (void)arc->dkim->key(arc->dkim_self, k->sig, k->c->a, &k->key, &k->dnssec, &k->why);
}

static int join(const struct check *c)
{
    int rc = MOXD_OK;

    for (size_t i = 0; i < c->nkeys && rc == MOXD_OK; i++)
        rc = moxd_fiber_join(c->keys[i].fiber, MOXD_NEVER);
    return rc;
}

/* The fibers use what is ours: when we are cancelled they are too, and waited for. */
static int lookup_all(struct check *c) MOXD_SUSPENDS;
static int lookup_all(struct check *c)
{
    for (size_t i = 0; i < c->nkeys; i++)
        c->keys[i].fiber = moxd_fiber_spawn("arc-key", lookup, &c->keys[i]);
    int rc = join(c);
    if (rc == MOXD_OK)
        return 0;
    for (size_t i = 0; i < c->nkeys; i++)
        (void)moxd_fiber_cancel(c->keys[i].fiber);
    moxd_fiber_shield();
    (void)join(c);
    moxd_fiber_unshield();
    return -1;
}

/* 5.2.1: that DNS does not answer is a failure as well. */
static int get_keys(struct check *c) MOXD_SUSPENDS;
static int get_keys(struct check *c)
{
    want(c, &c->chain.sets[c->chain.n - 1].message);
    for (size_t i = 0; i < c->chain.n; i++)
        want(c, &c->chain.sets[i].seal);
    if (c->reason)
        return 0;
    if (lookup_all(c) < 0)
        return -1;
    for (size_t i = 0; i < c->nkeys; i++)
        if (c->keys[i].why.reason)
            fail(c, c->keys[i].why.reason);
    return 0;
}

/* --- signatures, on a worker ----------------------------------------------------------------------- */

static void verify_message(struct check *c)
{
    const struct moxd_dkim_sig *sig = &c->chain.sets[c->chain.n - 1].message;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int body = moxd_dkim_bodies_want(bs, sig->alg, sig->body_relaxed,
                                     sig->has_length ? sig->length : UINT64_MAX);

    if (arc_hash_body(c->arc, c->msg, bs, NULL) < 0)
        fail(c, "the message cannot be read");
    else if (moxd_dkim_verify(&c->header, sig, &find(c, sig)->key, bs, body, false).result !=
             MOXD_DKIM_PASS)
        fail(c, "the last message signature does not match");
    moxd_dkim_bodies_free(bs);
}

static void verify(void *arg)
{
    struct check *c = arg;

    verify_message(c);
    for (size_t i = c->chain.n; i > 0 && !c->reason && !moxd_offload_abandoned(); i--) {
        const struct key *k = find(c, &c->chain.sets[i - 1].seal);
        if (moxd_arc_verify_seal(&c->chain, i - 1, &k->key).result != MOXD_DKIM_PASS)
            fail(c, "a seal does not match");
    }
}

/* --- the result ------------------------------------------------------------------------------------ */

static enum smtp_dnssec dnssec(const struct check *c)
{
    enum smtp_dnssec all = c->nkeys > 0 ? c->keys[0].dnssec : SMTP_DNSSEC_NONE;

    for (size_t i = 1; i < c->nkeys; i++)
        if (c->keys[i].dnssec == SMTP_DNSSEC_BOGUS || all != SMTP_DNSSEC_BOGUS)
            all = c->keys[i].dnssec == SMTP_DNSSEC_SECURE ? all : c->keys[i].dnssec;
    return all;
}

/* For who seals or judges the message later. */
static void keep(const struct check *c)
{
    struct arc_msg *msg = moxd_slot(c->msg->mail->slots, "smtp-message", &c->arc->m);

    msg->passed = !c->reason;
    if (msg->passed)
        arc_trust(c->arc, c->msg->mail, &c->chain, msg);
}

/* Section 6: the address of the last server, beside the status. The comment names who sealed last. */
static void report(const struct check *c)
{
    const struct smtp_mail *mail = c->msg->mail;
    const struct moxd_authres_prop prop = { MOXD_STR("smtp"), MOXD_STR("remote-ip"),
                                            moxd_cstr(mail->conn->remote_ip) };
    const struct moxd_arc_set *last = c->chain.sets ? &c->chain.sets[c->chain.n - 1] : NULL;
    const char *result = c->reason ? "fail" : "pass";
    struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("arc"),
                   .result = moxd_cstr(result),
                   .reason = moxd_cstr(c->reason),
                   .props = &prop,
                   .nprops = 1 },
        .domain = last ? last->seal.domain : MOXD_STR(""),
        .dnssec = dnssec(c),
        .unaligned = true,
    };

    if (last)
        r.shown.comment = moxd_cstr(moxd_arena_printf(c->a, "i=%zu, sealed by %" MOXD_STRF,
                                                      c->chain.n, MOXD_STRA(last->seal.domain)));
    c->arc->smtp->add_auth_result(mail, &r);
    keep(c);
    moxd_metric_inc(c->arc->verified, result, NULL);
}

static int run(struct check *c) MOXD_SUSPENDS;
static int run(struct check *c)
{
    if (c->chain.status == MOXD_ARC_FAIL) {
        fail(c, c->chain.reason);
        return 0;
    }
    if (get_keys(c) < 0)
        return -1;
    if (c->reason)
        return 0;
    return moxd_offload(MOXD_LANE_CPU, verify, c) == MOXD_OK ? 0 : -1;
}

enum moxd_verdict arc_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct check *c = moxd_arena_alloc(a, sizeof(*c));

    (void)reply;
    if (ev->mail->conn->account)
        return MOXD_NEXT;
    c->arc = MOXD_CONTAINER(m, struct arc, m);
    c->a = a;
    c->msg = ev;
    moxd_dkim_header_index(ev->header, a, &c->header);
    moxd_arc_read(&c->header, a, &c->chain);
    if (c->chain.status == MOXD_ARC_NONE)
        moxd_metric_inc(c->arc->verified, "none", NULL);
    else if (run(c) == 0)
        report(c);
    return MOXD_NEXT;
}
