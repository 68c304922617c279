/* The lines of a preview: which count, and how they are joined. */
#include "preview.h"

#include <moxmail/preview.h>

#include <stdlib.h>
#include <unigbrk.h>
#include <uninorm.h>
#include <unistr.h>

enum {
    SHORT_END = 24,  /* bytes of the second line of "On ..., ... <...>" / "wrote:" */
    ARMOR_LINES = 5, /* unused header lines of a signed text */
};
static const char mark[] = "[...]";

void mail_preview_init(struct mail_preview *p)
{
    *p = (struct mail_preview){ 0 };
    moxd_buf_init(&p->text, MAIL_PREVIEW_TEXT + (MAIL_PREVIEW_HELD + 1) * MAIL_PREVIEW_LINE);
    moxd_buf_init(&p->line, MAIL_PREVIEW_LINE);
    for (size_t i = 0; i < MAIL_PREVIEW_HELD; i++)
        moxd_buf_init(&p->held[i], MAIL_PREVIEW_LINE);
}

void mail_preview_fini(struct mail_preview *p)
{
    moxd_buf_fini(&p->text);
    moxd_buf_fini(&p->line);
    for (size_t i = 0; i < MAIL_PREVIEW_HELD; i++)
        moxd_buf_fini(&p->held[i]);
}

/* --- characters -------------------------------------------------------------------------------- */

enum kind { SHOWN, BLANK, JOINER, UNSEEN };

