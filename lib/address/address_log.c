/* Addresses in log lines (LOG-04, LOG-05). */
#include "address.h"

#include <unistr.h>

/* One character of a quoted localpart; non-ASCII and control characters as \u00fc or \U0001f4e7. */
static void put_escaped(struct moxd_buf *b, uint32_t c)
{
    if (c == '"' || c == '\\')
        moxd_buf_addf(b, "\\%c", (char)c);
    else if (c >= ' ' && c < 0x7f)
        moxd_buf_addc(b, (char)c);
    else
        moxd_buf_addf(b, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

/* As SMTP writes it when that is ASCII, else quoted (once) and escaped. */
static void put_ascii(struct moxd_buf *b, struct moxd_str localpart)
{
    if (moxd_str_is_ascii(localpart)) {
        moxd_localpart_put(b, localpart);
        return;
    }
    const uint8_t *p = (const uint8_t *)localpart.p, *end = p + localpart.n;
    moxd_buf_addc(b, '"');
    while (p < end) {
        ucs4_t c;
        p += u8_mbtouc(&c, p, (size_t)(end - p));
        put_escaped(b, c);
    }
    moxd_buf_addc(b, '"');
}

void moxd_localpart_log(struct moxd_buf *b, struct moxd_str localpart)
{
    moxd_localpart_put(b, localpart);
    if (moxd_str_is_ascii(localpart))
        return;
    moxd_buf_addc(b, '/');
    put_ascii(b, localpart);
}

void moxd_domain_log(struct moxd_buf *b, const struct moxd_domain *d)
{
    moxd_buf_addstr(b, d->utf8);
    if (moxd_str_eq(d->utf8, d->ascii))
        return;
    moxd_buf_addc(b, '/');
    moxd_buf_addstr(b, d->ascii);
}

void moxd_address_log(struct moxd_buf *b, const struct moxd_address *ad)
{
    moxd_address_put(b, ad, true);
    if (moxd_str_is_ascii(ad->localpart) && moxd_str_eq(ad->domain.utf8, ad->domain.ascii))
        return;
    moxd_buf_addc(b, '/');
    put_ascii(b, ad->localpart);
    if (ad->domain.ascii.n == 0)
        return;
    moxd_buf_addc(b, '@');
    moxd_buf_addstr(b, ad->domain.ascii);
}

void moxd_name_log(struct moxd_buf *b, struct moxd_str name)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_address ad;

    if (moxd_str_is_ascii(name))
        moxd_buf_addstr(b, name);
    else if (moxd_address_parse(name, MOXD_ADDRESS_UTF8, a, &ad, NULL) == 0)
        moxd_address_log(b, &ad);
    else
        moxd_localpart_log(b, name);
}
