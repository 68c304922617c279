/* What becomes of messages in the queue, told to the module trace under the id that each has. Nothing without that
 * module. */
#ifndef QUEUE_EXPLAIN_H
#define QUEUE_EXPLAIN_H

#include "queue_dsn.h"
#include "queue_local.h"
#include "queue_open.h"
#include "queue_result.h"

/* A new id for a message that comes from no transaction. */
const char *queue_explain_id(char out[32]);
void queue_explain_queued(struct queue *q, const struct queue_new *new,
                          const struct queue_message *msg, const struct queue_item *item);
/* A host, one of its addresses, or that policies keep us from it. reply NULL: there is a session. */
void queue_explain_tried(const struct queue_opening *o, const struct smtpclient_facts *facts,
                         const struct smtpclient_reply *reply);
void queue_explain_attempt(const struct queue_job *job, const struct queue_outcome_of *o);
/* A notification of another server: what it says of a recipient. */
void queue_explain_reported(struct queue *q, const struct queue_message *msg,
                            const struct queue_item *item, enum queue_outcome outcome,
                            const struct smtpclient_reply *reply);
/* The sender was told in a notification with that id. */
void queue_explain_told(struct queue *q, const struct queue_message *msg,
                        const struct queue_told *told, const char *notification);
/* A message of the server itself is about to go into a mailbox here; because of that one. */
void queue_explain_written(struct queue *q, const char *id, const char *origin, const char *to,
                           const char *cause);

#endif
