#include "fiber/fiber_priv.h"
#include "fiber/stack.h"
#include "loop/report.h"

#include <moxd/crash.h>
#include <moxd/loop.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIGNAL_STACK = 64 * 1024 };

static const struct {
    int signo;
    const char *name;
} faults[] = {
    { SIGABRT, "SIGABRT" }, { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" },
    { SIGILL, "SIGILL" },   { SIGFPE, "SIGFPE" },
};

static atomic_flag crashed = ATOMIC_FLAG_INIT;

static const char *fault_name(int signo)
{
    for (size_t i = 0; i < MOXD_NELEMS(faults); i++) {
        if (faults[i].signo == signo)
            return faults[i].name;
    }
    return "?";
}

static bool is_overflow(const siginfo_t *info)
{
    const struct core_fiber *f = moxd_on_loop() ? core_self() : NULL;

    return f != NULL && (info->si_signo == SIGSEGV || info->si_signo == SIGBUS) &&
           core_stack_overflowed(f->ctx.stack, info->si_addr);
}

/* A second thread that crashes meanwhile waits for the first one's end of the process. */
static void on_fault(int signo, siginfo_t *info, void *ucontext)
{
    struct core_report r = { .n = 0 };

    (void)ucontext;
    if (atomic_flag_test_and_set(&crashed))
        pause();
    core_report_adds(&r, "l=error m=\"crash\" pid=");
    core_report_addu(&r, (unsigned long)getpid());
    core_report_adds(&r, " signal=");
    core_report_adds(&r, fault_name(signo));
    if (signo != SIGABRT) {
        core_report_adds(&r, " addr=");
        core_report_addx(&r, (uintptr_t)info->si_addr);
    }
    if (is_overflow(info))
        core_report_adds(&r, " reason=\"stack overflow\"");
    core_report_write(&r, true);
    signal(signo, SIG_DFL);
    raise(signo); /* delivered when the handler returns */
}

void moxd_crash_install(int fd)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    size_t n = CORE_ASAN || CORE_TSAN ? 1 : MOXD_NELEMS(faults);

    core_report_prepare();
    core_report_fd(fd);
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < n; i++)
        sigaction(faults[i].signo, &sa, NULL);
}

static pthread_key_t altstack_key;
static pthread_once_t altstack_once = PTHREAD_ONCE_INIT;

static void drop_altstack(void *p)
{
    stack_t off = { .ss_flags = SS_DISABLE };

    sigaltstack(&off, NULL);
    free(p);
}

static void make_altstack_key(void)
{
    if (pthread_key_create(&altstack_key, drop_altstack) != 0)
        moxd_panic("out of thread-specific keys");
}

/* A thread that has one already (ASan's, say) keeps it. */
void moxd_crash_thread(void)
{
    stack_t now;

    pthread_once(&altstack_once, make_altstack_key);
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE))
        return;
    stack_t st = { .ss_sp = moxd_xmalloc(SIGNAL_STACK), .ss_size = SIGNAL_STACK };
    pthread_setspecific(altstack_key, st.ss_sp);
    sigaltstack(&st, NULL);
}