/* Characters that only fill or steer are what senders pad a hidden first line with. */
static enum kind kind_of(ucs4_t c)
{
    if (c <= 0x20 || c == 0x7F || (c >= 0x80 && c <= 0xA0) || c == 0x1680 ||
        (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
        c == 0x3000)
        return BLANK;
    if (c == 0x200C || c == 0x200D)
        return JOINER;
    bool unseen = c == 0xAD || c == 0x34F || c == 0x61C || c == 0x115F || c == 0x1160 ||
                  (c >= 0x17B4 && c <= 0x17B5) || (c >= 0x180B && c <= 0x180F) || c == 0x200B ||
                  c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                  (c >= 0x2060 && c <= 0x206F) || c == 0x3164 || c == 0xFEFF || c == 0xFFA0 ||
                  (c >= 0xFFF0 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
    return unseen ? UNSEEN : SHOWN;
}

static bool after_blank(const struct moxd_buf *b)
{
    return b->n == 0 || b->p[b->n - 1] == ' ';
}

void mail_preview_add(struct mail_preview *p, struct moxd_str utf8)
{
    const uint8_t *s = (const uint8_t *)utf8.p;
    ucs4_t c;

    for (size_t i = 0; i < utf8.n && p->line.n + 4 <= MAIL_PREVIEW_LINE;) {
        int n = u8_mbtouc(&c, s + i, utf8.n - i);
        enum kind kind = kind_of(c);
        if (kind == SHOWN || (kind == JOINER && !after_blank(&p->line)))
            moxd_buf_add(&p->line, utf8.p + i, (size_t)n);
        else if (kind == BLANK && !after_blank(&p->line))
            moxd_buf_addc(&p->line, ' ');
        i += (size_t)n;
    }
}

/* --- what lines mean --------------------------------------------------------------------------- */

/* Rows of such characters separate. */
static bool decorates(struct moxd_str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (!strchr("-=_*#~+.:| ", line.p[i]) || line.p[i] == '\0')
            return false;
    return true;
}

/* "-----Original Message-----" and its like, with any number of dashes. */
static bool begins_old(struct moxd_str line)
{
    static const char *const words[] = { "original message", "forwarded message",
                                         "original appointment" };
    if (!moxd_str_starts(line, MOXD_STR("--")))
        return false;
    while (line.n > 0 && (line.p[0] == '-' || line.p[0] == ' '))
        line = moxd_str_from(line, 1);
    while (line.n > 0 && (line.p[line.n - 1] == '-' || line.p[line.n - 1] == ' '))
        line.n--;
    for (size_t i = 0; i < MOXD_NELEMS(words); i++)
        if (moxd_str_caseeqs(line, words[i]))
            return true;
    return false;
}

/* An address or a year: what an announcement of a quotation has. */
static bool names_somebody(struct moxd_str line)
{
    unsigned digits = 0;
    for (size_t i = 0; i < line.n; i++) {
        digits = moxd_is_digit(line.p[i]) ? digits + 1 : 0;
        if (digits == 4 || line.p[i] == '@')
            return true;
    }
    return false;
}

/* --- joining ----------------------------------------------------------------------------------- */

static void append(struct mail_preview *p, struct moxd_str s)
{
    if (s.n == 0)
        return;
    if (p->text.n > 0)
        moxd_buf_addc(&p->text, ' ');
    moxd_buf_addstr(&p->text, s);
    p->marked = false;
    p->done |= p->text.n >= MAIL_PREVIEW_TEXT;
}

static void append_mark(struct mail_preview *p)
{
    if (p->marked)
        return;
    append(p, MOXD_STR(mark));
    p->marked = true;
}

static void release(struct mail_preview *p)
{
    for (unsigned i = 0; i < p->nheld; i++)
        append(p, moxd_buf_str(&p->held[i]));
    p->nheld = 0;
}

static void hold(struct mail_preview *p, struct moxd_str line)
{
    if (p->nheld == MAIL_PREVIEW_HELD) {
        struct moxd_buf first = p->held[0];
        append(p, moxd_buf_str(&first));
        memmove(&p->held[0], &p->held[1], (MAIL_PREVIEW_HELD - 1) * sizeof(first));
        p->held[MAIL_PREVIEW_HELD - 1] = first;
        p->nheld--;
    }
    struct moxd_buf *b = &p->held[p->nheld++];
    moxd_buf_reset(b);
    moxd_buf_addstr(b, line);
}

/* "On Monday Ann wrote:" belongs to the quotation; it may take two lines. */
static void drop_announcement(struct mail_preview *p)
{
    struct moxd_str last = p->nheld > 0 ? moxd_buf_str(&p->held[p->nheld - 1]) : MOXD_STR("");

    if (!moxd_str_ends(last, MOXD_STR(":")))
        return;
    p->nheld--;
    if (p->nheld > 0 && last.n <= SHORT_END && !names_somebody(last) &&
        names_somebody(moxd_buf_str(&p->held[p->nheld - 1])))
        p->nheld--;
}

void mail_preview_rest_quoted(struct mail_preview *p)
{
    drop_announcement(p);
    release(p);
    append_mark(p);
    p->done = true;
}

void mail_preview_end(struct mail_preview *p)
{
    struct moxd_str line = moxd_str_trim(moxd_buf_str(&p->line));

    if (p->done || line.n == 0) {
        moxd_buf_reset(&p->line);
        return;
    }
    if (p->quoted) {
        drop_announcement(p);
        release(p);
        append_mark(p);
    } else if (begins_old(line)) {
        mail_preview_rest_quoted(p);
    } else if (!decorates(line)) {
        hold(p, line);
    }
    moxd_buf_reset(&p->line);
}

/* At most MOXD_PREVIEW_MAX characters, not cut inside of what is seen as one. */
static size_t cut(const uint8_t *s, size_t n)
{
    const uint8_t *end = s, *next = s, *stop = s + n;
    size_t chars = 0;

    while (next < stop) {
        next = u8_grapheme_next(end, stop);
        chars += u8_mbsnlen(end, (size_t)(next - end));
        if (chars > MOXD_PREVIEW_MAX)
            break;
        end = next;
    }
    while (end > s && end[-1] == ' ')
        end--;
    return (size_t)(end - s);
}

void mail_preview_finish(struct mail_preview *p, struct moxd_buf *out)
{
    size_t n = 0;

    mail_preview_end(p);
    release(p);
    uint8_t *s =
        u8_normalize(UNINORM_NFC, (const uint8_t *)moxd_buf_cstr(&p->text), p->text.n, NULL, &n);
    if (s != NULL)
        moxd_buf_add(out, s, cut(s, n));
    free(s);
}

/* --- text/plain -------------------------------------------------------------------------------- */

/* What an OpenPGP text begins with (RFC 9580 6, 7): 1 for what cannot be read, -1 for a signature
 * around readable text. */
static int armored(struct moxd_str line)
{
    if (moxd_str_eq(line, MOXD_STR("-----BEGIN PGP MESSAGE-----")))
        return 1;
    return moxd_str_eq(line, MOXD_STR("-----BEGIN PGP SIGNED MESSAGE-----")) ? -1 : 0;
}

/* Armor headers end at an empty line. */
static void skip_armor_headers(struct moxd_str *text)
{
    for (int i = 0; i < ARMOR_LINES && text->n > 0; i++)
        if (moxd_str_trim(moxd_str_cut(text, '\n')).n == 0)
            return;
}

void mail_preview_plain(struct mail_preview *p, struct moxd_str text)
{
    while (text.n > 0 && !p->done) {
        struct moxd_str line = moxd_str_cut(&text, '\n'), body = moxd_str_trim(line);
        if (moxd_str_starts(line, MOXD_STR("-- ")) && body.n == 2) /* RFC 3676 4.3 */
            return;
        int armor = armored(body);
        if (armor > 0)
            return;
        if (armor < 0) {
            skip_armor_headers(&text);
            continue;
        }
        p->quoted = body.n > 0 && body.p[0] == '>';
        mail_preview_add(p, line);
        mail_preview_end(p);
    }
}
