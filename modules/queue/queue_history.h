/* The attempts that were made for a recipient, kept in its record (QUEUE-09). */
#ifndef QUEUE_HISTORY_H
#define QUEUE_HISTORY_H

#include "queue_codec.h"

enum {
    QUEUE_HISTORY_MAX = 20,        /* attempts: the first and the last ones */
    QUEUE_HISTORY_TEXT_MAX = 1500, /* of a reply, in bytes */
};
struct queue_attempt {
    int64_t start, duration;           /* wall ns, ns */
    const char *transport;             /* NULL: direct */
    const char *host, *remote, *local; /* or NULL */
    const char *tls;                   /* "TLSv1.3 TLS_AES_256_GCM_SHA384", NULL: none */
    bool verified;                     /* the certificate, by PKIX or DANE */
    uint32_t stage;                    /* enum smtpclient_stage */
    uint32_t code;
    const char *enhanced, *text; /* of the reply */
    bool ours;                   /* it is not of the other side */
    bool ok, permanent;
    const char *
        reported; /* no attempt, but what a notification said later: "failed"; host: who sent it. Else NULL */
};
/* Appends an attempt to a history: the new one, in the arena. */
struct moxd_str queue_history_add(struct moxd_str history, const struct queue_attempt *at,
                                  struct moxd_arena *a);
/* Cuts the next attempt off *history; false at the end. */
bool queue_history_next(struct moxd_str *history, struct moxd_arena *a, struct queue_attempt *out);

#endif
