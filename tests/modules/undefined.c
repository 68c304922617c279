/* Calls a function that no library has. */
#include <moxd/module.h>

int moxd_function_of_the_future(void);

static int undefined_init(struct moxd_instance *m, const struct moxd_conf *conf,
                          struct moxd_err *err)
{
    (void)m, (void)conf, (void)err;
    return moxd_function_of_the_future();
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("undefined", "1.0", "broken on purpose"),
    .instance_size = sizeof(struct moxd_instance),
    .init = undefined_init,
};
