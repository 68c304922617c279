/* The DKIM-Signature field (RFC 6376 3.5): a tag-list whose tags are read by a table. */
#include "dkim.h"

#include <moxmail/address.h>
#include <moxmail/taglist.h>

struct parse {
    struct moxd_dkim_sig *sig;
    struct moxd_arena *a;
    const struct moxd_tag *tag;
    struct moxd_dkim_verdict *why;
};

static int syntax(struct parse *p, const char *reason)
{
    return mail_dkim_fail(p->why, MOXD_DKIM_NEUTRAL, reason);
}

/* 6.1.1: a version that we do not know is no syntax error. */
static int parse_v(struct parse *p, struct moxd_str v)
{
    if (moxd_str_eqs(v, "1"))
        return 0;
    return mail_dkim_fail(p->why, MOXD_DKIM_PERMERROR, "incompatible version");
}

static int parse_a(struct parse *p, struct moxd_str v)
{
    p->sig->alg_text = v;
    for (int alg = MOXD_DKIM_RSA_SHA256; alg <= MOXD_DKIM_RSA_SHA1; alg++)
        if (moxd_str_caseeqs(v, moxd_dkim_alg_name((enum moxd_dkim_alg)alg)))
            p->sig->alg = (enum moxd_dkim_alg)alg;
    return p->sig->alg != MOXD_DKIM_UNKNOWN ? 0 : syntax(p, "unknown algorithm");
}

static int parse_b(struct parse *p, struct moxd_str v)
{
    p->sig->b_raw = p->tag->raw;
    p->sig->b_text = mail_dkim_squeeze(v, p->a);
    if (mail_dkim_base64(v, p->a, &p->sig->b) < 0 || p->sig->b.n == 0)
        return syntax(p, "signature is not base64");
    return 0;
}

static int parse_bh(struct parse *p, struct moxd_str v)
{
    if (mail_dkim_base64(v, p->a, &p->sig->bh) < 0 || p->sig->bh.n == 0)
        return syntax(p, "body hash is not base64");
    return 0;
}

static int canonicalization(struct moxd_str s, bool *relaxed)
{
    *relaxed = moxd_str_caseeqs(s, "relaxed");
    return *relaxed || moxd_str_caseeqs(s, "simple") ? 0 : -1;
}

static int parse_c(struct parse *p, struct moxd_str v)
{
    struct moxd_str header = moxd_str_cut(&v, '/');
    if (canonicalization(header, &p->sig->header_relaxed) < 0 ||
        (v.p != NULL && canonicalization(v, &p->sig->body_relaxed) < 0))
        return syntax(p, "unknown canonicalization");
    return 0;
}

static int parse_name(struct parse *p, struct moxd_str v, struct moxd_str *out)
{
    struct moxd_domain d;
    if (v.n == 0 || v.p[0] == '[' ||
        moxd_domain_parse(v, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, p->a, &d, NULL) < 0)
        return -1;
    *out = d.ascii;
    return 0;
}

/* domain-name has two labels at least; localhost is that of the local test mode. */
static int parse_d(struct parse *p, struct moxd_str v)
{
    if (parse_name(p, v, &p->sig->domain) < 0)
        return syntax(p, "signing domain is no domain name");
    if (moxd_str_chr(p->sig->domain, '.') < 0 && !moxd_str_eqs(p->sig->domain, "localhost"))
        return syntax(p, "signing domain has one label only");
    return 0;
}

static int parse_s(struct parse *p, struct moxd_str v)
{
    return parse_name(p, v, &p->sig->selector) == 0 ? 0 : syntax(p, "malformed selector");
}

static int hex(char c)
{
    const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, moxd_upper(c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* dkim-quoted-printable (2.11): white space is ignored. -1 when it is none. */
static int quoted(struct moxd_str v, struct moxd_arena *a, struct moxd_str *out)
{
    struct moxd_str s = mail_dkim_squeeze(v, a);
    char *p = moxd_arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '=') {
            p[n++] = s.p[i];
            continue;
        }
        if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 || hex(s.p[i + 2]) < 0)
            return -1;
        p[n++] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
        i += 2;
    }
    *out = moxd_str(p, n);
    return 0;
}

static int parse_i(struct parse *p, struct moxd_str v)
{
    struct moxd_str *id = &p->sig->identity;
    if (quoted(v, p->a, id) < 0 || moxd_str_rchr(*id, '@') < 0 ||
        parse_name(p, moxd_str_from(*id, (size_t)moxd_str_rchr(*id, '@') + 1),
                   &p->sig->identity_domain) < 0)
        return syntax(p, "malformed identity");
    return 0;
}

/* hdr-name is a field name of RFC 5322 3.6.8; ";" cannot be there. */
static bool is_field_name(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 32 || s.p[i] >= 127)
            return false;
    return s.n > 0 && s.n <= MOXD_FIELD_NAME_MAX;
}

static int parse_h(struct parse *p, struct moxd_str v)
{
    struct moxd_dkim_sig *sig = p->sig;
    struct moxd_str name;
    size_t cap = 0;
    while (moxd_taglist_item(&v, &name)) {
        if (!is_field_name(name))
            return syntax(p, "malformed list of signed fields");
        if (sig->nnames == MOXD_DKIM_NAMES_MAX)
            return mail_dkim_fail(p->why, MOXD_DKIM_POLICY, "too many signed fields");
        struct moxd_str *slot =
            moxd_arena_push(p->a, &sig->names, &sig->nnames, &cap, sizeof(name));
        *slot = name;
    }
    return 0;
}

