/* Exports no moxd_module. */
#include <moxd/module.h>

extern const int moxd_modul __attribute__((visibility("default")));
const int moxd_modul = MOXD_ABI_MAJOR;
