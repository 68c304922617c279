/* The report in a notification (RFC 3464 2, RFC 6533 4.1). */
#include "dsn.h"

#include "../message/quote.h"

#include <moxmail/address.h>
#include <moxmail/date.h>
#include <unistr.h>

enum { LINE_MAX_OCTETS = 900 /* of a line of ours, below the 998 of RFC 5322 2.1.1 */ };

static const char *const actions[] = {
    [MOXD_DSN_FAILED] = "failed",       [MOXD_DSN_DELAYED] = "delayed",
    [MOXD_DSN_DELIVERED] = "delivered", [MOXD_DSN_RELAYED] = "relayed",
    [MOXD_DSN_EXPANDED] = "expanded",   [MOXD_DSN_UNKNOWN] = "unknown",
};

const char *moxd_dsn_action_name(enum moxd_dsn_action action)
{
    return actions[action];
}

struct moxd_str mail_dsn_cut(struct moxd_str s, size_t max)
{
    struct moxd_str cut = mail_cut(s, max);

    return cut.n > 0 ? cut : moxd_str_sub(s, 0, max);
}

struct moxd_str mail_dsn_status(const struct moxd_dsn_rcpt *r)
{
    if (r->status.n >= strlen("5.0.0"))
        return r->status;
    if (r->action == MOXD_DSN_FAILED)
        return MOXD_STR("5.0.0");
    return r->action == MOXD_DSN_DELAYED ? MOXD_STR("4.0.0") : MOXD_STR("2.0.0");
}

struct moxd_str mail_dsn_diagnostic(const struct moxd_dsn *d, const struct moxd_dsn_rcpt *r)
{
    size_t max = (size_t)MOXD_DSN_DIAGNOSTICS_MAX / d->nrcpts;

    return mail_dsn_cut(r->diagnostic,
                        max < MOXD_DSN_DIAGNOSTIC_MAX ? max : MOXD_DSN_DIAGNOSTIC_MAX);
}

void mail_dsn_clean(struct moxd_buf *b, struct moxd_str s, bool utf8)
{
    bool keep = utf8 && moxd_str_is_utf8(s);

    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x80)
            moxd_buf_addc(b, keep ? s.p[i] : '?');
        else
            moxd_buf_addc(b, c < ' ' || c == 0x7f ? ' ' : s.p[i]);
    }
}

static void put_field(struct moxd_buf *b, const struct moxd_dsn *d, const char *name,
                      struct moxd_str value)
{
    if (value.n == 0)
        return;
    moxd_buf_addf(b, "%s: ", name);
    mail_dsn_clean(b, mail_dsn_cut(value, LINE_MAX_OCTETS), d->utf8);
    moxd_buf_adds(b, "\r\n");
}

static void put_host(struct moxd_buf *b, const struct moxd_dsn *d, const char *name,
                     struct moxd_str host)
{
    if (host.n == 0)
        return;
    moxd_buf_addf(b, "%s: dns; ", name);
    mail_dsn_clean(b, moxd_str_sub(host, 0, MOXD_DOMAIN_MAX), d->utf8);
    moxd_buf_adds(b, "\r\n");
}

static void put_date(struct moxd_buf *b, const char *name, int64_t sec)
{
    if (sec == 0)
        return;
    moxd_buf_addf(b, "%s: ", name);
    moxd_date_put(b, (struct moxd_date){ .sec = sec });
    moxd_buf_adds(b, "\r\n");
}

/* utf-8-addr-xtext (RFC 6533 3) */
static void put_embedded(struct moxd_buf *b, struct moxd_str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    ucs4_t c;

    for (int n; s.n > 0; p += n, s.n -= (size_t)n) {
        n = u8_mbtoucr(&c, p, s.n);
        if (n <= 0) {
            moxd_buf_addc(b, '?');
            n = 1;
        } else if (c > ' ' && c < 0x7f && c != '\\' && c != '+' && c != '=') {
            moxd_buf_addc(b, (char)c);
        } else {
            moxd_buf_addf(b, "\\x{%02X}", (unsigned)c);
        }
    }
}

