/* Built for another major version of the ABI. */
#include <moxd/module.h>

const struct moxd_module moxd_module = {
    .magic = MOXD_MODULE_MAGIC,
    .abi_major = MOXD_ABI_MAJOR - 1,
    .abi_minor = MOXD_ABI_MINOR,
    .struct_size = sizeof(struct moxd_module),
    .name = "oldabi",
    .version = "1.0",
    .summary = "broken on purpose",
    .instance_size = sizeof(struct moxd_instance),
};
