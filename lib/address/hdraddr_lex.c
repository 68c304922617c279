/* Lexical elements of structured header fields. */
#include "hdraddr_lex.h"

#include <string.h>

bool mail_lex_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_special(char c)
{
    return c != '\0' && strchr("()<>[]:;@\\,.\"", c) != NULL;
}

/* The byte at *i, or the one it quotes; CR and LF are part of folding, so they are no content. */
static void add_content(struct moxd_str s, size_t *i, struct moxd_buf *out)
{
    if (s.p[*i] == '\\' && *i + 1 < s.n)
        ++*i;
    if (s.p[*i] != '\r' && s.p[*i] != '\n')
        moxd_buf_addc(out, s.p[*i]);
}

void mail_lex_comment(struct moxd_str *s, struct moxd_buf *out)
{
    size_t depth = 1, i = 1;
    moxd_buf_reset(out);
    for (; i < s->n; i++) {
        depth += s->p[i] == '(';
        depth -= s->p[i] == ')';
        if (depth == 0)
            break;
        add_content(*s, &i, out);
    }
    *s = moxd_str_from(*s, i + 1);
}

bool mail_lex_quoted(struct moxd_str *s, struct moxd_buf *out)
{
    size_t i = 1;
    for (; i < s->n && s->p[i] != '"'; i++)
        add_content(*s, &i, out);
    bool closed = i < s->n;
    *s = moxd_str_from(*s, i + 1);
    return closed;
}

bool mail_lex_literal(struct moxd_str *s, struct moxd_buf *out)
{
    size_t i = 1;
    moxd_buf_addc(out, '[');
    for (; i < s->n && s->p[i] != ']'; i++)
        if (!mail_lex_is_blank(s->p[i]))
            add_content(*s, &i, out);
    bool closed = i < s->n;
    moxd_buf_addc(out, ']');
    *s = moxd_str_from(*s, i + 1);
    return closed;
}

/* Bytes up to the next "?" that may be in an encoded word, and that "?"; 0 when a blank comes first. */
static size_t to_question_mark(struct moxd_str s, size_t i)
{
    while (i < s.n && s.p[i] != '?' && !mail_lex_is_blank(s.p[i]))
        i++;
    return i < s.n && s.p[i] == '?' ? i + 1 : 0;
}

/* encoded-word = "=?" charset "?" encoding "?" encoded-text "?="; 0 when there is none. Some write
 * commas and the like into it that RFC 2047 5 forbids. */
static size_t encoded_word_length(struct moxd_str s)
{
    if (!moxd_str_starts(s, MOXD_STR("=?")))
        return 0;
    size_t i = 2;
    for (int part = 0; part < 3; part++) {
        i = to_question_mark(s, i);
        if (i == 0)
            return 0;
    }
    return i < s.n && s.p[i] == '=' ? i + 1 : 0;
}

struct moxd_str mail_lex_atom(struct moxd_str *s)
{
    size_t n = encoded_word_length(*s);
    if (n == 0)
        for (n = 1; n < s->n && !is_special(s->p[n]) && !mail_lex_is_blank(s->p[n]);)
            n++;
    struct moxd_str atom = moxd_str_sub(*s, 0, n);
    *s = moxd_str_from(*s, n);
    return atom;
}
