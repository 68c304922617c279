/* Reading Authentication-Results (RFC 8601 2.2). Comments may stand between all tokens. */
#include <moxmail/authres.h>

#include "chars.h"
#include "mime_lex.h"

struct parser {
    struct moxd_str s; /* what is left */
    struct moxd_arena *a;
    struct moxd_err *err;
};

static int bad(const struct parser *p, const char *what)
{
    return moxd_err_set(p->err, MOXD_ERR_SYNTAX, "Authentication-Results: %s", what);
}

static bool at(const struct parser *p, char c)
{
    return p->s.n > 0 && p->s.p[0] == c;
}

static bool take(struct parser *p, char c)
{
    mail_skip_cfws(&p->s);
    if (!at(p, c))
        return false;
    p->s = moxd_str_from(p->s, 1);
    return true;
}

/* RFC 5321 4.1.2: Keyword = Ldh-str. */
static int keyword(struct parser *p, struct moxd_str *out)
{
    size_t n = 0;

    mail_skip_cfws(&p->s);
    while (n < p->s.n && (moxd_is_alpha(p->s.p[n]) || moxd_is_digit(p->s.p[n]) ||
                          p->s.p[n] == '-' || p->s.p[n] == '_'))
        n++;
    *out = moxd_str_sub(p->s, 0, n);
    p->s = moxd_str_from(p->s, n);
    if (n > MOXD_AUTHRES_KEYWORD_MAX)
        return bad(p, "a keyword is too long");
    return n > 0 ? 0 : bad(p, "a keyword is missing");
}

/* At a '"': bytes up to its closing quote, with both; 0 without one. */
static size_t quoted_length(struct moxd_str s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        if (s.p[i] == '\\')
            i++;
    }
    return 0;
}

static bool ends_bare(char c)
{
    return mail_is_blank(c) || c == ';' || c == '(' || c == '"' || c == '\0';
}

/* Takes a bare word; with `quoted` bytes in front of it that belong to it (a quoted local-part). */
static struct moxd_str bare(struct parser *p, size_t quoted)
{
    size_t n = quoted;

    while (n < p->s.n && !ends_bare(p->s.p[n]))
        n++;
    struct moxd_str word = moxd_str_sub(p->s, 0, n);
    p->s = moxd_str_from(p->s, n);
    return word;
}

/* value / [ [ local-part ] "@" ] domain-name */
static int value(struct parser *p, struct moxd_str *out)
{
    mail_skip_cfws(&p->s);
    size_t n = at(p, '"') ? quoted_length(p->s) : 0;

    if (at(p, '"') && n == 0)
        return bad(p, "a quoted string has no end");
    if (n > 0 && !(n < p->s.n && p->s.p[n] == '@'))
        *out = mail_take_value(&p->s, p->a);
    else
        *out = bare(p, n);
    return out->n > 0 || n > 0 ? 0 : bad(p, "a value is missing");
}

/* 1*DIGIT, when there is one. */
static int version(struct parser *p, uint64_t *out)
{
    mail_skip_cfws(&p->s);
    if (p->s.n == 0 || !moxd_is_digit(p->s.p[0]))
        return 0;
    return moxd_str_take_u64(&p->s, UINT32_MAX, out) == 0 ? 0 : bad(p, "a version is too large");
}

static int server(struct parser *p, struct moxd_str *id, uint64_t *v)
{
    *v = 1;
    if (value(p, id) < 0 || version(p, v) < 0)
        return -1;
    mail_skip_cfws(&p->s);
    return p->s.n == 0 || at(p, ';') ? 0 : bad(p, "no ; after the name of the server");
}

/* The first comment of those that stand here. */
static struct moxd_str comment(struct parser *p)
{
    while (p->s.n > 0 && mail_is_blank(p->s.p[0]))
        p->s = moxd_str_from(p->s, 1);
    if (!at(p, '('))
        return MOXD_STR("");
    size_t n = mail_comment_length(p->s), k = 0;
    char *out = moxd_arena_alloc(p->a, n);
    for (size_t i = 1; i + 1 < n; i++) {
        if (p->s.p[i] == '\\' && i + 2 < n)
            i++;
        out[k++] = p->s.p[i];
    }
    p->s = moxd_str_from(p->s, n);
    return moxd_str(out, k);
}

/* "reason" "=" value / ptype "." property "=" pvalue. Microsoft has "dmarc=pass action=none": what has no ptype says
 * nothing to us. */
static int property(struct parser *p, struct moxd_authres *r, struct moxd_authres_prop *prop)
{
    struct moxd_str other;

    if (keyword(p, &prop->ptype) < 0)
        return -1;
    if (take(p, '='))
        return value(p, moxd_str_caseeqs(prop->ptype, "reason") ? &r->reason : &other);
    if (!take(p, '.'))
        return bad(p, "a property has no dot");
    if (keyword(p, &prop->name) < 0)
        return -1;
    if (!take(p, '='))
        return bad(p, "a property has no value");
    return value(p, &prop->value) < 0 ? -1 : 1;
}

static int properties(struct parser *p, struct moxd_authres *r)
{
    struct moxd_authres_prop *v = NULL, prop;
    size_t cap = 0;
    int rc;

    for (mail_skip_cfws(&p->s); p->s.n > 0 && !at(p, ';'); mail_skip_cfws(&p->s)) {
        if ((rc = property(p, r, &prop)) < 0)
            return -1;
        if (rc == 0)
            continue;
        if (r->nprops == MOXD_AUTHRES_PROPS_MAX)
            return bad(p, "too many properties");
        struct moxd_authres_prop *last = moxd_arena_push(p->a, &v, &r->nprops, &cap, sizeof(*last));
        *last = prop;
    }
    r->props = v;
    return 0;
}

/* methodspec [ reasonspec ] [ 1*propspec ] */
static int result(struct parser *p, struct moxd_authres *r)
{
    uint64_t ignored;

    if (take(p, '/') && version(p, &ignored) < 0) /* of the method */
        return -1;
    if (!take(p, '='))
        return bad(p, "a method has no result");
    if (keyword(p, &r->result) < 0)
        return -1;
    r->comment = comment(p);
    return properties(p, r);
}

int moxd_authres_parse(struct moxd_str text, struct moxd_arena *a, struct moxd_authres_field *out,
                       struct moxd_err *err)
{
    struct parser p = { .s = text, .a = a, .err = err };
    struct moxd_authres r;
    size_t cap = 0;

    *out = (struct moxd_authres_field){ 0 };
    if (server(&p, &out->id, &out->version) < 0)
        return -1;
    while (take(&p, ';')) {
        r = (struct moxd_authres){ 0 };
        mail_skip_cfws(&p.s);
        if (p.s.n == 0) /* a last ; is common */
            break;
        if (keyword(&p, &r.method) < 0)
            return -1;
        mail_skip_cfws(&p.s);
        if (moxd_str_caseeqs(r.method, "none") && (p.s.n == 0 || at(&p, ';')))
            continue;
        if (out->n == MOXD_AUTHRES_MAX)
            return bad(&p, "too many results");
        if (result(&p, &r) < 0)
            return -1;
        struct moxd_authres *last = moxd_arena_push(a, &out->v, &out->n, &cap, sizeof(*last));
        *last = r;
    }
    mail_skip_cfws(&p.s);
    return p.s.n == 0 ? 0 : bad(&p, "something follows the last result");
}

int moxd_authres_id(struct moxd_str text, struct moxd_arena *a, struct moxd_str *id, uint64_t *v,
                    struct moxd_err *err)
{
    struct parser p = { .s = text, .a = a, .err = err };

    return server(&p, id, v);
}
