/* What the parent hands to the server when it starts. */
#ifndef MOXD_CORE_HANDED_H
#define MOXD_CORE_HANDED_H

#include "process/priv.h"

#include <moxd/arena.h>
#include <moxd/tls.h>

struct core_handed_socket {
    const char *listener, *service;
    int fd;
};
/* Certificates of all listeners, as they come in. */
struct core_certs {
    struct moxd_arena *a;
    struct core_cert {
        const char *listener;
        struct moxd_tls_pair pair;
    } * v;
    size_t n, cap;
};
struct core_handed {
    struct moxd_arena *a;
    struct core_handed_socket *sockets;
    size_t nsockets, cap;
    struct core_certs certs;
    int lock, crash; /* -1 without */
    bool drop;       /* root: become `user` */
    struct core_user user;
    unsigned crashes[2]; /* of servers before this one, since the parent started: by a signal, by an
                            exit status */
};

/* Reads messages until GO. Waits, at most half a minute. -1 with *err. */
int core_handed_receive(struct core_handed *h, int channel, struct moxd_err *err) MOXD_CHECKED;
/* Closes the certificates' descriptors and those sockets that nobody took (fd -1 when taken). The lock
 * and the crash log stay open. Again is fine. */
void core_handed_fini(struct core_handed *h);

struct core_msg;
/* Takes the descriptors of a CERT message. */
void core_certs_add(struct core_certs *certs, struct core_msg *msg);
void core_certs_init(struct core_certs *certs);
void core_certs_fini(struct core_certs *certs);

#endif
