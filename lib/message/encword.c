/* Decodes encoded words in header text: RFC 2047. */
#include <moxmail/encword.h>

#include <moxmail/charset.h>
#include <moxmail/transfer.h>

#include "chars.h"

enum {
    CHARSET_LANG_MAX = 128, /* bytes of charset*language; longer is no encoded word */
    CONVERTERS_MAX = 100,   /* changes of charset in one text; words after that stay as they are */
};

struct word {
    struct moxd_str charset;
    bool base64;
    struct moxd_str text;
    size_t len; /* of the whole word */
};

struct decoder {
    struct moxd_buf *out;
    struct moxd_buf raw;     /* bytes of the words that are not yet converted */
    struct moxd_str charset; /* of those bytes, and of conv */
    struct moxd_charset conv;
    unsigned converters; /* opened so far */
};

/* End of the encoded text at p: the index of its "?=". A "=?" before that begins another word, so
 * this one is broken. -1 then, and when there is no end. Looks at no byte beyond the next "=?",
 * which keeps the whole decoding linear. */
static ptrdiff_t text_end(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        ptrdiff_t q = moxd_str_chr(moxd_str_from(s, i), '?');
        if (q < 0)
            return -1;
        i += (size_t)q;
        if (i + 1 < s.n && s.p[i + 1] == '=')
            return (ptrdiff_t)i;
        if (i > 0 && s.p[i - 1] == '=')
            return -1;
    }
    return -1;
}

/* encoded-word = "=?" charset ["*" language] "?" encoding "?" encoded-text "?=" */
static bool parse_word(struct moxd_str s, struct word *w)
{
    size_t n = 2;
    while (n < s.n && n < CHARSET_LANG_MAX && s.p[n] != '?' && s.p[n] != '=' &&
           !mail_is_blank(s.p[n]))
        n++;
    if (n == 2 || n + 3 >= s.n || s.p[n] != '?' || s.p[n + 2] != '?')
        return false;
    char encoding = moxd_lower(s.p[n + 1]);
    if (encoding != 'b' && encoding != 'q')
        return false;
    struct moxd_str rest = moxd_str_from(s, n + 3), charset = moxd_str_sub(s, 2, n - 2);
    ptrdiff_t end = text_end(rest);
    if (end < 0)
        return false;
    w->charset = moxd_str_cut(&charset, '*'); /* RFC 2231 5 */
    w->base64 = encoding == 'b';
    w->text = moxd_str_sub(rest, 0, (size_t)end);
    w->len = n + 3 + (size_t)end + 2;
    return true;
}

static void add_q(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool code =
            s.p[i] == '=' && i + 2 < s.n && mail_hex(s.p[i + 1]) >= 0 && mail_hex(s.p[i + 2]) >= 0;
        if (code) {
            moxd_buf_addc(b, (char)(mail_hex(s.p[i + 1]) << 4 | mail_hex(s.p[i + 2])));
            i += 2;
        } else {
            moxd_buf_addc(b, s.p[i] == '_' ? ' ' : s.p[i]);
        }
    }
}

static void add_b(struct moxd_buf *b, struct moxd_str s)
{
    struct moxd_transfer t;
    moxd_transfer_init(&t, MOXD_CTE_BASE64);
    char *room = moxd_buf_room(b, s.n + MOXD_TRANSFER_SLACK);
    if (room)
        moxd_buf_grew(b, moxd_transfer_write(&t, s, true, room));
}

/* Line ends and other control characters, except tabs, would break what the text is put into. */
static void blank_controls(struct moxd_buf *out, size_t from)
{
    for (size_t i = from; i < out->n; i++)
        if (((unsigned char)out->p[i] < 0x20 && out->p[i] != '\t') || out->p[i] == 0x7f)
            out->p[i] = ' ';
}

static void flush(struct decoder *d)
{
    size_t from = d->out->n;
    if (d->raw.n > 0)
        moxd_charset_write(&d->conv, moxd_buf_str(&d->raw), true, d->out);
    moxd_buf_reset(&d->raw);
    blank_controls(d->out, from);
}

/* Literal text: bytes that are not UTF-8 are what old mailers in the west wrote. */
static void add_literal(struct decoder *d, struct moxd_str s)
{
    size_t from = d->out->n;
    if (s.n == 0)
        return;
    if (moxd_str_is_utf8(s))
        moxd_buf_addstr(d->out, s);
    else
        moxd_charset_to_utf8(d->out, MOXD_STR("windows-1252"), s);
    blank_controls(d->out, from);
}

static void add_word(struct decoder *d, const struct word *w)
{
    bool same = d->converters > 0 && moxd_str_caseeq(d->charset, w->charset);
    /* Each word of UTF-7 stands alone: joined, the shifts of one would be text of the other. */
    if (!same || moxd_str_caseeqs(w->charset, "utf-7"))
        flush(d);
    if (!same) {
        if (d->converters++ > 0)
            moxd_charset_fini(&d->conv);
        moxd_charset_init(&d->conv, w->charset);
        d->charset = w->charset;
    }
    if (w->base64)
        add_b(&d->raw, w->text);
    else
        add_q(&d->raw, w->text);
}

static void decode(struct decoder *d, struct moxd_str text)
{
    size_t i = 0, literal = 0; /* text from literal to i is not yet given out */
    bool after_word = false;
    struct word w;
    while (i < text.n) {
        ptrdiff_t at = moxd_str_find(moxd_str_from(text, i), MOXD_STR("=?"));
        if (at < 0 || d->converters >= CONVERTERS_MAX)
            break;
        i += (size_t)at;
        if (!parse_word(moxd_str_from(text, i), &w)) {
            i += 2;
            continue;
        }
        struct moxd_str between = moxd_str_sub(text, literal, i - literal);
        if (!after_word || moxd_str_trim(between).n > 0) {
            flush(d);
            add_literal(d, between);
        }
        add_word(d, &w);
        after_word = true;
        literal = i += w.len;
    }
    flush(d);
    add_literal(d, moxd_str_from(text, literal));
}

void moxd_encword_decode(struct moxd_buf *out, struct moxd_str text)
{
    struct decoder d = { .out = out };
    moxd_buf_init(&d.raw, text.n + MOXD_TRANSFER_SLACK + 1);
    decode(&d, text);
    if (d.converters > 0)
        moxd_charset_fini(&d.conv);
    moxd_buf_fini(&d.raw);
}
