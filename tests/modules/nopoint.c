/* Has a hook for a point that nobody has. */
#include <moxd/module.h>

static void nopoint_on_nothing(void)
{
}

static const struct moxd_hook hooks[] = {
    { .point = "on_nothing", .major = 1, .fn = nopoint_on_nothing },
    { .point = "on_something", .major = 1, .fn = nopoint_on_nothing, .optional = true },
    { 0 },
};
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("nopoint", "1.0", "broken on purpose"),
    .hooks = hooks,
    .instance_size = sizeof(struct moxd_instance),
};
