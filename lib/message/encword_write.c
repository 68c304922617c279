/* Writes encoded words: RFC 2047 2 and 4. */
#include <moxmail/encword.h>

#include <moxd/enc.h>
#include <moxmail/charset.h>

static const char word_start_q[] = "=?UTF-8?Q?", word_start_b[] = "=?UTF-8?B?", word_end[] = "?=";
enum { FRAME = sizeof(word_start_q) - 1 + sizeof(word_end) - 1 };

static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f;
}

/* What may stand unencoded in Q wherever the word stands, phrases included (RFC 2047 5 (3)). */
static bool q_safe(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) || (c && strchr("!*+-/", c));
}

static size_t q_len(struct moxd_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += q_safe(s.p[i]) || s.p[i] == ' ' ? 1 : 3;
    return n;
}

static void add_q_word(struct moxd_buf *out, struct moxd_str s)
{
    moxd_buf_adds(out, word_start_q);
    for (size_t i = 0; i < s.n; i++) {
        if (q_safe(s.p[i]))
            moxd_buf_addc(out, s.p[i]);
        else if (s.p[i] == ' ')
            moxd_buf_addc(out, '_');
        else
            moxd_buf_addf(out, "=%02X", (unsigned char)s.p[i]);
    }
    moxd_buf_adds(out, word_end);
}

static void add_b_word(struct moxd_buf *out, struct moxd_str s)
{
    moxd_buf_adds(out, word_start_b);
    moxd_b64_encode(out, s);
    moxd_buf_adds(out, word_end);
}

static size_t char_len(struct moxd_str s)
{
    size_t n = 1;
    while (n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
        n++;
    return n;
}

/* How many bytes at the start of s, whole characters, fit into `room` encoded bytes. */
static size_t fitting(struct moxd_str s, bool q, size_t room)
{
    size_t n = 0;
    while (n < s.n) {
        size_t more = n + char_len(moxd_str_from(s, n));
        size_t len = q ? q_len(moxd_str_sub(s, 0, more)) : (more + 2) / 3 * 4;
        if (len > room)
            break;
        n = more;
    }
    return n;
}

static size_t room_at(size_t column)
{
    size_t room = column + FRAME < MOXD_ENCWORD_LINE ? MOXD_ENCWORD_LINE - column - FRAME : 0;
    return room < MOXD_ENCWORD_MAX - FRAME ? room : MOXD_ENCWORD_MAX - FRAME;
}

static void add_words(struct moxd_buf *out, struct moxd_str s, size_t column)
{
    bool q = q_len(s) <= (s.n + 2) / 3 * 4;
    while (s.n > 0) {
        size_t n = fitting(s, q, room_at(column));
        if (n > 0 && q)
            add_q_word(out, moxd_str_sub(s, 0, n));
        else if (n > 0)
            add_b_word(out, moxd_str_sub(s, 0, n));
        s = moxd_str_from(s, n);
        if (s.n > 0)
            moxd_buf_adds(out, "\r\n ");
        column = 1;
    }
}

/* The first and last byte that need encoding decide; words of plain text around them stay. */
static void find_span(struct moxd_str s, size_t *from, size_t *to)
{
    *from = s.n, *to = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool looks_encoded = s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?';
        if (is_plain(s.p[i]) && !looks_encoded)
            continue;
        *from = i < *from ? i : *from;
        *to = i + 1;
    }
    while (*from > 0 && *from < s.n && s.p[*from - 1] != ' ')
        --*from;
    while (*to > 0 && *to < s.n && s.p[*to] != ' ')
        ++*to;
}

void moxd_encword_encode(struct moxd_buf *out, struct moxd_str text, size_t column, bool phrase)
{
    struct moxd_buf clean = MOXD_BUF_INIT(3 * text.n + 1);
    moxd_utf8_repair(&clean, text, true);
    for (size_t i = 0; i < clean.n; i++)
        if ((unsigned char)clean.p[i] < 0x20 || clean.p[i] == 0x7f)
            clean.p[i] = ' ';
    struct moxd_str s = moxd_buf_str(&clean);
    size_t from, to;
    find_span(s, &from, &to);
    if (phrase && from < to)
        from = 0, to = s.n;
    moxd_buf_addstr(out, moxd_str_sub(s, 0, from));
    if (from < to) {
        add_words(out, moxd_str_sub(s, from, to - from), column + from);
        moxd_buf_addstr(out, moxd_str_from(s, to));
    }
    moxd_buf_fini(&clean);
}
