/* From a module's name to its file. */
#ifndef MOXD_CORE_FIND_H
#define MOXD_CORE_FIND_H

#include <moxd/arena.h>
#include <moxd/config.h>

/* [a-z][a-z0-9-]*, not longer than CORE_MODULE_NAME_MAX. Names of interfaces and points with '_'. */
bool core_module_name_ok(struct moxd_str name);
/* The directory of modules that belong to this program: $MOXD_MODULE_DIR, else the built-in one. */
const char *core_module_dir(void);
/* Path of the module NAME in `dir`, whether or not it is there. Belongs to the arena. */
const char *core_module_file(const char *dir, const char *name, struct moxd_arena *a);
/* Path of NAME.so in the first of the directories that has it, core_module_dir() being the last; NULL
 * when none has. */
const char *core_module_find(const char *name, const struct moxd_strings *dirs,
                             struct moxd_arena *a);
/* "DIR, DIR" for messages. */
const char *core_module_dirs_text(const struct moxd_strings *dirs, struct moxd_arena *a);

#endif
