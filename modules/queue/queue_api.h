/* queue/1 and the hooks of the outgoing queue: messages that are to be sent to other servers.
 *
 * A message is queued with all of its recipients in one transaction, and each recipient is then tried by
 * itself until it is delivered, refused for good, or given up. Pointers in events are valid during the
 * call. */
#ifndef MOXD_QUEUE_H
#define MOXD_QUEUE_H

#include <moxd/arena.h>
#include <moxd/hook.h>
#include <moxd/log.h>
#include <moxd/smtp.h>
#include <moxd/smtpclient.h>

struct moxd_instance;
struct store_draft;

enum queue_requiretls {
    QUEUE_TLS_DEFAULT,
    QUEUE_TLS_REQUIRED,
    QUEUE_TLS_OPTIONAL /* TLS-Required: No */
};
/* RFC 8689 6: what was demanded for a message's way here holds for its way on, and for answers to it. */
static inline enum queue_requiretls queue_requiretls_of(const struct smtp_message *msg)
{
    if (msg->mail->requiretls)
        return QUEUE_TLS_REQUIRED;
    return msg->tls_optional ? QUEUE_TLS_OPTIONAL : QUEUE_TLS_DEFAULT;
}

struct queue_rcpt {
    const char *
        to; /* "localpart@domain": quoted where needed, domain in A-labels (or U-labels, with smtputf8) */
    const char *notify, *orcpt; /* DSN parameters as on the wire, or NULL */
};
/* 1.3: data of a program's own that travels with a message, and comes back with its results (SUBM-04). */
struct queue_extra {
    const char *key, *value; /* UTF-8 */
};
struct queue_new {       /* a message that is to be sent */
    const char *account; /* whose it is; NULL: the server's own (DSNs, reports, forwarding) */
    const char *from;    /* reverse-path; "" for DSNs */
    const struct queue_rcpt *rcpts;
    size_t n;
    struct moxd_str prefix; /* header fields before the draft */
    struct store_draft *draft;
    enum queue_requiretls requiretls;
    bool smtputf8, body8bit;
    bool no_dsn;                      /* nobody is told of its failure: reports (P-QUEUE-10) */
    const char *envid, *ret;          /* DSN, or NULL */
    int64_t hold_until;               /* wall ns: FUTURERELEASE (RFC 4865); 0: at once */
    const char *message_id, *subject; /* for lists; or NULL: read from the header */
    const char *origin;               /* "smtp", "dsn", "dmarc", "tlsrpt", "webapi", "forward" */
    /* 1.2: smtp_mail.id of the transaction that it came in, or NULL: it gets one of its own; and that of the message
     * because of which it is sent (a forwarded one, an answer), or NULL. For trace/1 and DSNs. */
    const char *trace, *cause;
    const struct queue_extra *extra; /* 1.3: LIMIT when it is too much: 8 KiB with all keys */
    size_t nextra;
};
struct queue_v1 {
    /* Durable on return. ids[i] (may be NULL): of the i-th recipient. FULL, TEMP, LIMIT, DENIED (on_queue refused). */
    int (*add)(struct moxd_instance *self, const struct queue_new *msg, uint64_t *ids,
               struct moxd_err *err) MOXD_SUSPENDS;

    /* 1.3 */
    /* How many messages other servers took from this one since it was started, each transaction counted once (QUEUE-23).
     * It only grows: who keeps what it said at some time, as when our addresses were last looked up in blocklists,
     * gets the number since then as the difference. After a restart it begins with 0 again. */
    uint64_t (*sent)(struct moxd_instance *self);
};

/* on_queue (DECIDE): before a message is queued. */
#define MOXD_POINT_on_queue_MAJOR 1
typedef enum moxd_verdict moxd_on_queue_fn(struct moxd_instance *m, const struct queue_new *ev,
                                           struct moxd_reply *reply) MOXD_SUSPENDS;

/* on_security (TRANSFORM): what is known about TLS of a host before a connection to it is made. Fired for each host of
 * a domain; hooks add what they know: MTA-STS of the domain, DANE of the host. A refusal skips the host: DEFER for now
 * (bogus TLSA, DANE-03), DENY for good. What the queue makes of it is in queue_security.c alone. */
