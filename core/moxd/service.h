/* Services: what listens on a listener's ports. A module declares them as data; core binds (in the
 * privileged parent), accepts, and runs `session` in a fiber for each connection. */
#ifndef MOXD_SERVICE_H
#define MOXD_SERVICE_H

#include <moxd/config.h>
#include <moxd/hook.h>
#include <moxd/log.h>
#include <moxd/stream.h>
#include <moxd/tls.h>

struct moxd_instance;

/* First member of a service's block inside a listener: `smtp { port = 25 }`. */
struct moxd_service_conf {
    struct moxd_conf_head head;
    int64_t port;        /* 0 in the file: any free port (tests) */
};
/* The `port` directive, for a service's table: default as text. */
#define MOXD_SERVICE_PORT(dflt)                                                                    \
    { .name = "port", MOXD_AT_INT(struct moxd_service_conf, port), .deflt = (dflt), .max = 65535,  \
      .doc = "TCP port." }

struct moxd_conn {
    struct moxd_stream *st;                      /* closed by core after session returns */
    uint64_t cid;                                /* unique while the server runs, never 0 */
    struct moxd_log log;                         /* has cid, listener and remote address */
    const struct moxd_listener_conf *listener;
    const struct moxd_service_conf *conf;
    struct moxd_tls *tls;                        /* for STARTTLS; NULL: no TLS on this listener */
    const char *hostname;                        /* of the listener */
    char remote_ip[64], local_ip[64];
    const struct moxd_service *service;
    /* Set by the session while it does nothing that anybody would miss, such as before its greeting: a
     * server that stops then cancels its fiber at once, whatever it waits for. */
    bool idle;
    /* The account that it is for, where that was settled before: a session through the control socket.
     * Else NULL. */
    const char *account;
};
struct moxd_service {
    const char *name;         /* block name inside listener, "submissions"; NULL ends a table */
    const char *summary;
    const struct moxd_block *block; /* its struct begins with struct moxd_service_conf */
    bool implicit_tls;        /* core does the handshake before session; needs listener tls */
    bool lenient_sni;         /* unknown SNI gets the host certificate */
    bool client_certs;
    bool for_clients;         /* people set their mail programs up with it: `moxctl clientconfig` */
    const char *alpn[3];      /* NULL-ended; for implicit TLS */
    const char *busy;         /* sent to connections over a limit and during shutdown: "421 ...\r\n" */
    void (*session)(struct moxd_instance *m, struct moxd_conn *c) MOXD_SUSPENDS;
};

/* on_connection (DECIDE): a client has connected to any service, before TLS and the service's first line. The
 * peer of a refused one gets the service's busy line, in clear only; the reply's detail is logged.
 * on_disconnect (OBSERVE): such a connection, refused or not, is about to be closed. The event is the
 * connection itself, which is the same until then. */
#define MOXD_POINT_on_connection_MAJOR 1
typedef enum moxd_verdict moxd_on_connection_fn(struct moxd_instance *m, const struct moxd_conn *ev,
                                                struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_disconnect_MAJOR 1
typedef void moxd_on_disconnect_fn(struct moxd_instance *m, const struct moxd_conn *ev);

/* True once the server is stopping: sessions finish what they do and say goodbye. Their fibers are
 * cancelled when the grace period ends. Fibers in moxd_stream_wait are poked, those that wait in
 * moxd_stream_line get MOXD_STOPPED. */
bool moxd_stopping(void);
/* Runs service->session on a stream that came through no listener: c has `st`, `conf`, `service` and
 * `account`; the rest is set here, `listener` and `tls` to NULL. It is counted, logged, and ended when the
 * server stops, as all sessions are. `from` is the listener in the log. Returns after its end; the stream
 * stays the caller's. -1 after the busy line of the service: too many connections (LIMIT), or the server
 * is stopping (STATE). */
int moxd_service_run(struct moxd_instance *m, const char *from, const struct moxd_conn *c,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Address and port a service listens on, for `moxctl` and tests: n-th, false past the end. */
bool moxd_service_port(const char *listener, const char *service, size_t n, char ip[64],
                       unsigned *port);
/* A short id for a cid that goes into Received headers and replies: the cid encrypted with the key in
 * data-dir/receivedid.key (P-CORE-07), so that it tells nothing. */
const char *moxd_cid_public(uint64_t cid, char out[32]);
/* The same for what was done over the connection: the n-th transaction, from 1; 0: the connection itself. Unique, also
 * after restarts. */
const char *moxd_cid_public_part(uint64_t cid, uint32_t n, char out[32]);
/* -1 when it is not one of ours. */
int moxd_cid_from_public(const char *id, uint64_t *cid) MOXD_CHECKED;
int moxd_cid_from_public_part(const char *id, uint64_t *cid, uint32_t *n) MOXD_CHECKED;
/* A cid for what came over no connection, such as a notification that the server writes. */
uint64_t moxd_cid_new(void);

#endif
