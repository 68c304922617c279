/* Traces belong to fibers: each session may have one, so looking for it must cost nothing. */
#include "hook/firing.h"

void moxd_hook_trace_begin(struct moxd_hook_trace *t)
{
    void **at = moxd_fiber_hook_trace();

    moxd_assert(at != NULL);
    t->next = *at;
    *at = t;
}

void moxd_hook_trace_end(struct moxd_hook_trace *t)
{
    void **at = moxd_fiber_hook_trace();

    moxd_assert(at != NULL && *at == t);
    *at = t->next;
}

struct moxd_hook_trace *core_hook_trace(void)
{
    void **at = moxd_fiber_hook_trace();

    return at != NULL ? *at : NULL;
}
