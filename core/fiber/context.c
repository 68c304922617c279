#include "fiber/context.h"

#if CORE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if CORE_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

/* The context that is being left: written before each switch, read right after it on the other
 * stack. One loop thread switches, so one variable will do. */
static struct core_ctx *leaving;

static void before_switch(struct core_ctx *from, struct core_ctx *to, bool last)
{
    leaving = from;
#if CORE_ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->stack, to->size);
#endif
#if CORE_TSAN
    __tsan_switch_to_fiber(to->tsan, 0);
#endif
    (void)to, (void)last;
}

/* ASan tells the bounds of the stack just left: this is how it learns those of the thread's own. */
static void after_switch(struct core_ctx *now)
{
#if CORE_ASAN
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(now->fake_stack, &bottom, &size);
    if (leaving->entry == NULL) {
        leaving->stack = (char *)(uintptr_t)bottom;
        leaving->size = size;
    }
#endif
    (void)now;
}

void core_ctx_enter(struct core_ctx *c)
{
    after_switch(c);
    c->entry(c->arg);
    moxd_panic("the entry function of a context returned");
}

void core_ctx_init_self(struct core_ctx *c)
{
    *c = (struct core_ctx){ 0 };
#if CORE_TSAN
    c->tsan = __tsan_get_current_fiber();
#endif
#if CORE_UCONTEXT
    core_ctx_prepare(c);
#endif
}

void core_ctx_init(struct core_ctx *c, const char *name, char *stack, size_t size,
                   void (*entry)(void *arg), void *arg)
{
    *c = (struct core_ctx){ .stack = stack, .size = size, .entry = entry, .arg = arg };
#if CORE_ASAN
    __asan_unpoison_memory_region(stack, size); /* frames of the stack's last user */
#endif
#if CORE_TSAN
    c->tsan = __tsan_create_fiber(0);
    __tsan_set_fiber_name(c->tsan, name);
#endif
    (void)name;
    c->valgrind = VALGRIND_STACK_REGISTER(stack, stack + size);
    core_ctx_prepare(c);
}

void core_ctx_fini(struct core_ctx *c)
{
    core_ctx_release(c);
    if (c->entry == NULL)
        return;
    VALGRIND_STACK_DEREGISTER(c->valgrind);
#if CORE_TSAN
    __tsan_destroy_fiber(c->tsan);
#endif
}

void core_ctx_switch(struct core_ctx *from, struct core_ctx *to, bool last)
{
    before_switch(from, to, last);
    core_ctx_swap(from, to);
    after_switch(from);
}
