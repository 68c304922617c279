/* A first look at moxd.conf, before the modules that know its directives are there. */
#include "config/conf.h"

#include <moxd/path.h>

struct peek_block {
    struct moxd_conf_head head;
    struct moxd_strings modules, module_dirs;
};
static const struct moxd_directive peek_directives[] = {
    { .name = "modules", MOXD_AT_STRINGS(struct peek_block, modules), .flags = MOXD_D_REQUIRED },
    { .name = "module-dirs", MOXD_AT_STRINGS(struct peek_block, module_dirs) },
    { 0 },
};
static const struct moxd_block peek_block = {
    .size = sizeof(struct peek_block),
    .directives = peek_directives,
};

static int peek_text(const char *path, struct moxd_str text, struct core_conf_peek *out,
                     struct moxd_problems *problems)
{
    static const struct conf_extras none;
    MOXD_CLEANUP(conf_tree_freep) struct conf_tree *tree = conf_tree_parse(path, text, problems);
    struct conf_apply ap = { NULL, 0, out->a, problems, conf_dir_of(path, out->a) };
    struct peek_block *b = conf_apply_root(&ap, &tree->root, &peek_block, &none);
    struct moxd_pos *pos = moxd_arena_dup(out->a, b->modules.pos, b->modules.n * sizeof(*pos));

    for (size_t i = 0; i < b->modules.n; i++)
        pos[i].file = moxd_arena_strdup(out->a, path);
    b->modules.pos = pos;
    conf_absolute(&b->module_dirs, ap.dir, out->a);
    out->modules = b->modules;
    out->module_dirs = b->module_dirs;
    return problems->missing ? -1 : 0;
}

int core_conf_peek(const char *path, struct core_conf_peek *out, struct moxd_problems *problems)
{
    struct moxd_buf text = { 0 };
    struct moxd_err err = { 0 };
    int rc = -1;

    out->a = moxd_arena_new(0);
    path = conf_absolute_path(path, out->a);
    if (conf_file_read(path, &text, NULL, &err) == 0)
        rc = peek_text(path, moxd_buf_str(&text), out, problems);
    else
        moxd_problem(problems, (struct moxd_pos){ path, 0, 0 }, "-c FILE names another one", "%s",
                     err.priv);
    moxd_buf_fini(&text);
    if (rc < 0)
        core_conf_peek_fini(out);
    return rc;
}

void core_conf_peek_fini(struct core_conf_peek *peek)
{
    moxd_arena_free(peek->a);
    *peek = (struct core_conf_peek){ 0 };
}

/* data-dir alone, without loading anything: for commands that only talk to the server. */
static const char *data_dir_of(const char *path, struct moxd_str text, struct moxd_arena *a,
                               struct moxd_problems *problems)
{
    MOXD_CLEANUP(conf_tree_freep) struct conf_tree *tree = conf_tree_parse(path, text, problems);
    const char *dir = moxd_node_value(&tree->root, "data-dir");

    if (!dir)
        dir = MOXD_STATEDIR;
    return moxd_path_join(a, conf_dir_of(path, a), dir);
}

const char *core_conf_control_path(const char *path, struct moxd_arena *a,
                                   struct moxd_problems *problems)
{
    struct moxd_buf text = { 0 };
    struct moxd_err err = { 0 };
    const char *control = NULL;

    path = conf_absolute_path(path, a);
    if (conf_file_read(path, &text, NULL, &err) == 0)
        control = moxd_path_join(a, data_dir_of(path, moxd_buf_str(&text), a, problems), "ctl");
    else
        moxd_problem(problems, (struct moxd_pos){ path, 0, 0 }, "-c FILE names another one", "%s",
                     err.priv);
    moxd_buf_fini(&text);
    return control;
}
