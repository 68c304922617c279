/* on_submit: signs with the selectors of the From header's domain (SUBM-02), after everything that the
 * server adds to the header (SUBM-01). The draft is read once, and never whole in memory. */
#include "dkim.h"

#include <moxd/offload.h>
#include <moxmail/address.h>
#include <moxmail/header_address.h>
#include <stdlib.h>

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
static size_t plan(struct dkim_signing *s, const char *paths[DKIM_SELECTORS_MAX])
{
    struct moxd_str domain = s->domain.n > 0 ? s->domain : author_domain(s->header, s->a);
    const struct dkim_domain_conf *conf = settings(s->d, &domain);
    bool utf8 = s->utf8 || !moxd_str_is_ascii(s->header);
    size_t n = 0;

    for (size_t i = 0; conf && i < conf->sign.n && n < DKIM_SELECTORS_MAX; i++) {
        const struct dkim_selector_conf *sel = dkim_selector(conf, conf->sign.v[i]);
        if (sel == NULL)
            continue;
        describe(sel, domain, utf8, s->a, &s->v[n].how);
        paths[n++] = moxd_arena_strdup(s->a, sel->key);
    }
    return n;
}

static int load_keys(struct dkim_signing *s, const char *const *paths, size_t n,
                     struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct moxd_dkim_private *key = dkim_key_get(s->d, paths[i], err);
        if (key == NULL)
            return -1;
        s->v[i].key = key;
        s->n = i + 1;
    }
    return 0;
}

/* --- on a worker ----------------------------------------------------------------------------------- */

static int hash_body(struct dkim_signing *s, struct moxd_dkim_bodies *bs)
{
    char *p = moxd_xmalloc(DKIM_READ);
    uint64_t off = s->body_start;
    long n;

    while ((n = s->body.store->draft_read(s->body.draft, off, p, DKIM_READ, &s->err)) > 0) {
        moxd_dkim_bodies_write(bs, p, (size_t)n);
        off += (uint64_t)n;
    }
    moxd_dkim_bodies_end(bs);
    free(p);
    return n < 0 ? -1 : 0;
}

static void sign(void *arg)
{
    struct dkim_signing *s = arg;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_dkim_header header;
    int body[DKIM_SELECTORS_MAX];

    for (size_t i = 0; i < s->n; i++)
        body[i] = moxd_dkim_bodies_want(bs, moxd_dkim_private_alg(s->v[i].key),
                                        s->v[i].how.body_relaxed, UINT64_MAX);
    moxd_dkim_header_index(s->header, s->a, &header);
    s->rc = hash_body(s, bs);
    for (size_t i = 0; i < s->n && s->rc == 0; i++)
        s->rc = moxd_dkim_sign(&header, &s->v[i].how, s->v[i].key,
                               moxd_dkim_bodies_hash(bs, body[i], NULL), &s->out, &s->err);
    moxd_dkim_bodies_free(bs);
}

int dkim_signing_prepare(struct dkim_signing *s, struct moxd_err *err)
{
    const char *paths[DKIM_SELECTORS_MAX];
    size_t n = plan(s, paths);

    moxd_buf_init(&s->out, DKIM_SELECTORS_MAX * DKIM_SIGNATURE_MAX);
    return load_keys(s, paths, n, err);
}

int dkim_signing_run(struct dkim_signing *s, struct moxd_err *err)
{
    if (dkim_signing_prepare(s, err) < 0)
        return -1;
    if (s->n == 0)
        return 0;
    if (moxd_offload(MOXD_LANE_CPU, sign, s) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (s->rc < 0)
        *err = s->err;
    return s->rc;
}

void dkim_signing_fini(struct dkim_signing *s)
{
    for (size_t i = 0; i < s->n; i++)
        moxd_dkim_private_unref(s->v[i].key);
    moxd_buf_fini(&s->out);
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

/* A message that should be signed and cannot be is not sent without: others would refuse it. */
enum moxd_verdict dkim_on_submit(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct dkim_signing s = { .d = d,
                              .a = a,
                              .header = whole_header(d, ev, a),
                              .body = { d->store, ev->draft },
                              .body_start = ev->header.n };
    struct moxd_err err = { 0 };

    if (ev->mail->holduntil != 0) /* who holds it signs it when it goes (smtp_offer) */
        return MOXD_NEXT;
    int rc = dkim_signing_run(&s, &err);
    if (rc == 0 && s.n > 0)
        d->smtp->add_header(ev, moxd_buf_str(&s.out));
    if (rc < 0 || s.n > 0)
        moxd_metric_inc(d->signed_total, rc == 0 ? "signed" : "failed", NULL);
    dkim_signing_fini(&s);
    if (rc == 0)
        return MOXD_NEXT;
    moxd_error(ev->mail->conn->log, "cannot sign a message", moxd_kve(&err));
    return moxd_reply_set(reply, 451, "4.7.5", "The message cannot be signed, try again later");
}

int dkim_sign(struct moxd_instance *m, struct moxd_str domain, struct moxd_str header,
              struct store_draft *draft, uint64_t body_start, struct moxd_buf *out,
              struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct dkim_signing s = { .d = d,
                              .a = a,
                              .domain = domain,
                              .header = header,
                              .body = { d->store, draft },
                              .body_start = body_start };
    int rc = dkim_signing_run(&s, err);

    if (rc < 0 || s.n > 0)
        moxd_metric_inc(d->signed_total, rc == 0 ? "signed" : "failed", NULL);
    if (rc == 0 && s.n > 0) {
        moxd_buf_addstr(out, moxd_buf_str(&s.out));
        rc = out->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "too many signatures") : 1;
    }
    dkim_signing_fini(&s);
    return rc;
}
