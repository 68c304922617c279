#include "hook/firing.h"

static struct moxd_hook_trace *traces; /* nearly always none */

void moxd_hook_trace_begin(struct moxd_hook_trace *t)
{
    t->fiber = moxd_fiber_self();
    t->next = traces;
    traces = t;
}

void moxd_hook_trace_end(struct moxd_hook_trace *t)
{
    struct moxd_hook_trace **at = &traces;

    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
}

struct moxd_hook_trace *core_hook_trace(void)
{
    if (!traces)
        return NULL;
    struct moxd_fid self = moxd_fiber_self();
    struct moxd_hook_trace *t = traces;
    while (t && (t->fiber.slot != self.slot || t->fiber.gen != self.gen))
        t = t->next;
    return t;
}
