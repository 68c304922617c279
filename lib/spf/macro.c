/* Macros (RFC 7208 7). */
#include "spf.h"

enum { PARTS_MAX = 128 /* RFC 7208 7.3 wants 127 at least */, NAME_MAX_BYTES = 253 };

static bool is_delimiter(char c)
{
    return c && strchr(".-+,/_=", c);
}

/* A macro-expand as written. */
struct macro {
    char letter;    /* in lower case; '%', '_' or '-' for %% and the like */
    bool escape;    /* an upper-case letter */
    bool transform; /* digits, "r" or delimiters were there */
    bool reverse;
    size_t keep; /* right-hand parts; PARTS_MAX: all */
    struct moxd_str delimiters;
};

/* transformers = *DIGIT [ "r" ] */
static bool take_transformers(struct moxd_str *s, struct macro *m)
{
    size_t n = 0;

    m->keep = PARTS_MAX;
    for (; n < s->n && moxd_is_digit(s->p[n]); n++) {
        m->keep = n == 0 ? 0 : m->keep;
        m->keep = m->keep * 10 + (size_t)(s->p[n] - '0');
        m->keep = m->keep > PARTS_MAX ? PARTS_MAX : m->keep;
    }
    if (n > 0 && m->keep == 0)
        return false;
    m->transform = n > 0;
    if (n < s->n && moxd_lower(s->p[n]) == 'r') {
        m->reverse = m->transform = true;
        n++;
    }
    *s = moxd_str_from(*s, n);
    return true;
}

/* At what follows a '%'. */
static bool take_macro(struct moxd_str *s, struct macro *m)
{
    size_t n = 0;

    *m = (struct macro){ 0 };
    if (s->n == 0)
        return false;
    m->letter = moxd_lower(s->p[0]);
    *s = moxd_str_from(*s, 1);
    if (m->letter == '%' || m->letter == '_' || m->letter == '-')
        return true;
    if (m->letter != '{' || s->n == 0 || !moxd_is_alpha(s->p[0]))
        return false;
    m->letter = moxd_lower(s->p[0]);
    m->escape = s->p[0] != m->letter;
    *s = moxd_str_from(*s, 1);
    if (!strchr("slodiphcrtv", m->letter) || !take_transformers(s, m))
        return false;
    while (n < s->n && is_delimiter(s->p[n]))
        n++;
    m->delimiters = moxd_str_sub(*s, 0, n);
    m->transform = m->transform || n > 0;
    *s = moxd_str_from(*s, n);
    if (s->n == 0 || s->p[0] != '}')
        return false;
    *s = moxd_str_from(*s, 1);
    return true;
}

/* toplabel: letters, digits and hyphens inside; not digits alone. */
static bool is_toplabel(struct moxd_str s)
{
    bool other = false;

    for (size_t i = 0; i < s.n; i++) {
        bool inside = i > 0 && i + 1 < s.n;
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && !(s.p[i] == '-' && inside))
            return false;
        other = other || !moxd_is_digit(s.p[i]);
    }
    return s.n > 0 && other;
}

/* domain-end, of the literal text behind the last macro: ( "." toplabel [ "." ] ). */
static bool is_domain_end(struct moxd_str literal)
{
    if (literal.n > 0 && literal.p[literal.n - 1] == '.')
        literal.n--;
    ptrdiff_t dot = moxd_str_rchr(literal, '.');
    return dot >= 0 && is_toplabel(moxd_str_from(literal, (size_t)dot + 1));
}

bool mail_spf_macros_ok(struct moxd_str s, enum mail_spf_macros kind)
{
    struct moxd_str literal = s; /* behind the last macro */
    struct macro m = { 0 };
    bool macro_ends = false;

    while (s.n > 0) {
        char c = s.p[0];
        s = moxd_str_from(s, 1);
        macro_ends = c == '%';
        if (c == '%') {
            if (!take_macro(&s, &m) || (kind != MAIL_SPF_EXPLAIN && strchr("crt", m.letter)))
                return false;
            literal = s;
        } else if ((c <= ' ' || c > '~') && !(c == ' ' && kind == MAIL_SPF_EXPLAIN)) {
            return false;
        }
    }
    return kind != MAIL_SPF_DOMAIN_SPEC || macro_ends || is_domain_end(literal);
}

/* The best of the client's names (7.3). */
static int validated_name(struct mail_spf *c, struct moxd_str *out)
{
    if (mail_spf_names(c) < 0)
        return -1;
    *out = c->nnames > 0 ? c->names[0] : MOXD_STR("unknown");
    for (size_t i = c->nnames; i-- > 0;)
        if (mail_spf_within(c->names[i], c->domain))
            *out = c->names[i];
    for (size_t i = 0; i < c->nnames; i++)
        if (moxd_str_caseeq(c->names[i], c->domain))
            *out = c->names[i];
    return 0;
}

/* The localpart goes into DNS names, which have no UTF-8 (RFC 8616 4). */
static void add_localpart(struct mail_spf *c, struct moxd_buf *b)
{
    c->unmatchable = c->unmatchable || !moxd_str_is_ascii(c->localpart);
    moxd_buf_addstr(b, c->localpart);
}

