/* Its start fails after everything was initialized. */
#include "echo_api.h"

static int failstart_start(struct moxd_instance *m, struct moxd_err *err)
{
    (void)m;
    (void)moxd_yield();
    return moxd_err_set(err, MOXD_ERR_INVALID, "its start was told to fail");
}

static const char *const needs[] = { "echo/1.1?", NULL };
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("failstart", "1.0", "broken on purpose"),
    .needs = needs,
    .instance_size = sizeof(struct moxd_instance),
    .start = failstart_start,
};
