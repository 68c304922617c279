/* Authentication results of a transaction (RFC 8601): kept, written, logged. */
#include "smtp.h"

static struct smtp_txn *txn_of(const struct smtp_mail *mail)
{
    return MOXD_CONTAINER(mail, struct smtp_txn, mail);
}

static void copy_props(struct moxd_arena *a, struct moxd_authres *shown)
{
    size_t n = shown->nprops < SMTP_RESULT_PROPS_MAX ? shown->nprops : SMTP_RESULT_PROPS_MAX;
    struct moxd_authres_prop *props = moxd_arena_calloc(a, n + 1, sizeof(*props));

    for (size_t i = 0; i < n; i++)
        props[i] = (struct moxd_authres_prop){ .ptype = moxd_arena_str(a, shown->props[i].ptype),
                                               .name = moxd_arena_str(a, shown->props[i].name),
                                               .value = moxd_arena_str(a, shown->props[i].value) };
    shown->props = props;
    shown->nprops = n;
}

/* With DNSSEC's word about what was looked up (DNS-03), in words that are no part of any standard. */
static struct moxd_str comment(struct moxd_arena *a, const struct smtp_auth_result *r)
{
    static const char *const words[] = {
        [SMTP_DNSSEC_INSECURE] = "without dnssec",
        [SMTP_DNSSEC_SECURE] = "with dnssec",
        [SMTP_DNSSEC_BOGUS] = "bogus dnssec",
    };
    const char *word = (unsigned)r->dnssec < MOXD_NELEMS(words) ? words[r->dnssec] : NULL;

    if (!word)
        return moxd_arena_str(a, r->shown.comment);
    return moxd_cstr(moxd_arena_printf(a, "%" MOXD_STRF "%s%s", MOXD_STRA(r->shown.comment),
                                       r->shown.comment.n > 0 ? ", " : "", word));
}

static struct smtp_auth_result *copy(struct moxd_arena *a, const struct smtp_auth_result *r)
{
    struct smtp_auth_result *c = moxd_arena_dup(a, r, sizeof(*r));

    c->shown.method = moxd_arena_str(a, r->shown.method);
    c->shown.result = moxd_arena_str(a, r->shown.result);
    c->shown.reason = moxd_arena_str(a, r->shown.reason);
    c->shown.comment = comment(a, r);
    c->domain = moxd_arena_str(a, r->domain);
    copy_props(a, &c->shown);
    return c;
}

void smtp_results_add(const struct smtp_mail *mail, const struct smtp_auth_result *r)
{
    struct smtp_txn *t = txn_of(mail);
    size_t i = t->nresults;

    moxd_assert(r->shown.method.n > 0 && r->shown.result.n > 0);
    if (t->nresults == SMTP_RESULTS_MAX)
        return;
    for (; i > 0 && moxd_str_cmp(t->results[i - 1]->shown.method, r->shown.method) > 0; i--)
        t->results[i] = t->results[i - 1];
    t->results[i] = copy(t->arena, r);
    t->nresults++;
}

const struct smtp_auth_result *smtp_results_get(const struct smtp_mail *mail, size_t i)
{
    const struct smtp_txn *t = txn_of(mail);

    return i < t->nresults ? t->results[i] : NULL;
}

void smtp_results_write(const struct smtp_txn *t, struct moxd_buf *b)
{
    struct moxd_authres v[SMTP_RESULTS_MAX];

    if (t->nresults == 0)
        return;
    for (size_t i = 0; i < t->nresults; i++)
        v[i] = t->results[i]->shown;
    moxd_authres_write(b, moxd_cstr(t->s->facts.hostname), v, t->nresults);
}

struct moxd_str smtp_results_log(const struct smtp_txn *t)
{
    struct moxd_buf b = MOXD_BUF_INIT(SMTP_RESULTS_FIELD_MAX);

    for (size_t i = 0; i < t->nresults; i++) {
        const struct smtp_auth_result *r = t->results[i];
        moxd_buf_addf(&b, "%s%" MOXD_STRF "=%" MOXD_STRF, i > 0 ? " " : "",
                      MOXD_STRA(r->shown.method), MOXD_STRA(r->shown.result));
        if (r->domain.n > 0)
            moxd_buf_addf(&b, ":%" MOXD_STRF, MOXD_STRA(r->domain));
    }
    struct moxd_str text = moxd_arena_str(t->arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}