struct queue_host {
    const char *domain; /* of the recipients, A-labels */
    const struct smtpclient_hosts *hosts;
    const char *host;
    unsigned port; /* to which the connection will be made: TLSA records are for a port */
    const struct smtpclient_addresses *addresses; /* NULL through a proxy */
    const struct moxd_log *log;
    struct moxd_arena *arena; /* lives until the attempt ends */
    bool last_chance; /* it would fail for good otherwise: fetch policies anew (RFC 8461 5) */
};
/* A policy that was applied, for reports (RFC 8460 4.2). */
struct queue_tls_policy {
    const char *type; /* "sts", "tlsa", "no-policy-found" */
    const char
        *domain; /* policy-domain: of the recipients for sts, the host for tlsa (TLSRPT-05) */
    const char *const *strings; /* NULL-ended policy-string */
    const char *const *mx;      /* NULL-ended mx-host patterns of sts */
    const char *failure; /* result-type that was found before connecting ("sts-policy-fetch-error",
                                                  "validation-failure", ...), or NULL */
    const char *detail;  /* failure-reason-code, or NULL */
};
struct queue_security {
    struct moxd_reply reply;
    /* MTA-STS (RFC 8461): */
    bool sts_enforce, sts_testing; /* a policy of that mode applies */
    bool sts_mx_ok;                /* the host matches it */
    /* DANE (RFC 7672): */
    bool dane;                    /* secure TLSA records are there: TLS is mandatory */
    const struct moxd_tlsa *tlsa; /* usable ones; none although dane: TLS unauthenticated */
    size_t ntlsa;
    const char *const *dane_names;              /* as in smtpclient_security */
    const struct queue_tls_policy *policies[4]; /* each hook appends its own */
    size_t npolicies;
};
#define MOXD_POINT_on_security_MAJOR 1
typedef enum moxd_verdict moxd_on_security_fn(struct moxd_instance *m, const struct queue_host *ev,
                                              struct queue_security *out) MOXD_SUSPENDS;

/* on_connected (OBSERVE): a connection to a host was tried: what became of TLS (TLS reports, QUEUE-19). Or none was made
 * because of policies: then they alone are in `security`, and `facts` are empty. */
struct queue_connected {
    const struct queue_host *host;
    const struct queue_security *security;
    const struct smtpclient_facts *facts;
    const struct smtpclient_reply *reply; /* NULL: the session is open */
    const char *account;                  /* sender, or NULL */
    bool report;                          /* mail that reports may count: not a report itself */
    bool fallback;                        /* plain text is tried next */
};
#define MOXD_POINT_on_connected_MAJOR 1
typedef void moxd_on_connected_fn(struct moxd_instance *m, const struct queue_connected *ev);
/* on_result (OBSERVE): durable: what became of a recipient in an attempt, or in the end (webhooks, dnsbl). */
enum queue_outcome {
    QUEUE_DELIVERED,
    QUEUE_RELAYED, /* delivered to a server that will not tell of successes (RFC 3461 5.2.2) */
    QUEUE_DELAYED, /* not yet, and the sender was told so now */
    QUEUE_RETRY,   /* not yet */
    QUEUE_FAILED,
    QUEUE_SUPPRESSED, /* failed without an attempt: on the suppression list */
    QUEUE_CANCELLED,  /* by the administrator */
    QUEUE_EXPANDED,   /* 1.1: a notification says that it went on to several addresses */
};
struct queue_result {
    uint64_t id;
    const char *account, *from, *to, *message_id, *fromid, *subject;
    enum queue_outcome outcome;
    const struct smtpclient_reply *reply; /* or NULL */
    unsigned attempts;
    const char *host;     /* or NULL */
    int64_t queued, next; /* wall ns; next: RETRY and DELAYED */
    /* 1.1: another server said so in a notification, after it had taken the message. It may follow any other outcome;
     * the reply is what is in the notification. */
    bool reported;
    /* 1.3: our address that another server saw, "" when there was no connection to one. */
    const char *local_ip;
    const struct queue_extra *extra; /* 1.3: what was given with the message; none: NULL, 0 */
    size_t nextra;
};
#define MOXD_POINT_on_result_MAJOR 1
typedef void moxd_on_result_fn(struct moxd_instance *m, const struct queue_result *ev);

#endif
