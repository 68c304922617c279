#include "module/set.h"

const void *moxd_interface_get(struct moxd_instance *m, const char *name,
                               struct moxd_instance **self)
{
    const struct core_module *mod = m->core;

    for (size_t i = 0; i < mod->nneeds; i++) {
        const struct core_need *need = &mod->needs[i];
        if (strcmp(need->name, name) != 0)
            continue;
        *self = need->by ? need->by->m : NULL;
        return need->by ? need->iface->vtable : NULL;
    }
    moxd_panic("module %s asks for the interface %s, which is not in its needs", mod->tables.name,
               name);
}
