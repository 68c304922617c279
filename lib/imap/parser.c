#include "parser.h"

int mail_imap_fail(struct imap_parser *p, const char *expected)
{
    return moxd_err_set(p->err, MOXD_ERR_SYNTAX, "expected %s at column %zu", expected,
                        p->total - p->rest.n + 1);
}

int mail_imap_limit(struct imap_parser *p, const char *what)
{
    return moxd_err_set(p->err, MOXD_ERR_LIMIT, "too many %s", what);
}

bool mail_imap_at_end(const struct imap_parser *p)
{
    return p->rest.n == 0;
}

bool mail_imap_peek(const struct imap_parser *p, char c)
{
    return p->rest.n > 0 && p->rest.p[0] == c;
}

static void skip(struct imap_parser *p, size_t n)
{
    p->rest = moxd_str_from(p->rest, n);
}

bool mail_imap_take(struct imap_parser *p, char c)
{
    if (!mail_imap_peek(p, c))
        return false;
    skip(p, 1);
    return true;
}

bool mail_imap_take_word(struct imap_parser *p, const char *word)
{
    struct moxd_str w = moxd_cstr(word);

    if (!moxd_str_casestarts(p->rest, w))
        return false;
    skip(p, w.n);
    return true;
}

int mail_imap_expect(struct imap_parser *p, char c, const char *expected)
{
    return mail_imap_take(p, c) ? 0 : mail_imap_fail(p, expected);
}

int mail_imap_space(struct imap_parser *p)
{
    return mail_imap_expect(p, ' ', "a space");
}

int mail_imap_end(struct imap_parser *p)
{
    return mail_imap_at_end(p) ? 0 : mail_imap_fail(p, "the end of the command");
}

/* RFC 9051 9: ATOM-CHAR is any CHAR except atom-specials; resp-specials ("]") are allowed in astring. */
static bool is_atom_char(char c)
{
    unsigned char u = (unsigned char)c;

    return u > 0x20 && u < 0x7f && !strchr("(){%*\"\\]", c);
}

static bool is_astring_char(char c)
{
    return is_atom_char(c) || c == ']';
}

static bool is_list_char(char c)
{
    return is_astring_char(c) || c == '%' || c == '*';
}

static int take_while(struct imap_parser *p, bool (*is)(char), const char *expected,
                      struct moxd_str *out)
{
    size_t n = 0;

    while (n < p->rest.n && is(p->rest.p[n]))
        n++;
    if (n == 0)
        return mail_imap_fail(p, expected);
    *out = moxd_str_sub(p->rest, 0, n);
    skip(p, n);
    return 0;
}

int mail_imap_atom(struct imap_parser *p, struct moxd_str *out)
{
    return take_while(p, is_atom_char, "an atom", out);
}

/* Bytes up to the quote that ends the string which begins at p->rest, or up to the end of the text. */
static size_t quoted_length(const struct imap_parser *p)
{
    size_t n = 1;

    while (n < p->rest.n && p->rest.p[n] != '"')
        n += p->rest.p[n] == '\\' ? 2 : 1;
    return n < p->rest.n ? n : p->rest.n;
}

/* quoted = DQUOTE *QUOTED-CHAR DQUOTE; UTF-8 is allowed inside (RFC 9051 4.3, RFC 6855 3). */
static int quoted(struct imap_parser *p, struct moxd_str *out)
{
    char *copy = moxd_arena_alloc(p->a, quoted_length(p));
    size_t n = 0;

    skip(p, 1);
    while (p->rest.n > 0 && p->rest.p[0] != '"') {
        if (p->rest.p[0] == '\\') {
            skip(p, 1);
            if (p->rest.n == 0 || (p->rest.p[0] != '"' && p->rest.p[0] != '\\'))
                return mail_imap_fail(p, "\\\\ or \\\" in a quoted string");
        } else if (p->rest.p[0] == '\r' || p->rest.p[0] == '\n' || p->rest.p[0] == '\0') {
            return mail_imap_fail(p, "a quoted string without CR, LF and NUL");
        }
        copy[n++] = p->rest.p[0];
        skip(p, 1);
    }
    if (mail_imap_expect(p, '"', "the closing quote") < 0)
        return -1;
    *out = moxd_str(copy, n);
    if (!moxd_str_is_utf8(*out))
        return mail_imap_fail(p, "a quoted string in UTF-8");
    return 0;
}

/* "{" is next. */
static int literal_bytes(struct imap_parser *p, struct moxd_str *out)
{
    uint64_t n;

    skip(p, 1);
    if (mail_imap_number(p, p->rest.n, &n) < 0)
        return -1;
    mail_imap_take(p, '+');
    if (!mail_imap_take_word(p, "}\r\n") || n > p->rest.n)
        return mail_imap_fail(p, "a complete literal");
    *out = moxd_str_sub(p->rest, 0, (size_t)n);
    skip(p, (size_t)n);
    return 0;
}

static int literal(struct imap_parser *p, struct moxd_str *out)
{
    if (literal_bytes(p, out) < 0)
        return -1;
    if (memchr(out->p, '\0', out->n))
        return mail_imap_fail(p, "a literal without NUL");
    return 0;
}

/* RFC 9051 9 literal8 */
int mail_imap_literal8(struct imap_parser *p, struct moxd_str *out)
{
    mail_imap_take(p, '~');
    return mail_imap_peek(p, '{') ? literal_bytes(p, out) : mail_imap_fail(p, "a literal");
}

int mail_imap_string(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_peek(p, '"'))
        return quoted(p, out);
    if (mail_imap_peek(p, '{'))
        return literal(p, out);
    return mail_imap_fail(p, "a string");
}

int mail_imap_astring(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_peek(p, '"') || mail_imap_peek(p, '{'))
        return mail_imap_string(p, out);
    return take_while(p, is_astring_char, "an atom or a string", out);
}

int mail_imap_nstring(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_take_word(p, "NIL")) {
        *out = moxd_str(NULL, 0);
        return 0;
    }
    return mail_imap_string(p, out);
}

int mail_imap_list_mailbox(struct imap_parser *p, struct moxd_str *out)
{
    if (mail_imap_peek(p, '"') || mail_imap_peek(p, '{'))
        return mail_imap_string(p, out);
    return take_while(p, is_list_char, "a mailbox pattern", out);
}

/* Takes only the consecutive digits here (IMAP-05). */
int mail_imap_number(struct imap_parser *p, uint64_t max, uint64_t *out)
{
    return moxd_str_take_u64(&p->rest, max, out) < 0 ? mail_imap_fail(p, "a number in range") : 0;
}

int mail_imap_nz_number(struct imap_parser *p, uint32_t *out)
{
    uint64_t v;

    if (mail_imap_number(p, UINT32_MAX, &v) < 0)
        return -1;
    if (v == 0)
        return mail_imap_fail(p, "a number above 0");
    *out = (uint32_t)v;
    return 0;
}

void mail_imap_list_add(struct imap_parser *p, struct moxd_imap_list *l, size_t *cap,
                        struct moxd_str s)
{
    struct moxd_str *slot = moxd_arena_push(p->a, &l->v, &l->n, cap, sizeof(*l->v));

    *slot = s;
}
