/* Kinds of characters. */
#ifndef MAIL_CHARS_H
#define MAIL_CHARS_H

#include <moxd/str.h>

/* White space that may stand between tokens, folding included. */
static inline bool mail_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* WSP of RFC 5234. */
static inline bool mail_is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

/* Value of a hexadecimal digit in either case, -1 for any other byte. */
static inline int mail_hex(char c)
{
    if (moxd_is_digit(c))
        return c - '0';
    c = moxd_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
