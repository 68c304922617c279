#include "fiber/context.h"

#if !CORE_UCONTEXT

#include <string.h>

/* switch.S */
void core_switch(void **save, void *load);
void core_boot(void);

/* FRAME: words that core_switch pops; their places are described in switch.S. */
#if defined(__x86_64__)
enum { FRAME = 7, SLOT_ARG = 4, SLOT_FN = 3, SLOT_PC = 6 };
#else
enum { FRAME = 20, SLOT_ARG = 0, SLOT_FN = 1, SLOT_PC = 11 };
#endif

/* Two words above the frame stay zero: core_boot is entered with the stack 16-byte aligned, as the
 * ABIs want it before a call, and who walks frame pointers finds an end. */
void core_ctx_prepare(struct core_ctx *c)
{
    uintptr_t top = (uintptr_t)(c->stack + c->size) & ~(uintptr_t)15;
    void **frame = (void **)top - FRAME - 2;

    memset(frame, 0, top - (uintptr_t)frame);
    frame[SLOT_ARG] = c;
    frame[SLOT_FN] = (void *)core_ctx_enter;
    frame[SLOT_PC] = (void *)core_boot;
    c->sp = frame;
}

void core_ctx_release(struct core_ctx *c)
{
    c->sp = NULL;
}

void core_ctx_swap(struct core_ctx *from, struct core_ctx *to)
{
    core_switch(&from->sp, to->sp);
}

#endif
