/* ISO-2022-JP (RFC 1468) as it is sent: with half-width kana, vendors' characters, and lines that
 * forget to switch back to ASCII. */
#include "charset_jis.h"

enum { ASCII, KANA, KANJI };

static const struct {
    char escape[3]; /* behind ESC */
    uint8_t n, set;
} escapes[] = {
    { "(B", 2, ASCII }, { "(J", 2, ASCII }, { "(I", 2, KANA },
    { "$B", 2, KANJI }, { "$@", 2, KANJI },
};

/* JIS X 0208 row and cell to the two bytes of Shift_JIS. */
static size_t put_kanji(unsigned char row, unsigned char cell, char *out)
{
    unsigned lead = (row - 0x21u) / 2 + 0x81;
    unsigned trail = row & 1 ? cell + (cell < 0x60 ? 0x1Fu : 0x20u) : cell + 0x7Eu;
    out[0] = (char)(lead < 0xA0 ? lead : lead + 0x40);
    out[1] = (char)trail;
    return 2;
}

/* Gives out what is held as it stands. */
static size_t release(struct moxd_jis *j, char *out)
{
    size_t n = j->nheld;
    memcpy(out, j->held, n);
    j->nheld = 0;
    return n;
}

/* Takes a byte of an escape sequence. */
static size_t on_escape(struct moxd_jis *j, char c, char *out)
{
    j->held[j->nheld++] = c;
    for (size_t i = 0; i < MOXD_NELEMS(escapes); i++) {
        size_t n = j->nheld - 1u;
        if (memcmp(escapes[i].escape, j->held + 1, n) != 0)
            continue;
        if (n == escapes[i].n) {
            j->set = escapes[i].set;
            j->nheld = 0;
        }
        return 0;
    }
    return release(j, out);
}

static bool is_graphic(char c)
{
    return c > 0x20 && c < 0x7F;
}

static size_t on_byte(struct moxd_jis *j, char c, char *out)
{
    size_t n = 0;
    if (j->nheld > 0 && j->held[0] == '\x1B')
        return on_escape(j, c, out);
    if (j->nheld > 0 && is_graphic(c)) {
        n = put_kanji((unsigned char)j->held[0], (unsigned char)c, out);
        j->nheld = 0;
        return n;
    }
    n = release(j, out);
    if (c == '\n')
        j->set = ASCII; /* RFC 1468: each line ends in ASCII */
    if (c == '\x1B' || (j->set == KANJI && is_graphic(c)))
        j->held[j->nheld++] = c;
    else
        out[n++] = j->set == KANA && is_graphic(c) ? (char)(c | 0x80) : c;
    return n;
}

size_t mail_jis_to_sjis(struct moxd_jis *j, struct moxd_str in, bool last, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++)
        n += on_byte(j, in.p[i], out + n);
    return last ? n + release(j, out + n) : n;
}
