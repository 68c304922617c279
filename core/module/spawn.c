/* Fibers that belong to a module: when it stops, they have ended. */
#include "module/set.h"

#include <stdlib.h>

struct core_module_fiber {
    struct core_module_fiber *next, **link;
    struct core_module *mod;
    void (*fn)(void *arg);
    void *arg;
    struct moxd_fid fid;
};

static void run(void *arg)
{
    struct core_module_fiber *f = arg;
    struct core_module *mod = f->mod;

    f->fn(f->arg);
    *f->link = f->next;
    if (f->next)
        f->next->link = f->link;
    free(f);
    if (!mod->fibers)
        moxd_waitq_wake_all(&mod->idle);
}

struct moxd_fid moxd_module_spawn(struct moxd_instance *m, const char *name, void (*fn)(void *arg),
                                  void *arg)
{
    struct core_module *mod = m->core;
    struct core_module_fiber *f = moxd_xcalloc(1, sizeof(*f));

    *f = (struct core_module_fiber){
        .next = mod->fibers, .link = &mod->fibers, .mod = mod, .fn = fn, .arg = arg
    };
    if (f->next)
        f->next->link = &f->next;
    mod->fibers = f;
    return f->fid = moxd_fiber_spawn(name, run, f);
}

void core_module_join(struct core_module *mod, int64_t deadline)
{
    for (struct core_module_fiber *f = mod->fibers; f; f = f->next)
        (void)moxd_fiber_cancel(f->fid);
    while (mod->fibers)
        if (moxd_waitq_wait(&mod->idle, deadline) != MOXD_OK)
            return;
}
