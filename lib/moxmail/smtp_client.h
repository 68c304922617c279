/* The syntax of SMTP as a client needs it: what a server offers, commands with their parameters, messages with
 * their dots. Replies are in <moxmail/smtp_syntax.h>. Pure. */
#ifndef MOXMAIL_SMTP_CLIENT_H
#define MOXMAIL_SMTP_CLIENT_H

#include <moxmail/smtp_syntax.h>

enum {
    MOXD_SMTP_MECHANISMS_MAX = 32,    /* SASL mechanisms of a server that are looked at */
    MOXD_SMTP_CLIENT_LINE_MAX = 4096, /* a command with all of its parameters */
};

/* What the reply to EHLO announces (RFC 5321 4.1.1.1). */
struct moxd_smtp_offer {
    bool starttls;                            /* RFC 3207 */
    bool pipelining;                          /* RFC 2920 */
    bool eightbitmime;                        /* RFC 6152 */
    bool smtputf8;                            /* RFC 6531 */
    bool dsn;                                 /* RFC 3461 */
    bool chunking;                            /* RFC 3030 */
    bool requiretls;                          /* RFC 8689 */
    bool has_size;                            /* RFC 1870 */
    uint64_t size;                            /* octets, 0: no limit is announced */
    uint32_t mailmax, rcptmax, rcptdomainmax; /* RFC 9422; 0: no limit is announced */
    struct moxd_str *mechanisms;              /* RFC 4954; upper case */
    size_t nmechanisms;
};
/* Of a complete reply. Keywords in any case; what is not known or not as its RFC wants it is passed over. The
 * first line is only a greeting. Everything lives in the arena. */
void moxd_smtp_offer_parse(const struct moxd_smtp_reply *r, struct moxd_arena *a,
                           struct moxd_smtp_offer *out);
bool moxd_smtp_offers_mechanism(const struct moxd_smtp_offer *offer, const char *name);

/* Appends a reply for people: its lines with their codes, LF between them; bytes that are not text as "?". */
void moxd_smtp_reply_put(struct moxd_buf *b, const struct moxd_smtp_reply *r);

/* Arguments are as they are written on the wire. They are looked at, so that none can end the command, begin
 * another one, or put in a parameter: INVALID, and nothing is appended. Strings may be NULL: not there. */
struct moxd_smtp_mail_out {
    const char *from; /* without <>; "" is the null path */
    uint64_t size;    /* 0: not known */
    bool body8bit, smtputf8, requiretls;
    const char *envid, *ret;
};
struct moxd_smtp_rcpt_out {
    const char *to; /* without <> */
    const char *notify, *orcpt;
    bool smtputf8; /* of the transaction */
};
/* Append "MAIL FROM:<...> ...\r\n" and "RCPT TO:<...> ...\r\n". SIZE, BODY and the parameters of DSNs are only
 * written to a server that offers them; whether it offers what the message cannot do without is the caller's. */
int moxd_smtp_mail_put(struct moxd_buf *b, const struct moxd_smtp_mail_out *m,
                       const struct moxd_smtp_offer *offer, struct moxd_err *err) MOXD_CHECKED;
int moxd_smtp_rcpt_put(struct moxd_buf *b, const struct moxd_smtp_rcpt_out *r,
                       const struct moxd_smtp_offer *offer, struct moxd_err *err) MOXD_CHECKED;

/* The text of a message as DATA wants it (RFC 5321 4.5.2): a dot at the beginning of a line is doubled, and each
 * line ends in CRLF, also one that ended in a lone CR or LF (2.3.8). Zero-initialized at the beginning. */
struct moxd_smtp_stuffing {
    bool in_line; /* something of a line was written */
    bool cr;      /* its last byte was CR, which is not written yet */
};
/* Appends the next part of the message; at most three bytes for each of its bytes. */
void moxd_smtp_stuff(struct moxd_smtp_stuffing *s, struct moxd_str part, struct moxd_buf *out);
/* Appends what ends the last line, and ".\r\n". */
void moxd_smtp_stuff_end(struct moxd_smtp_stuffing *s, struct moxd_buf *out);

#endif
