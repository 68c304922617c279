/* Wants its hook before that of circlea, which wants the same the other way round. */
#include "echo_api.h"

static enum moxd_verdict circleb_on_echo(struct moxd_instance *m, const struct echo_line *ev,
                                         struct moxd_reply *reply)
{
    (void)m, (void)ev, (void)reply;
    return MOXD_NEXT;
}

static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_echo, circleb_on_echo, .before = "circlea"),
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("circleb", "1.0", "broken together with circlea"),
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
