/* Address literals (RFC 5321 4.1.3). */
#include "address.h"

#include <arpa/inet.h>

enum { IPV4_PARTS = 4, IPV6_GROUPS = 8, IPV6_TEXT_MAX = 45 };

/* IPv4-address-literal = Snum 3("."  Snum); Snum = 1*3DIGIT */
static int parse_ipv4(struct moxd_str s, unsigned char ip[4])
{
    for (int i = 0; i < IPV4_PARTS; i++) {
        struct moxd_str part = moxd_str_cut(&s, '.');
        uint64_t v;
        bool more = s.p != NULL;
        if (part.n > 3 || moxd_str_u64(part, 255, &v) < 0 || more != (i < IPV4_PARTS - 1))
            return -1;
        ip[i] = (unsigned char)v;
    }
    return 0;
}

/* Groups of 16 bits that are written out: an IPv4 part at the end is two. */
static int written_groups(struct moxd_str s)
{
    int groups = 0;
    for (size_t i = 0; i < s.n; i++)
        groups += s.p[i] != ':' && (i == 0 || s.p[i - 1] == ':');
    return groups + (moxd_str_chr(s, '.') >= 0);
}

/* IPv6-addr, as inet_pton but for one thing: "::" stands for at least two groups. */
static int parse_ipv6(struct moxd_str s, unsigned char ip[16])
{
    char text[IPV6_TEXT_MAX + 1];
    if (moxd_str_chr(s, '\0') >= 0 || moxd_str_copy(s, text, sizeof text) < 0 ||
        inet_pton(AF_INET6, text, ip) != 1)
        return -1;
    bool compressed = moxd_str_find(s, MOXD_STR("::")) >= 0;
    return compressed && written_groups(s) > IPV6_GROUPS - 2 ? -1 : 0;
}

static void canonical_text(struct moxd_domain *out, struct moxd_arena *a)
{
    char text[INET6_ADDRSTRLEN];
    bool v6 = out->ip_len == 16;
    const char *p = inet_ntop(v6 ? AF_INET6 : AF_INET, out->ip, text, sizeof text);
    moxd_assert(p != NULL);
    out->ascii = moxd_cstr(moxd_arena_printf(a, "[%s%s]", v6 ? "IPv6:" : "", text));
    out->utf8 = out->ascii;
}

int mail_literal_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                       struct moxd_domain *out, struct moxd_err *err)
{
    const struct moxd_str tag = MOXD_STR("IPv6:");
    if (s.n < 2 || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return mail_address_fail(err, "address literal without \"]\"");
    struct moxd_str inner = moxd_str_sub(s, 1, s.n - 2);
    bool tagged = moxd_str_casestarts(inner, tag);
    bool bare = !tagged && (flags & MOXD_ADDRESS_BARE_IPV6) && moxd_str_chr(inner, ':') >= 0;

    *out = (struct moxd_domain){ .ip_len = tagged || bare ? 16 : 4 };
    int r = tagged || bare ? parse_ipv6(moxd_str_from(inner, tagged ? tag.n : 0), out->ip)
                           : parse_ipv4(inner, out->ip);
    if (r < 0 && !tagged && !bare && moxd_str_chr(inner, ':') >= 0)
        return mail_address_fail(err, "an IPv6 address literal is written [IPv6:...]");
    if (r < 0)
        return mail_address_fail(err, "malformed IP address in address literal");
    canonical_text(out, a);
    return 0;
}
