#include "fiber/fiber_priv.h"

#include <stdlib.h>

/* A finished fiber's slot is used again under the next generation. */
struct slot {
    struct core_fiber *f; /* NULL: free */
    uint32_t gen;         /* of f, or of its last user */
    uint32_t next_free;   /* index + 1 */
};

/* tools/gdb/moxd-fibers.py reads this. */
static struct {
    struct slot *v;
    uint32_t n, cap;
    uint32_t free; /* index + 1; 0: none */
} slots;

static uint32_t add_slot(void)
{
    if (slots.n == slots.cap) {
        slots.cap = slots.cap > 0 ? 2 * slots.cap : 64;
        slots.v = moxd_xreallocarray(slots.v, slots.cap, sizeof(*slots.v));
    }
    slots.v[slots.n] = (struct slot){ 0 };
    return slots.n++;
}

struct moxd_fid core_slot_take(struct core_fiber *f)
{
    uint32_t i;

    if (slots.free == 0) {
        i = add_slot();
    } else {
        i = slots.free - 1;
        slots.free = slots.v[i].next_free;
    }
    slots.v[i].f = f;
    return (struct moxd_fid){ i, ++slots.v[i].gen };
}

/* A slot whose generations are used up is never given out again. */
void core_slot_free(struct moxd_fid id)
{
    struct slot *s = &slots.v[id.slot];

    moxd_assert(s->f != NULL && s->gen == id.gen);
    s->f = NULL;
    if (s->gen == UINT32_MAX)
        return;
    s->next_free = slots.free;
    slots.free = id.slot + 1;
}

struct core_fiber *core_fiber_find(struct moxd_fid id)
{
    if (id.gen == 0 || id.slot >= slots.n || slots.v[id.slot].gen != id.gen)
        return NULL;
    return slots.v[id.slot].f;
}

bool core_slot_next(uint32_t *i, struct core_fiber **f)
{
    while (*i < slots.n) {
        *f = slots.v[(*i)++].f;
        if (*f != NULL)
            return true;
    }
    return false;
}

void core_slots_fini(void)
{
    free(slots.v);
    slots.v = NULL;
    slots.n = slots.cap = slots.free = 0;
}
