/* Has a command and an interface that echo has too. */
#include <moxd/module.h>

static int copycat_run(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err)
{
    (void)m, (void)c, (void)argc, (void)argv, (void)err;
    return 0;
}

static const struct moxd_command commands[] = {
    { .name = "echo count", .args = "", .summary = "Counts too.", .run = copycat_run },
    { 0 },
};
static const struct moxd_interface provides[] = { { "echo", 1, 0, &commands }, { 0 } };
const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("copycat", "1.0", "broken on purpose"),
    .provides = provides,
    .commands = commands,
    .instance_size = sizeof(struct moxd_instance),
};
