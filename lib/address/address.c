/* Mailboxes and paths (RFC 5321 4.1.2). */
#include "address.h"

int mail_address_fail(struct moxd_err *err, const char *text)
{
    return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.1.3", "%s", text);
}

/* RFC 6531 3.5: without SMTPUTF8 such a command gets 553 (or 550), with 5.6.7. */
int mail_address_fail_utf8(struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 553, "5.6.7",
                             "non-ASCII address is not allowed without SMTPUTF8");
}

static int take_mailbox(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                        struct moxd_address *out, struct moxd_err *err)
{
    size_t before = s->n;
    if (mail_localpart_take(s, flags, a, &out->localpart, err) < 0)
        return -1;
    if (s->n == 0 || s->p[0] != '@')
        return mail_address_fail(err, s->n == 0 ? "address without \"@\""
                                                : "invalid character in localpart");
    *s = moxd_str_from(*s, 1);
    if (mail_domain_take(s, flags, a, &out->domain, err) < 0)
        return -1;
    if ((flags & MOXD_ADDRESS_PEDANTIC) && before - s->n > MOXD_MAILBOX_MAX)
        return mail_address_fail(err, "path of more than 256 octets");
    return 0;
}

int moxd_address_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                       struct moxd_address *out, struct moxd_err *err)
{
    if (take_mailbox(&s, flags, a, out, err) < 0)
        return -1;
    return s.n == 0 ? 0 : mail_address_fail(err, "invalid character after address");
}

/* A-d-l = At-domain *( "," At-domain ), and its ":". Checked, then forgotten (RFC 5321 C). */
static int skip_route(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                      struct moxd_err *err)
{
    size_t before = s->n;
    for (;;) {
        struct moxd_domain ignored;
        if (s->n == 0 || s->p[0] != '@')
            return mail_address_fail(err, "expected \"@\" and a domain in source route");
        *s = moxd_str_from(*s, 1);
        if (mail_domain_take(s, flags, a, &ignored, err) < 0)
            return -1;
        if (s->n == 0 || (s->p[0] != ',' && s->p[0] != ':') || before - s->n > MOXD_ROUTE_MAX)
            return mail_address_fail(err, "malformed source route");
        bool last = s->p[0] == ':';
        *s = moxd_str_from(*s, 1);
        if (last)
            return 0;
    }
}

/* "<>", and "<Postmaster>" in any case (RFC 5321 4.1.1.3); false when it is neither. */
static bool take_special(struct moxd_str *s, struct moxd_address *out)
{
    const struct moxd_str null = MOXD_STR(">"), postmaster = MOXD_STR("postmaster>");
    if (moxd_str_starts(*s, null)) {
        *s = moxd_str_from(*s, null.n);
        return true;
    }
    if (!moxd_str_casestarts(*s, postmaster))
        return false;
    *s = moxd_str_from(*s, postmaster.n);
    out->localpart = MOXD_STR("postmaster");
    return true;
}

int moxd_path_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                   struct moxd_address *out, struct moxd_err *err)
{
    *out = (struct moxd_address){ .localpart = MOXD_STR(""),
                                  .domain = { .ascii = MOXD_STR(""), .utf8 = MOXD_STR("") } };
    if (s->n == 0 || s->p[0] != '<')
        return mail_address_fail(err, "expected \"<\" and an address");
    *s = moxd_str_from(*s, 1);
    if (take_special(s, out))
        return 0;
    if (s->n > 0 && s->p[0] == '@' && skip_route(s, flags, a, err) < 0)
        return -1;
    if (take_mailbox(s, flags, a, out, err) < 0)
        return -1;
    if (s->n == 0 || s->p[0] != '>')
        return mail_address_fail(err, "expected \">\" after address");
    *s = moxd_str_from(*s, 1);
    return 0;
}

int moxd_address_make(struct moxd_str localpart, struct moxd_str domain, unsigned flags,
                      struct moxd_arena *a, struct moxd_address *out, struct moxd_err *err)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(MOXD_LOCALPART_MAX_LENIENT + 1);
    moxd_localpart_put(&b, localpart);
    if (b.overflow)
        return mail_address_fail(err, "localpart of more than 255 octets");
    if (moxd_localpart_parse(moxd_buf_str(&b), flags, a, &out->localpart, err) < 0)
        return -1;
    return moxd_domain_parse(domain, flags, a, &out->domain, err);
}

bool moxd_address_eq(const struct moxd_address *a, const struct moxd_address *b)
{
    return moxd_str_eq(a->localpart, b->localpart) && moxd_domain_eq(&a->domain, &b->domain);
}

bool moxd_address_needs_utf8(const struct moxd_address *ad)
{
    return !moxd_str_is_ascii(ad->localpart);
}

void moxd_address_put(struct moxd_buf *b, const struct moxd_address *ad, bool utf8)
{
    if (moxd_address_is_null(ad))
        return;
    moxd_localpart_put(b, ad->localpart);
    if (ad->domain.ascii.n == 0)
        return;
    moxd_buf_addc(b, '@');
    moxd_buf_addstr(b, utf8 ? ad->domain.utf8 : ad->domain.ascii);
}

struct moxd_str moxd_address_text(const struct moxd_address *ad, bool utf8, struct moxd_arena *a)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(SIZE_MAX);
    moxd_address_put(&b, ad, utf8);
    return moxd_arena_str(a, moxd_buf_str(&b));
}
