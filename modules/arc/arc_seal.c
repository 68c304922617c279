/* Prolonging a chain (RFC 8617 5.1) with what we found out about the message. */
#include "arc.h"

#include <moxd/offload.h>

enum { RESULTS_MAX = 64 /* more than smtp keeps */ };

struct sealing {
    const struct arc *arc;
    const struct smtp_message *msg;
    struct moxd_arena *a; /* touched by one thread at a time */
    struct moxd_dkim_header header;
    struct moxd_arc_chain chain;
    struct moxd_authres results[RESULTS_MAX];
    struct moxd_arc_sealing how;
    struct moxd_dkim_private *key;
    struct moxd_buf *out;
    int rc;
    struct moxd_err err;
};

/* A failed chain proves nothing to the next server whoever seals it; that DNS did not answer here, which is a failure
 * too (5.2.1), must not break it for everybody behind us. */
static bool may_seal(const struct sealing *s, bool passed)
{
    if (s->header.overflow || s->chain.n >= MOXD_ARC_SETS_MAX)
        return false;
    return s->chain.status == MOXD_ARC_NONE || (s->chain.status == MOXD_ARC_PASS && passed);
}

static void collect(struct sealing *s)
{
    const struct smtp_auth_result *r;
    size_t n = 0;

    while (n < RESULTS_MAX && (r = s->arc->smtp->auth_result(s->msg->mail, n)))
        s->results[n++] = r->shown;
    s->how.results = s->results;
    s->how.nresults = n;
}

static bool may_cover(struct moxd_str name)
{
    static const char *const never[] = { "Authentication-Results", "ARC-Authentication-Results",
                                         "ARC-Message-Signature", "ARC-Seal", "DKIM-Signature" };

    for (size_t i = 0; i < MOXD_NELEMS(never); i++)
        if (moxd_str_caseeqs(name, never[i]))
            return false;
    return true;
}

/* 4.1.2: fields of ARC and results of servers must not be covered, whatever the domain signs with DKIM; its signatures
 * should be, each once. */
static void choose_names(struct sealing *s)
{
    struct moxd_dkim_signing *how = &s->how.how;
    struct moxd_str *v = moxd_arena_calloc(s->a, how->nnames + 1, sizeof(*v));
    size_t n = 0;

    for (size_t i = 0; i < how->nnames; i++)
        if (may_cover(how->names[i]))
            v[n++] = how->names[i];
    v[n++] = MOXD_STR("DKIM-Signature");
    how->names = v;
    how->nnames = n;
}

/* On a worker. */
static void seal(void *arg)
{
    struct sealing *s = arg;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int body = moxd_dkim_bodies_want(bs, moxd_dkim_private_alg(s->key), true, UINT64_MAX);

    s->rc = arc_hash_body(s->arc, s->msg, bs, &s->err);
    if (s->rc == 0)
        s->rc = moxd_arc_seal(&s->chain, &s->header, &s->how, s->key,
                              moxd_dkim_bodies_hash(bs, body, NULL), s->out, &s->err);
    moxd_dkim_bodies_free(bs);
}

static int run(struct sealing *s, struct moxd_err *err) MOXD_SUSPENDS;
static int run(struct sealing *s, struct moxd_err *err)
{
    collect(s);
    choose_names(s);
    s->how.status = s->chain.status;
    s->how.id = moxd_cstr(s->msg->mail->conn->hostname);
    if (moxd_offload(MOXD_LANE_CPU, seal, s) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (s->rc == 0 && s->out->overflow)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "no room for a set of ARC");
    if (s->rc < 0)
        *err = s->err;
    return s->rc < 0 ? -1 : 1;
}

static void index_header(struct sealing *s, struct moxd_str prefix)
{
    struct moxd_str header = s->msg->header;
    char *p = moxd_arena_alloc(s->a, prefix.n + header.n + 1);

    if (prefix.n > 0)
        memcpy(p, prefix.p, prefix.n);
    memcpy(p + prefix.n, header.p, header.n);
    moxd_dkim_header_index(moxd_str(p, prefix.n + header.n), s->a, &s->header);
    moxd_arc_read(&s->header, s->a, &s->chain);
}

int arc_seal(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str domain,
             struct moxd_str prefix, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct arc_msg *known = moxd_slot(msg->mail->slots, "smtp-message", m);
    struct arc *arc = MOXD_CONTAINER(m, struct arc, m);
    struct sealing *s = moxd_arena_calloc(a, 1, sizeof(*s));
    bool utf8 = !moxd_str_is_ascii(msg->header);

    s->arc = arc;
    s->msg = msg;
    s->a = a;
    s->out = out;
    index_header(s, prefix);
    if (domain.n == 0 || !may_seal(s, known->passed))
        return 0;
    int rc = arc->dkim->signer(arc->dkim_self, domain, utf8, a, &s->how.how, &s->key, err);
    if (rc > 0) {
        rc = run(s, err);
        moxd_dkim_private_unref(s->key);
    }
    if (rc != 0)
        moxd_metric_inc(arc->sealed, rc > 0 ? "sealed" : "failed", NULL);
    return rc;
}
