/* kill -9 against the store: what parent and child share.
 *
 * The child works on the store with many fibers and writes a line (struct event) into a pipe before
 * each operation and after it was acknowledged; a pipe outlives its writer. The parent kills it at a
 * random moment, opens the store, and compares: what was acknowledged must be there, exactly once;
 * what was under way may or may not have happened, as a whole. Then the next child goes on with what
 * the store holds. */
#ifndef MOXD_CRASH_H
#define MOXD_CRASH_H

#include "store.h"

enum { ACCOUNTS = 4, FIBERS = 24, MAILBOXES = 4, COPIES_MAX = 4 };
extern const char *const crash_mailbox[MAILBOXES];

enum op { OP_DELIVER, OP_DELIVER_TWO, OP_APPEND, OP_FLAG, OP_MOVE, OP_COPY, OP_EXPUNGE, OP_COUNT };

/* One message as the parent knows it. A token names a body; copies share it. */
struct message {
    uint32_t token, uid, flags;
    uint8_t account, mailbox;
};
/* An operation of a fiber, begun or acknowledged. Fixed size, less than PIPE_BUF: written at once. */
struct event {
    uint32_t acknowledged;   /* 0: begun */
    uint32_t fiber, op;
    struct message before;   /* what it works on */
    struct message after[2]; /* what is there when it has happened */
    uint32_t nafter;
    uint32_t keeps;          /* `before` stays as well */
};

/* Works until it is killed. Messages belong to the fiber token % FIBERS. */
void crash_child(const char *dir, int pipe, const struct message *v, size_t n, uint32_t next_token,
                 uint32_t seed);
/* Small pseudo-random numbers that can be repeated. */
static inline uint32_t crash_random(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(*state ^ *state >> 16) * below) >> 32);
}
void crash_options(const char *dir, struct store_options *out);
/* The body of a token: its size varies from tiny to beyond what is kept in memory. */
size_t crash_body(uint32_t token, char **out);
static inline void crash_check(int rc, const char *what, const struct moxd_err *err)
{
    if (rc < 0)
        moxd_panic("%s: %s", what, err->priv);
}

#endif
