/* Domain names: the grammar of host names, and IDNA (RFC 5321 4.1.2, RFC 5890, RFC 6531 3.3). */
#include "address.h"

#include <idn2.h>
#include <stdlib.h>

enum { IDNA_FLAGS = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL };

static bool is_let_dig(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c);
}

/* sub-domain = Let-dig [Ldh-str] */
static const char *label_problem(struct moxd_str label, bool underscore)
{
    if (label.n == 0)
        return "empty label in domain";
    if (label.n > MOXD_LABEL_MAX)
        return "label of more than 63 octets in domain";
    if (label.p[0] == '-' || label.p[label.n - 1] == '-')
        return "label in domain starts or ends with \"-\"";
    for (size_t i = 0; i < label.n; i++)
        if (!is_let_dig(label.p[i]) && label.p[i] != '-' && !(underscore && label.p[i] == '_'))
            return "invalid character in domain";
    return NULL;
}

/* Domain = sub-domain *("." sub-domain); NULL when it is one. */
static const char *name_problem(struct moxd_str s, unsigned flags)
{
    if (s.n > MOXD_DOMAIN_MAX)
        return "domain of more than 255 octets";
    const char *problem = NULL;
    do {
        struct moxd_str label = moxd_str_cut(&s, '.');
        problem = label_problem(label, (flags & MOXD_ADDRESS_UNDERSCORE) != 0);
    } while (problem == NULL && s.p != NULL);
    return problem;
}

static struct moxd_str lower(struct moxd_str s, struct moxd_arena *a)
{
    char *p = moxd_arena_cstr(a, s);
    for (size_t i = 0; i < s.n; i++)
        p[i] = moxd_lower(p[i]);
    return moxd_str(p, s.n);
}

/* U-labels to A-labels; NULL when a label is none by IDNA2008. The caller frees. */
static char *to_ascii(const char *utf8)
{
    uint8_t *out = NULL;
    int r = idn2_lookup_u8((const uint8_t *)utf8, &out, IDNA_FLAGS);
    return r == IDN2_OK ? (char *)out : NULL;
}

/* The U-label form of a name in A-labels; the name itself when a label is a fake one, i.e. does not
 * convert back to itself, and when there is a "_", which U-labels have not. */
static struct moxd_str to_utf8(struct moxd_str ascii, struct moxd_arena *a)
{
    char *utf8 MOXD_CLEANUP(moxd_freep) = NULL;
    char *back MOXD_CLEANUP(moxd_freep) = NULL;
    if (moxd_str_find(ascii, MOXD_STR("xn--")) < 0 || moxd_str_chr(ascii, '_') >= 0)
        return ascii;
    if (idn2_to_unicode_8z8z(ascii.p, &utf8, 0) != IDN2_OK)
        return ascii;
    back = to_ascii(utf8);
    if (back == NULL || !moxd_str_eqs(ascii, back))
        return ascii;
    return moxd_arena_str(a, moxd_cstr(utf8));
}

static int parse_utf8_name(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                           struct moxd_str *ascii, struct moxd_err *err)
{
    if (!(flags & MOXD_ADDRESS_UTF8))
        return mail_address_fail_utf8(err);
    if (s.n > MOXD_DOMAIN_MAX)
        return mail_address_fail(err, "domain of more than 255 octets");
    if (!moxd_str_is_utf8(s) || moxd_str_chr(s, '\0') >= 0)
        return mail_address_fail(err, "domain is not UTF-8");
    char *p MOXD_CLEANUP(moxd_freep) = to_ascii(moxd_arena_cstr(a, s));
    if (p == NULL)
        return mail_address_fail(err, "domain is not an internationalized domain name (IDNA2008)");
    const char *problem = name_problem(moxd_cstr(p), flags & ~(unsigned)MOXD_ADDRESS_UNDERSCORE);
    if (problem != NULL)
        return mail_address_fail(err, problem);
    *ascii = lower(moxd_cstr(p), a);
    return 0;
}

static int parse_name(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                      struct moxd_domain *out, struct moxd_err *err)
{
    *out = (struct moxd_domain){ .ip_len = 0 };
    if (!moxd_str_is_ascii(s)) {
        if (parse_utf8_name(s, flags, a, &out->ascii, err) < 0)
            return -1;
    } else {
        const char *problem = name_problem(s, flags);
        if (problem != NULL)
            return mail_address_fail(err, problem);
        out->ascii = lower(s, a);
    }
    out->utf8 = to_utf8(out->ascii, a);
    return 0;
}

int moxd_domain_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                      struct moxd_domain *out, struct moxd_err *err)
{
    if (s.n > 0 && s.p[0] == '[')
        return mail_literal_parse(s, flags, a, out, err);
    return parse_name(s, flags, a, out, err);
}

static size_t name_length(struct moxd_str s)
{
    size_t n = 0;
    while (n < s.n && (is_let_dig(s.p[n]) || mail_is_utf8(s.p[n]) || strchr("-._", s.p[n])) &&
           s.p[n] != '\0')
        n++;
    return n;
}

int mail_domain_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                     struct moxd_domain *out, struct moxd_err *err)
{
    ptrdiff_t end = s->n > 0 && s->p[0] == '[' ? moxd_str_chr(*s, ']') : -1;
    size_t n = end >= 0 ? (size_t)end + 1 : name_length(*s);
    if (n == 0 && s->n > 0 && s->p[0] == '[')
        return mail_address_fail(err, "address literal without \"]\"");
    if (n == 0)
        return mail_address_fail(err, "address without domain");
    struct moxd_str name = moxd_str_sub(*s, 0, n);
    *s = moxd_str_from(*s, n);
    return moxd_domain_parse(name, flags, a, out, err);
}

bool moxd_domain_eq(const struct moxd_domain *a, const struct moxd_domain *b)
{
    return moxd_str_eq(a->ascii, b->ascii);
}

int moxd_domain_check(struct moxd_str s, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_domain d;

    if (moxd_domain_parse(s, MOXD_ADDRESS_UTF8, a, &d, err) < 0)
        return -1;
    return d.ip_len == 0 ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "an address is no domain");
}
