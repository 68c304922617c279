/* check_host() (RFC 7208 4). */
#include "spf.h"

const char *moxd_spf_result_name(enum moxd_spf_result r)
{
    static const char *const names[] = { "none",     "neutral",   "pass",     "fail",
                                         "softfail", "temperror", "permerror" };
    return (unsigned)r < MOXD_NELEMS(names) ? names[r] : "invalid";
}

/* RFC 7208 4.3: a fully qualified name of several labels. */
static bool is_domain(struct moxd_str domain, bool local_names)
{
    return mail_spf_name_ok(domain) && (local_names || moxd_str_chr(domain, '.') >= 0) &&
           domain.p[0] != '[';
}

static struct moxd_str without_dot(struct moxd_str domain)
{
    if (domain.n > 0 && domain.p[domain.n - 1] == '.')
        domain.n--;
    return domain;
}

/* The record of the domain: 1; 0 when there is none, and the result is NONE; -1. */
static int find_record(struct mail_spf *c, struct moxd_str *out)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_spf_answer txt;
    size_t n = 0;

    c->out->result = MOXD_SPF_NONE;
    if (!is_domain(c->domain, c->args->local_names))
        return 0;
    if (mail_spf_ask(c, c->domain, MOXD_SPF_TYPE_TXT, a, &txt) == MOXD_SPF_ERROR)
        return mail_spf_stop(
            c, MOXD_SPF_TEMPERROR,
            moxd_arena_printf(c->a, "DNS lookup of %" MOXD_STRF " failed", MOXD_STRA(c->domain)));
    for (size_t i = 0; i < txt.n; i++)
        if (moxd_spf_is_record(txt.v[i].text) && n++ == 0)
            *out = moxd_arena_str(c->a, txt.v[i].text);
    if (n > 1)
        return mail_spf_stop(c, MOXD_SPF_PERMERROR, "more than one SPF record");
    return (int)n;
}

/* The explanation of the domain, if it has a valid one (6.2); nothing else comes of errors. */
static void explain(struct mail_spf *c, struct moxd_str spec)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_SPF_EXPANDED_MAX);
    struct moxd_spf_outcome kept = *c->out;
    struct moxd_spf_answer txt;
    struct moxd_str name;

    if (mail_spf_target(c, spec, &name) > 0 &&
        mail_spf_ask(c, name, MOXD_SPF_TYPE_TXT, a, &txt) == MOXD_SPF_FOUND && txt.n == 1 &&
        mail_spf_macros_ok(txt.v[0].text, MAIL_SPF_EXPLAIN) &&
        mail_spf_expand(c, txt.v[0].text, &b) == 0 && !b.overflow &&
        b.n <= MOXD_SPF_EXPLANATION_MAX && moxd_str_is_ascii(moxd_buf_str(&b)))
        kept.explanation = moxd_arena_str(c->a, moxd_buf_str(&b));
    *c->out = kept;
    moxd_buf_fini(&b);
}

/* Follows the mechanisms of a record. 1 when one matched. */
static int follow(struct mail_spf *c, const struct moxd_spf_record *r)
{
    for (size_t i = 0; i < r->nterms; i++) {
        int rc = mail_spf_matches(c, &r->terms[i]);
        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        c->out->result = r->terms[i].result;
        c->out->mechanism = r->terms[i].text;
        c->out->domain = c->domain;
        if (c->out->result == MOXD_SPF_FAIL && c->depth == 0 && r->exp.n > 0)
            explain(c, r->exp);
        return 1;
    }
    return 0;
}

static bool has_all(const struct moxd_spf_record *r)
{
    for (size_t i = 0; i < r->nterms; i++)
        if (r->terms[i].mechanism == MOXD_SPF_ALL)
            return true;
    return false;
}

/* Goes on with the domain of the "redirect" modifier (6.1). */
static int redirect(struct mail_spf *c, struct moxd_str spec)
{
    struct moxd_str domain;

    if (mail_spf_count(c) < 0)
        return -1;
    int rc = mail_spf_target(c, spec, &domain);
    c->domain = domain;
    return rc == 0 ? mail_spf_stop(c, MOXD_SPF_PERMERROR, "redirect to no domain") : rc;
}

/* check_host() for c->domain; a redirect makes it go round, 10 times at most. -1 when the whole check is
 * over, else c->out->result is that of the domain. */
static int check_host(struct mail_spf *c)
{
    struct moxd_spf_record r;
    struct moxd_err err = { 0 };
    struct moxd_str text = { 0 };

    for (bool again = false;; again = true) {
        int rc = find_record(c, &text);
        if (rc == 0 && again)
            return mail_spf_stop(c, MOXD_SPF_PERMERROR, "redirect to a domain without a record");
        if (rc <= 0)
            return rc;
        if (moxd_spf_record_parse(text, c->a, &r, &err) < 0)
            return mail_spf_stop(c, MOXD_SPF_PERMERROR, moxd_arena_strdup(c->a, err.pub));
        if ((rc = follow(c, &r)) != 0)
            return rc;
        if (r.redirect.n == 0 || has_all(&r))
            break;
        if (redirect(c, r.redirect) < 0)
            return -1;
    }
    c->out->result = MOXD_SPF_NEUTRAL;
    c->out->domain = c->domain;
    return 0;
}

int mail_spf_include(struct mail_spf *c, struct moxd_str domain)
{
    struct moxd_str outer = c->domain;

    c->domain = domain;
    c->depth++;
    int rc = check_host(c);
    c->depth--;
    c->domain = outer;
    if (rc >= 0 && c->out->result == MOXD_SPF_NONE)
        return mail_spf_stop(
            c, MOXD_SPF_PERMERROR,
            moxd_arena_printf(c->a, "%" MOXD_STRF " has no SPF record", MOXD_STRA(domain)));
    return rc < 0 ? -1 : c->out->result == MOXD_SPF_PASS;
}

void moxd_spf_check(const struct moxd_spf_args *args, const struct moxd_spf_resolver *r,
                    struct moxd_arena *a, struct moxd_spf_outcome *out)
{
    struct mail_spf c = {
        .args = args,
        .resolver = r,
        .a = a,
        .out = out,
        .localpart = args->localpart.n > 0 ? args->localpart : MOXD_STR("postmaster"),
        .domain = without_dot(args->domain),
    };

    *out = (struct moxd_spf_outcome){ .mechanism = MOXD_STR("default") };
    out->domain = c.domain;
    if (check_host(&c) < 0)
        out->mechanism = MOXD_STR("default");
}
