/* Connections that come through a proxy (proxy-protocol-from). */
#ifndef MOXD_CORE_PROXY_H
#define MOXD_CORE_PROXY_H

#include "listen/proxy_header.h"

#include <moxd/config.h>

/* Reads the header from the socket, and not one byte more. False: the peer is no proxy of ours, or what it sent
 * in time is no header; *why says it. */
bool core_proxy_read(const struct moxd_listener_conf *listener, int fd, struct core_proxy_header *h,
                     const char **why) MOXD_CHECKED MOXD_SUSPENDS;
#endif
