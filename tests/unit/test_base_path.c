/* Names of local files. proves: STORE-14 */
#include "unit.h"

#include <moxd/path.h>

static const struct {
    const char *dir, *name, *want;
} joins[] = {
    { "/var/lib/moxd", "ctl", "/var/lib/moxd/ctl" },
    { "/var/lib/moxd/", "ctl", "/var/lib/moxd/ctl" },
    { "/var/lib/moxd///", "db/server.db", "/var/lib/moxd/db/server.db" },
    { "/", "ctl", "/ctl" },
    { "//", "ctl", "/ctl" },
    { "", "ctl", "ctl" },
    { ".", "x.so", "./x.so" },
    { "a b", "c d", "a b/c d" },
    { "/etc/moxd", "/else/where", "/else/where" },
    { "", "/else/where", "/else/where" },
    { "/etc/moxd", "../keys", "/etc/moxd/../keys" },
    { "/etc/%s", "%n", "/etc/%s/%n" },
    { "/etc/moxd", "", "/etc/moxd/" },
};

START_TEST(joins_with_one_slash)
{
    struct moxd_arena *a = moxd_arena_new(0);

    for (size_t i = 0; i < MOXD_NELEMS(joins); i++) {
        char *own MOXD_CLEANUP(moxd_freep) = moxd_path_dup(joins[i].dir, joins[i].name);

        ck_assert_str_eq(own, joins[i].want);
        ck_assert_str_eq(moxd_path_join(a, joins[i].dir, joins[i].name), joins[i].want);
    }
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("base_path", joins_with_one_slash)
