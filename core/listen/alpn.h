/* Ports that several services of a listener share: what clients ask for in the TLS handshake decides (ALPN,
 * RFC 7301). */
#ifndef MOXD_CORE_LISTEN_ALPN_H
#define MOXD_CORE_LISTEN_ALPN_H

#include "listen/ports.h"

/* Makes the port of the listener's alpn block, which has no module. */
void core_alpn_port(struct core_port *port, const struct moxd_core_conf *core,
                    const struct moxd_listener_conf *l, const struct core_modules *set);
/* Whether a service serves those who ask for nothing: who speaks HTTP does, everybody else is turned away. */
bool core_alpn_serves_silent(const struct core_port *port);
/* The port of the service that a client of this shared port has asked for in its handshake; NULL: none. The
 * handshake fails of those who ask for nothing that is there. */
struct core_port *core_alpn_choose(const struct core_port *port, const struct moxd_stream *st);

#endif
