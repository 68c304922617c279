/* Starting anew with the program, the modules and the configuration that are installed now, while the
 * listening sockets stay open: connections that come meanwhile wait in their queues. */
#include "process/channel.h"
#include "process/parent_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void core_upgrade_check(struct core_parent *p)
{
    if (p->stopping || p->upgrading || p->checker)
        return;
    p->checker = fork();
    if (p->checker == 0) {
        core_parent_signals_child(&p->waiting);
        execl(p->exe, "moxd", "-t", "-c", p->o->config, (char *)NULL);
        _exit(CORE_EXIT_FAILED);
    }
    if (p->checker > 0)
        return;
    p->checker = 0;
    moxd_log_check(&p->log, -1, "fork");
}

void core_upgrade_checked(struct core_parent *p, int wait_status)
{
    p->checker = 0;
    if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != CORE_EXIT_OK) {
        moxd_error(&p->log, "not starting anew: moxd -t finds errors",
                   moxd_kvs("config", p->o->config));
        return;
    }
    if (p->stopping)
        return;
    moxd_info(&p->log, "starting anew", moxd_kvs("program", p->exe));
    p->upgrading = true;
    p->child.kill_at = moxd_deadline(p->core->stop_grace + CORE_KILL_EXTRA_S * MOXD_SEC);
    p->child.restart_at = MOXD_NEVER;
    if (p->child.pid)
        core_child_tell(p, CORE_MSG_STOP, "1");
    else
        core_upgrade_exec(p);
}

void core_upgrade_exec(struct core_parent *p)
{
    struct moxd_err err = { 0 };
    sigset_t none;

    if (core_binds_hand_over(&p->binds, &err) == 0) {
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execl(p->exe, "moxd", "-c", p->o->config, (char *)NULL);
        (void)moxd_err_sys(&err, "%s", p->exe);
    }
    moxd_error(&p->log, "cannot start anew", moxd_kve(&err));
    p->finished = true;
    p->status = CORE_EXIT_FAILED;
}
