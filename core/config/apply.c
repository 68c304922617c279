/* Directive tables: a block of the tree to its C struct. */
#include "config/conf.h"

#include <stdlib.h>

/* One block while it is applied. */
struct target {
    struct conf_apply *ap;
    const struct moxd_node *node; /* NULL: absent, defaults only */
    const struct moxd_block *blk;
    const struct conf_extras *extra;
    struct moxd_pos pos;
    char *out;
    const struct moxd_node *seen[CONF_TABLE_MAX]; /* per directive: the (first) node */
    const struct moxd_node *seen_extra[CONF_EXTRAS_MAX];
};

static const char *title(const struct target *t)
{
    return t->node && t->node->name ? conf_node_title(t->node, t->ap->out->a) : NULL;
}

/* ---- single values */

static void bad_value(struct target *t, const struct moxd_directive *d, const struct conf_value *v,
                      const struct moxd_err *err)
{
    if (d->flags & MOXD_D_SECRET)
        moxd_problem(t->ap->out, v->pos, NULL, "%s: %s", d->name, err->priv);
    else
        moxd_problem(t->ap->out, v->pos, NULL, "%s = \"%s\": %s", d->name, v->text, err->priv);
    if (d->flags & MOXD_D_REQUIRED)
        t->ap->out->missing++;
}

static int set_one(struct target *t, const struct moxd_directive *d, const struct conf_value *v,
                   void *field)
{
    struct moxd_err err = { 0 };

    if (conf_value_set(d, v->text, t->ap->dir, t->ap->a, field, &err) == 0)
        return 0;
    bad_value(t, d, v, &err);
    return -1;
}

static void set_strings(struct target *t, const struct moxd_directive *d,
                        const struct moxd_node *node)
{
    struct moxd_strings *out = (struct moxd_strings *)(void *)(t->out + d->offset);
    const char **v = moxd_arena_calloc(t->ap->a, node->nvalues + 1, sizeof(*v));
    struct moxd_pos *pos = moxd_arena_calloc(t->ap->a, node->nvalues + 1, sizeof(*pos));
    size_t n = 0;

    for (size_t i = 0; i < node->nvalues; i++) {
        if (set_one(t, d, &node->values[i], &v[n]) < 0)
            continue;
        pos[n++] = node->values[i].pos;
    }
    v[n] = NULL;
    *out = (struct moxd_strings){ .v = v, .n = n, .pos = pos };
}

static int set_values(struct target *t, const struct moxd_directive *d,
                      const struct moxd_node *node)
{
    if (d->type == MOXD_DT_STRINGS) {
        set_strings(t, d, node);
        return 0;
    }
    return set_one(t, d, &node->values[0], t->out + d->offset);
}

static void set_default(struct target *t, const struct moxd_directive *d)
{
    struct moxd_node node = { .list = false };

    if (!d->deflt) {
        if (d->type == MOXD_DT_STRINGS)
            set_strings(t, d, &node);
        return;
    }
    int rc = conf_default(d, t->ap->a, &node);
    moxd_assert(rc == 0); /* conf_check_tables refused others */
    rc = set_values(t, d, &node);
    moxd_assert(rc == 0);
}

static bool is_block(const struct moxd_directive *d)
{
    return d->type == MOXD_DT_BLOCK || d->type == MOXD_DT_BLOCKS;
}

/* Whether the node has the form that the directive wants. */
static bool right_form(struct target *t, const struct moxd_directive *d, const struct moxd_node *n)
{
    struct moxd_problems *out = t->ap->out;

    if (is_block(d) && !n->block)
        moxd_problem(out, n->pos, "write it with { ... }", "\"%s\" is a block", d->name);
    else if (!is_block(d) && n->block)
        moxd_problem(out, n->pos, "write name = value", "\"%s\" is not a block", d->name);
    else if (!is_block(d) && n->list && d->type != MOXD_DT_STRINGS)
        moxd_problem(out, n->pos, NULL, "\"%s\" takes one value, not a list", d->name);
    else
        return true;
    out->missing += (d->flags & MOXD_D_REQUIRED) != 0;
    return false;
}

/* ---- blocks */

