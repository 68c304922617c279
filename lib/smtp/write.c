/* Commands of a client (RFC 5321 4.1.1.2, 4.1.1.3), replies for people. */
#include "smtp.h"

#include <inttypes.h>
#include <moxmail/smtp_client.h>

static int invalid(struct moxd_err *err, const char *what, const char *text)
{
    return moxd_err_set(err, MOXD_ERR_INVALID, "%s that cannot be sent: %.100s", what, text);
}

static bool is_text(unsigned char ch, bool utf8)
{
    return ch >= ' ' && ch != 0x7f && (ch < 0x80 || utf8);
}

/* Whether everything between "<" and ">" stays there: a blank or an angle only within quotes. */
static bool is_path(struct moxd_str s, bool utf8)
{
    bool quoted = false;

    for (size_t i = 0; i < s.n; i++) {
        unsigned char ch = (unsigned char)s.p[i];
        if (!is_text(ch, utf8) || (!quoted && (ch == ' ' || ch == '<' || ch == '>')))
            return false;
        if (quoted && ch == '\\') {
            if (++i == s.n || !is_text((unsigned char)s.p[i], utf8))
                return false;
        } else if (ch == '"') {
            quoted = !quoted;
        }
    }
    return !quoted && (!utf8 || moxd_str_is_utf8(s));
}

/* esmtp-value = 1*(%d33-60 / %d62-126) (RFC 5321 4.1.2), with UTF-8 in RFC 6531 3.3. */
static bool is_value(struct moxd_str s, bool utf8)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == ' ' || s.p[i] == '=' || !is_text((unsigned char)s.p[i], utf8))
            return false;
    return s.n > 0 && (!utf8 || moxd_str_is_utf8(s));
}

static int put_param(struct moxd_buf *b, const char *name, const char *value, bool utf8,
                     struct moxd_err *err)
{
    if (!value)
        return 0;
    if (!is_value(moxd_cstr(value), utf8))
        return invalid(err, name, value);
    moxd_buf_addf(b, " %s=%s", name, value);
    return 0;
}

static int put_path(struct moxd_buf *b, const char *command, const char *path, bool utf8,
                    struct moxd_err *err)
{
    if (!is_path(moxd_cstr(path), utf8))
        return invalid(err, "an address", path);
    moxd_buf_addf(b, "%s:<%s>", command, path);
    return 0;
}

/* Ends the command that began at `start`, or takes it away. */
static int end(struct moxd_buf *b, size_t start, int result, struct moxd_err *err)
{
    moxd_buf_adds(b, "\r\n");
    if (result == 0 && (b->overflow || b->n - start > MOXD_SMTP_CLIENT_LINE_MAX))
        result = moxd_err_set(err, MOXD_ERR_LIMIT, "a command of more than %d octets",
                              MOXD_SMTP_CLIENT_LINE_MAX);
    if (result < 0)
        moxd_buf_truncate(b, start);
    return result;
}

static int put_mail(struct moxd_buf *b, const struct moxd_smtp_mail_out *m,
                    const struct moxd_smtp_offer *offer, struct moxd_err *err)
{
    if (put_path(b, "MAIL FROM", m->from, m->smtputf8, err) < 0)
        return -1;
    if (m->size > 0 && offer->has_size)
        moxd_buf_addf(b, " SIZE=%" PRIu64, m->size);
    if (m->body8bit && offer->eightbitmime)
        moxd_buf_adds(b, " BODY=8BITMIME");
    moxd_buf_adds(b, m->smtputf8 ? " SMTPUTF8" : "");
    moxd_buf_adds(b, m->requiretls ? " REQUIRETLS" : "");
    if (!offer->dsn)
        return 0;
    if (put_param(b, "RET", m->ret, false, err) < 0)
        return -1;
    return put_param(b, "ENVID", m->envid, false, err);
}

int moxd_smtp_mail_put(struct moxd_buf *b, const struct moxd_smtp_mail_out *m,
                       const struct moxd_smtp_offer *offer, struct moxd_err *err)
{
    size_t start = b->n;

    return end(b, start, put_mail(b, m, offer, err), err);
}

static int put_rcpt(struct moxd_buf *b, const struct moxd_smtp_rcpt_out *r,
                    const struct moxd_smtp_offer *offer, struct moxd_err *err)
{
    if (*r->to == '\0')
        return invalid(err, "an address", "<>");
    if (put_path(b, "RCPT TO", r->to, r->smtputf8, err) < 0)
        return -1;
    if (!offer->dsn)
        return 0;
    if (put_param(b, "NOTIFY", r->notify, false, err) < 0)
        return -1;
    return put_param(b, "ORCPT", r->orcpt, r->smtputf8, err);
}

int moxd_smtp_rcpt_put(struct moxd_buf *b, const struct moxd_smtp_rcpt_out *r,
                       const struct moxd_smtp_offer *offer, struct moxd_err *err)
{
    size_t start = b->n;

    return end(b, start, put_rcpt(b, r, offer, err), err);
}

/* textstring = 1*(HT / SP / Printable US-ASCII), with UTF-8 in RFC 6531 3.7.4.2. */
static void put_text(struct moxd_buf *b, struct moxd_str s)
{
    bool utf8 = moxd_str_is_utf8(s);

    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i] == '\t' ? ' ' : s.p[i];
        moxd_buf_addc(b, is_text((unsigned char)ch, utf8) ? ch : '?');
    }
}

void moxd_smtp_reply_put(struct moxd_buf *b, const struct moxd_smtp_reply *r)
{
    for (size_t i = 0; i < r->nlines; i++) {
        bool last = i + 1 == r->nlines;
        moxd_buf_addf(b, "%s%d%s", i > 0 ? "\n" : "", r->code,
                      !last               ? "-"
                      : r->lines[i].n > 0 ? " "
                                          : "");
        put_text(b, r->lines[i]);
    }
}
