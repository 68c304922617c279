#include "loop/loop_priv.h"

#include <ev.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct handler {
    ev_signal w;
    struct handler *next;
    void (*fn)(void *arg);
    void *arg;
};

static struct handler *handlers;

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    struct handler *h = MOXD_CONTAINER(w, struct handler, w);

    (void)ev, (void)events;
    moxd_fiber_spawn("signal", h->fn, h->arg);
}

void moxd_on_signal(int signo, void (*fn)(void *arg), void *arg)
{
    struct handler *h = moxd_xcalloc(1, sizeof(*h));

    moxd_assert(moxd_on_loop());
    h->fn = fn;
    h->arg = arg;
    h->next = handlers;
    handlers = h;
    ev_signal_init(&h->w, on_signal, signo);
    ev_signal_start(moxd_loop_ev(), &h->w);
}

void core_signals_fini(void)
{
    while (handlers != NULL) {
        struct handler *h = handlers;
        handlers = h->next;
        ev_signal_stop(moxd_loop_ev(), &h->w);
        free(h);
    }
}

void core_signals_block(void)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
    sigset_t set;

    sigfillset(&set);
    for (size_t i = 0; i < MOXD_NELEMS(faults); i++)
        sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}
