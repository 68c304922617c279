/* Numbers of stored forms: LEB128. */
#ifndef MAIL_VARINT_H
#define MAIL_VARINT_H

#include <moxd/buf.h>

static inline void mail_varint_put(struct moxd_buf *b, uint64_t v)
{
    for (; v > 127; v >>= 7)
        moxd_buf_addc(b, (char)(v | 0x80));
    moxd_buf_addc(b, (char)v);
}

/* Cuts a number off; -1 when there is none, or it is over the maximum. */
static inline int mail_varint_get(struct moxd_str *rest, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    size_t n = rest->n < 9 ? rest->n : 9;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)rest->p[i];

        v |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c & 0x80)
            continue;
        *rest = moxd_str(rest->p + i + 1, rest->n - i - 1);
        *out = v;
        return v <= max ? 0 : -1;
    }
    return -1;
}

#endif
