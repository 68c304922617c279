/* A chain of hooks that runs, inside of the bus. */
#ifndef MOXD_CORE_FIRING_H
#define MOXD_CORE_FIRING_H

#include "module/set.h"

#include <moxd/hook_trace.h>

/* A fiber in a hook; lies on its stack. Fires nest, so the innermost is first. */
struct core_firing {
    struct core_firing *next, **link;
    struct moxd_fid fiber;
    const struct core_hook *hook;
    int64_t now;                   /* read once between two hooks */
    int64_t outer;                 /* ceiling on the fiber's waits outside of the hooks */
    struct moxd_hook_trace *trace; /* or NULL */
};
/* Between these, crash reports and the watchdog name f->hook when the calling fiber runs. */
void core_firing_begin(struct core_firing *f);
void core_firing_end(struct core_firing *f);

/* The trace of the calling fiber, or NULL. (trace.c) */
struct moxd_hook_trace *core_hook_trace(void);

/* Calls f->hook under its time limit, at most until f->outer; FAIL becomes what on-error says. */
enum moxd_verdict core_hook_call(struct core_firing *f, const void *ev, void *out) MOXD_SUSPENDS;
/* Calls f->hook and its neighbours (struct core_hook, together), each in a fiber of its own, and waits
 * for all of them, also when the calling fiber is cancelled: then they are too. The verdict, with its
 * reply in *out, is the first refusal in the hooks' order; f->hook is who it was. */
enum moxd_verdict core_hooks_call_together(struct core_firing *f, const void *ev,
                                           struct moxd_reply *out) MOXD_SUSPENDS;

#endif
