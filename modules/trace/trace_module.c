/* trace: what became of each message, step by step. The table of contents. */
#include "trace.h"

static const struct moxd_metric metrics[] = {
    { .name = "moxd_trace_steps_total",
      .type = MOXD_COUNTER,
      .help = "Steps of messages that were recorded." },
    { .name = "moxd_trace_dropped_total",
      .type = MOXD_COUNTER,
      .help = "Steps that were not, because too many waited to be written." },
    { .name = "moxd_trace_bytes", .type = MOXD_GAUGE, .help = "Bytes of traces that are kept." },
    { .name = "moxd_trace_messages",
      .type = MOXD_GAUGE,
      .help = "Messages of which traces are kept." },
    { 0 },
};
static const struct moxd_interface provides[] = {
    { .name = "trace", .major = 1, .minor = 0, .vtable = &trace_interface },
    { 0 },
};
static const char *const needs[] = { "store/1.7", NULL };

static int trace_init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct trace *t = trace_of(m);

    (void)err;
    t->conf = moxd_conf_module(conf, m);
    t->store = moxd_interface_get(m, "store", &t->store_self);
    t->steps = moxd_metric_find("moxd_trace_steps_total");
    t->dropped = moxd_metric_find("moxd_trace_dropped_total");
    t->size = moxd_metric_find("moxd_trace_bytes");
    t->messages = moxd_metric_find("moxd_trace_messages");
    return 0;
}

static int trace_start(struct moxd_instance *m, struct moxd_err *err)
{
    struct trace *t = trace_of(m);

    (void)err;
    t->writer = moxd_module_spawn(m, "trace", trace_writer, t);
    return 0;
}

/* All sessions are gone. */
static void trace_stop(struct moxd_instance *m)
{
    struct trace *t = trace_of(m);
    struct moxd_err err = { 0 };

    if (t->npending > 0 && trace_flush(t, true, &err) < 0)
        moxd_warn(&m->log, "writing traces", moxd_kve(&err));
    trace_pending_free(t);
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("trace", PACKAGE_VERSION, "what became of each message, step by step"),
    .needs = needs,
    .provides = provides,
    .conf = &trace_conf_block,
    .commands = trace_commands,
    .metrics = metrics,
    .instance_size = sizeof(struct trace),
    .init = trace_init,
    .start = trace_start,
    .stop = trace_stop,
};
