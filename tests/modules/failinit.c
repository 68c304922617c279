/* Its init fails after that of echo succeeded. */
#include "echo_api.h"

static int failinit_init(struct moxd_instance *m, const struct moxd_conf *conf,
                         struct moxd_err *err)
{
    (void)m, (void)conf;
    return moxd_err_set(err, MOXD_ERR_INVALID, "its init was told to fail");
}

static const char *const needs[] = { "echo/1", NULL };
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("failinit", "1.0", "broken on purpose"),
    .needs = needs,
    .instance_size = sizeof(struct moxd_instance),
    .init = failinit_init,
};
