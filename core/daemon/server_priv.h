/* The server's state, for the files that are parts of it. */
#ifndef MOXD_CORE_SERVER_PRIV_H
#define MOXD_CORE_SERVER_PRIV_H

#include "daemon/plan.h"
#include "daemon/server.h"
#include "listen/handed.h"

struct core_server {
    const struct core_options *o;
    struct moxd_log log;
    int channel;
    struct core_handed handed;
    struct core_plan plan;
    int status;
    bool stop, leave;          /* told to stop; leave new connections to a successor */
    struct moxd_waitq stopped; /* woken when `stop` is set */
    struct moxd_fid listener;  /* the fiber that hears the parent */
    /* Certificates on their way. */
    struct core_certs incoming;
    uint32_t wanted; /* id of the last request */
    uint32_t answered;
    struct moxd_err answer;
    struct moxd_waitq answers;
};
extern struct core_server core_server;

/* Logs why the server cannot go on; -1. */
int core_server_failed(const char *what, const struct moxd_err *err);
/* Begins a graceful stop; may be called again. */
void core_server_stop(bool leave);
/* server_start.c: from a checked configuration to a server that accepts. -1 after messages; nothing of a
 * module runs then. */
int core_server_start(void) MOXD_CHECKED MOXD_SUSPENDS;
/* server_stop.c: the graceful end of a started server. */
void core_server_end(void) MOXD_SUSPENDS;
/* hear.c: starts the fiber that hears the parent; asks it for certificates and uses them. */
void core_hear_begin(void);
void core_hear_end(void) MOXD_SUSPENDS;
int core_hear_certs(struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int core_tell_parent(int type, uint32_t id, struct moxd_err *err) MOXD_CHECKED;

#endif
