#include "process/parent_priv.h"

struct core_parent_signals core_parent_signals;

static void on_signal(int signo)
{
    switch (signo) {
    case SIGHUP:
        core_parent_signals.reload = 1;
        break;
    case SIGUSR2:
        core_parent_signals.upgrade = 1;
        break;
    case SIGCHLD:
        core_parent_signals.child = 1;
        break;
    default:
        core_parent_signals.stop = 1;
    }
}

static const int handled[] = { SIGHUP, SIGUSR2, SIGCHLD, SIGTERM, SIGINT };

/* They are blocked but while the parent polls, so that none comes between a look at the flags and the
 * poll. */
void core_parent_signals_init(sigset_t *waiting)
{
    struct sigaction sa = { .sa_handler = on_signal };
    sigset_t blocked;

    sigemptyset(&sa.sa_mask);
    sigemptyset(&blocked);
    for (size_t i = 0; i < MOXD_NELEMS(handled); i++)
        sigaddset(&blocked, handled[i]);
    sigprocmask(SIG_BLOCK, &blocked, waiting);
    for (size_t i = 0; i < MOXD_NELEMS(handled); i++) {
        sigdelset(waiting, handled[i]);
        sigaction(handled[i], &sa, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
}

void core_parent_signals_child(const sigset_t *waiting)
{
    for (size_t i = 0; i < MOXD_NELEMS(handled); i++)
        signal(handled[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, waiting, NULL);
}
