/* Configuration files. Whatever the bytes are: the parser ends, an unchanged tree is written back as it
 * was, a changed one parses again, and the tables apply to it. */
#include "fuzz.h"

#include "config/conf.h"

#include <moxd/log.h>

struct item {
    struct moxd_conf_head head;
    int64_t size, time, number;
    bool on;
    const char *text, *path;
    int word;
    struct moxd_strings list;
    struct moxd_blocks items;
    void *one;
};
static const char *const words[] = { "alpha", "beta", NULL };
static const struct moxd_block item_block;
static const struct moxd_directive directives[] = {
    { .name = "size", MOXD_AT_SIZE(struct item, size), .max = 1000000, .doc = "d" },
    { .name = "time", MOXD_AT_DURATION(struct item, time), .doc = "d" },
    { .name = "number", MOXD_AT_INT(struct item, number), .deflt = "7", .doc = "d" },
    { .name = "on", MOXD_AT_BOOL(struct item, on), .doc = "d" },
    { .name = "text", MOXD_AT_STRING(struct item, text), .flags = MOXD_D_REQUIRED, .doc = "d" },
    { .name = "path", MOXD_AT_PATH(struct item, path), .doc = "d" },
    { .name = "word", MOXD_AT_ENUM(struct item, word), .values = words, .doc = "d" },
    { .name = "list", MOXD_AT_STRINGS(struct item, list), .doc = "d" },
    { .name = "item", MOXD_AT_BLOCKS(struct item, items), .block = &item_block, .doc = "d" },
    { .name = "one", MOXD_AT_BLOCK(struct item, one), .block = &item_block, .doc = "d" },
    { 0 },
};
static const struct moxd_block item_block = { .size = sizeof(struct item),
                                              .directives = directives };

static void apply(struct conf_tree *t, struct moxd_problems *p)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct conf_apply ap = { NULL, 0, a, p, "/dir" };
    struct moxd_buf text = MOXD_BUF_INIT(8 << 20);

    conf_apply_block(&ap, &t->root, &item_block, t->root.pos);
    core_problems_write(p, &text);
    moxd_buf_fini(&text);
    moxd_arena_free(a);
}

/* Changes every block in the tree in some way, without nesting deeper than a file may. */
static void change(struct moxd_node *block, int depth)
{
    struct moxd_node *next, *n = moxd_node_next(block, NULL, NULL);

    for (size_t i = 0; n; n = next, i++) {
        next = moxd_node_next(block, n, NULL);
        if (n->block)
            change(n, depth + 1);
        if (i % 3 == 0)
            moxd_node_remove(block, n);
        else if (n->block && n->label)
            moxd_node_set_label(n, "new \"label\"");
    }
    moxd_node_set(block, "text", "a\n\"b\"");
    if (depth < CONF_NESTING_MAX)
        moxd_node_set(moxd_node_add_block(block, "item", "added"), "number", "5");
}

static void write_and_parse(const struct conf_tree *t, struct moxd_buf *out, size_t *errors)
{
    struct moxd_problems *p = core_problems_new();

    moxd_buf_init(out, 64 << 20);
    conf_tree_write(t, out);
    conf_tree_free(conf_tree_parse("f", moxd_buf_str(out), p));
    *errors = core_problems_errors(p);
    core_problems_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str src = moxd_str((const char *)data, size);
    struct moxd_problems *p = core_problems_new();
    struct conf_tree *t = conf_tree_parse("f", src, p);
    struct moxd_buf out;
    size_t errors;

    if (core_problems_errors(p) == 0) {
        write_and_parse(t, &out, &errors);
        moxd_assert(moxd_str_eq(moxd_buf_str(&out), src) && errors == 0);
        moxd_buf_fini(&out);
        apply(t, p);
        change(&t->root, 0);
        write_and_parse(t, &out, &errors);
        moxd_assert(errors == 0);
        moxd_buf_fini(&out);
    } else {
        apply(t, p);
    }
    conf_tree_free(t);
    core_problems_free(p);
    return 0;
}
