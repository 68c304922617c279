#include "dns/rdata.h"

#include <moxd/enc.h>
#include <netinet/in.h>

enum {
    NAME_MAX_WIRE = 255, /* RFC 1035 2.3.4 */
    LABEL_MAX = 63,
    ESCAPED = 4,  /* one byte as \DDD */
    SRV_HEAD = 6, /* priority, weight, port */
};

/* Dots and other bytes that would be read as syntax are escaped (RFC 1035 5.1). */
static void add_label(struct moxd_buf *b, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = moxd_lower((char)p[i]);
        bool plain = moxd_is_alpha(c) || moxd_is_digit(c) || c == '-' || c == '_' || c == '*';

        if (plain || (c > ' ' && c < 0x7f && c != '.' && c != '\\' && c != '"'))
            moxd_buf_addc(b, c);
        else
            moxd_buf_addf(b, "\\%03u", p[i]);
    }
}

/* The whole of s is one name. */
static int decode_name(struct moxd_str s, struct moxd_arena *a, const char **out)
{
    struct moxd_buf b = MOXD_BUF_INIT(NAME_MAX_WIRE * ESCAPED);
    size_t i = 0;

    while (i < s.n && s.p[i] != 0 && s.n <= NAME_MAX_WIRE) {
        size_t len = (unsigned char)s.p[i];
        if (len > LABEL_MAX || len >= s.n - i)
            break;
        if (i > 0)
            moxd_buf_addc(&b, '.');
        add_label(&b, (const unsigned char *)s.p + i + 1, len);
        i += len + 1;
    }
    bool whole = i + 1 == s.n && s.p[i] == 0;
    if (whole)
        *out = moxd_arena_strdup(a, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return whole ? 0 : -1;
}

static unsigned be16(const char *p)
{
    return (unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1];
}

static int decode_addr(int family, struct moxd_str s, struct moxd_dns_record *rr)
{
    struct sockaddr_in *in = (void *)&rr->addr;
    struct sockaddr_in6 *in6 = (void *)&rr->addr;

    if (s.n != (family == AF_INET ? sizeof(in->sin_addr) : sizeof(in6->sin6_addr)))
        return -1;
    rr->addr.ss_family = (sa_family_t)family;
    memcpy(family == AF_INET ? (void *)&in->sin_addr : (void *)&in6->sin6_addr, s.p, s.n);
    return 0;
}

/* Its strings belong together without anything between them. */
static int decode_txt(struct moxd_str s, struct moxd_arena *a, struct moxd_dns_record *rr)
{
    char *text = moxd_arena_alloc(a, s.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < s.n;) {
        size_t len = (unsigned char)s.p[i++];
        if (len > s.n - i)
            return -1;
        memcpy(text + n, s.p + i, len);
        n += len;
        i += len;
    }
    rr->text = moxd_str(text, n);
    return s.n > 0 ? 0 : -1;
}

static int decode_head_name(struct moxd_str s, size_t head, struct moxd_arena *a,
                            struct moxd_dns_record *rr)
{
    if (s.n <= head)
        return -1;
    rr->pref = be16(s.p);
    return decode_name(moxd_str_from(s, head), a, &rr->name);
}

int core_rdata_decode(enum moxd_dns_type type, struct moxd_str data, struct moxd_arena *a,
                      struct moxd_dns_record *rr)
{
    *rr = (struct moxd_dns_record){ .data = moxd_arena_str(a, data) };
    switch (type) {
    case MOXD_DNS_A:
        return decode_addr(AF_INET, data, rr);
    case MOXD_DNS_AAAA:
        return decode_addr(AF_INET6, data, rr);
    case MOXD_DNS_NS:
    case MOXD_DNS_CNAME:
    case MOXD_DNS_PTR:
        return decode_name(data, a, &rr->name);
    case MOXD_DNS_MX:
        return decode_head_name(data, 2, a, rr);
    case MOXD_DNS_SRV:
        return decode_head_name(data, SRV_HEAD, a, rr);
    case MOXD_DNS_TXT:
        return decode_txt(data, a, rr);
    case MOXD_DNS_TLSA:
        break;
    }
    return 0;
}

char *core_dns_canonical(const char *name, struct moxd_arena *a)
{
    char *out = moxd_arena_strdup(a, name);
    size_t n = strlen(out);

    for (size_t i = 0; i < n; i++)
        out[i] = moxd_lower(out[i]);
    if (n > 0 && out[n - 1] == '.' && (n == 1 || out[n - 2] != '\\'))
        out[n - 1] = '\0';
    return out;
}
