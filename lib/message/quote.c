#include "quote.h"

struct moxd_str mail_cut(struct moxd_str s, size_t max)
{
    size_t n = max;

    if (s.n <= max)
        return s;
    while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return moxd_str(s.p, n);
}

bool mail_is_dot_atom(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127 || strchr("()<>[]:;@\\,\"", s.p[i]))
            return false;
    return s.n > 0;
}

static void put_escaped(struct moxd_buf *b, struct moxd_str s, const char *special)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool control = (unsigned char)c < ' ' || c == 127;
        if (!control && strchr(special, c))
            moxd_buf_addc(b, '\\');
        moxd_buf_addc(b, control ? ' ' : c);
    }
}

void mail_put_quoted(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_addc(b, '"');
    put_escaped(b, s, "\"\\");
    moxd_buf_addc(b, '"');
}

void mail_put_comment(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_addc(b, '(');
    put_escaped(b, s, "()\\");
    moxd_buf_addc(b, ')');
}
