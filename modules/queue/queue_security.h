/* What a host must do about TLS before it gets a message: MTA-STS (RFC 8461), DANE (RFC 7672), REQUIRETLS and
 * TLS-Required: No (RFC 8689) together. Pure. */
#ifndef QUEUE_SECURITY_H
#define QUEUE_SECURITY_H

#include <moxd/smtpclient.h>

#include "queue_api.h"

struct queue_demand {
    enum queue_requiretls requiretls;
    bool null_sender;  /* REQUIRETLS does not bind mail from the null path (RFC 8689 4.2.1) */
    bool hosts_secure; /* DNSSEC proved which hosts the domain has */
};
struct queue_plan {
    bool skip; /* the host gets nothing, because of reply */
    struct moxd_reply reply;
    struct smtpclient_security security;
    bool fallback;   /* plain text is tried when TLS fails */
    bool requiretls; /* MAIL says so; a failure of TLS is final */
};
void queue_security_plan(const struct queue_demand *d, const struct queue_security *known,
                         struct queue_plan *out);

#endif
