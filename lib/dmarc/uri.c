/* Report addresses as URIs (RFC 6068). */
#include <moxmail/address.h>
#include <moxmail/dmarc.h>

#include "../message/chars.h"

/* unreserved of RFC 3986 2.3, and what RFC 6068 2 lets through of the rest that a tag list does not use. */
static bool needs_no_escape(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) || (c && strchr("-._~$*+'", c));
}

static void escape(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (needs_no_escape(s.p[i]))
            moxd_buf_addc(b, s.p[i]);
        else
            moxd_buf_addf(b, "%%%02X", (unsigned char)s.p[i]);
}

void moxd_dmarc_mailto(struct moxd_buf *b, struct moxd_str localpart, struct moxd_str domain)
{
    struct moxd_buf text = MOXD_BUF_INIT(4 * MOXD_LOCALPART_MAX_LENIENT);

    moxd_localpart_put(&text, localpart);
    moxd_buf_adds(b, "mailto:");
    escape(b, moxd_buf_str(&text));
    moxd_buf_addc(b, '@');
    escape(b, domain);
    moxd_buf_fini(&text);
}

/* -1 when an escape is broken. */
static int unescape(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out)
{
    char *p = moxd_arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        p[n] = s.p[i];
        if (s.p[i] == '%') {
            int hi = i + 2 < s.n ? mail_hex(s.p[i + 1]) : -1;
            int lo = i + 2 < s.n ? mail_hex(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return -1;
            p[n] = (char)(hi * 16 + lo);
            i += 2;
        }
        n++;
    }
    *out = moxd_str(p, n);
    return 0;
}

int moxd_dmarc_uri_address(struct moxd_str uri, struct moxd_arena *a, struct moxd_str *localpart,
                           struct moxd_str *domain)
{
    struct moxd_address ad;
    struct moxd_str text;

    if (!moxd_str_casestarts(uri, MOXD_STR("mailto:")))
        return -1;
    uri = moxd_str_from(uri, 7);
    if (unescape(moxd_str_cut(&uri, '?'), a, &text) < 0 ||
        moxd_address_parse(text, MOXD_ADDRESS_UTF8, a, &ad, NULL) < 0)
        return -1;
    *localpart = ad.localpart;
    *domain = ad.domain.ascii;
    return 0;
}
