/* Which ruleset a message matches: the first one of which all conditions hold. Pure; runs on a worker. */
#include "rulesets.h"

#include <moxd/clock.h>
#include <moxmail/address.h>
#include <moxmail/header.h>

/* A search for the first one. */
struct matching {
    const struct rulesets_facts *facts;
    int64_t until; /* monotonic */
    bool gave_up;
    struct moxd_buf value;
};

static bool is_below(struct moxd_str name, struct moxd_str domain)
{
    return moxd_str_eq(name, domain) ||
           (name.n > domain.n && name.p[name.n - domain.n - 1] == '.' &&
            moxd_str_eq(moxd_str_from(name, name.n - domain.n), domain));
}

bool rulesets_verified(const struct rulesets_facts *f, const char *domain)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_domain d;

    if (!domain || f->ndomains == 0 ||
        moxd_domain_parse(moxd_cstr(domain), MOXD_ADDRESS_UTF8, a, &d, NULL) < 0)
        return false;
    for (size_t i = 0; i < f->ndomains; i++)
        if (is_below(f->domains[i], d.ascii))
            return true;
    return false;
}

static bool matches(struct matching *m, const struct rulesets_regex *re, struct moxd_str text)
{
    int rc = moxd_mono() > m->until ? -1 : rulesets_regex_match(re, text);

    m->gave_up |= rc < 0;
    return rc > 0;
}

/* NULL matches everything. */
static bool pattern_matches(struct matching *m, const char *pattern, struct moxd_str text)
{
    struct rulesets_regex *re MOXD_CLEANUP(rulesets_regex_freep) = NULL;

    if (!pattern)
        return true;
    re = rulesets_regex_new(moxd_cstr(pattern), NULL); /* it was seen to be one by the check */
    return re && matches(m, re, text);
}

static bool field_matches(struct matching *m, const struct moxd_field *f,
                          const struct rulesets_regex *name, const struct rulesets_regex *value)
{
    if (f->name.n == 0 || !matches(m, name, f->name))
        return false;
    moxd_buf_reset(&m->value);
    moxd_field_text(&m->value, moxd_str_sub(f->value, 0, RULESETS_VALUE_MAX));
    return matches(m, value, moxd_str_trim(moxd_buf_str(&m->value)));
}

/* Of several fields of that name one is enough. */
static bool header_matches(struct matching *m, const struct rulesets_header_conf *conf)
{
    struct rulesets_regex *name MOXD_CLEANUP(rulesets_regex_freep) =
        rulesets_regex_new(moxd_cstr(conf->head.label), NULL);
    struct rulesets_regex *value MOXD_CLEANUP(rulesets_regex_freep) =
        rulesets_regex_new(moxd_cstr(conf->value), NULL);
    struct moxd_str rest = m->facts->header;
    struct moxd_field f;

    if (!name || !value)
        return false;
    for (int i = 0; i < RULESETS_FIELDS_MAX && !m->gave_up && moxd_field_next(&rest, &f); i++)
        if (field_matches(m, &f, name, value))
            return true;
    return false;
}

static bool ruleset_matches(struct matching *m, const struct rulesets_ruleset_conf *r)
{
    const struct rulesets_facts *f = m->facts;

    if (r->verified_domain && !rulesets_verified(f, r->verified_domain))
        return false;
    if (!pattern_matches(m, r->mail_from, f->mail_from) || (r->msg_from && f->msg_from.n == 0) ||
        !pattern_matches(m, r->msg_from, f->msg_from))
        return false;
    for (size_t i = 0; i < r->headers.n; i++)
        if (!header_matches(m, r->headers.v[i]))
            return false;
    return true;
}

int rulesets_find(const struct rulesets_conf *conf, const struct rulesets_facts *f, int *gave_up)
{
    struct matching m = { .facts = f, .until = moxd_mono() + RULESETS_TIME_MAX };
    int found = -1;

    *gave_up = -1;
    moxd_buf_init(&m.value, 4 * RULESETS_VALUE_MAX);
    for (size_t i = 0; found < 0 && i < conf->rulesets.n; i++) {
        m.gave_up = false;
        if (ruleset_matches(&m, conf->rulesets.v[i]))
            found = (int)i;
        if (m.gave_up)
            *gave_up = (int)i;
    }
    moxd_buf_fini(&m.value);
    return found;
}
