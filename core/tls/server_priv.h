/* The server side, shared by its life (server.c) and what it does in handshakes (choose.c). */
#ifndef MOXD_CORE_TLS_SERVER_PRIV_H
#define MOXD_CORE_TLS_SERVER_PRIV_H

#include "tls/tls_priv.h"

#include <moxd/tls.h>

enum { CORE_ALPN_MAX = 8, CORE_ALPN_NAME_MAX = 32 };

struct moxd_tls {
    unsigned refs; /* the owner's, and one for each SSL_CTX that still lives in a connection */
    SSL_CTX *ctx;
    char *hostname;
    int min_version;
    bool lenient_sni, client_certs, no_tickets, alpn_required;
    unsigned char
        alpn[CORE_ALPN_MAX * (CORE_ALPN_NAME_MAX + 1)]; /* as in the protocol: length, name, ... */
    unsigned alpn_n;
    char *warning;
};

/* What an SSL_CTX chooses from. */
struct core_certs {
    struct moxd_tls *tls;
    struct core_cert *v;
    size_t n;
};

void core_certs_free(struct core_certs *c);
/* A context that chooses from certs, which it owns from now on; NULL with *err: it does not. */
SSL_CTX *core_tls_server_ctx(struct moxd_tls *tls, struct core_certs *certs, struct moxd_err *err);

#endif
