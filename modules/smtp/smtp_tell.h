/* What becomes of messages is told to the module trace, for administrators. Nothing without that module, and for
 * moxctl simulate, which tells the same itself. */
#ifndef SMTP_TELL_H
#define SMTP_TELL_H

#include <moxd/hook_trace.h>
#include <moxmail/step.h>

struct smtp_session;
struct smtp_txn;
struct store_add;

/* Of a session. */
struct smtp_tell {
    struct moxd_hook_trace hooks; /* first */
    struct smtp_session *s;
    struct moxd_buf before; /* steps outside of transactions, which all that follow have */
    bool on;
    bool refused; /* outside of a transaction: worth keeping even when there is none */
};

/* Both in the fiber of the session. */
void smtp_tell_begin(struct smtp_session *s);
void smtp_tell_end(struct smtp_session *s);
void smtp_tell_txn(struct smtp_session *s);
/* The transaction ends: with a message, "received", "refused" or "lost", or with none, NULL. Once for each. */
void smtp_tell_over(struct smtp_session *s, const char *kind);

/* A step of the transaction, or of the session when there is none. */
void smtp_tell_step(struct smtp_session *s, const char *kind, const struct moxd_step_value *v,
                    size_t n);
#define smtp_tell(s, kind, ...)                                                                    \
    smtp_tell_step((s), (kind), (const struct moxd_step_value[]){ __VA_ARGS__ },                   \
                   sizeof((const struct moxd_step_value[]){ __VA_ARGS__ }) /                       \
                       sizeof(struct moxd_step_value))
void smtp_tell_command(struct smtp_session *s, const char *verb, struct moxd_str args);
void smtp_tell_reply(struct smtp_session *s, int code, const char *line);
/* What is known of a message that was received, and what checks and hooks found out. */
void smtp_tell_message(struct smtp_txn *t);
void smtp_tell_findings(struct smtp_txn *t);
void smtp_tell_stored(struct smtp_txn *t, const struct store_add *adds, size_t n);

/* Notes of hooks, suspicion, where copies go: as steps, to whoever asks. */
typedef void smtp_step_fn(void *arg, const char *kind, const struct moxd_step_value *v, size_t n);
void smtp_annotations(const struct smtp_txn *t, smtp_step_fn *fn, void *arg);

#endif
