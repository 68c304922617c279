/* Verbs and EHLO (RFC 5321 4.1.1). */
#include "smtp.h"

#include <stdio.h>

static const struct {
    const char *name, *usage;
} verbs[MOXD_SMTP_VERBS] = {
    [MOXD_SMTP_UNKNOWN] = { "", "" },
    [MOXD_SMTP_EHLO] = { "EHLO", "EHLO domain" },
    [MOXD_SMTP_HELO] = { "HELO", "HELO domain" },
    [MOXD_SMTP_MAIL] = { "MAIL", "MAIL FROM:<address> [parameters]" },
    [MOXD_SMTP_RCPT] = { "RCPT", "RCPT TO:<address> [parameters]" },
    [MOXD_SMTP_DATA] = { "DATA", "DATA" },
    [MOXD_SMTP_BDAT] = { "BDAT", "BDAT size [LAST]" },
    [MOXD_SMTP_RSET] = { "RSET", "RSET" },
    [MOXD_SMTP_NOOP] = { "NOOP", "NOOP [text]" },
    [MOXD_SMTP_VRFY] = { "VRFY", "VRFY address" },
    [MOXD_SMTP_EXPN] = { "EXPN", "EXPN list" },
    [MOXD_SMTP_HELP] = { "HELP", "HELP [command]" },
    [MOXD_SMTP_QUIT] = { "QUIT", "QUIT" },
    [MOXD_SMTP_STARTTLS] = { "STARTTLS", "STARTTLS" },
    [MOXD_SMTP_AUTH] = { "AUTH", "AUTH mechanism [initial-response]" },
};

int mail_smtp_fail(struct moxd_err *err, const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.5.4", "%s", text);
}

unsigned mail_smtp_address_flags(unsigned opts)
{
    if (opts & MOXD_SMTP_PEDANTIC)
        return MOXD_ADDRESS_PEDANTIC;
    return opts & MOXD_SMTP_SUBMISSION ? MOXD_ADDRESS_BARE_IPV6 : 0;
}

static struct moxd_str without_blanks_at_end(struct moxd_str s)
{
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

enum moxd_smtp_verb moxd_smtp_verb(struct moxd_str line, struct moxd_str *args)
{
    struct moxd_str rest = without_blanks_at_end(line);
    struct moxd_str name = moxd_str_cut(&rest, ' ');
    *args = rest;
    int verb = MOXD_SMTP_VERBS - 1;
    while (verb > MOXD_SMTP_UNKNOWN && !moxd_str_caseeqs(name, verbs[verb].name))
        verb--;
    return (enum moxd_smtp_verb)verb;
}

const char *moxd_smtp_verb_name(enum moxd_smtp_verb verb)
{
    return verbs[verb].name;
}

const char *moxd_smtp_verb_usage(enum moxd_smtp_verb verb)
{
    return verbs[verb].usage;
}

static struct moxd_str printable(struct moxd_str s, struct moxd_arena *a)
{
    s = moxd_str_sub(s, 0, MOXD_DOMAIN_MAX);
    char *p = moxd_arena_cstr(a, s);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] < ' ' || p[i] > '~')
            p[i] = '?';
    return moxd_str(p, s.n);
}

/* ehlo = "EHLO" SP ( Domain / address-literal ); helo = "HELO" SP Domain */
int moxd_smtp_parse_hello(struct moxd_str args, enum moxd_smtp_verb verb, unsigned opts,
                          struct moxd_arena *a, struct moxd_smtp_hello *out, struct moxd_err *err)
{
    bool pedantic = opts & MOXD_SMTP_PEDANTIC;
    bool lenient = (opts & MOXD_SMTP_SUBMISSION) && !pedantic;
    struct moxd_err why = { .kind = MOXD_ERR_NONE };
    *out = (struct moxd_smtp_hello){ .text = printable(args, a) };
    int r = moxd_domain_parse(args, mail_smtp_address_flags(opts), a, &out->domain, &why);
    if (r == 0 && pedantic && verb == MOXD_SMTP_HELO && out->domain.ip_len > 0)
        r = mail_smtp_fail(&why, "an address literal needs EHLO");
    out->valid = r == 0;
    if (out->valid || lenient)
        return 0;
    return mail_smtp_fail(err, "%s %s: usage: %s", verbs[verb].name,
                          args.n > 0 ? why.pub : "without domain", verbs[verb].usage);
}
