#include "core_control.h"
#include "daemon/server_priv.h"
#include "listen/cid.h"
#include "listen/ports.h"
#include "process/channel.h"

#include <moxd/dns.h>
#include <moxd/metrics.h>
#include <moxd/tls.h>

static int setup_dns(const struct moxd_core_conf *core, struct moxd_arena *a, struct moxd_err *err)
{
    const struct core_dns_conf *dns = core->dns;
    struct moxd_dns_stub *stubs = moxd_arena_calloc(a, dns->stubs.n + 1, sizeof(*stubs));
    struct moxd_dns_opts opts = {
        .trust_anchor_file = dns->trust_anchor,
        .forward = dns->forward.v,
        .stubs = stubs,
        .nstubs = dns->stubs.n,
        .local_data = dns->local_data.v,
        .local_only = dns->local_only,
    };

    for (size_t i = 0; i < dns->stubs.n; i++) {
        const struct core_dns_stub_conf *stub = dns->stubs.v[i];
        stubs[i] = (struct moxd_dns_stub){ .zone = stub->head.label, .server = stub->server };
    }
    return moxd_dns_setup(&opts, err);
}

static void on_reload(const struct moxd_conf *conf)
{
    core_modules_reload(core_server.plan.set, conf);
}

static void control_stop(void)
{
    core_server_stop(false);
}

static int start_control(const struct moxd_core_conf *core, struct moxd_err *err)
{
    static const struct core_control_server control = { .stop = control_stop,
                                                        .tls_reload = core_hear_certs };

    return core_control_start(core->control_path, &control, err);
}

/* Both values are there from the start, so that the first crash shows as an increase (MET-01). */
static void count_crashes(const unsigned crashes[2])
{
    static const char *const how[] = { "signal", "exit", NULL };
    struct moxd_metric_handle *h = moxd_metric_register(&(struct moxd_metric){
        .name = "moxd_server_crashes_total",
        .type = MOXD_COUNTER,
        .help = "Server processes that ended by themselves and were started again.",
        .label = { "how" },
        .values = { how } });

    for (size_t i = 0; how[i]; i++)
        moxd_metric_add(h, how[i], NULL, crashes[i]);
}

/* Everything that can fail before a module's code runs. */
static int prepare(const struct moxd_core_conf *core, struct moxd_err *err)
{
    const struct core_tls_conf *tls = core->tls;

    if (core_cid_init(core->data_dir, err) < 0 || setup_dns(core, core_server.plan.a, err) < 0 ||
        moxd_tls_trust(tls->ca.v, tls->ca.n, tls->no_system_ca, err) < 0)
        return -1;
    return core_ports_init(core_server.plan.conf, core_server.plan.set, &core_server.handed, err);
}

static int start_modules(const struct moxd_core_conf *core, struct moxd_err *err)
{
    struct core_plan *plan = &core_server.plan;

    core_conf_activate(moxd_conf_ref(plan->conf));
    if (core_modules_init(plan->set, plan->conf, err) < 0 || core_modules_start(plan->set, err) < 0)
        return -1;
    if (start_control(core, err) == 0)
        return 0;
    (void)core_modules_stop(plan->set, MOXD_NEVER);
    return -1;
}

int core_server_start(void)
{
    const struct moxd_core_conf *core = core_conf_of(core_server.plan.conf);
    struct moxd_err err = { 0 };

    count_crashes(core_server.handed.crashes);
    if (prepare(core, &err) < 0)
        return core_server_failed("cannot start", &err);
    if (start_modules(core, &err) < 0)
        return core_server_failed("cannot start", &err);
    core_handed_fini(&core_server.handed);
    core_conf_on_reload(on_reload);
    core_conf_watch();
    core_hear_begin();
    core_ports_accept();
    if (core_tell_parent(CORE_MSG_READY, 0, &err) < 0) {
        (void)core_server_failed("cannot talk to the parent", &err);
        core_server_stop(false);
    }
    return 0;
}
