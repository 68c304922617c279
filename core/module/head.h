/* The frozen head of a module: read before anything else of it is believed. */
#ifndef MOXD_CORE_HEAD_H
#define MOXD_CORE_HEAD_H

#include <moxd/module.h>

/* Size of struct moxd_module in ABI 1.0; later minor versions append fields. */
enum { CORE_MODULE_SIZE_1_0 = offsetof(struct moxd_module, stop) + sizeof(void (*)(void)) };

/* What is wrong, in err->priv, and what to do about it in *hint; 0 when the module can be used by this
 * moxd. `size` is how many bytes the symbol has, `name` what the file is called without ".so". */
int core_head_check(const struct moxd_module *head, size_t size, struct moxd_str name,
                    const char **hint, struct moxd_err *err) MOXD_CHECKED;

#endif
