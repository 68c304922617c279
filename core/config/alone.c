/* Files of programs beside the server: one table, no modules. */
#include "config/conf.h"

#include <stdlib.h>

struct moxd_conf_file {
    struct moxd_arena *a;
    struct conf_tree *tree;
    void *block;
};

struct moxd_conf_file *moxd_conf_file_parse(const char *path, struct moxd_str text,
                                            const struct moxd_block *blk, struct moxd_buf *problems)
{
    static const struct conf_extras none;
    struct moxd_conf_file *f = moxd_xcalloc(1, sizeof(*f));
    struct moxd_problems *out = core_problems_new();

    f->a = moxd_arena_new(0);
    f->tree = conf_tree_parse(path, text, out);
    struct conf_apply ap = { .a = f->a, .out = out, .dir = conf_dir_of(path, f->a) };
    conf_check_names(out, &f->tree->root, &blk->directives, 1, &none, false);
    f->block = conf_apply_root(&ap, &f->tree->root, blk, &none);
    size_t errors = core_problems_errors(out);
    core_problems_write(out, problems);
    core_problems_free(out);
    if (errors == 0)
        return f;
    moxd_conf_file_free(f);
    return NULL;
}

const void *moxd_conf_file_block(const struct moxd_conf_file *f)
{
    return f->block;
}

void moxd_conf_file_free(struct moxd_conf_file *f)
{
    if (!f)
        return;
    conf_tree_free(f->tree);
    moxd_arena_free(f->a);
    free(f);
}
