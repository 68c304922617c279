#include "fiber/context.h"

#if CORE_UCONTEXT

#include <ucontext.h>

/* makecontext passes ints: the pointer travels in two halves. */
static void trampoline(unsigned hi, unsigned lo)
{
    core_ctx_enter((struct core_ctx *)((uintptr_t)hi << 16 << 16 | lo));
}

void core_ctx_prepare(struct core_ctx *c)
{
    ucontext_t *uc = moxd_xcalloc(1, sizeof(*uc));

    c->sp = uc;
    if (c->entry == NULL)
        return;
    if (getcontext(uc) != 0)
        moxd_panic("getcontext failed");
    uc->uc_stack.ss_sp = c->stack;
    uc->uc_stack.ss_size = c->size;
    makecontext(uc, (void (*)(void))trampoline, 2, (unsigned)((uintptr_t)c >> 16 >> 16),
                (unsigned)(uintptr_t)c);
}

void core_ctx_release(struct core_ctx *c)
{
    free(c->sp);
    c->sp = NULL;
}

void core_ctx_swap(struct core_ctx *from, struct core_ctx *to)
{
    if (swapcontext(from->sp, to->sp) != 0)
        moxd_panic("swapcontext failed");
}

#endif
