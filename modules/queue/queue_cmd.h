/* Control commands of the queue. */
#ifndef QUEUE_CMD_H
#define QUEUE_CMD_H

#include "queue_filter.h"
#include "queue_history.h"

#define QUEUE_COMMAND(name)                                                                        \
    int queue_cmd_##name(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,       \
                         struct moxd_err *err) MOXD_SUSPENDS
QUEUE_COMMAND(list);
QUEUE_COMMAND(print);
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
/* "yes", "no"; "" by default. */
const char *queue_requiretls_name(uint32_t requiretls);
/* All that is known of one, with its attempts. */
void queue_put_details(struct moxd_buf *b, const struct queue_message *msg,
                       const struct queue_item *item, struct moxd_arena *a);
/* queue_json.c: the same as an object of JSON on a line. result, left: of one that left the queue, or NULL, 0. */
void queue_put_json(struct moxd_buf *b, const struct queue_message *msg,
                    const struct queue_item *item, const char *result, int64_t left,
                    struct moxd_arena *a);
/* The id in [-json] ID, and whether it is to be JSON. */
int queue_print_args(int argc, char **argv, uint64_t *id, bool *json,
                     struct moxd_err *err) MOXD_CHECKED;
/* Writes the buffer and empties it. */
int queue_flush(struct moxd_ctl *c, struct moxd_buf *b, struct moxd_err *err) MOXD_SUSPENDS;

/* queue_cmd_pages.c */
/* A page of a list of recipients: those that match, from f->start on, max at most. */
struct queue_page {
    const struct queue_filter *f;
    size_t max;
    struct moxd_arena *arena; /* of the page */
    struct moxd_buf *out;     /* for the lines */
    size_t n;                 /* result: how many there are */
    uint64_t next;            /* result: where the next page begins; 0: there is none */
};
typedef int queue_page_fn(struct queue *q, struct queue_page *p,
                          struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Prints the list that the words of a command ask for (QUEUE-11), with max= and start= in pages of the asker's. */
int queue_list_pages(struct queue *q, struct moxd_ctl *c, int argc, char **argv,
                     queue_page_fn *page, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Prints a line, or nothing, for each record of a table with keys that begin with an account, all of it or (account not
 * NULL) of one. */
typedef void queue_record_fn(struct moxd_str val, struct moxd_arena *a, struct moxd_buf *out);
int queue_list_records(struct queue *q, struct moxd_ctl *c, const char *table, const char *account,
                       queue_record_fn *line, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
