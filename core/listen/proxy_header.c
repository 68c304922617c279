#include "listen/proxy_header.h"

#include <arpa/inet.h>
#include <moxd/str.h>

static const unsigned char signature[12] = { '\r', '\n', '\r', '\n', 0,   '\r',
                                             '\n', 'Q',  'U',  'I',  'T', '\n' };

/* 2.1: decimal, without leading zeroes. */
static int parse_port(struct moxd_str s, in_port_t *out)
{
    uint64_t port;

    if ((s.n > 1 && s.p[0] == '0') || moxd_str_u64(s, 65535, &port) < 0)
        return -1;
    *out = htons((uint16_t)port);
    return 0;
}

/* inet_pton takes what 2.1 asks for: four numbers without leading zeroes, or RFC 4291 2.2. */
static int parse_address(int family, struct moxd_str ip, struct moxd_str port,
                         union core_proxy_addr *out)
{
    char text[INET6_ADDRSTRLEN];
    in_port_t n;

    *out = (union core_proxy_addr){ .sa.sa_family = (sa_family_t)family };
    void *addr = family == AF_INET ? (void *)&out->in.sin_addr : (void *)&out->in6.sin6_addr;
    if (moxd_str_copy(ip, text, sizeof(text)) < 0 || inet_pton(family, text, addr) != 1 ||
        parse_port(port, &n) < 0)
        return -1;
    if (family == AF_INET)
        out->in.sin_port = n;
    else
        out->in6.sin6_port = n;
    return 0;
}

/* "TCP4 192.0.2.1 192.0.2.2 56324 25", without "PROXY " and CRLF. */
static enum core_proxy_state parse_line(struct core_proxy_header *h, struct moxd_str line)
{
    struct moxd_str field[5];
    int family;

    for (size_t i = 0; i < MOXD_NELEMS(field); i++)
        field[i] = moxd_str_cut(&line, ' ');
    if (moxd_str_eqs(field[0], "UNKNOWN"))
        return CORE_PROXY_DONE;
    if (moxd_str_eqs(field[0], "TCP4"))
        family = AF_INET;
    else if (moxd_str_eqs(field[0], "TCP6"))
        family = AF_INET6;
    else
        return CORE_PROXY_BAD;
    if (line.p || parse_address(family, field[1], field[3], &h->remote) < 0 ||
        parse_address(family, field[2], field[4], &h->local) < 0)
        return CORE_PROXY_BAD;
    h->known = true;
    return CORE_PROXY_DONE;
}

static enum core_proxy_state version1(struct core_proxy_header *h)
{
    struct moxd_str s = moxd_str((const char *)h->p, h->n), proxy = MOXD_STR("PROXY ");

    if (!moxd_str_starts(s.n < proxy.n ? proxy : s, s.n < proxy.n ? s : proxy))
        return CORE_PROXY_BAD;
    if (s.p[s.n - 1] != '\n')
        return s.n < CORE_PROXY_V1_MAX ? CORE_PROXY_MORE : CORE_PROXY_BAD;
    if (!moxd_str_ends(s, MOXD_STR("\r\n")) || memchr(s.p, '\0', s.n))
        return CORE_PROXY_BAD;
    return parse_line(h, moxd_str_sub(s, proxy.n, s.n - proxy.n - 2));
}

static void copy_addresses(struct core_proxy_header *h, int family, const unsigned char *p)
{
    h->known = true;
    h->remote = h->local = (union core_proxy_addr){ .sa.sa_family = (sa_family_t)family };
    if (family == AF_INET) {
        memcpy(&h->remote.in.sin_addr, p, 4);
        memcpy(&h->local.in.sin_addr, p + 4, 4);
        memcpy(&h->remote.in.sin_port, p + 8, 2);
        memcpy(&h->local.in.sin_port, p + 10, 2);
    } else {
        memcpy(&h->remote.in6.sin6_addr, p, 16);
        memcpy(&h->local.in6.sin6_addr, p + 16, 16);
        memcpy(&h->remote.in6.sin6_port, p + 32, 2);
        memcpy(&h->local.in6.sin6_port, p + 34, 2);
    }
}

enum { LOCAL = 0, PROXY = 1, TCP4 = 0x11, TCP6 = 0x21, TCP4_LENGTH = 12, TCP6_LENGTH = 36 };

/* 2.2: all of the header was read. Families that have nothing to do with us are like none. */
static enum core_proxy_state parse_block(struct core_proxy_header *h, size_t length)
{
    unsigned command = h->p[12] & 0xf, family = h->p[13];

    if (command == LOCAL)
        return CORE_PROXY_DONE;
    if (command != PROXY || family >> 4 > 3 || (family & 0xf) > 2)
        return CORE_PROXY_BAD;
    if (family == TCP4 || family == TCP6) {
        if (length < (family == TCP4 ? TCP4_LENGTH : TCP6_LENGTH))
            return CORE_PROXY_BAD;
        copy_addresses(h, family == TCP4 ? AF_INET : AF_INET6, h->p + CORE_PROXY_V2_HEAD);
    }
    return CORE_PROXY_DONE;
}

static enum core_proxy_state version2(struct core_proxy_header *h)
{
    size_t length;

    if (memcmp(h->p, signature, h->n < sizeof(signature) ? h->n : sizeof(signature)) != 0 ||
        (h->n > 12 && h->p[12] >> 4 != 2))
        return CORE_PROXY_BAD;
    if (h->n < CORE_PROXY_V2_HEAD)
        return CORE_PROXY_MORE;
    length = (size_t)h->p[14] << 8 | h->p[15];
    if (length > CORE_PROXY_V2_MAX)
        return CORE_PROXY_BAD;
    return h->total < CORE_PROXY_V2_HEAD + length ? CORE_PROXY_MORE : parse_block(h, length);
}

/* A byte at a time: a header has about fifty. */
size_t core_proxy_feed(struct core_proxy_header *h, const void *data, size_t n)
{
    const unsigned char *p = data;
    size_t used = 0;

    while (used < n && h->state == CORE_PROXY_MORE) {
        if (h->n < sizeof(h->p))
            h->p[h->n++] = p[used];
        h->total++;
        used++;
        h->state = h->p[0] == signature[0] ? version2(h) : version1(h);
    }
    return used;
}