/* The block is applied all the same, for its other errors: checks find an empty label. */
static void missing_label(struct target *t, const struct moxd_node *n)
{
    ((struct moxd_node *)n)->label = "";
    t->ap->out->missing++;
    moxd_problem(t->ap->out, n->pos, "write name \"label\" { ... }", "%s needs a label", n->name);
}

static void check_label(struct target *t, const struct moxd_node *n, bool wanted)
{
    if (n->label && *n->label == '\0')
        moxd_problem(t->ap->out, n->pos, NULL, "%s has an empty label", n->name);
    else if (n->label && !wanted)
        moxd_problem(t->ap->out, n->pos, NULL, "%s takes no label", n->name);
    else if (!n->label && wanted)
        missing_label(t, n);
}

static void set_block(struct target *t, const struct moxd_directive *d, const struct moxd_node *n)
{
    void **field = (void **)(void *)(t->out + d->offset);

    if (n)
        check_label(t, n, false);
    if (n || (d->flags & MOXD_D_ALWAYS))
        *field = conf_apply_block(t->ap, n, d->block, t->pos);
}

static int by_label(const void *a, const void *b)
{
    const struct moxd_node *x = *(const struct moxd_node *const *)a;
    const struct moxd_node *y = *(const struct moxd_node *const *)b;
    int c = strcmp(x->label ? x->label : "", y->label ? y->label : "");

    return c ? c : x->start < y->start ? -1 : x->start > y->start;
}

static void report_double(struct moxd_problems *out, const struct moxd_node *first,
                          const struct moxd_node *again)
{
    moxd_problem(out, again->pos, NULL, "%s is there twice, first in line %u",
                 conf_node_title(again, out->a), first->pos.line);
}

/* Neighbours in the order of labels, so that 100,000 accounts are compared in no time. */
static void check_doubles(struct target *t, const struct moxd_node **nodes, size_t n)
{
    size_t first = 0;

    if (n > 1)
        qsort(nodes, n, sizeof(*nodes), by_label);
    for (size_t i = 1; i < n; i++) {
        if (nodes[i]->label && *nodes[i]->label && nodes[first]->label &&
            strcmp(nodes[i]->label, nodes[first]->label) == 0)
            report_double(t->ap->out, nodes[first], nodes[i]);
        else
            first = i;
    }
}

static void set_blocks(struct target *t, const struct moxd_directive *d,
                       const struct moxd_node *first)
{
    struct moxd_blocks *out = (struct moxd_blocks *)(void *)(t->out + d->offset);
    size_t cap = 0, nnodes = 0, nodes_cap = 0;
    const struct moxd_node **nodes = NULL;

    for (const struct moxd_node *n = first; n; n = n->next) {
        if (strcmp(n->name, d->name) != 0 || !right_form(t, d, n))
            continue;
        check_label(t, n, !(d->flags & MOXD_D_NOLABEL));
        void **slot = moxd_arena_push(t->ap->a, &out->v, &out->n, &cap, sizeof(*slot));
        *slot = conf_apply_block(t->ap, n, d->block, n->pos);
        if (nnodes == nodes_cap)
            nodes = moxd_xreallocarray(nodes, nodes_cap = nodes_cap ? 2 * nodes_cap : 16,
                                       sizeof(*nodes));
        nodes[nnodes++] = n;
    }
    check_doubles(t, nodes, nnodes);
    free(nodes);
}

/* ---- directives */

static void missing(struct target *t, const struct moxd_directive *d)
{
    struct moxd_arena *a = t->ap->out->a;
    const char *where = title(t), *hint = NULL;

    if (d->example && !is_block(d))
        hint = moxd_arena_printf(a, "for example: %s = %s", d->name, d->example);
    t->ap->out->missing++;
    moxd_problem(t->ap->out, t->pos, hint, "directive \"%s\" is missing%s%s", d->name,
                 where ? " in " : "", where ? where : "");
}

static void deprecated(struct target *t, const struct moxd_directive *d, const struct moxd_node *n)
{
    moxd_problem_warning(t->ap->out, n->pos, "directive \"%s\" is deprecated%s%s", d->name,
                         d->replaced ? ": use " : "", d->replaced ? d->replaced : "");
}

