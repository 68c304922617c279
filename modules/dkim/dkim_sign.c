/* on_submit: signs with the selectors of the From header's domain (SUBM-02), after everything that the
 * server adds to the header (SUBM-01). The draft is read once, and never whole in memory. */
#include "dkim.h"

#include <moxd/offload.h>
#include <moxmail/address.h>
#include <moxmail/header_address.h>
#include <stdlib.h>

struct job {
    struct dkim *d;
    const struct smtp_message *msg;
    struct moxd_arena *a;
    struct dkim_signers signers;
    struct moxd_str header; /* as it will be, but for trace fields */
    struct moxd_buf out;
    int rc;
    struct moxd_err err;
};

/* The domain of the first author, in A-labels; empty when there is none. */
static struct moxd_str author_domain(struct moxd_str header, struct moxd_arena *a)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;
    struct moxd_domain d;
    struct moxd_field from = { .value = { NULL, 0 } };

    (void)moxd_header_find(header, "From", &from);
    moxd_hdraddr_init(&it, from.value);
    while (moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX && ha.domain.n > 0)
            return moxd_domain_parse(ha.domain, MOXD_ADDRESS_UTF8, a, &d, NULL) == 0 &&
                           d.ip_len == 0
                       ? d.ascii
                       : moxd_str(NULL, 0);
    return moxd_str(NULL, 0);
}

/* The settings of the domain, or of the next one above that is ours and signs; *domain becomes that one. */
static const struct dkim_domain_conf *settings(const struct dkim *d, struct moxd_str *domain)
{
    while (domain->n > 0) {
        const struct moxd_conf_head *head = d->accounts->domain(d->accounts_self, *domain);
        const struct dkim_domain_conf *conf = head ? moxd_conf_ext(head, "dkim") : NULL;
        if (conf && conf->sign.n > 0)
            return conf;
        (void)moxd_str_cut(domain, '.');
    }
    return NULL;
}

static void copy_names(const struct moxd_strings *names, struct moxd_arena *a,
                       struct moxd_dkim_signing *how)
{
    struct moxd_str *v = moxd_arena_calloc(a, names->n, sizeof(*v));

    for (size_t i = 0; i < names->n; i++)
        v[i] = moxd_cstr(moxd_arena_strdup(a, names->v[i]));
    how->names = v;
    how->nnames = names->n;
}

static size_t add_names(const char *const *names, struct moxd_str *v)
{
    size_t n = 0;

    for (; names[n]; n++)
        v[n] = moxd_cstr(names[n]);
    return n;
}

/* Our own choice, sealed or not. */
static void default_names(struct moxd_arena *a, struct moxd_dkim_signing *how)
{
    struct moxd_str *v = moxd_arena_calloc(a, 32, sizeof(*v));

    how->names = v;
    how->nnames = add_names(dkim_sealed_names, v);
    how->unsealed = v + how->nnames;
    how->nunsealed = add_names(dkim_other_names, v + how->nnames);
}

/* In the message's own language: U-labels in a message that has UTF-8 in its header anyway (RFC 8616 5). */
static struct moxd_str shown(struct moxd_str name, bool utf8, struct moxd_arena *a)
{
    struct moxd_domain d;
    unsigned flags = MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE;

    if (moxd_domain_parse(name, flags, a, &d, NULL) < 0)
        return moxd_arena_str(a, name);
    return utf8 ? d.utf8 : d.ascii;
}

static void describe(const struct dkim_selector_conf *s, struct moxd_str domain, bool utf8,
                     struct moxd_arena *a, struct moxd_dkim_signing *how)
{
    int64_t now = moxd_wall() / MOXD_SEC;

    *how = (struct moxd_dkim_signing){
        .domain = shown(domain, utf8, a),
        .selector = shown(moxd_cstr(s->head.label), utf8, a),
        .header_relaxed = s->header_canon == 0,
        .body_relaxed = s->body_canon == 0,
        .seal = s->seal,
        .signed_at = now,
        .expires = s->expiration > 0 ? now + s->expiration / MOXD_SEC : -1,
    };
    if (s->headers.n > 0)
        copy_names(&s->headers, a, how);
    else
        default_names(a, how);
}

