#include "smtp_headers.h"

#include <moxmail/address.h>
#include <moxmail/authres.h>
#include <moxmail/header.h>

/* States: what the last bytes were. The start counts as after a line end. */
enum { OTHER, CR, LINE_START, BLANK_CR };

void smtp_header_end_init(struct smtp_header_end *e)
{
    e->state = LINE_START;
}

static unsigned next_state(unsigned state, char c)
{
    if (c == '\r')
        return state == LINE_START ? BLANK_CR : CR;
    return c == '\n' && state == CR ? LINE_START : OTHER;
}

ptrdiff_t smtp_header_end_find(struct smtp_header_end *e, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' && e->state == BLANK_CR)
            return (ptrdiff_t)i + 1;
        e->state = next_state(e->state, p[i]);
    }
    return -1;
}

static void count(const struct moxd_field *f, const char *name, size_t *n, struct moxd_str *value)
{
    if (!moxd_str_caseeqs(f->name, name))
        return;
    if (++*n == 1 && value)
        *value = f->value;
}

void smtp_header_facts(struct moxd_str header, struct smtp_header_facts *out)
{
    struct moxd_field f;

    *out = (struct smtp_header_facts){ 0 };
    while (moxd_field_next(&header, &f)) {
        count(&f, "From", &out->from, &out->from_value);
        count(&f, "Sender", &out->sender, &out->sender_value);
        count(&f, "Received", &out->received, NULL);
        count(&f, "Date", &out->date, NULL);
        count(&f, "Message-ID", &out->message_id, NULL);
        count(&f, "Return-Path", &out->return_path, NULL);
        count(&f, "TLS-Required", &out->tls_required, &out->tls_required_value);
    }
}

/* RFC 8601 5: the name is compared as a domain name, whatever the form it is written in. */
static bool is_host(struct moxd_str id, const char *hostname, struct moxd_arena *a)
{
    struct moxd_domain d, ours;

    if (moxd_str_caseeqs(id, hostname))
        return true;
    return moxd_domain_parse(id, MOXD_ADDRESS_UTF8, a, &d, NULL) == 0 &&
           moxd_domain_parse(moxd_cstr(hostname), MOXD_ADDRESS_UTF8, a, &ours, NULL) == 0 &&
           moxd_domain_eq(&d, &ours);
}

/* What breaks the grammar is common, and part of what others sign: it goes only if somebody less strict
 * could read our name in it. */
static bool mentions(struct moxd_str value, const char *hostname)
{
    return !moxd_str_is_ascii(value) || moxd_str_casefind(value, moxd_cstr(hostname)) >= 0;
}

static bool claims_us(struct moxd_str value, const char *hostname)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str id;
    uint64_t version;

    if (moxd_authres_id(value, a, &id, &version, NULL) < 0)
        return mentions(value, hostname);
    return version != 1 || is_host(id, hostname, a);
}

static bool passes(const struct moxd_field *f, bool submission, const char *hostname)
{
    if (moxd_str_caseeqs(f->name, "Authentication-Results"))
        return !claims_us(f->value, hostname);
    return !submission ||
           (!moxd_str_caseeqs(f->name, "Bcc") && !moxd_str_caseeqs(f->name, "Return-Path") &&
            !smtp_is_extra(f->name));
}

void smtp_header_strip(struct moxd_buf *out, struct moxd_str header, bool submission,
                       const char *hostname)
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f))
        if (passes(&f, submission, hostname))
            moxd_buf_addstr(out, f.raw);
    moxd_buf_addstr(out, header);
}
