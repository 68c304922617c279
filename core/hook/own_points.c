/* The points of core itself, which are there whatever modules are loaded. */
#include "module/set.h"

#include <moxd/service.h>

MOXD_POINT_THUNK(on_connection, struct moxd_reply)
MOXD_POINT_THUNK_VOID(on_disconnect)

static const struct moxd_point_def points[] = {
    MOXD_POINT(on_connection, MOXD_DECIDE, "struct moxd_conn",
               "A client has connected to any service; before TLS and the first line."),
    MOXD_POINT(on_disconnect, MOXD_OBSERVE, "struct moxd_conn",
               "A connection ends that on_connection was asked about, refused or not."),
    { 0 },
};
static const struct moxd_module table = { .name = CORE_OWNER, .points = points };

struct core_module *core_points_owner(struct core_modules *set)
{
    struct core_module *mod = moxd_arena_calloc(set->a, 1, sizeof(*mod));

    mod->tables = table;
    mod->set = set;
    mod->m = moxd_arena_calloc(set->a, 1, sizeof(*mod->m));
    *mod->m =
        (struct moxd_instance){ .module = &table, .log = { .component = CORE_OWNER }, .core = mod };
    return mod;
}
