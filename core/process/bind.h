/* Listening sockets: made by the parent, which may bind to ports below 1024, in an order that depends on
 * the configuration alone (CORE-26). */
#ifndef MOXD_CORE_BIND_H
#define MOXD_CORE_BIND_H

#include "core_modules.h"

#include <sys/socket.h>

/* One address and port that a service listens on. */
struct core_bind {
    const char *listener, *service;
    struct moxd_pos pos; /* of the address */
    const char *address; /* as written */
    unsigned port;
    struct sockaddr_storage addr;
    socklen_t len;
    int fd; /* -1 until bound */
};
struct core_binds {
    struct core_bind *v;
    size_t n;
};

/* Everything that the configuration wants to listen on: listeners as in the file, services as in their
 * modules' tables, addresses as written. In the arena, unbound. */
void core_binds_plan(const struct moxd_conf *conf, const struct core_modules *set,
                     struct moxd_arena *a, struct core_binds *out);
/* Binds and listens. Sockets that an earlier parent left (core_binds_inherit) are used again. All
 * failures are told; -1 when there were any, everything is closed then. */
int core_binds_open(struct core_binds *binds, struct moxd_problems *problems) MOXD_CHECKED;
void core_binds_close(struct core_binds *binds);

/* Across an exec of the parent: names the descriptors in the environment and keeps them open; the
 * successor finds them by address. */
int core_binds_hand_over(const struct core_binds *binds, struct moxd_err *err) MOXD_CHECKED;

#endif
