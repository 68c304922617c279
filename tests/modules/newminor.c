/* Built for a newer moxd. */
#include <moxd/module.h>

const struct moxd_module moxd_module = {
    .magic = MOXD_MODULE_MAGIC,
    .abi_major = MOXD_ABI_MAJOR,
    .abi_minor = MOXD_ABI_MINOR + 1,
    .struct_size = sizeof(struct moxd_module),
    .name = "newminor",
    .version = "1.0",
    .summary = "broken on purpose",
    .instance_size = sizeof(struct moxd_instance),
};
