/* IP addresses and networks as bytes: "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". IPv4 lies in ::ffff:0:0/96, so that
 * there is one form, and what an IPv6 socket shows of an IPv4 peer is the same address. Thread-safe. */
#ifndef MOXD_NETWORK_H
#define MOXD_NETWORK_H

#include <moxd/str.h>
#include <sys/socket.h>

struct moxd_network { /* without padding: it can be a key */
    unsigned char addr[16];
    unsigned char bits; /* of 128 that count; of a single address all */
};
enum { MOXD_NETWORK_TEXT = 64, MOXD_NETWORK_IPV4 = 96 /* bits before those of IPv4 */ };

/* -1: it is neither address nor network. Bits behind the prefix stay: see moxd_network_cut. */
int moxd_network_parse(struct moxd_str s, struct moxd_network *out) MOXD_CHECKED;
/* The address; -1 for another family. */
int moxd_network_of(const struct sockaddr *sa, struct moxd_network *out) MOXD_CHECKED;
bool moxd_network_is_ipv4(const struct moxd_network *net);
/* The network of that many bits around it; the others are 0. */
struct moxd_network moxd_network_cut(const struct moxd_network *net, unsigned bits);
/* Whether there is nothing behind the prefix. */
bool moxd_network_is_exact(const struct moxd_network *net);
bool moxd_network_has(const struct moxd_network *net, const struct moxd_network *ip);
/* "192.0.2.0/24"; of a single address without prefix. */
const char *moxd_network_text(const struct moxd_network *net, char out[MOXD_NETWORK_TEXT]);
/* Whether the first bits are the same. */
bool moxd_bits_equal(const void *a, const void *b, unsigned bits);

#endif
