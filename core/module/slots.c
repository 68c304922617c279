/* Slots: room of modules at objects of others. The slots of one kind of object lie in one block: first
 * the pointers, in the order of the modules, then what they point to. */
#include "module/set.h"

#include <stdalign.h>

static struct core_slot_object *find_object(const struct core_modules *set, const char *name)
{
    for (size_t i = 0; set && i < set->nobjects; i++)
        if (strcmp(set->objects[i].name, name) == 0)
            return &set->objects[i];
    return NULL;
}

static void add_slot(struct core_modules *set, struct core_module *mod, const struct moxd_slot *def)
{
    struct core_slot_object *object = find_object(set, def->object);

    if (!object) {
        object = moxd_arena_push(set->a, &set->objects, &set->nobjects, &set->objects_cap,
                                 sizeof(*object));
        object->name = def->object;
        object->v = moxd_arena_calloc(set->a, set->n, sizeof(*object->v));
    }
    moxd_assert(object->n < set->n); /* the tables were checked: one per module and object */
    object->v[object->n++] = (struct core_slot){ .def = def, .m = mod->m };
}

void core_slots_build(struct core_modules *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (const struct moxd_slot *s = set->v[i]->tables.slots; s && s->object; s++)
            add_slot(set, set->v[i], s);
}

static size_t aligned(size_t n)
{
    size_t to = alignof(max_align_t);

    return (n + to - 1) / to * to;
}

void moxd_slots_init(struct moxd_slots *s, const char *object, struct moxd_arena *a)
{
    const struct core_slot_object *o = find_object(core_modules_current(), object);
    size_t size, at;

    s->v = NULL;
    if (!o)
        return;
    size = at = aligned(o->n * sizeof(*s->v));
    for (size_t i = 0; i < o->n; i++)
        size += aligned(o->v[i].def->size);
    s->v = moxd_arena_alloc(a, size);
    for (size_t i = 0; i < o->n; i++) {
        s->v[i] = (char *)s->v + at;
        at += aligned(o->v[i].def->size);
    }
}

void moxd_slots_fini(struct moxd_slots *s, const char *object)
{
    const struct core_slot_object *o = find_object(core_modules_current(), object);

    if (!s->v || !o)
        return;
    for (size_t i = o->n; i-- > 0;)
        if (o->v[i].def->fini)
            o->v[i].def->fini(s->v[i]);
    s->v = NULL;
}

void *moxd_slot(const struct moxd_slots *s, const char *object, const struct moxd_instance *m)
{
    const struct core_slot_object *o = find_object(core_modules_current(), object);

    for (size_t i = 0; s->v && o && i < o->n; i++)
        if (o->v[i].m == m)
            return s->v[i];
    moxd_panic("module %s asks for its slot at %s, which is not in its table", m->module->name,
               object);
}
