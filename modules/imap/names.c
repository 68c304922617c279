/* Mailbox names: modified UTF-7 on the wire, UTF-8 once the client enabled it (RFC 9051 5.1, RFC 6855). */
#include "imap.h"
#include <moxmail/mutf7.h>

enum { NAME_MAX_WIRE = 4096 };

bool imap_utf8(const struct imap_session *s)
{
    return s->enabled & (IMAP_EN_REV2 | IMAP_EN_UTF8);
}

int imap_name_in(struct imap_session *s, struct moxd_str wire, struct moxd_str *name,
                 struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(NAME_MAX_WIRE);
    int r = 0;

    if (imap_utf8(s) || !moxd_str_is_ascii(wire))
        moxd_buf_addstr(&b, wire);
    else
        r = moxd_mutf7_decode(&b, wire);
    if (r == 0 && !b.overflow && moxd_str_is_utf8(moxd_buf_str(&b)))
        *name = moxd_arena_str(s->a, moxd_buf_str(&b));
    else
        r = moxd_err_set(err, MOXD_ERR_INVALID, "not a valid mailbox name");
    moxd_buf_fini(&b);
    return r;
}

void imap_name_out(struct imap_session *s, struct moxd_buf *b, const char *name)
{
    struct moxd_buf coded = MOXD_BUF_INIT(NAME_MAX_WIRE);

    if (imap_utf8(s))
        moxd_buf_adds(&coded, name);
    else
        moxd_mutf7_encode(&coded, moxd_cstr(name));
    /* An empty buffer has no bytes at all, which would be NIL. */
    moxd_imap_put_astring(b, moxd_cstr(moxd_buf_cstr(&coded)), imap_utf8(s));
    moxd_buf_fini(&coded);
}
