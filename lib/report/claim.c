/* What a message says of the report that it carries, before anybody has looked at that. */
#include <moxmail/address.h>
#include <moxmail/header.h>
#include <moxmail/header_address.h>
#include <moxmail/report.h>

static bool take_domain(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out)
{
    struct moxd_domain d;

    if (moxd_domain_parse(moxd_str_trim(s), MOXD_ADDRESS_UTF8, a, &d, NULL) < 0 || d.ip_len > 0)
        return false;
    *out = d.ascii;
    return true;
}

/* "Report Domain: example.org Submitter: ...", in whatever case. */
static bool from_subject(struct moxd_str header, struct moxd_arena *a, struct moxd_str *out)
{
    static const struct moxd_str begin = { "report domain:", 14 };
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    struct moxd_field f;
    bool found = false;

    if (moxd_header_find(header, "Subject", &f))
        moxd_field_text(&b, f.value);
    struct moxd_str s = moxd_str_trim(moxd_buf_str(&b));
    if (moxd_str_casestarts(s, begin)) {
        s = moxd_str_trim(moxd_str_from(s, begin.n));
        for (size_t i = 0; i < s.n; i++)
            if (s.p[i] == ' ' || s.p[i] == '\t')
                s.n = i;
        found = take_domain(s, a, out);
    }
    moxd_buf_fini(&b);
    return found;
}

bool moxd_report_claim(struct moxd_str header, enum moxd_report_kind kind, struct moxd_arena *a,
                       struct moxd_str *domain)
{
    struct moxd_field f;
    bool tls = moxd_header_find(header, "TLS-Report-Domain", &f);

    if (tls != (kind == MOXD_REPORT_TLS))
        return false;
    return tls ? take_domain(f.value, a, domain) : from_subject(header, a, domain);
}

bool moxd_report_author(struct moxd_str header, struct moxd_arena *a, struct moxd_str *domain)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini) = { 0 };
    struct moxd_hdraddr ha;
    struct moxd_field from;

    if (moxd_header_count(header, "From") != 1 || !moxd_header_find(header, "From", &from))
        return false;
    moxd_hdraddr_init(&it, from.value);
    while (moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX && ha.domain.n > 0)
            return take_domain(ha.domain, a, domain);
    return false;
}
