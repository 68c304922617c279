/* Says that its table is longer than it is. */
#include <moxd/module.h>

const struct moxd_module moxd_module = {
    .magic = MOXD_MODULE_MAGIC,
    .abi_major = MOXD_ABI_MAJOR,
    .abi_minor = MOXD_ABI_MINOR,
    .struct_size = sizeof(struct moxd_module) + 8,
    .name = "badsize",
    .version = "1.0",
    .summary = "broken on purpose",
    .instance_size = sizeof(struct moxd_instance),
};
