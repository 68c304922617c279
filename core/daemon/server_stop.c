#include "core_control.h"
#include "daemon/server_priv.h"
#include "listen/ports.h"

#include <unistd.h>

enum { CANCEL_S = 10 }; /* for what is cancelled after the grace time to come to its end */

struct drain {
    int64_t deadline;
};

static void drain_modules(void *arg)
{
    core_modules_drain(core_server.plan.set, ((struct drain *)arg)->deadline);
}

/* Sessions may finish what they do; who is left after the grace time is cancelled. Without an end of
 * them nothing that they use can be taken down: then the process ends as it is, which loses nothing
 * that was acknowledged. */
static void end_sessions(int64_t grace)
{
    struct drain drain = { .deadline = moxd_deadline(grace) };
    struct moxd_fid fid = moxd_fiber_spawn("drain", drain_modules, &drain);

    core_ports_stop(core_server.leave);
    if (core_ports_wait(drain.deadline) != MOXD_OK) {
        core_ports_cancel();
        if (core_ports_wait(moxd_deadline(CANCEL_S * MOXD_SEC)) != MOXD_OK) {
            moxd_error(&core_server.log, "sessions do not end, leaving without them",
                       moxd_kvu("sessions", core_ports.nsessions));
            _exit(CORE_EXIT_OK);
        }
    }
    (void)moxd_fiber_join(fid, MOXD_NEVER);
}

void core_server_end(void)
{
    const struct moxd_core_conf *core = core_conf_of(core_server.plan.conf);

    moxd_info(&core_server.log, "stopping", moxd_kvu("sessions", core_ports.nsessions));
    core_conf_unwatch();
    end_sessions(core->stop_grace);
    core_ports_end();
    core_control_stop(moxd_deadline(CANCEL_S * MOXD_SEC));
    core_hear_end();
    if (core_modules_stop(core_server.plan.set, moxd_deadline(CANCEL_S * MOXD_SEC)) < 0)
        _exit(CORE_EXIT_OK);
    moxd_info(&core_server.log, "stopped");
}