/* What is configured is copied before anything waits. */
static size_t plan(struct job *job, const char *paths[DKIM_SELECTORS_MAX])
{
    struct moxd_str domain = author_domain(job->msg->header, job->a);
    const struct dkim_domain_conf *conf = settings(job->d, &domain);
    bool utf8 = !moxd_str_is_ascii(job->header);
    size_t n = 0;

    for (size_t i = 0; conf && i < conf->sign.n && n < DKIM_SELECTORS_MAX; i++) {
        const struct dkim_selector_conf *s = dkim_selector(conf, conf->sign.v[i]);
        if (s == NULL)
            continue;
        describe(s, domain, utf8, job->a, &job->signers.v[n].how);
        paths[n++] = moxd_arena_strdup(job->a, s->key);
    }
    return n;
}

static int load_keys(struct job *job, const char *const *paths, size_t n, struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct moxd_dkim_private *key = dkim_key_get(job->d, paths[i], err);
        if (key == NULL)
            return -1;
        job->signers.v[i].key = key;
        job->signers.n = i + 1;
    }
    return 0;
}

/* --- on a worker ----------------------------------------------------------------------------------- */

static int hash_body(struct job *job, struct moxd_dkim_bodies *bs)
{
    const struct store_v1 *store = job->d->store;
    char *p = moxd_xmalloc(DKIM_READ);
    uint64_t off = job->msg->header.n;
    long n;

    while ((n = store->draft_read(job->msg->draft, off, p, DKIM_READ, &job->err)) > 0) {
        moxd_dkim_bodies_write(bs, p, (size_t)n);
        off += (uint64_t)n;
    }
    moxd_dkim_bodies_end(bs);
    free(p);
    return n < 0 ? -1 : 0;
}

static void sign(void *arg)
{
    struct job *job = arg;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_dkim_header header;
    int body[DKIM_SELECTORS_MAX];

    for (size_t i = 0; i < job->signers.n; i++) {
        const struct dkim_signer *s = &job->signers.v[i];
        body[i] = moxd_dkim_bodies_want(bs, moxd_dkim_private_alg(s->key), s->how.body_relaxed,
                                        UINT64_MAX);
    }
    moxd_dkim_header_index(job->header, job->a, &header);
    job->rc = hash_body(job, bs);
    for (size_t i = 0; i < job->signers.n && job->rc == 0; i++) {
        const struct dkim_signer *s = &job->signers.v[i];
        job->rc = moxd_dkim_sign(&header, &s->how, s->key, moxd_dkim_bodies_hash(bs, body[i], NULL),
                                 &job->out, &job->err);
    }
    moxd_dkim_bodies_free(bs);
}

/* --- the hook -------------------------------------------------------------------------------------- */

static struct moxd_str whole_header(const struct dkim *d, const struct smtp_message *msg,
                                    struct moxd_arena *a)
{
    struct moxd_str added = d->smtp->added(msg, a);
    char *p = moxd_arena_alloc(a, added.n + msg->header.n + 1);

    memcpy(p, added.p, added.n);
    memcpy(p + added.n, msg->header.p, msg->header.n);
    return moxd_str(p, added.n + msg->header.n);
}

static int run(struct job *job)
{
    const char *paths[DKIM_SELECTORS_MAX];
    size_t n = plan(job, paths);

    if (n == 0)
        return 0;
    if (load_keys(job, paths, n, &job->err) < 0)
        return -1;
    if (moxd_offload(MOXD_LANE_CPU, sign, job) != MOXD_OK)
        return moxd_err_set(&job->err, MOXD_ERR_CANCELLED, "cancelled");
    if (job->rc == 0)
        job->d->smtp->add_header(job->msg, moxd_buf_str(&job->out));
    return job->rc;
}

/* A message that should be signed and cannot be is not sent without: others would refuse it. */
enum moxd_verdict dkim_on_submit(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job job = { .d = MOXD_CONTAINER(m, struct dkim, m), .msg = ev, .a = a };

    moxd_buf_init(&job.out, DKIM_SELECTORS_MAX * DKIM_SIGNATURE_MAX);
    job.header = whole_header(job.d, ev, a);
    int rc = run(&job);
    if (job.signers.n > 0 || rc < 0)
        moxd_metric_inc(job.d->signed_total, rc == 0 ? "signed" : "failed", NULL);
    for (size_t i = 0; i < job.signers.n; i++)
        moxd_dkim_private_unref(job.signers.v[i].key);
    moxd_buf_fini(&job.out);
    if (rc == 0)
        return MOXD_NEXT;
    moxd_error(ev->mail->conn->log, "cannot sign a message", moxd_kve(&job.err));
    return moxd_reply_set(reply, 451, "4.7.5", "The message cannot be signed, try again later");
}
