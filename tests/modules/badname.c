/* Is called otherwise than its file. */
#include <moxd/module.h>

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("goodname", "1.0", "broken on purpose"),
    .instance_size = sizeof(struct moxd_instance),
};
