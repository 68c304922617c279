#include "daemon/server.h"

#include "daemon/server_priv.h"
#include "listen/cid.h"
#include "listen/ports.h"
#include "process/parent_priv.h"

#include <fcntl.h>
#include <moxd/crash.h>
#include <moxd/dns.h>
#include <moxd/loop.h>
#include <moxd/version.h>
#include <signal.h>
#include <sys/stat.h>

enum {
    UMASK = 0077,
    WATCHDOG_LOOKS_PER_SECOND = 2,
};

struct core_server core_server = { .log.component = "server", .channel = CORE_CHANNEL_FD };

void core_server_stop(bool leave)
{
    if (core_server.stop)
        return;
    core_server.stop = true;
    core_server.leave = leave;
    moxd_waitq_wake_all(&core_server.stopped);
}

int core_server_failed(const char *what, const struct moxd_err *err)
{
    moxd_error(&core_server.log, what, moxd_kve(err));
    return -1;
}

static void server_main(void *arg)
{
    (void)arg;
    if (core_server_start() == 0) {
        while (!core_server.stop && moxd_waitq_wait(&core_server.stopped, MOXD_NEVER) == MOXD_OK)
            ;
        core_server_end();
    } else {
        core_server.status = CORE_EXIT_FAILED;
    }
}

static void on_stop_signal(void *arg)
{
    (void)arg;
    core_server_stop(false);
}

/* Takes what is handed over, opens the modules while their files can be read for certain, and gives up
 * the privileges. No code of a module but its checks has run then. */
static int become(void)
{
    struct core_server *s = &core_server;
    struct moxd_err err = { 0 };

    (void)fcntl(s->channel, F_SETFD, FD_CLOEXEC);
    if (core_handed_receive(&s->handed, s->channel, &err) < 0)
        return core_server_failed("the server is started by the parent: run moxd without -S", &err);
    if (core_plan_make(&s->plan, s->o->config) < 0) {
        (void)core_plan_report(&s->plan);
        return -1;
    }
    if (s->handed.drop && core_priv_drop(&s->handed.user, &err) < 0)
        return core_server_failed("cannot give up privileges", &err);
    core_priv_harden(core_conf_of(s->plan.conf)->log_level >= MOXD_DEBUG);
    moxd_crash_install(s->handed.crash);
    moxd_crash_describe(core_hook_describe);
    return 0;
}

static void set_hang_limit(int64_t limit)
{
    unsigned report = WATCHDOG_LOOKS_PER_SECOND;
    unsigned die = (unsigned)(limit / (MOXD_SEC / WATCHDOG_LOOKS_PER_SECOND));

    moxd_watchdog_limits(report, die > report ? die : report + 1);
}

/* The loop ends with the last fiber. */
static void run_loop(void)
{
    set_hang_limit(core_conf_of(core_server.plan.conf)->hang_limit);
    moxd_loop_init();
    moxd_on_signal(SIGTERM, on_stop_signal, NULL);
    moxd_on_signal(SIGINT, on_stop_signal, NULL);
    (void)moxd_fiber_spawn("server", server_main, NULL);
    moxd_loop_run();
    moxd_dns_fini();
    moxd_loop_fini();
}

int core_server_run(const struct core_options *o)
{
    core_server.o = o;
    moxd_log_format(true);
    (void)umask(UMASK);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    if (strcmp(o->parent, moxd_version()) != 0)
        return CORE_EXIT_VERSION;
    if (become() == 0)
        run_loop();
    else
        core_server.status = CORE_EXIT_FAILED;
    core_ports_fini();
    core_handed_fini(&core_server.handed);
    core_conf_fini();
    core_plan_fini(&core_server.plan);
    core_cid_fini();
    return core_server.status;
}
