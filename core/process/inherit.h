/* Listening sockets that survive an exec: named by number in the environment, told apart by the
 * address that they are bound to. */
#ifndef MOXD_CORE_INHERIT_H
#define MOXD_CORE_INHERIT_H

#include <moxd/buf.h>
#include <moxd/err.h>
#include <sys/socket.h>

enum {
    CORE_INHERIT_MAX = 1024,         /* sockets */
    CORE_INHERIT_TEXT_MAX = 1 << 14, /* bytes of the variable */
};
struct core_inherited {
    int *fd; /* taken ones are -1 */
    size_t n;
};

/* Reads the variable and removes it. What is not a listening socket is ignored. */
void core_inherit(struct core_inherited *in);
/* The one that is bound to this address, close-on-exec; -1 when there is none. A wanted port 0 takes
 * any port. */
int core_inherit_take(struct core_inherited *in, const struct sockaddr_storage *addr);
/* Closes those that nobody took. */
void core_inherit_fini(struct core_inherited *in);

/* The other side: collect descriptors, which stay open across exec then, and set the variable. */
int core_inherit_add(struct moxd_buf *b, int fd, struct moxd_err *err) MOXD_CHECKED;
int core_inherit_export(const struct moxd_buf *b, struct moxd_err *err) MOXD_CHECKED;

#endif
