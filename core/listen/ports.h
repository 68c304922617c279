/* Ports: a service on a listener, its sockets, its TLS configuration and its sessions. */
#ifndef MOXD_CORE_PORTS_H
#define MOXD_CORE_PORTS_H

#include "core_modules.h"
#include "listen/handed.h"

struct core_session;

struct core_port {
    const struct moxd_listener_conf *listener;
    const struct moxd_service *service;
    const struct moxd_service_conf *conf;
    struct moxd_instance *m; /* NULL: one that services share */
    const char *const *alpn; /* NULL-ended: of a shared one, the names of all services */
    struct moxd_tls *tls;    /* NULL without */
    const char *hostname;
    int *fd;
    size_t nfd;
    size_t nsessions;
    struct moxd_log log; /* has listener and service */
    struct moxd_kv kv[2];
};
struct core_ports {
    struct moxd_arena *a;
    struct core_port *v;
    size_t n;
    struct core_session *sessions;
    size_t nsessions, max_sessions; /* 0: no limit */
    struct moxd_waitq idle;         /* woken when the last session has ended */
    struct moxd_fid *acceptors;
    size_t nacceptors;
    struct moxd_conf *generation; /* the one that listeners and confs belong to */
    bool stopping;
    int reserve; /* a descriptor to give up when there are none left */
    struct moxd_metric_handle *connections, *open;
    struct moxd_point *on_connection, *on_disconnect;
};
extern struct core_ports core_ports;

/* Makes a port for each service that is configured, takes its sockets, builds its TLS configuration.
 * A service without sockets is logged: moxd.conf was changed since the parent read it. */
int core_ports_init(const struct moxd_conf *conf, const struct core_modules *set,
                    struct core_handed *handed, struct moxd_err *err) MOXD_CHECKED;
/* New certificates, for all ports; those of which something is wrong keep theirs, the first error is
 * returned. */
int core_ports_certs(const struct core_certs *certs, struct moxd_err *err) MOXD_CHECKED;
/* Accepts, in a fiber per socket. */
void core_ports_accept(void);
/* Stopping: sessions are poked and expected to end soon; new connections get the busy line, or, when
 * `leave`, wait for a successor. */
void core_ports_stop(bool leave);
/* Waits for the end of all sessions; MOXD_OK or MOXD_TIMEOUT. */
int core_ports_wait(int64_t deadline) MOXD_SUSPENDS;
void core_ports_cancel(void);
/* Ends the accepting fibers. No session may be left. */
void core_ports_end(void) MOXD_SUSPENDS;
/* Closes and frees everything; also when core_ports_init was not called, or failed. */
void core_ports_fini(void);

/* A connection that came to the port: starts its session, or says busy. Takes fd. (session.c) */
void core_session_begin(struct core_port *port, int fd);
/* Sends the busy line of the service, without waiting, and closes. */
void core_session_refuse(const struct core_port *port, int fd);
/* accept.c: the fiber of one socket. */
void core_accept_begin(struct core_port *port, int fd, struct moxd_fid *fid);

#endif