static void put_address(struct moxd_buf *b, const struct moxd_dsn *d, struct moxd_str address)
{
    if (moxd_str_is_ascii(address)) {
        moxd_buf_adds(b, "rfc822; ");
        mail_dsn_clean(b, address, false);
        return;
    }
    moxd_buf_adds(b, "utf-8; ");
    if (d->utf8)
        mail_dsn_clean(b, address, true);
    else
        put_embedded(b, address);
}

/* RFC 3461 6.3 (d): the address as it was at the sender's. One that cannot be decoded stays as it is. */
static void put_original(struct moxd_buf *b, const struct moxd_dsn *d, struct moxd_str orcpt)
{
    struct moxd_buf address = MOXD_BUF_INIT(LINE_MAX_OCTETS);
    struct moxd_str rest = orcpt, type = moxd_str_cut(&rest, ';');
    bool utf8 = moxd_str_caseeqs(type, "utf-8");
    int rc = utf8 ? moxd_utf8_addr_decode(&address, rest) : moxd_xtext_decode(&address, rest);

    if (orcpt.n == 0)
        return;
    moxd_buf_adds(b, "Original-Recipient: ");
    if (rc == 0 && utf8) {
        put_address(b, d, moxd_buf_str(&address));
    } else {
        mail_dsn_clean(b, type, false);
        moxd_buf_adds(b, "; ");
        mail_dsn_clean(b, rc == 0 ? moxd_buf_str(&address) : mail_dsn_cut(rest, LINE_MAX_OCTETS),
                       d->utf8);
    }
    moxd_buf_adds(b, "\r\n");
    moxd_buf_fini(&address);
}

/* One line of a reply, cut where it is too long for one of ours. */
static void put_reply_line(struct moxd_buf *b, const struct moxd_dsn *d, struct moxd_str line)
{
    for (;;) {
        struct moxd_str piece = mail_dsn_cut(line, LINE_MAX_OCTETS);
        mail_dsn_clean(b, piece, d->utf8);
        line = moxd_str_from(line, piece.n);
        if (line.n == 0)
            return;
        moxd_buf_adds(b, "\r\n ");
    }
}

/* RFC 3461 9.2: a reply of several lines has a blank before each but the first. What we say
 * ourselves is no reply of SMTP. */
static void put_diagnostic(struct moxd_buf *b, const struct moxd_dsn *d,
                           const struct moxd_dsn_rcpt *r)
{
    struct moxd_str rest = mail_dsn_diagnostic(d, r);

    if (rest.n == 0)
        return;
    moxd_buf_addf(b, "Diagnostic-Code: %s; ", r->ours ? "x-moxd" : "smtp");
    for (bool first = true; rest.n > 0; first = false) {
        if (!first)
            moxd_buf_adds(b, "\r\n ");
        put_reply_line(b, d, moxd_str_cut(&rest, '\n'));
    }
    moxd_buf_adds(b, "\r\n");
}

static void put_recipient(struct moxd_buf *b, const struct moxd_dsn *d,
                          const struct moxd_dsn_rcpt *r)
{
    moxd_buf_adds(b, "\r\n");
    put_original(b, d, r->orcpt);
    moxd_buf_adds(b, "Final-Recipient: ");
    put_address(b, d, r->address);
    moxd_buf_addf(b, "\r\nAction: %s\r\n", actions[r->action]);
    put_field(b, d, "Status", mail_dsn_status(r));
    put_host(b, d, "Remote-MTA", r->remote);
    put_diagnostic(b, d, r);
    put_date(b, "Last-Attempt-Date", r->attempted);
    if (r->action == MOXD_DSN_DELAYED)
        put_date(b, "Will-Retry-Until", r->retry_until);
}

void mail_dsn_fields(struct moxd_buf *b, const struct moxd_dsn *d)
{
    put_field(b, d, "Original-Envelope-Id", d->envid);
    put_host(b, d, "Reporting-MTA", d->hostname);
    put_date(b, "Arrival-Date", d->arrived);
    if (d->held_until != 0) { /* RFC 4865 5.1.2 */
        moxd_buf_adds(b, "Future-Release-Request: until;");
        moxd_date_put_rfc3339(b, d->held_until);
        moxd_buf_adds(b, "\r\n");
    }
    put_field(b, d, "X-Moxd-Trace", d->trace);
    for (size_t i = 0; i < d->nrcpts; i++)
        put_recipient(b, d, &d->rcpts[i]);
}
