/* Stacks of fibers: slabs of many, each with a guard page below that faults when a stack overflows.
 * Loop thread only. */
#ifndef MOXD_CORE_STACK_H
#define MOXD_CORE_STACK_H

#include <moxd/base.h>

enum {
    CORE_STACK_SIZE = 256 * 1024, /* virtual; a parked fiber touches one page of it */
    CORE_STACK_SLAB = 64,         /* stacks in one mapping */
    CORE_STACK_HOT = 64,          /* free stacks that keep their pages */
};

/* Lowest usable address of a stack of CORE_STACK_SIZE bytes. Aborts when address space is out. */
char *core_stack_get(void);
void core_stack_put(char *stack);
/* Unmaps every slab; no stack may be in use. */
void core_stack_fini(void);
/* Gives back the pages of `stack` that lie wholly below `sp`. */
void core_stack_trim(char *stack, const void *sp);
/* Whether `addr` is in the guard of `stack`: the stack overflowed. Async-signal-safe. */
bool core_stack_overflowed(const char *stack, const void *addr);

#endif
