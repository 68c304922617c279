/* on_message: verifies the signatures of incoming mail, and says what came of it (RFC 8601 2.7.1). */
#include "dkim.h"

enum { B_SHOWN = 8 /* characters of b= that tell signatures apart (RFC 6008 4) */ };

struct props {
    struct moxd_authres_prop v[6];
    size_t n;
};

static void add_prop(struct props *p, const char *name, struct moxd_str value)
{
    if (value.n > 0)
        p->v[p->n++] = (struct moxd_authres_prop){ MOXD_STR("header"), moxd_cstr(name), value };
}

static void report(struct dkim *d, const struct smtp_mail *mail, const struct dkim_item *item)
{
    const struct moxd_dkim_sig *sig = &item->sig;
    const char *result = moxd_dkim_result_name(item->verdict.result);
    struct props p = { .n = 0 };

    add_prop(&p, "d", sig->domain);
    add_prop(&p, "s", sig->selector);
    add_prop(&p, "a", sig->alg_text);
    add_prop(&p, "b", moxd_str_sub(sig->b_text, 0, B_SHOWN));
    add_prop(&p, "i", sig->identity);
    struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("dkim"),
                   .result = moxd_cstr(result),
                   .reason = moxd_cstr(item->verdict.reason),
                   .comment = sig->has_length ? MOXD_STR("part of the body") : MOXD_STR(""),
                   .props = p.v,
                   .nprops = p.n },
        .domain = sig->domain,
        .dnssec = item->record.dnssec,
        .unaligned = sig->has_length,
    };
    d->smtp->add_auth_result(mail, &r);
    moxd_metric_inc(d->verified, result, NULL);
}

static void report_plain(struct dkim *d, const struct smtp_mail *mail, const char *result,
                         struct moxd_str reason)
{
    struct smtp_auth_result r = {
        .shown = { .method = MOXD_STR("dkim"), .result = moxd_cstr(result), .reason = reason }
    };

    d->smtp->add_auth_result(mail, &r);
    moxd_metric_inc(d->verified, result, NULL);
}

static void report_all(struct dkim *d, const struct smtp_mail *mail, const struct dkim_check *c)
{
    for (size_t i = 0; i < c->n; i++)
        report(d, mail, &c->items[i]);
    if (c->n == 0)
        report_plain(d, mail, "none", MOXD_STR(""));
    if (c->left_out > 0)
        report_plain(
            d, mail, "policy",
            moxd_cstr(moxd_arena_printf(c->a, "%zu more signatures not looked at", c->left_out)));
}

long dkim_read_draft(void *arg, uint64_t off, void *p, size_t n)
{
    const struct dkim_source *s = arg;
    return s->store->draft_read(s->draft, off, p, n, NULL);
}

/* What authenticated users send is ours to sign. */
enum moxd_verdict dkim_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                  struct moxd_reply *reply)
{
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dkim_source source = { d->store, ev->draft };
    struct dkim_check c = {
        .a = a,
        .raw_header = ev->header,
        .read = dkim_read_draft,
        .arg = &source,
        .body_start = ev->header.n,
        .cache = d,
        .now = moxd_wall() / MOXD_SEC,
    };

    (void)reply;
    if (ev->mail->conn->account)
        return MOXD_NEXT;
    if (dkim_check_run(&c, (size_t)d->conf->max_signatures) == 0)
        report_all(d, ev->mail, &c);
    return MOXD_NEXT;
}

int dkim_verify(struct moxd_instance *m, const char *service, struct moxd_str header,
                struct store_draft *draft, struct moxd_arena *a, struct moxd_str **out, size_t *n,
                struct moxd_err *err)
{
    struct dkim *d = MOXD_CONTAINER(m, struct dkim, m);
    struct moxd_arena *scratch MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct dkim_source source = { d->store, draft };
    struct dkim_check c = { .a = scratch,
                            .raw_header = header,
                            .read = dkim_read_draft,
                            .arg = &source,
                            .body_start = header.n,
                            .now = moxd_wall() / MOXD_SEC,
                            .service = service };
    size_t cap = 0;

    *out = NULL;
    *n = 0;
    if (dkim_check_run(&c, (size_t)d->conf->max_signatures) < 0)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    for (size_t i = 0; i < c.n; i++)
        if (c.items[i].verdict.result == MOXD_DKIM_PASS && !c.items[i].sig.has_length)
            *(struct moxd_str *)moxd_arena_push(a, out, n, &cap, sizeof(**out)) =
                moxd_arena_str(a, c.items[i].sig.domain);
    return 0;
}
