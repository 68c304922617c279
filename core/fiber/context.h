/* One execution context: a stack and the registers that a call preserves. Two mechanisms, chosen when
 * compiled: switch.S (x86-64, aarch64; 3 ns), else ucontext (portable; two system calls a switch).
 * Tells AddressSanitizer, ThreadSanitizer and valgrind what happens, which lose track otherwise. */
#ifndef MOXD_CORE_CONTEXT_H
#define MOXD_CORE_CONTEXT_H

#include <moxd/base.h>

#if defined(__SANITIZE_ADDRESS__)
#define CORE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CORE_ASAN 1
#endif
#endif
#ifndef CORE_ASAN
#define CORE_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__)
#define CORE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CORE_TSAN 1
#endif
#endif
#ifndef CORE_TSAN
#define CORE_TSAN 0
#endif

#if !defined(CORE_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define CORE_UCONTEXT 1
#elif !defined(CORE_UCONTEXT)
#define CORE_UCONTEXT 0
#endif

struct core_ctx {
    void *sp;    /* saved stack pointer; with ucontext: the ucontext_t */
    char *stack; /* lowest address; of the thread's own context only under ASan */
    size_t size;
    void (*entry)(void *arg);
    void *arg;
    void *fake_stack;  /* ASan's */
    void *tsan;        /* TSan's fiber */
    unsigned valgrind; /* valgrind's stack id */
};

/* The context that the calling thread runs in already. */
void core_ctx_init_self(struct core_ctx *c);
/* A context which, when first switched to, calls entry(arg) on the stack; entry must not return. */
void core_ctx_init(struct core_ctx *c, const char *name, char *stack, size_t size,
                   void (*entry)(void *arg), void *arg);
void core_ctx_fini(struct core_ctx *c);
/* Leaves `from` for `to`; returns when somebody switches to `from` again. With `last`, `from` is
 * never switched to again. */
void core_ctx_switch(struct core_ctx *from, struct core_ctx *to, bool last);

/* The mechanism below: what context.c calls. */
void core_ctx_prepare(struct core_ctx *c); /* makes c->sp ready for its first switch */
void core_ctx_release(struct core_ctx *c);
void core_ctx_swap(struct core_ctx *from, struct core_ctx *to);
/* First code on a new stack, called by the mechanism with the context. */
MOXD_NORETURN void core_ctx_enter(struct core_ctx *c);

#endif
