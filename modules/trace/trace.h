/* Inside of the trace module: what waits to be written, what is stored, and what lists show.
 *
 *   trace.head     start, id              -> struct trace_head: what lists show
 *   trace.step     id, number of a chunk  -> records of steps (moxmail/step.h)
 *   trace.message  Message-ID NUL id      -> start
 *   trace.total    "total"                -> bytes and number of all
 *
 * The id is that in struct trace_id: cid and number of a transaction, 12 bytes; the public form is its encryption. */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include <moxd/module.h>
#include <moxd/store.h>
#include <moxd/trace.h>

enum {
    TRACE_CHUNK_MAX = 48 * 1024, /* bytes of steps that are written together: a record has 64K */
    TRACE_MESSAGE_MAX =
        256 * 1024, /* ... of one message: a thousand recipients, or many attempts */
    TRACE_PENDING_MAX = 16 * 1024 * 1024, /* ... of all that wait to be written */
    TRACE_PENDING_COUNT_MAX = 20000,      /* messages that do: each has 300 bytes besides */
    TRACE_BATCH = 100,                    /* messages in one transaction, so that it is short */
    TRACE_BATCH_BYTES = 256 * 1024,
    TRACE_ADDRESSES_MAX = 400, /* bytes of recipients in lists */
    TRACE_MESSAGE_ID_MAX = 200,
    TRACE_ID_SIZE = 12,
};

struct trace_conf {
    struct moxd_conf_head head;
    int64_t keep, max_size;
};
extern const struct moxd_block trace_conf_block;

struct trace_id {
    uint64_t cid;
    uint32_t n;
};

/* Steps that wait to be written; an element of a hash and of a list, the oldest first. */
struct trace_pending;

struct trace {
    struct moxd_instance m;
    const struct trace_conf *conf;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct trace_pending *pending; /* hash by id, in the order of insertion */
    size_t npending, bytes;        /* bytes: of their steps */
    struct moxd_fid writer;
    struct moxd_fifolock writing; /* one writes at a time: steps of a message stay in order */
    struct moxd_metric_handle *steps, *dropped, *size, *messages;
};
static inline struct trace *trace_of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct trace, m);
}

/* --- trace_pending.c --------------------------------------------------------------------------- */
extern const struct trace_v1 trace_interface;
/* Steps of one message on their way to the disk. */
struct trace_part {
    char id[32];
    struct moxd_buf steps;
};
/* Takes up to `max` of those that wait: those that nothing is expected for, or for which it was waited long enough;
 * `all` of them. The caller frees the buffers. */
size_t trace_pending_take(struct trace *t, bool all, struct trace_part *v, size_t max);
void trace_pending_free(struct trace *t);

/* --- trace_head.c: pure ------------------------------------------------------------------------ */
struct trace_head {
    struct trace_id id;
    int64_t start, last; /* wall ns: of the first and the last step */
    const char *ip, *account, *from, *to, *message_id;
    const char *reason; /* the last refusal, or "" */
    const char *end;    /* kind of the step that ended the transaction, or "" */
    int64_t rcpts;      /* named */
    int64_t waiting, delivered, failed;
    int64_t chunks, bytes; /* of steps */
    bool cut;              /* some are missing */
};
/* What a step says of the message; texts in the arena. */
void trace_head_learn(struct trace_head *h, const struct moxd_step *s, struct moxd_arena *a);
void trace_head_encode(struct moxd_buf *b, const struct trace_head *h);
int trace_head_decode(struct moxd_str s, struct moxd_arena *a, struct trace_head *out,
                      struct moxd_err *err) MOXD_CHECKED;
/* "delivered", "refused", "waiting", ... */
const char *trace_head_outcome(const struct trace_head *h);
/* In Message-ID without <>, cut. */
struct moxd_str trace_message_id(struct moxd_str s);

/* --- trace_record.c ---------------------------------------------------------------------------- */
struct trace_key {
    char p[TRACE_MESSAGE_ID_MAX + 32];
    size_t n;
};
static inline struct moxd_str trace_key_str(const struct trace_key *k)
{
    return moxd_str(k->p, k->n);
}
struct trace_key trace_key_head(int64_t start, const struct trace_id *id);
struct trace_key trace_key_step(const struct trace_id *id, uint32_t chunk);
struct trace_key trace_key_message(struct moxd_str message_id, const struct trace_id *id);
struct trace_id trace_key_id(struct moxd_str key); /* its last 12 bytes */

/* In a transaction: adds a part; forgets the oldest, up to `max` of them, those that began before `before`, or while there
 * are more than `limit` bytes. */
int trace_write_part(const struct store_v1 *store, struct store_tx *tx,
                     const struct trace_part *part, struct moxd_err *err);
struct trace_total {
    uint64_t bytes, count;
};
int trace_get_total(const struct store_v1 *store, struct store_tx *tx, struct trace_total *out,
                    struct moxd_err *err);
int trace_prune(const struct store_v1 *store, struct store_tx *tx, int64_t before, uint64_t limit,
                size_t max, size_t *removed, struct moxd_err *err);
/* 1, 0, -1: the head of a message, and all of its steps as records. */
int trace_read(const struct store_v1 *store, struct store_tx *tx, const struct trace_id *id,
               struct moxd_arena *a, struct trace_head *head, struct moxd_buf *steps,
               struct moxd_err *err);

/* --- trace_write.c ----------------------------------------------------------------------------- */
/* Writes what waits; `all`: also what is growing. */
int trace_flush(struct trace *t, bool all, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A fiber: writes now and then, and forgets what is old. */
void trace_writer(void *arg) MOXD_SUSPENDS;

/* --- trace_cmd.c, trace_list.c, trace_print.c -------------------------------------------------- */
extern const struct moxd_command trace_commands[];
struct trace_query {
    const char *from, *to; /* parts of addresses, or NULL */
    int64_t since;         /* wall ns */
    uint64_t limit;
    bool json;
    const char *what; /* id or Message-ID, or NULL */
};
int trace_list(struct trace *t, struct moxd_ctl *c, const struct trace_query *q,
               struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Those with a Message-ID, ids in the arena. */
int trace_find_message(struct trace *t, struct moxd_str message_id, struct moxd_arena *a,
                       struct trace_id **v, size_t *n,
                       struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A line of a list, as text or JSON; and all of one message. */
void trace_print_line(struct moxd_buf *b, const struct trace_head *h, bool json);
int trace_print(struct moxd_buf *b, const struct trace_head *h, struct moxd_str steps, bool json,
                struct moxd_arena *a, struct moxd_err *err) MOXD_CHECKED;

#endif
