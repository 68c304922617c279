/* Addresses as nearly all are: "name" <local@domain>, name <local@domain>, local@domain, of plain
 * characters. They are views into the field; anything else is left to the grammar. */
#include "hdraddr.h"

enum { WORD = 1, DOT = 2, BLANK = 4 };
static const unsigned char classes[256] = {
    [' '] = BLANK,        ['\t'] = BLANK,       ['\r'] = BLANK,         ['\n'] = BLANK,
    ['.'] = DOT,          ['-'] = WORD,         ['_'] = WORD,           ['+'] = WORD,
    ['\''] = WORD,        ['&'] = WORD,         ['/'] = WORD,           ['0' ... '9'] = WORD,
    ['A' ... 'Z'] = WORD, ['a' ... 'z'] = WORD, [0x80 ... 0xff] = WORD,
};

/* Bytes of these classes at the start. */
static size_t span(struct moxd_str s, unsigned allowed)
{
    size_t n = 0;

    while (n < s.n && (classes[(unsigned char)s.p[n]] & allowed))
        n++;
    return n;
}

static struct moxd_str take(struct moxd_str *s, size_t n)
{
    struct moxd_str taken = moxd_str(s->p, n);

    *s = moxd_str(s->p + n, s->n - n);
    return taken;
}

static bool take_char(struct moxd_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    (void)take(s, 1);
    return true;
}

/* local@domain */
static bool take_spec(struct moxd_str *s, struct moxd_hdraddr *out)
{
    out->localpart = take(s, span(*s, WORD | DOT));
    if (out->localpart.n == 0 || !take_char(s, '@'))
        return false;
    out->domain = take(s, span(*s, WORD | DOT));
    return out->domain.n > 0;
}

static bool take_quoted(struct moxd_str *s, struct moxd_str *name)
{
    size_t n = 1;

    while (n < s->n && s->p[n] != '"' && s->p[n] != '\\' && s->p[n] != '\r' && s->p[n] != '\n')
        n++;
    if (n >= s->n || s->p[n] != '"')
        return false;
    *name = moxd_str_trim(moxd_str_sub(take(s, n + 1), 1, n - 1));
    return name->n > 0;
}

/* Words with a single blank between them. */
static bool take_words(struct moxd_str *s, struct moxd_str *name)
{
    size_t n = 0, word;

    while ((word = span(moxd_str(s->p + n, s->n - n), WORD | DOT)) > 0) {
        n += word;
        if (n + 1 >= s->n || s->p[n] != ' ')
            break;
        n++;
    }
    if (n == 0)
        return false;
    *name = take(s, n - (s->p[n - 1] == ' '));
    return true;
}

static bool take_name(struct moxd_str *s, struct moxd_str *name)
{
    if (s->p[0] == '<')
        return true;
    return s->p[0] == '"' ? take_quoted(s, name) : take_words(s, name);
}

static bool take_named(struct moxd_str *s, struct moxd_hdraddr *out)
{
    if (!take_name(s, &out->name))
        return false;
    (void)take(s, span(*s, BLANK));
    return take_char(s, '<') && take_spec(s, out) && take_char(s, '>');
}

bool mail_hdraddr_simple(struct moxd_hdraddr_iter *it, struct moxd_hdraddr *out)
{
    struct moxd_str s = it->rest;

    *out = (struct moxd_hdraddr){ .kind = MOXD_HDRADDR_MAILBOX };
    if (!take_spec(&s, out)) {
        s = it->rest;
        if (!take_named(&s, out))
            return false;
    }
    (void)take(&s, span(s, BLANK));
    if (s.n > 0 && s.p[0] != ',')
        return false;
    it->rest = s;
    return true;
}
