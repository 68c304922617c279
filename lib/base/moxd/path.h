/* Names of local files. Nothing else puts a directory and a name together (STORE-14). Thread-safe. */
#ifndef MOXD_PATH_H
#define MOXD_PATH_H

#include <moxd/arena.h>

/* `name` below `dir` with one slash between them, whether or not `dir` ends with some; `name` as it is
 * when it is absolute or `dir` is empty. Nothing is looked up: "..", links and case stay. The text
 * belongs to the arena. */
const char *moxd_path_join(struct moxd_arena *a, const char *dir, const char *name);

/* The same in memory of its own: moxd_freep() frees it. */
char *moxd_path_dup(const char *dir, const char *name);

#endif