/* All digits, of any number; what does not fit is the largest. -1. */
static int number(struct moxd_str v, uint64_t max, uint64_t *out)
{
    for (size_t i = 0; i < v.n; i++)
        if (!moxd_is_digit(v.p[i]))
            return -1;
    if (v.n == 0 || v.n > 76)
        return -1;
    if (moxd_str_u64(v, max, out) < 0)
        *out = max;
    return 0;
}

static int parse_l(struct parse *p, struct moxd_str v)
{
    p->sig->has_length = true;
    return number(v, UINT64_MAX - 1, &p->sig->length) == 0 ? 0 : syntax(p, "malformed body length");
}

static int parse_time(struct parse *p, struct moxd_str v, int64_t *out)
{
    uint64_t t;
    if (number(v, INT64_MAX / 2, &t) < 0)
        return syntax(p, "malformed time");
    *out = (int64_t)t;
    return 0;
}

static int parse_t(struct parse *p, struct moxd_str v)
{
    return parse_time(p, v, &p->sig->signed_at);
}

static int parse_x(struct parse *p, struct moxd_str v)
{
    return parse_time(p, v, &p->sig->expires);
}

static int parse_q(struct parse *p, struct moxd_str v)
{
    return moxd_taglist_has(v, "dns/txt") ? 0 : syntax(p, "unknown query method");
}

enum {
    OF_MESSAGES = MAIL_DKIM_SIGNATURE | MAIL_DKIM_ARC_MESSAGE,
    ALL = OF_MESSAGES | MAIL_DKIM_ARC_SEAL,
};

/* What a report names comes first, so that it is there when another tag is wrong. */
static const struct {
    const char *name;
    int (*parse)(struct parse *p, struct moxd_str v);
    const char *missing; /* the tag is required */
    unsigned forms;      /* enum mail_dkim_form: that have it */
} tags[] = {
    { "d", parse_d, "no signing domain", ALL },
    { "s", parse_s, "no selector", ALL },
    { "b", parse_b, "no signature data", ALL },
    { "i", parse_i, NULL, MAIL_DKIM_SIGNATURE },
    { "v", parse_v, "no version", MAIL_DKIM_SIGNATURE },
    { "a", parse_a, "no algorithm", ALL },
    { "bh", parse_bh, "no body hash", OF_MESSAGES },
    { "h", parse_h, "no list of signed fields", OF_MESSAGES },
    { "c", parse_c, NULL, OF_MESSAGES },
    { "l", parse_l, NULL, OF_MESSAGES },
    { "q", parse_q, NULL, OF_MESSAGES },
    { "t", parse_t, NULL, ALL },
    { "x", parse_x, NULL, OF_MESSAGES },
};

/* 6.1.1: all tags are looked at, and the first thing that is wrong is told. */
static int parse_tags(struct parse *p, const struct moxd_taglist *l, enum mail_dkim_form form)
{
    struct moxd_dkim_verdict first = { MOXD_DKIM_NONE, NULL }, *why = p->why;
    for (size_t i = 0; i < MOXD_NELEMS(tags); i++) {
        struct moxd_dkim_verdict this = { MOXD_DKIM_NONE, NULL };
        if (!(tags[i].forms & form))
            continue;
        p->tag = moxd_taglist_find(l, tags[i].name);
        p->why = &this;
        if (p->tag == NULL && tags[i].missing)
            mail_dkim_fail(&this, MOXD_DKIM_PERMERROR, tags[i].missing);
        else if (p->tag != NULL)
            (void)tags[i].parse(p, p->tag->value);
        if (first.reason == NULL)
            first = this;
    }
    p->why = why;
    return first.reason ? mail_dkim_fail(why, first.result, first.reason) : 0;
}

int mail_dkim_sig_parse(enum mail_dkim_form form, const struct moxd_field *field,
                        struct moxd_arena *a, struct moxd_dkim_sig *out,
                        struct moxd_dkim_verdict *why)
{
    struct moxd_taglist *l = moxd_arena_alloc(a, sizeof(*l));
    struct parse p = { .sig = out, .a = a, .why = why };

    *out = (struct moxd_dkim_sig){ .field = field->raw, .signed_at = -1, .expires = -1 };
    if (field->raw.n > MOXD_DKIM_FIELD_MAX)
        return mail_dkim_fail(why, MOXD_DKIM_POLICY, "signature field too long");
    if (moxd_taglist_parse(field->value, l) < 0)
        return syntax(&p, "malformed tags, or one twice");
    out->header_relaxed = form == MAIL_DKIM_ARC_SEAL;
    if (parse_tags(&p, l, form) < 0)
        return -1;
    if (out->identity.p == NULL)
        out->identity_domain = out->domain;
    return 0;
}

int moxd_dkim_sig_parse(const struct moxd_field *field, struct moxd_arena *a,
                        struct moxd_dkim_sig *out, struct moxd_dkim_verdict *why)
{
    return mail_dkim_sig_parse(MAIL_DKIM_SIGNATURE, field, a, out, why);
}
