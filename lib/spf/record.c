/* Records (RFC 7208 4.6.1, 5, 6, 12). */
#include "spf.h"

#include <arpa/inet.h>

static const struct mechanism {
    const char *name;
    enum { NO_DOMAIN, MAY_DOMAIN, MUST_DOMAIN, NETWORK } argument;
    bool prefixes; /* dual-cidr-length */
} mechanisms[] = {
    [MOXD_SPF_ALL] = { "all", NO_DOMAIN, false },
    [MOXD_SPF_INCLUDE] = { "include", MUST_DOMAIN, false },
    [MOXD_SPF_A] = { "a", MAY_DOMAIN, true },
    [MOXD_SPF_MX] = { "mx", MAY_DOMAIN, true },
    [MOXD_SPF_PTR] = { "ptr", MAY_DOMAIN, false },
    [MOXD_SPF_IP4] = { "ip4", NETWORK, false },
    [MOXD_SPF_IP6] = { "ip6", NETWORK, false },
    [MOXD_SPF_EXISTS] = { "exists", MUST_DOMAIN, false },
};

static int bad(struct moxd_err *err, struct moxd_str term, const char *what)
{
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "%s: \"%" MOXD_STRF "\"", what,
                        MOXD_STRA(moxd_str_sub(term, 0, 100)));
}

bool moxd_spf_is_record(struct moxd_str txt)
{
    return moxd_str_casestarts(txt, MOXD_STR("v=spf1")) && (txt.n == 6 || txt.p[6] == ' ');
}

/* Takes "/" and digits off the end of *s. 1: *bits is set, 0: there are none, -1: not a length. */
static int take_prefix(struct moxd_str *s, unsigned max, unsigned *bits)
{
    size_t n = s->n;
    uint64_t v;

    while (n > 0 && moxd_is_digit(s->p[n - 1]))
        n--;
    struct moxd_str digits = moxd_str_from(*s, n);
    if (digits.n == 0 || n == 0 || s->p[n - 1] != '/')
        return 0;
    if ((digits.n > 1 && digits.p[0] == '0') || moxd_str_u64(digits, max, &v) < 0)
        return -1;
    *bits = (unsigned)v;
    s->n = n - 1;
    return 1;
}

/* dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ], off the end of the term. */
static int take_prefixes(struct moxd_str *s, struct moxd_spf_term *t)
{
    struct moxd_str rest = *s;
    unsigned bits;
    int rc = take_prefix(&rest, 128, &bits);

    if (rc > 0 && rest.n > 0 && rest.p[rest.n - 1] == '/') {
        t->prefix6 = bits;
        rest.n--;
        *s = rest;
    } else if (rc < 0) {
        return -1;
    }
    return take_prefix(s, 32, &t->prefix4) < 0 ? -1 : 0;
}

static int parse_network(struct moxd_str s, struct moxd_spf_term *t, struct moxd_err *err)
{
    bool four = t->mechanism == MOXD_SPF_IP4;
    char text[INET6_ADDRSTRLEN];

    if (take_prefix(&s, four ? 32 : 128, four ? &t->prefix4 : &t->prefix6) < 0)
        return bad(err, t->text, "wrong prefix length");
    if (moxd_str_chr(s, '\0') >= 0 || moxd_str_copy(s, text, sizeof(text)) < 0 ||
        inet_pton(four ? AF_INET : AF_INET6, text, t->ip) != 1)
        return bad(err, t->text, "no address");
    return 0;
}

/* What follows the name: [ ":" domain-spec ] [ prefixes ]. */
static int parse_domain(struct moxd_str s, struct moxd_spf_term *t, struct moxd_err *err)
{
    const struct mechanism *m = &mechanisms[t->mechanism];

    if (m->prefixes && take_prefixes(&s, t) < 0)
        return bad(err, t->text, "wrong prefix length");
    if (s.n == 0)
        return m->argument == MUST_DOMAIN ? bad(err, t->text, "no domain") : 0;
    if (m->argument == NO_DOMAIN || s.p[0] != ':')
        return bad(err, t->text, "something follows the mechanism");
    t->domain = moxd_str_from(s, 1);
    if (!mail_spf_macros_ok(t->domain, MAIL_SPF_DOMAIN_SPEC))
        return bad(err, t->text, "no valid domain");
    return 0;
}

