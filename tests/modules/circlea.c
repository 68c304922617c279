/* Wants its hook before that of circleb, which wants the same the other way round. */
#include "echo_api.h"

static enum moxd_verdict circlea_on_echo(struct moxd_instance *m, const struct echo_line *ev,
                                         struct moxd_reply *reply)
{
    (void)m, (void)ev, (void)reply;
    return MOXD_NEXT;
}

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_echo, circlea_on_echo, .before = "circleb"),
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("circlea", "1.0", "broken together with circleb"),
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
