/* The header of the PROXY protocol, versions 1 and 2 (haproxy.org, doc/proxy-protocol.txt of 2020/03/05): with
 * it a proxy tells whose connection it passes on. Pure, fed in pieces of any size. */
#ifndef MOXD_CORE_PROXY_HEADER_H
#define MOXD_CORE_PROXY_HEADER_H

#include <moxd/base.h>
#include <netinet/in.h>

enum {
    CORE_PROXY_V1_MAX = 107, /* 2.1: the longest line, with CRLF */
    CORE_PROXY_V2_HEAD = 16, /* 2.2: signature, version, family, length */
    CORE_PROXY_V2_MAX =
        4096, /* length of what follows: addresses and what else proxies tell (certificate
                                 names); more is no header */
};
enum core_proxy_state {
    CORE_PROXY_MORE, /* incomplete */
    CORE_PROXY_DONE,
    CORE_PROXY_BAD, /* no header: the connection is to be closed */
};
union core_proxy_addr {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};
struct core_proxy_header {
    enum core_proxy_state state;
    unsigned char p[CORE_PROXY_V1_MAX]; /* the line, or the head with the addresses of version 2 */
    size_t n, total;                    /* bytes in p, and of the header so far */
    /* DONE: */
    bool known; /* else the connection is the proxy's own, or of a kind without
                                          these addresses: those of the socket count */
    union core_proxy_addr remote, local; /* of the connection that is passed on */
};

/* Consumes what belongs to the header of data[0..n), never more; the number of bytes. A zeroed struct is the
 * start. Nothing is consumed once the state is DONE; after BAD nothing more is defined. */
size_t core_proxy_feed(struct core_proxy_header *h, const void *data, size_t n);

#endif
