/* Text to tokens. Every byte that is no token is a blank, a comment or an error with a position. */
#include "config/conf.h"

#include <stdio.h>

void conf_lex_init(struct conf_lexer *lx, const char *file, struct moxd_str src,
                   struct moxd_arena *a, struct moxd_problems *out)
{
    *lx = (struct conf_lexer){
        .src = src, .line = 1, .file = file, .a = a, .out = out, .first = true
    };
    if (moxd_str_starts(src, MOXD_STR("\xef\xbb\xbf"))) /* byte order mark of some editors */
        lx->at = lx->line_start = 3;
}

static int peek(const struct conf_lexer *lx)
{
    return lx->at < lx->src.n ? (unsigned char)lx->src.p[lx->at] : -1;
}

static struct moxd_pos pos_of(const struct conf_lexer *lx, size_t at)
{
    return (struct moxd_pos){ lx->file, lx->line, (unsigned)(at - lx->line_start) + 1 };
}

static void new_line(struct conf_lexer *lx)
{
    lx->at++;
    lx->line++;
    lx->line_start = lx->at;
    lx->first = true;
}

static void skip_blanks(struct conf_lexer *lx)
{
    for (int c; (c = peek(lx)) >= 0;) {
        if (c == '\n')
            new_line(lx);
        else if (c == ' ' || c == '\t' || c == '\r')
            lx->at++;
        else if (c == '#')
            while ((c = peek(lx)) >= 0 && c != '\n')
                lx->at++;
        else
            return;
    }
}

/* Bare words: names, numbers, units, addresses, paths. What else they are made of must be quoted. */
static bool is_word(int c)
{
    return c > ' ' && c < 0x7f && !strchr("{}[]=,\"#\\;'`", c);
}

static void bad(struct conf_lexer *lx, struct conf_token *tok, struct moxd_pos pos,
                const char *hint, const char *text)
{
    tok->kind = TOK_BAD;
    moxd_problem(lx->out, pos, hint, "%s", text);
}

/* The escape whose backslash is at lx->at; adds what it stands for. */
static int unescape(struct conf_lexer *lx, struct moxd_buf *text)
{
    static const char from[] = "\"\\nt", to[] = "\"\\\n\t";
    int c = lx->at + 1 < lx->src.n ? (unsigned char)lx->src.p[lx->at + 1] : 0;
    const char *at = c ? strchr(from, c) : NULL;

    if (!at) {
        moxd_problem(lx->out, pos_of(lx, lx->at), "known are \\\" \\\\ \\n \\t",
                     "unknown escape sequence in string");
        return -1;
    }
    moxd_buf_addc(text, to[at - from]);
    lx->at += 2;
    return 0;
}

/* Takes one character of a string; -1 after reporting one that may not be there. */
static int string_char(struct conf_lexer *lx, int c, struct moxd_buf *text)
{
    int rc = 0;

    if (c == '\\' && unescape(lx, text) == 0)
        return 0;
    if (c == '\\')
        rc = -1;
    else if ((c < ' ' && c != '\t') || c == 0x7f) {
        moxd_problem(lx->out, pos_of(lx, lx->at), NULL, "control character 0x%02x in string", c);
        rc = -1;
    }
    moxd_buf_addc(text, (char)c);
    lx->at++;
    return rc;
}

/* Whether the line has nothing more than its end. */
static bool at_line_end(const struct conf_lexer *lx)
{
    struct moxd_str rest = moxd_str_sub(lx->src, lx->at, 2);

    return rest.n == 0 || rest.p[0] == '\n' || moxd_str_eq(rest, MOXD_STR("\r\n"));
}

/* Reads up to the closing quote; false when the line ends first. */
static bool string_text(struct conf_lexer *lx, struct moxd_buf *text, bool *ok)
{
    while (!at_line_end(lx)) {
        int c = peek(lx);

        if (c == '"') {
            lx->at++;
            return true;
        }
        if (string_char(lx, c, text) < 0)
            *ok = false;
    }
    return false;
}

static void lex_string(struct conf_lexer *lx, struct conf_token *tok)
{
    struct moxd_buf text = MOXD_BUF_INIT(CONF_VALUE_MAX);
    bool ok = true;

    tok->kind = TOK_STRING;
    lx->at++;
    if (!string_text(lx, &text, &ok))
        bad(lx, tok, tok->pos, "strings end on their line; \\n stands for a line end",
            "string without closing quote");
    else if (text.overflow)
        bad(lx, tok, tok->pos, NULL, "string is too long");
    else if (!ok)
        tok->kind = TOK_BAD;
    tok->text = moxd_str(moxd_arena_cstr(lx->a, moxd_buf_str(&text)), text.n);
    moxd_buf_fini(&text);
}

static void lex_word(struct conf_lexer *lx, struct conf_token *tok)
{
    while (is_word(peek(lx)))
        lx->at++;
    tok->kind = TOK_WORD;
    tok->text = moxd_str_sub(lx->src, tok->start, lx->at - tok->start);
    if (tok->text.n > CONF_VALUE_MAX)
        bad(lx, tok, tok->pos, NULL, "word is too long");
}

/* Skips up to the next blank or mark, so that one mistake gives one error. */
static void lex_bad(struct conf_lexer *lx, struct conf_token *tok)
{
    char text[64];
    int c = peek(lx);

    snprintf(text, sizeof(text),
             c > ' ' && c < 0x7f ? "unexpected character %c" : "unexpected byte 0x%02x", c);
    bad(lx, tok, tok->pos, "write values with special characters in double quotes", text);
    while ((c = peek(lx)) >= 0 && !strchr(" \t\r\n{}[]=,\"#", c))
        lx->at++;
    if (lx->at == tok->start)
        lx->at++;
}

void conf_lex_next(struct conf_lexer *lx, struct conf_token *tok)
{
    static const char marks[] = "={}[],";
    static const enum conf_token_kind kinds[] = { TOK_EQUALS, TOK_OPEN,    TOK_CLOSE,
                                                  TOK_LIST,   TOK_LISTEND, TOK_COMMA };
    skip_blanks(lx);
    int c = peek(lx);
    const char *mark = c > 0 ? strchr(marks, c) : NULL;

    *tok = (struct conf_token){ .start = lx->at, .pos = pos_of(lx, lx->at), .first = lx->first };
    lx->first = false;
    if (mark) {
        tok->kind = kinds[mark - marks];
        lx->at++;
    } else if (c == '"') {
        lex_string(lx, tok);
    } else if (is_word(c)) {
        lex_word(lx, tok);
    } else if (c >= 0) {
        lex_bad(lx, tok);
    }
    tok->end = lx->at;
}
