/* Recipients of one message that go to one destination together, and what becomes of them. */
#ifndef QUEUE_JOB_H
#define QUEUE_JOB_H

#include "queue_dest.h"
#include "queue_history.h"
#include "queue_security.h"

enum {
    QUEUE_JOB_RCPTS = 100, /* RFC 5321 4.5.3.1.8: every server takes so many in a transaction */
    QUEUE_SESSION_DOMAINS = 32, /* of one whose server limits them: no more, whatever it takes */
};

/* What an attempt came to for one recipient. */
struct queue_verdict {
    bool ok;
    bool in_mailbox; /* ok, and here: it is delivered, not passed on */
    bool aborted;    /* the server stops: nothing is known, nothing is recorded */
    struct smtpclient_reply reply;
    enum queue_outcome outcome; /* FAILED, SUPPRESSED or CANCELLED, when it is final and not ok */
};
struct queue_job {
    struct queue *q;
    struct queue_dest *dest;                 /* NULL: of a command, or already delivered */
    const struct queue_transport *transport; /* NULL: direct */
    struct moxd_arena *arena;
    struct queue_message msg;
    struct queue_item *items;
    struct queue_verdict *verdicts; /* of items[i] */
    size_t n;
    struct store_body *body; /* open while it is sent */
    struct moxd_str
        prefix;       /* fields that go before it: signatures of what was held (queue_sign.h) */
    int64_t start;    /* wall ns */
    bool alone;       /* of a command: it is at no destination, and not q->active's */
    bool silent;      /* nobody is told */
    bool last_chance; /* there will be no other attempt for some of them */
    /* Of the last connection: */
    const char *host;                     /* or NULL */
    const struct smtpclient_facts *facts; /* or NULL */
    bool no_host; /* nowhere was a session: the destination as a whole is not reachable */
    bool busy;    /* it wants less mail: 421, or 45x that is not about a recipient */
};

/* Of a destination, the next ones that are still to be sent; NULL when there are none. */
struct queue_job *queue_job_take(struct queue_dest *d) MOXD_SUSPENDS;
/* One recipient, for a command. */
struct queue_job *queue_job_alone(struct queue *q, const struct queue_message *msg,
                                  const struct queue_item *item);
void queue_job_free(struct queue_job *job);
/* From when on time counts until it is given up: queued, or released. */
static inline int64_t queue_since(const struct queue_message *msg)
{
    return msg->deadline > msg->queued ? msg->deadline : msg->queued;
}
/* The same verdict for all that have none: those with code 0. */
void queue_job_all(struct queue_job *job, const struct smtpclient_reply *reply);
/* Remembers a copy: sessions end before results are recorded. */
void queue_job_facts(struct queue_job *job, const struct smtpclient_facts *facts);
/* A reply of ours from an error, in the arena. */
struct smtpclient_reply queue_reply_err(struct queue_job *job, enum smtpclient_stage stage,
                                        const struct moxd_err *err);
/* ... with that text: one sentence. */
struct smtpclient_reply queue_reply_ours(enum smtpclient_stage stage, int code,
                                         const char *enhanced, const char *text);

/* A connection that a worker keeps for the next job. */
struct queue_session {
    struct smtpclient_session *s;     /* NULL: none */
    struct moxd_arena *arena;         /* of what the session refers to */
    enum queue_requiretls requiretls; /* what it was opened for */
    const char *host;
    unsigned transactions;
    bool plan_requiretls;
    /* Domains of recipients, where the server takes only so many (RFC 9422): */
    const char *domains[QUEUE_SESSION_DOMAINS];
    size_t ndomains;
};
/* Whether another transaction may begin over it. */
bool queue_session_usable(struct queue *q, const struct queue_session *s);
void queue_session_close(struct queue *q, struct queue_session *s) MOXD_SUSPENDS;

/* queue_open.c: a session for the job, the one of *s when that will do. -1: all have a verdict. */
int queue_open(struct queue_job *job, struct queue_session *s) MOXD_SUSPENDS;
/* queue_deliver.c: an attempt; afterwards every recipient has a verdict. */
void queue_deliver(struct queue_job *job, struct queue_session *s) MOXD_SUSPENDS;
/* queue_result.c: records them. */
void queue_results(struct queue_job *job) MOXD_SUSPENDS;

/* queue_source.c: the address to connect from, of the family of `to`; false: any. The one that was used before, when it
 * is still ours, since receivers who greylist remember it. */
bool queue_source(struct queue *q, const struct sockaddr_storage *to, const char *before,
                  struct sockaddr_storage *out);
/* Whether this server should not use IPv6: its address there has no name (P-QUEUE-04). Looked up now and then. */
bool queue_source_skip_ipv6(struct queue *q) MOXD_SUSPENDS;

#endif
