/* Between queue_open.c, which goes through hosts and addresses, and queue_connect.c, which tries one. */
#ifndef QUEUE_OPEN_H
#define QUEUE_OPEN_H

#include "queue_job.h"

enum {
    QUEUE_HOSTS_MAX = 10,    /* of a domain that are tried in one attempt */
    QUEUE_CONNECTS_MAX = 12, /* connections in one attempt */
};
struct queue_opening {
    struct queue_job *job;
    struct queue_session *s;
    const struct smtpclient_hosts *hosts; /* NULL with a fixed host */
    struct queue_host host;
    struct queue_security known;
    struct queue_plan plan;
    unsigned port;
    const struct smtpclient_login *login;
    const struct moxd_tls_identity *identity; /* or NULL */
    const char *socks;
    unsigned connects;
    struct smtpclient_reply reply; /* why the last one did not work */
    bool later;                    /* one failed in a way that may pass */
};
/* What the attempt comes to, should no other host do. */
void queue_opening_failed(struct queue_opening *o, const struct smtpclient_reply *reply);
/* Asks what is known of the host, and makes the plan. false: it gets nothing. */
bool queue_plan(struct queue_opening *o) MOXD_SUSPENDS;
/* Tries one address; NULL: through the proxy. */
bool queue_connect(struct queue_opening *o, const struct sockaddr_storage *address) MOXD_SUSPENDS;

#endif
