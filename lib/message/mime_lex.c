/* Tokens of MIME header fields. */
#include "mime_lex.h"
#include "chars.h"

size_t mail_comment_length(struct moxd_str s)
{
    size_t depth = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.n;
}

void mail_skip_cfws(struct moxd_str *s)
{
    while (s->n > 0) {
        if (mail_is_blank(s->p[0]))
            *s = moxd_str_from(*s, 1);
        else if (s->p[0] == '(')
            *s = moxd_str_from(*s, mail_comment_length(*s));
        else
            return;
    }
}

/* token of RFC 2045 5.1; bytes above 127 are let through. */
static bool is_token(char c)
{
    return ((unsigned char)c > 32 && c != 127) && !strchr("()<>@,;:\\\"/[]?=", c);
}

struct moxd_str mail_take_token(struct moxd_str *s)
{
    size_t n = 0;
    while (n < s->n && is_token(s->p[n]))
        n++;
    struct moxd_str token = moxd_str(s->p, n);
    *s = moxd_str_from(*s, n);
    return token;
}

/* At a '"'. A string without its closing quote goes up to the end. */
static struct moxd_str take_quoted(struct moxd_str *s, struct moxd_arena *a)
{
    char *out = moxd_arena_alloc(a, s->n);
    size_t n = 0, i = 1;
    for (; i < s->n && s->p[i] != '"'; i++) {
        if (s->p[i] == '\\' && i + 1 < s->n)
            i++;
        if (s->p[i] != '\r' && s->p[i] != '\n')
            out[n++] = s->p[i];
    }
    *s = moxd_str_from(*s, i + 1);
    return moxd_str(out, n);
}

struct moxd_str mail_take_value(struct moxd_str *s, struct moxd_arena *a)
{
    if (s->n > 0 && s->p[0] == '"')
        return take_quoted(s, a);
    size_t n = 0;
    while (n < s->n && s->p[n] != ';' && !(s->p[n] == '(' && n > 0 && mail_is_blank(s->p[n - 1])))
        n++;
    struct moxd_str value = moxd_str_trim(moxd_str(s->p, n));
    *s = moxd_str_from(*s, n);
    return value;
}

struct moxd_str mail_without_nul(struct moxd_arena *a, struct moxd_str v)
{
    char *p = moxd_arena_cstr(a, v);
    for (size_t i = 0; i < v.n; i++)
        p[i] = p[i] ? p[i] : ' ';
    return moxd_str(p, v.n);
}
