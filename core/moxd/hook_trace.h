/* Watching the hooks that a fiber runs, to explain to an admin what became of something. */
#ifndef MOXD_HOOK_TRACE_H
#define MOXD_HOOK_TRACE_H

#include <moxd/fiber.h>
#include <moxd/hook.h>

struct moxd_hook_trace {
    /* After each hook: its label, "spf.on_mail"; what it said; how long it took, ns; and why, for a refusal,
     * or "". Must not suspend: hooks that run at the same time are told from their own fibers. */
    void (*hook_ran)(struct moxd_hook_trace *t, const char *label, enum moxd_verdict v, int64_t took,
                     const char *detail);
    /* core's: */
    struct moxd_hook_trace *next;
};
/* Between the two, hooks of points that the calling fiber fires are told to the trace: to the one that began last.
 * Both in the same fiber; the last that began ends first. */
void moxd_hook_trace_begin(struct moxd_hook_trace *t);
void moxd_hook_trace_end(struct moxd_hook_trace *t);

#endif