static void apply_directive(struct target *t, const struct moxd_directive *d,
                            const struct moxd_node *n)
{
    if (n && (d->flags & MOXD_D_DEPRECATED))
        deprecated(t, d, n);
    if (!n && (d->flags & MOXD_D_REQUIRED))
        missing(t, d);
    if (d->type == MOXD_DT_BLOCKS)
        set_blocks(t, d, n);
    else if (d->type == MOXD_DT_BLOCK)
        set_block(t, d, n && right_form(t, d, n) ? n : NULL);
    else if (!n || !right_form(t, d, n) || set_values(t, d, n) < 0)
        set_default(t, d);
}

static void see(struct target *t, const struct moxd_node **slot, const struct moxd_node *n,
                bool many)
{
    if (!*slot)
        *slot = n;
    else if (!many)
        report_double(t->ap->out, *slot, n);
}

/* Notes which node belongs to which directive. Names that are unknown were reported elsewhere. */
static void see_child(struct target *t, const struct moxd_node *n)
{
    const struct moxd_directive *d = t->blk->directives;

    for (size_t i = 0; d && d[i].name; i++) {
        if (strcmp(d[i].name, n->name) == 0) {
            see(t, &t->seen[i], n, d[i].type == MOXD_DT_BLOCKS);
            return;
        }
    }
    for (size_t i = 0; i < t->extra->n; i++) {
        if (strcmp(t->extra->v[i].name, n->name) == 0) {
            see(t, &t->seen_extra[i], n, false);
            return;
        }
    }
}

static const void *apply_extra(struct target *t, size_t i)
{
    const struct moxd_node *n = t->seen_extra[i];
    const struct moxd_directive form = { .name = t->extra->v[i].name, .type = MOXD_DT_BLOCK };

    if (n && !right_form(t, &form, n))
        n = NULL;
    if (n)
        check_label(t, n, false);
    return conf_apply_block(t->ap, n, t->extra->v[i].block, t->pos);
}

static struct moxd_conf_ext *apply_extras(struct target *t)
{
    size_t n = t->extra->n;
    struct moxd_conf_ext *ext = moxd_arena_alloc(t->ap->a, sizeof(*ext));

    ext->v = moxd_arena_calloc(t->ap->a, n, sizeof(*ext->v));
    ext->n = n;
    for (size_t i = 0; i < n; i++) {
        ext->v[i].name = t->extra->v[i].name;
        ext->v[i].data = apply_extra(t, i);
    }
    return ext;
}

static void *apply(struct target *t)
{
    struct moxd_conf_head *head = moxd_arena_alloc(t->ap->a, t->blk->size);
    const struct moxd_directive *d = t->blk->directives;
    size_t missing_before = t->ap->out->missing;

    *head = (struct moxd_conf_head){ .label = t->node ? t->node->label : NULL,
                                     .pos = t->pos,
                                     .node = t->node };
    t->out = (char *)head;
    for (const struct moxd_node *n = t->node ? t->node->first : NULL; n; n = n->next)
        see_child(t, n);
    for (size_t i = 0; d && d[i].name; i++)
        apply_directive(t, &d[i], t->seen[i]);
    if (t->extra->n > 0)
        head->ext = apply_extras(t);
    if (t->blk->check && t->ap->out->missing == missing_before)
        t->blk->check(head, t->ap->out);
    return head;
}

void *conf_apply_block(struct conf_apply *ap, const struct moxd_node *node,
                       const struct moxd_block *blk, struct moxd_pos pos)
{
    struct conf_extras extra;
    struct target t = {
        .ap = ap, .node = node, .blk = blk, .extra = &extra, .pos = node ? node->pos : pos
    };

    conf_extras(ap->mods, ap->n, blk->scope, &extra);
    if (node)
        conf_check_names(ap->out, node, &blk->directives, 1, &extra, blk->scope != NULL);
    return apply(&t);
}

void *conf_apply_root(struct conf_apply *ap, const struct moxd_node *root,
                      const struct moxd_block *blk, const struct conf_extras *extra)
{
    struct target t = { .ap = ap, .node = root, .blk = blk, .extra = extra, .pos = root->pos };

    return apply(&t);
}

const void *moxd_conf_ext(const struct moxd_conf_head *obj, const char *name)
{
    for (size_t i = 0; obj->ext && i < obj->ext->n; i++) {
        if (strcmp(obj->ext->v[i].name, name) == 0)
            return obj->ext->v[i].data;
    }
    return NULL;
}