static int parse_argument(struct moxd_str s, struct moxd_spf_term *t, struct moxd_err *err)
{
    t->prefix4 = 32;
    t->prefix6 = 128;
    if (mechanisms[t->mechanism].argument != NETWORK)
        return parse_domain(s, t, err);
    if (s.n == 0 || s.p[0] != ':')
        return bad(err, t->text, "no address");
    return parse_network(moxd_str_from(s, 1), t, err);
}

static enum moxd_spf_result take_qualifier(struct moxd_str *s)
{
    char c = s->p[0];

    if (c == '+' || c == '-' || c == '~' || c == '?')
        *s = moxd_str_from(*s, 1);
    return c == '-'   ? MOXD_SPF_FAIL
           : c == '~' ? MOXD_SPF_SOFTFAIL
           : c == '?' ? MOXD_SPF_NEUTRAL
                      : MOXD_SPF_PASS;
}

/* Bytes before the first ":", "/" or "=". */
static size_t name_length(struct moxd_str s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != ':' && s.p[n] != '/' && s.p[n] != '=')
        n++;
    return n;
}

static int parse_directive(struct moxd_str text, struct moxd_spf_term *t, struct moxd_err *err)
{
    struct moxd_str s = text;

    *t = (struct moxd_spf_term){ .text = text, .result = take_qualifier(&s) };
    struct moxd_str name = moxd_str_sub(s, 0, name_length(s));
    for (size_t i = 0; i < MOXD_NELEMS(mechanisms); i++)
        if (moxd_str_caseeqs(name, mechanisms[i].name)) {
            t->mechanism = (enum moxd_spf_mechanism)i;
            return parse_argument(moxd_str_from(s, name.n), t, err);
        }
    return bad(err, text, "unknown mechanism");
}

/* name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static bool is_name(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) &&
            (i == 0 || (!moxd_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')))
            return false;
    return s.n > 0;
}

static int known_modifier(struct moxd_str text, struct moxd_str value, struct moxd_str *out,
                          struct moxd_err *err)
{
    if (out->n > 0)
        return bad(err, text, "a second time");
    if (!mail_spf_macros_ok(value, MAIL_SPF_DOMAIN_SPEC))
        return bad(err, text, "no valid domain");
    *out = value;
    return 0;
}

struct parser {
    struct moxd_spf_record *r;
    struct moxd_arena *a;
    size_t terms_cap, others_cap;
    struct moxd_err *err;
};

static int parse_modifier(struct parser *p, struct moxd_str text, size_t n)
{
    struct moxd_spf_modifier m = { moxd_str_sub(text, 0, n), moxd_str_from(text, n + 1) };

    if (!is_name(m.name))
        return bad(p->err, text, "no name of a modifier");
    if (moxd_str_caseeqs(m.name, "redirect"))
        return known_modifier(text, m.value, &p->r->redirect, p->err);
    if (moxd_str_caseeqs(m.name, "exp"))
        return known_modifier(text, m.value, &p->r->exp, p->err);
    if (!mail_spf_macros_ok(m.value, MAIL_SPF_MACRO_STRING))
        return bad(p->err, text, "wrong value of a modifier");
    struct moxd_spf_modifier *last =
        moxd_arena_push(p->a, &p->r->others, &p->r->nothers, &p->others_cap, sizeof(*last));
    *last = m;
    return 0;
}

static int parse_term(struct parser *p, struct moxd_str text)
{
    size_t n = name_length(text);

    if (n < text.n && text.p[n] == '=')
        return parse_modifier(p, text, n);
    struct moxd_spf_term *t =
        moxd_arena_push(p->a, &p->r->terms, &p->r->nterms, &p->terms_cap, sizeof(*t));
    return parse_directive(text, t, p->err);
}

int moxd_spf_record_parse(struct moxd_str txt, struct moxd_arena *a, struct moxd_spf_record *out,
                          struct moxd_err *err)
{
    struct parser p = { .r = out, .a = a, .err = err };

    *out = (struct moxd_spf_record){ 0 };
    if (!moxd_spf_is_record(txt))
        return bad(err, txt, "no SPF record");
    if (txt.n > MOXD_SPF_RECORD_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the record has more than %d bytes",
                            (int)MOXD_SPF_RECORD_MAX);
    for (struct moxd_str rest = moxd_str_from(txt, 6); rest.n > 0;) {
        struct moxd_str term = moxd_str_cut(&rest, ' ');
        if (term.n > 0 && parse_term(&p, term) < 0)
            return -1;
    }
    return 0;
}
