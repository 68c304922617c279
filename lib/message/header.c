/* Header fields in memory. */
#include <moxmail/header.h>

#include <moxmail/encword.h>

#include "chars.h"
#include "fields.h"

/* ftext = %d33-57 / %d59-126 (RFC 5322 3.6.8) */
static bool is_ftext(char c)
{
    return c > 32 && c < 127 && c != ':';
}

struct moxd_str moxd_field_name(struct moxd_str line)
{
    size_t n = 0, max = line.n < MOXD_FIELD_NAME_MAX ? line.n : MOXD_FIELD_NAME_MAX;
    while (n < max && is_ftext(line.p[n]))
        n++;
    size_t colon = n;
    while (colon < line.n && mail_is_wsp(line.p[colon]))
        colon++;
    if (n == 0 || colon == line.n || line.p[colon] != ':')
        return moxd_str(NULL, 0);
    return moxd_str(line.p, n);
}

/* Length of the line at the start of s, with its line end. */
static size_t line_len(struct moxd_str s)
{
    ptrdiff_t lf = moxd_str_chr(s, '\n');
    return lf < 0 ? s.n : (size_t)lf + 1;
}

static bool at_blank_line(struct moxd_str s)
{
    return s.n == 0 || s.p[0] == '\n' || (s.n > 1 && s.p[0] == '\r' && s.p[1] == '\n');
}

static struct moxd_str without_eol(struct moxd_str s)
{
    if (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

bool moxd_field_next(struct moxd_str *rest, struct moxd_field *f)
{
    if (at_blank_line(*rest))
        return false;
    size_t n = line_len(*rest);
    while (n < rest->n && mail_is_wsp(rest->p[n]))
        n += line_len(moxd_str_from(*rest, n));
    f->raw = moxd_str(rest->p, n);
    f->name = moxd_field_name(f->raw);
    f->value = without_eol(f->raw);
    if (f->name.n > 0)
        f->value = moxd_str_from(f->value, (size_t)moxd_str_chr(f->raw, ':') + 1);
    *rest = moxd_str_from(*rest, n);
    return true;
}

bool moxd_header_find(struct moxd_str header, const char *name, struct moxd_field *f)
{
    while (moxd_field_next(&header, f))
        if (moxd_str_caseeqs(f->name, name))
            return true;
    return false;
}

size_t moxd_header_count(struct moxd_str header, const char *name)
{
    struct moxd_field f;
    size_t count = 0;
    while (moxd_field_next(&header, &f))
        count += moxd_str_caseeqs(f.name, name);
    return count;
}

bool mail_is_mbox_line(struct moxd_str line)
{
    return moxd_str_starts(line, MOXD_STR("From ")) || moxd_str_starts(line, MOXD_STR(">From "));
}

size_t moxd_header_end(struct moxd_str msg)
{
    struct moxd_str rest = msg;
    struct moxd_field f;
    for (bool any = false; moxd_field_next(&rest, &f); any |= f.name.n > 0)
        if (!any && f.name.n == 0 && !mail_is_mbox_line(f.raw))
            return (size_t)(f.raw.p - msg.p);
    return msg.n - rest.n + line_len(rest);
}

void moxd_field_unfold(struct moxd_buf *out, struct moxd_str value)
{
    value = moxd_str_trim(value);
    while (value.n > 0) {
        ptrdiff_t lf = moxd_str_chr(value, '\n');
        struct moxd_str line = moxd_str_sub(value, 0, lf < 0 ? value.n : (size_t)lf + 1);
        value = moxd_str_from(value, line.n);
        moxd_buf_addstr(out, without_eol(line));
    }
}

void moxd_field_text(struct moxd_buf *out, struct moxd_str value)
{
    struct moxd_buf flat = MOXD_BUF_INIT(value.n + 1);
    moxd_field_unfold(&flat, value);
    moxd_encword_decode(out, moxd_buf_str(&flat));
    moxd_buf_fini(&flat);
}
