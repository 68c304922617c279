/* STARTTLS (RFC 3207). */
#include "smtp.h"

/* RFC 3207 4.2: everything known about the client is forgotten. What it pipelined behind the command
 * was discarded by the stream, never executed (P-SMTP-16). */
void smtp_cmd_starttls(struct smtp_session *s, struct moxd_str args)
{
    size_t discarded = 0;

    (void)args;
    smtp_reply(s, 220, "2.0.0", "go ahead");
    int r = moxd_stream_tls_accept(s->st, s->c->tls, &discarded);
    if (discarded > 0)
        moxd_warn(&s->log, "plaintext behind STARTTLS was discarded", moxd_kvu("bytes", discarded));
    if (r < 0) {
        moxd_info(&s->log, "TLS handshake failed", moxd_kvs("result", moxd_wait_name(r)),
                  moxd_kvs("detail", moxd_stream_error(s->st)));
        s->closing = true;
        return;
    }
    smtp_session_forget(s);
    moxd_debug(&s->log, "TLS started", moxd_kvs("version", s->facts.tls_version),
               moxd_kvs("cipher", moxd_stream_tls_cipher(s->st)));
    smtp_tell(s, "starttls", moxd_sv("tls", s->facts.tls_version),
              moxd_sv("cipher", moxd_stream_tls_cipher(s->st)));
}
