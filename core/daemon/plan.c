#include "daemon/plan.h"

#include <stdio.h>

enum { REPORT_MAX = 1024 * 1024 };

static bool failed(const struct core_plan *plan)
{
    return core_problems_errors(plan->problems) > 0;
}

int core_plan_make(struct core_plan *plan, const char *path)
{
    size_t n;

    *plan = (struct core_plan){ .early = core_problems_new(),
                                .problems = core_problems_new(),
                                .a = moxd_arena_new(0) };
    plan->set = core_modules_new();
    if (core_conf_peek(path, &plan->peek, plan->early) < 0)
        return -1;
    core_modules_load(plan->set, &plan->peek, plan->problems);
    core_modules_resolve(plan->set, plan->problems);
    if (failed(plan))
        return -1;
    core_problems_free(plan->early);
    plan->early = NULL;
    const struct core_conf_module *mods = core_modules_conf(plan->set, &n);
    plan->conf = core_conf_load(path, mods, n, plan->problems);
    if (plan->conf)
        core_modules_configure(plan->set, plan->conf, plan->problems);
    return failed(plan) ? -1 : 0;
}

void core_plan_fini(struct core_plan *plan)
{
    moxd_conf_unref(plan->conf);
    core_modules_free(plan->set);
    core_conf_peek_fini(&plan->peek);
    core_problems_free(plan->early);
    core_problems_free(plan->problems);
    moxd_arena_free(plan->a);
    *plan = (struct core_plan){ 0 };
}

static size_t report(struct moxd_problems *problems)
{
    struct moxd_buf b = MOXD_BUF_INIT(REPORT_MAX);

    if (!problems)
        return 0;
    core_problems_write(problems, &b);
    (void)fwrite(moxd_buf_cstr(&b), 1, b.n, stderr);
    moxd_buf_fini(&b);
    return core_problems_errors(problems);
}

size_t core_plan_report(struct core_plan *plan)
{
    size_t errors = report(plan->early) + report(plan->problems);

    core_problems_free(plan->early);
    core_problems_free(plan->problems);
    plan->early = NULL;
    plan->problems = core_problems_new();
    return errors;
}
