/* vacation: answers for users who are away. The table of contents. */
#include "vacation.h"

static const struct moxd_contribution contributes[] = {
    { "address", "vacation", &vacation_block,
      "Who writes to the address gets an answer, once in some days." },
    { 0 },
};
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_deliver, vacation_on_deliver, .phase = MOXD_LATE),
    { 0 },
};
static const char *const results[] = { "answered",     "toldbefore", "automatic",
                                       "list",         "own",        "unauthenticated",
                                       "notaddressed", "failed",     NULL };
static const struct moxd_metric metrics[] = {
    { .name = "moxd_vacation_messages_total",
      .type = MOXD_COUNTER,
      .help = "Messages for users who are away, by whether and why there was an answer.",
      .label = { "result" },
      .values = { results } },
    { 0 },
};
static const char *const needs[] = {
    "accounts/1", "smtp/1.9", "store/1", "queue/1.2", "dkim/1?", NULL
};

static int vacation_init(struct moxd_instance *m, const struct moxd_conf *conf,
                         struct moxd_err *err)
{
    struct vacation *v = MOXD_CONTAINER(m, struct vacation, m);
    struct moxd_instance *self;

    (void)conf, (void)err;
    v->accounts = moxd_interface_get(m, "accounts", &v->accounts_self);
    v->smtp = moxd_interface_get(m, "smtp", &self);
    v->store = moxd_interface_get(m, "store", &v->store_self);
    v->queue = moxd_interface_get(m, "queue", &v->queue_self);
    v->dkim = moxd_interface_get(m, "dkim", &v->dkim_self);
    v->results = moxd_metric_find("moxd_vacation_messages_total");
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("vacation", PACKAGE_VERSION, "answers for users who are away"),
    .needs = needs,
    .contributes = contributes,
    .hooks = hooks,
    .metrics = metrics,
    .instance_size = sizeof(struct vacation),
    .init = vacation_init,
};
