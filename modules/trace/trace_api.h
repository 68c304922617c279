/* trace/1: what became of a message, step by step, for administrators (`moxctl trace`).
 *
 * The id of a message is made by who takes it on: smtp_mail.id of a transaction, or moxd_cid_public of a new cid for what
 * the server writes itself. Steps of all modules that had to do with the message go to that id. Nothing of it may delay
 * mail: steps are copied into memory and written later, and those that are too many are left out and counted. What
 * messages say must not get here; what the log tells may. */
#ifndef MOXD_TRACE_H
#define MOXD_TRACE_H

#include <moxmail/step.h>

struct moxd_instance;

struct trace_v1 {
    /* A message that more will be told about soon: `records` (moxd_step_put) is what was told before it had an id. Its
     * steps are kept together in memory until `end`, but not for long. */
    void (*begin)(struct moxd_instance *self, const char *id, struct moxd_str records);
    void (*end)(struct moxd_instance *self, const char *id);
    /* A step of now, also before `begin` and after `end`. Everything is copied. */
    void (*step)(struct moxd_instance *self, const char *id, const char *kind,
                 const struct moxd_step_value *v, size_t n);
};

/* With values: trace_step(trace, self, id, "hook", moxd_sv("hook", label), moxd_svi("took", ns)). No trace, or no id:
 * nothing. */
#define trace_step(trace, self, id, kind, ...)                                                     \
    trace_steps((trace), (self), (id), (kind), (const struct moxd_step_value[]){ __VA_ARGS__ },    \
                sizeof((const struct moxd_step_value[]){ __VA_ARGS__ }) /                          \
                    sizeof(struct moxd_step_value))
static inline void trace_steps(const struct trace_v1 *trace, struct moxd_instance *self,
                               const char *id, const char *kind, const struct moxd_step_value *v,
                               size_t n)
{
    if (trace && id)
        trace->step(self, id, kind, v, n);
}

#endif
