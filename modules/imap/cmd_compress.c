/* COMPRESS (RFC 4978). TLS has no compression of its own here. It comes after the login, so that STARTTLS
 * cannot follow it; SASL mechanisms have no security layers. */
#include "imap.h"

int imap_cmd_compress(struct imap_session *s)
{
    if (!moxd_str_caseeqs(s->cmd.arg, "DEFLATE"))
        return imap_bad(s, NULL, "DEFLATE is the only algorithm");
    if (moxd_stream_is_deflated(s->st))
        return imap_no(s, "COMPRESSIONACTIVE", "DEFLATE is active already");
    if (imap_ok(s, NULL, "DEFLATE begins") < 0)
        return -1;
    return moxd_stream_deflate(s->st);
}
