/* Jobs that do not end: each worker counts when it begins and when it ends one, and the watchdog looks at the counts. The
 * worker itself reports, in the handler of a signal: it alone knows where it is. */
#include "offload/lane.h"

#include "loop/report.h"
#include "loop/watchdog.h"

#include <moxd/crash.h>
#include <pthread.h>
#include <signal.h>

enum { WORKERS_MAX = 192 }; /* of all lanes; those beyond are not looked at */

struct core_worker {
    atomic_ulong turn; /* odd: in a job */
    pthread_t thread;  /* these two are there before the first turn */
    const char *lane;
    atomic_bool asked;
    /* of the watchdog */
    unsigned long last;
    unsigned looks;
};
static struct core_worker workers[WORKERS_MAX];
static atomic_uint nworkers;
static unsigned limit = CORE_WATCHDOG_JOB_LOOKS;
static __thread struct core_worker *own;

void moxd_watchdog_jobs(unsigned looks)
{
    moxd_assert(looks > 0);
    limit = looks;
}

void core_worker_begin(const char *lane)
{
    unsigned i = atomic_fetch_add(&nworkers, 1);
    sigset_t ask;

    if (i >= WORKERS_MAX)
        return;
    own = &workers[i];
    own->thread = pthread_self();
    own->lane = lane;
    sigemptyset(&ask);
    sigaddset(&ask, CORE_WATCHDOG_SIGNAL);
    pthread_sigmask(SIG_UNBLOCK, &ask, NULL);
}

void core_worker_turn(void)
{
    if (own != NULL)
        atomic_fetch_add_explicit(&own->turn, 1, memory_order_release);
}

void core_workers_reset(void)
{
    atomic_store(&nworkers, 0);
    memset(workers, 0, sizeof(workers));
}

static void look(struct core_worker *w)
{
    unsigned long turn = atomic_load_explicit(&w->turn, memory_order_acquire);

    if (turn % 2 == 0 || turn != w->last) {
        w->last = turn;
        w->looks = 0;
    } else if (++w->looks == limit) {
        atomic_store(&w->asked, true);
        pthread_kill(w->thread, CORE_WATCHDOG_SIGNAL);
    }
}

void core_workers_look(void)
{
    unsigned n = atomic_load(&nworkers);

    for (unsigned i = 0; i < n && i < WORKERS_MAX; i++)
        look(&workers[i]);
}

void core_worker_report(void)
{
    struct core_report r = { .n = 0 };

    if (own == NULL || !atomic_exchange(&own->asked, false))
        return;
    core_report_adds(&r, "l=error m=\"a job on a worker does not end\" lane=");
    core_report_adds(&r, own->lane);
    core_report_adds(&r, " seconds=");
    core_report_addu(&r, limit / CORE_WATCHDOG_LOOKS_PER_SECOND);
    core_report_write(&r, true);
}
