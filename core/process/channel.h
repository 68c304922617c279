/* What parent and server say to each other, over a socket pair of type SOCK_SEQPACKET: one message is
 * one packet, with at most two descriptors. Both ends are of the same version of moxd.
 *
 *     parent to server at the start: SOCKET ..., CERT ..., CERTS_DONE, LOCK, CRASH, GO
 *     server to parent:              READY; later WANT_CERTS
 *     parent to server, later:       CERT ..., CERTS_DONE; RELOAD; STOP
 *
 * When one end is closed the other side is gone: the server then stops, the parent starts a new one. */
#ifndef MOXD_CORE_CHANNEL_H
#define MOXD_CORE_CHANNEL_H

#include <moxd/err.h>

enum core_msg_type {
    CORE_MSG_SOCKET = 1, /* fd: listening; fields: listener, service, number */
    CORE_MSG_CERT,       /* fds: certificate, key; fields: listener, their paths */
    CORE_MSG_CERTS_DONE, /* id: of the request, 0 unasked; fields: what went wrong, or "" */
    CORE_MSG_LOCK,       /* fd: holds the lock on the data directory */
    CORE_MSG_CRASH,      /* fd: the crash log */
    CORE_MSG_GO,         /* fields: user, uid, gid when the parent is root, else ""; then how
                            many servers before this one ended by a signal, and by an exit status */
    CORE_MSG_RELOAD,     /* re-read domains.conf */
    CORE_MSG_STOP,       /* fields: "1" to leave new connections to a successor */
    CORE_MSG_READY,      /* all listeners accept */
    CORE_MSG_WANT_CERTS, /* id: to be repeated in CERTS_DONE */
};
enum {
    CORE_MSG_FDS = 2,
    CORE_MSG_TEXT = 4096, /* bytes of all fields with their NULs */
};

struct core_msg {
    uint32_t type, id;
    int fd[CORE_MSG_FDS];     /* -1 when there is none; the receiver's to close */
    size_t n;                 /* bytes in use */
    char text[CORE_MSG_TEXT]; /* fields, each NUL-terminated */
};

/* Makes a message without fields and descriptors. */
void core_msg_init(struct core_msg *msg, enum core_msg_type type);
/* Appends a field; -1 when it does not fit. */
int core_msg_add(struct core_msg *msg, const char *field) MOXD_CHECKED;
/* The i-th field, "" past the last. */
const char *core_msg_field(const struct core_msg *msg, size_t i);
void core_msg_close(struct core_msg *msg); /* its descriptors */

/* A pair of ends, close-on-exec, non-blocking. */
int core_channel_pair(int fd[2], struct moxd_err *err) MOXD_CHECKED;
/* Sends, descriptors included, which stay the caller's. There is room for about a hundred messages;
 * TEMP when the other side has not read for a second, CLOSED when it is gone. */
int core_channel_send(int fd, const struct core_msg *msg, struct moxd_err *err) MOXD_CHECKED;
/* 1: *msg is filled; 0: nothing is there now; -1 with *err: CLOSED or worse. */
int core_channel_recv(int fd, struct core_msg *msg, struct moxd_err *err) MOXD_CHECKED;

#endif
