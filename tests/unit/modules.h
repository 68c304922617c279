/* Modules that live in a test program, and what went wrong with them. */
#ifndef MOXD_UNIT_MODULES_H
#define MOXD_UNIT_MODULES_H

#include "core_control.h"
#include "module/set.h"
#include "unit.h"

#include <moxd/loop.h>
#include <stdio.h>

static struct core_modules *set;
static struct moxd_problems *problems;

static inline void modules_begin(void)
{
    moxd_log_set_level(NULL, MOXD_ERROR);
    set = core_modules_new();
    problems = core_problems_new();
}

static inline void modules_end(void)
{
    core_modules_free(set);
    core_problems_free(problems);
}

static inline void add(const struct moxd_module *table)
{
    struct moxd_pos pos = { "moxd.conf", 1, (unsigned)core_modules_count(set) + 1 };

    core_modules_add(set, table, table->name, pos, problems);
}

/* The n-th problem has this in its text. */
static inline void expect_problem(size_t n, const char *part)
{
    const struct core_problem *p = core_problems_get(problems, n);

    ck_assert_msg(p != NULL, "no problem number %zu", n);
    ck_assert_msg(strstr(p->text, part) != NULL, "\"%s\" is not in \"%s\"", part, p->text);
}

static inline void expect_fine(void)
{
    const struct core_problem *p = core_problems_get(problems, 0);

    ck_assert_msg(p == NULL, "%s", p ? p->text : "");
}

/* The control socket is not part of these tests. */
int core_control_register(const struct moxd_command *table, struct moxd_instance *m,
                          struct moxd_err *err)
{
    (void)table, (void)m, (void)err;
    return 0;
}

void core_control_fini(void)
{
}

#endif
