/* Control commands of the queue. */
#ifndef QUEUE_CMD_H
#define QUEUE_CMD_H

#include "queue_filter.h"
#include "queue_history.h"

#define QUEUE_COMMAND(name)                                                                        \
    int queue_cmd_##name(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,       \
                         struct moxd_err *err) MOXD_SUSPENDS
QUEUE_COMMAND(list);
QUEUE_COMMAND(show);
QUEUE_COMMAND(dump);
QUEUE_COMMAND(hold);
QUEUE_COMMAND(unhold);
QUEUE_COMMAND(schedule);
QUEUE_COMMAND(transport);
QUEUE_COMMAND(requiretls);
QUEUE_COMMAND(fail);
QUEUE_COMMAND(drop);
QUEUE_COMMAND(holdrules_list);
QUEUE_COMMAND(holdrules_add);
QUEUE_COMMAND(holdrules_remove);
QUEUE_COMMAND(retired_list);
QUEUE_COMMAND(retired_print);
QUEUE_COMMAND(suppress_list);
QUEUE_COMMAND(suppress_add);
QUEUE_COMMAND(suppress_remove);
QUEUE_COMMAND(offers);

extern const struct moxd_command queue_commands[];

/* queue_print.c */
/* "5m30s" until then, "now", or since. */
void queue_put_ago(struct moxd_buf *b, int64_t from, int64_t to);
/* The last attempt of a history; false: there was none. */
bool queue_last_attempt(struct moxd_str history, struct moxd_arena *a, struct queue_attempt *out);
/* A line of a listing, and the one above all. */
void queue_put_line(struct moxd_buf *b, const struct queue_message *msg,
                    const struct queue_item *item, const char *state, struct moxd_arena *a);
extern const char queue_list_head[];
/* All that is known of one, with its attempts. */
void queue_put_details(struct moxd_buf *b, const struct queue_message *msg,
                       const struct queue_item *item, struct moxd_arena *a);
/* Writes the buffer and empties it. */
int queue_flush(struct moxd_ctl *c, struct moxd_buf *b, struct moxd_err *err) MOXD_SUSPENDS;

#endif
