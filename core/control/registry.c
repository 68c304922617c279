/* The commands that the server knows: core's own and those of modules, sorted by name. */
#include "control/control.h"

#include <stdlib.h>

static struct control_entry entries[CONTROL_COMMANDS_MAX];
static size_t nentries;

static size_t place(const char *name)
{
    size_t i = 0;

    while (i < nentries && strcmp(entries[i].cmd->name, name) < 0)
        i++;
    return i;
}

static int add(const struct moxd_command *cmd, struct moxd_instance *m, struct moxd_err *err)
{
    size_t i = place(cmd->name);

    if (i < nentries && strcmp(entries[i].cmd->name, cmd->name) == 0)
        return moxd_err_set(err, MOXD_ERR_EXISTS, "command \"%s\" is there twice", cmd->name);
    if (nentries == CONTROL_COMMANDS_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d commands", CONTROL_COMMANDS_MAX);
    memmove(&entries[i + 1], &entries[i], (nentries - i) * sizeof(entries[0]));
    entries[i] = (struct control_entry){ cmd, m };
    nentries++;
    return 0;
}

static int add_table(const struct moxd_command *table, struct moxd_instance *m,
                     struct moxd_err *err)
{
    for (const struct moxd_command *cmd = table; cmd && cmd->name; cmd++) {
        if (add(cmd, m, err) < 0)
            return -1;
    }
    return 0;
}

static void add_core(void)
{
    if (nentries == 0) {
        int rc = add_table(control_core_commands, NULL, NULL);
        moxd_assert(rc == 0);
    }
}

int core_control_register(const struct moxd_command *table, struct moxd_instance *m,
                          struct moxd_err *err)
{
    add_core();
    return add_table(table, m, err);
}

size_t control_count(void)
{
    add_core();
    return nentries;
}

const struct control_entry *control_get(size_t i)
{
    moxd_assert(i < nentries);
    return &entries[i];
}

/* "tls reload" before "tls": the name with the most words. */
const struct control_entry *control_find(int argc, char *const *argv, int *words)
{
    const struct control_entry *best = NULL;
    size_t n = control_count();

    *words = 0;
    for (size_t i = 0; i < n; i++) {
        int w = control_words(entries[i].cmd->name, argc, argv);

        if (w > *words) {
            *words = w;
            best = &entries[i];
        }
    }
    return best;
}

void core_control_fini(void)
{
    nentries = 0;
}
