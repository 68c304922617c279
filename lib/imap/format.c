/* What the server writes: dates, strings, sections. */
#include <moxd/buf.h>
#include <moxd/clock.h>
#include <moxmail/date.h>
#include <moxmail/imap_syntax.h>

const char *moxd_imap_date_format(struct moxd_imap_date d, char out[32])
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(31);
    int64_t sec = d.ns / MOXD_SEC - (d.ns % MOXD_SEC < 0);
    moxd_buf_addc(&b, '"');
    moxd_date_put_imap(&b, (struct moxd_date){ .sec = sec, .zone = d.zone });
    moxd_buf_addc(&b, '"');
    (void)!moxd_str_copy(moxd_buf_str(&b), out, 32);
    return out;
}

/* Long strings go out as literals: some clients limit the length of a line. */
enum { QUOTED_MAX = 1000 };

/* How a string can be written. */
enum shape { PLAIN, ESCAPED, LITERAL };

static enum shape shape_of(struct moxd_str s, bool utf8)
{
    enum shape shape = PLAIN;
    unsigned char all = 0;

    if (s.n > QUOTED_MAX)
        return LITERAL;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        all |= c;
        if (c == '\r' || c == '\n' || c == '\0')
            return LITERAL;
        if (c == '"' || c == '\\')
            shape = ESCAPED;
    }
    return all < 0x80 || (utf8 && moxd_str_is_utf8(s)) ? shape : LITERAL;
}

void moxd_imap_put_string(struct moxd_buf *b, struct moxd_str s, bool utf8)
{
    if (!s.p) {
        moxd_buf_add(b, "NIL", 3);
        return;
    }
    enum shape shape = shape_of(s, utf8);
    if (shape == LITERAL) {
        moxd_buf_addf(b, "{%zu}\r\n", s.n);
        moxd_buf_addstr(b, s);
        return;
    }
    moxd_buf_addc(b, '"');
    if (shape == PLAIN)
        moxd_buf_addstr(b, s);
    for (size_t i = 0; shape == ESCAPED && i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\')
            moxd_buf_addc(b, '\\');
        moxd_buf_addc(b, s.p[i]);
    }
    moxd_buf_addc(b, '"');
}

static bool is_atom(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= 0x20 || c >= 0x7f || strchr("(){%*\"\\", c))
            return false;
    }
    return s.n > 0 && !moxd_str_caseeqs(s, "NIL");
}

void moxd_imap_put_astring(struct moxd_buf *b, struct moxd_str s, bool utf8)
{
    if (is_atom(s))
        moxd_buf_addstr(b, s);
    else
        moxd_imap_put_string(b, s, utf8);
}

static void put_range(struct moxd_imap_set_out *o)
{
    if (o->first == 0)
        return;
    moxd_buf_addf(o->b, "%s%u", o->any ? "," : "", o->first);
    if (o->last > o->first)
        moxd_buf_addf(o->b, ":%u", o->last);
    o->any = true;
}

void moxd_imap_set_add(struct moxd_imap_set_out *o, uint32_t first, uint32_t last)
{
    moxd_assert(first > 0 && first <= last);
    if (o->first > 0 && first == o->last + 1) {
        o->last = last;
        return;
    }
    put_range(o);
    o->first = first;
    o->last = last;
}

void moxd_imap_set_end(struct moxd_imap_set_out *o)
{
    put_range(o);
    o->first = o->last = 0;
    o->any = false;
}

void moxd_imap_put_section(struct moxd_buf *b, const struct moxd_imap_section *s)
{
    static const char *const texts[] = { "", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT",
                                         "MIME" };

    moxd_buf_addc(b, '[');
    for (size_t i = 0; i < s->nparts; i++)
        moxd_buf_addf(b, "%s%u", i ? "." : "", s->part[i]);
    if (s->nparts > 0 && s->text != MOXD_IMAP_TEXT_ALL)
        moxd_buf_addc(b, '.');
    moxd_buf_adds(b, texts[s->text]);
    for (size_t i = 0; i < s->fields.n; i++) {
        moxd_buf_adds(b, i ? " " : " (");
        moxd_imap_put_astring(b, s->fields.v[i], false);
    }
    moxd_buf_adds(b, s->fields.n ? ")]" : "]");
}
