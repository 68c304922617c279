/* Reading and changing a tree. */
#include "config/conf.h"

static bool matches(const struct moxd_node *n, const char *name, const char *label)
{
    if (n->removed || (name && strcmp(n->name, name) != 0))
        return false;
    return !label || (n->label && strcmp(n->label, label) == 0);
}

struct moxd_node *moxd_node_next(struct moxd_node *parent, struct moxd_node *prev, const char *name)
{
    for (struct moxd_node *n = prev ? prev->next : parent->first; n; n = n->next) {
        if (matches(n, name, NULL))
            return n;
    }
    return NULL;
}

struct moxd_node *moxd_node_find(struct moxd_node *parent, const char *name, const char *label)
{
    for (struct moxd_node *n = parent->first; n; n = n->next) {
        if (matches(n, name, label))
            return n;
    }
    return NULL;
}

const char *moxd_node_label(const struct moxd_node *node)
{
    return node->label;
}

struct moxd_pos moxd_node_pos(const struct moxd_node *node)
{
    return node->pos;
}

static const struct moxd_node *setting(const struct moxd_node *block, const char *name)
{
    for (const struct moxd_node *n = block->first; n; n = n->next) {
        if (!n->block && matches(n, name, NULL))
            return n;
    }
    return NULL;
}

const char *moxd_node_value(const struct moxd_node *block, const char *name)
{
    const struct moxd_node *n = setting(block, name);

    return n && n->nvalues > 0 ? n->values[0].text : NULL;
}

size_t moxd_node_list(const struct moxd_node *block, const char *name, const char ***out,
                      struct moxd_arena *a)
{
    const struct moxd_node *n = setting(block, name);
    size_t count = n ? n->nvalues : 0;

    *out = moxd_arena_calloc(a, count + 1, sizeof(**out));
    for (size_t i = 0; i < count; i++)
        (*out)[i] = moxd_arena_strdup(a, n->values[i].text);
    return count;
}

/* Marks the way up, so that the printer does not copy what holds a change. */
static void touch(struct moxd_node *n)
{
    for (; n; n = n->parent)
        n->touched = true;
}

struct moxd_node *moxd_node_add_block(struct moxd_node *parent, const char *name, const char *label)
{
    struct moxd_node *n = conf_node_new(parent->tree, name, label);

    moxd_assert(parent->block);
    n->block = n->dirty = true;
    conf_node_append(parent, n);
    touch(n);
    return n;
}

/* Behind the last setting, so that settings stay above blocks. */
static void insert_setting(struct moxd_node *block, struct moxd_node *n)
{
    struct moxd_node *at = NULL;

    for (struct moxd_node *c = block->first; c; c = c->next) {
        if (!c->block)
            at = c;
    }
    n->parent = block;
    n->prev = at;
    n->next = at ? at->next : block->first;
    *(at ? &at->next : &block->first) = n;
    *(n->next ? &n->next->prev : &block->last) = n;
}

static void set_values(struct moxd_node *block, const char *name, const char *const *values,
                       size_t n, bool list)
{
    struct moxd_arena *a = block->tree->a;
    struct moxd_node *node = (struct moxd_node *)setting(block, name);

    moxd_assert(block->block);
    if (!node) {
        node = conf_node_new(block->tree, name, NULL);
        insert_setting(block, node);
    }
    node->values = moxd_arena_calloc(a, n ? n : 1, sizeof(*node->values));
    for (size_t i = 0; i < n; i++) {
        node->values[i].text = moxd_arena_strdup(a, values[i]);
        node->values[i].pos = node->pos;
    }
    node->nvalues = n;
    node->list = list;
    node->dirty = true;
    touch(node);
}

void moxd_node_set(struct moxd_node *block, const char *name, const char *value)
{
    set_values(block, name, &value, 1, false);
}

void moxd_node_set_list(struct moxd_node *block, const char *name, const char *const *values,
                        size_t n)
{
    set_values(block, name, values, n, true);
}

void moxd_node_remove(struct moxd_node *parent, struct moxd_node *child)
{
    moxd_assert(child->parent == parent && !child->removed);
    child->removed = true;
    touch(child);
}

void moxd_node_set_label(struct moxd_node *node, const char *label)
{
    node->label = moxd_arena_strdup(node->tree->a, label);
    node->dirty = true;
    touch(node);
}
