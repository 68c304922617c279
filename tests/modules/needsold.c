/* Needs a version of echo that is not there, and something that nobody has. */
#include <moxd/module.h>

static const char *const needs[] = { "echo/2", "nobody/1", NULL };
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("needsold", "1.0", "broken on purpose"),
    .needs = needs,
    .instance_size = sizeof(struct moxd_instance),
};
