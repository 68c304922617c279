/* Everything that is known before anything is done: configuration and loaded modules, checked. */
#ifndef MOXD_CORE_PLAN_H
#define MOXD_CORE_PLAN_H

#include "core_modules.h"

struct core_plan {
    struct core_conf_peek peek;
    struct core_modules *set;
    struct moxd_conf *conf;      /* NULL when there are errors */
    struct moxd_problems *early; /* of the first look at moxd.conf, which are found again */
    struct moxd_problems *problems;
    struct moxd_arena *a;
};

/* Reads only. What is wrong is kept for core_plan_report; -1 when these are errors. When a module cannot be
 * loaded, the configuration is only looked at in part, since its directives are not known. */
int core_plan_make(struct core_plan *plan, const char *path) MOXD_CHECKED;
void core_plan_fini(struct core_plan *plan);
/* Writes the problems to stderr, one per line, and forgets them. Returns the number of errors. */
size_t core_plan_report(struct core_plan *plan);

#endif
