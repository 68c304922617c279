/* Has a hook for a version of on_echo that is gone. */
#include <moxd/module.h>

static void oldpoint_on_echo(void)
{
}

static const struct moxd_hook hooks[] = {
    { .point = "on_echo", .major = 1, .fn = oldpoint_on_echo },
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("oldpoint", "1.0", "broken on purpose"),
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
