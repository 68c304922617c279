/* Steps as JSON (RFC 8259), without a library: only strings, numbers and one level. */
#include <moxmail/step.h>

#include <moxd/clock.h>
#include <moxmail/date.h>

/* Bytes of the character at the start of s when it is well-formed UTF-8; 0: it is not. */
static size_t character(struct moxd_str s)
{
    for (size_t n = 1; n <= 4 && n <= s.n; n++)
        if (moxd_str_is_utf8(moxd_str_sub(s, 0, n)))
            return n;
    return 0;
}

void moxd_step_clean(struct moxd_buf *b, struct moxd_str text)
{
    while (text.n > 0) {
        size_t n = character(text);
        bool control = (unsigned char)text.p[0] < ' ' || text.p[0] == 0x7f;
        /* U+0080 to U+009F are controls too, which some terminals obey. */
        control |= n == 2 && (unsigned char)text.p[0] == 0xc2 && (unsigned char)text.p[1] < 0xa0;
        if (n == 0 || control)
            moxd_buf_addc(b, text.p[0] == '\n' || text.p[0] == '\t' ? ' ' : '?');
        else
            moxd_buf_add(b, text.p, n);
        text = moxd_str_from(text, n > 0 ? n : 1);
    }
}

void moxd_step_json_string(struct moxd_buf *b, struct moxd_str text)
{
    moxd_buf_addc(b, '"');
    while (text.n > 0) {
        size_t n = character(text);
        unsigned char c = (unsigned char)text.p[0];
        if (n == 0)
            moxd_buf_addc(b, '?');
        else if (c == '"' || c == '\\')
            moxd_buf_addf(b, "\\%c", c);
        else if (c < ' ' || c == 0x7f)
            moxd_buf_addf(b, "\\u%04x", c);
        else
            moxd_buf_add(b, text.p, n);
        text = moxd_str_from(text, n > 0 ? n : 1);
    }
    moxd_buf_addc(b, '"');
}

void moxd_step_json(struct moxd_buf *b, const struct moxd_step *s)
{
    moxd_buf_adds(b, "{\"at\":\"");
    moxd_date_put_rfc3339(b, s->at / MOXD_SEC);
    moxd_buf_addf(b, "\",\"ns\":%lld,\"kind\":\"%s\"", (long long)s->at, s->kind);
    for (size_t i = 0; i < s->n; i++) {
        moxd_buf_addf(b, ",\"%s\":", s->v[i].name);
        if (s->v[i].is_number)
            moxd_buf_addf(b, "%lld", (long long)s->v[i].number);
        else
            moxd_step_json_string(b, s->v[i].text);
    }
    moxd_buf_addc(b, '}');
}