static void add_value(struct mail_spf *c, char letter, struct moxd_buf *b)
{
    switch (letter) {
    case 's':
        add_localpart(c, b);
        moxd_buf_addf(b, "@%" MOXD_STRF, MOXD_STRA(c->args->domain));
        break;
    case 'l':
        add_localpart(c, b);
        break;
    case 'o':
        moxd_buf_addstr(b, c->args->domain);
        break;
    case 'd':
        moxd_buf_addstr(b, c->domain);
        break;
    case 'h':
        moxd_buf_addstr(b, c->args->helo);
        break;
    case 'i':
        mail_spf_dotted(b, c->args);
        break;
    case 'c':
        mail_spf_readable(b, c->args);
        break;
    case 'v':
        moxd_buf_adds(b, c->args->ip_len == 4 ? "in-addr" : "ip6");
        break;
    case 'r':
        moxd_buf_adds(b, c->args->receiver ? c->args->receiver : "unknown");
        break;
    default:
        moxd_buf_addf(b, "%lld", (long long)c->args->now);
    }
}

static bool splits(const struct macro *m, char c)
{
    return m->delimiters.n > 0 ? moxd_str_chr(m->delimiters, c) >= 0 : c == '.';
}

/* Splits, reverses, keeps the right-hand parts, joins with dots. Parts over the maximum cannot be in a
 * name: they stay in one. */
static void transform(const struct macro *m, struct moxd_str s, struct moxd_buf *b)
{
    struct moxd_str parts[PARTS_MAX];
    size_t n = 0, start = 0;

    for (size_t i = 0; i <= s.n; i++)
        if (i == s.n || (splits(m, s.p[i]) && n + 1 < PARTS_MAX)) {
            parts[n++] = moxd_str_sub(s, start, i - start);
            start = i + 1;
        }
    for (size_t i = n > m->keep ? n - m->keep : 0, first = i; i < n; i++) {
        if (i > first)
            moxd_buf_addc(b, '.');
        moxd_buf_addstr(b, parts[m->reverse ? n - 1 - i : i]);
    }
}

/* URL escaping of all that is not unreserved (RFC 3986 2.3). */
static void add_escaped(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (moxd_is_alpha(c) || moxd_is_digit(c) || (c && strchr("-._~", c)))
            moxd_buf_addc(b, c);
        else
            moxd_buf_addf(b, "%%%02X", (unsigned char)c);
    }
}

static int expand_macro(struct mail_spf *c, const struct macro *m, struct moxd_buf *b)
{
    struct moxd_buf value = MOXD_BUF_INIT(MOXD_SPF_EXPANDED_MAX), parts = value;
    struct moxd_str name;

    if (m->letter == 'p' && validated_name(c, &name) < 0)
        return -1;
    if (m->letter == 'p')
        moxd_buf_addstr(&value, name);
    else
        add_value(c, m->letter, &value);
    if (m->transform)
        transform(m, moxd_buf_str(&value), &parts);
    struct moxd_str text = moxd_buf_str(m->transform ? &parts : &value);
    if (m->escape)
        add_escaped(b, text);
    else
        moxd_buf_addstr(b, text);
    moxd_buf_fini(&value);
    moxd_buf_fini(&parts);
    return 0;
}

int mail_spf_expand(struct mail_spf *c, struct moxd_str s, struct moxd_buf *b)
{
    struct macro m;

    while (s.n > 0) {
        char ch = s.p[0];
        s = moxd_str_from(s, 1);
        if (ch != '%') {
            moxd_buf_addc(b, ch);
            continue;
        }
        if (!take_macro(&s, &m))
            return mail_spf_stop(c, MOXD_SPF_PERMERROR, "invalid macro");
        if (m.letter == '%' || m.letter == '_' || m.letter == '-')
            moxd_buf_adds(b, m.letter == '%' ? "%" : m.letter == '_' ? " " : "%20");
        else if (expand_macro(c, &m, b) < 0)
            return -1;
    }
    return 0;
}

/* RFC 7208 7.3: labels are removed on the left until it fits. */
static struct moxd_str cut_left(struct moxd_str name)
{
    while (name.n > NAME_MAX_BYTES) {
        ptrdiff_t dot = moxd_str_chr(name, '.');
        name = dot < 0 ? MOXD_STR("") : moxd_str_from(name, (size_t)dot + 1);
    }
    return name;
}

int mail_spf_target(struct mail_spf *c, struct moxd_str spec, struct moxd_str *out)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_SPF_EXPANDED_MAX);

    *out = c->domain;
    if (spec.n == 0)
        return 1;
    c->unmatchable = false;
    int rc = mail_spf_expand(c, spec, &b);
    if (rc == 0 && b.overflow)
        rc = mail_spf_stop(c, MOXD_SPF_PERMERROR, "a macro expands to too much");
    struct moxd_str name = moxd_buf_str(&b);
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    *out = moxd_arena_str(c->a, cut_left(name));
    moxd_buf_fini(&b);
    return rc < 0 ? -1 : c->unmatchable ? 0 : 1;
}
