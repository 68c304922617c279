/* What one module adds to the configuration: an example of its own. Only the blocks of others that hold
 * something of it are shown, without what they hold besides. */
#include "config/describe.h"

static bool has_own(const struct conf_describe *c, const struct moxd_block *blk)
{
    struct conf_extras extra;

    conf_extras(c->mods, c->n, blk->scope, &extra);
    if (extra.n > 0)
        return true;
    for (const struct moxd_directive *d = blk->directives; d && d->name; d++)
        if (d->block && has_own(c, d->block))
            return true;
    return false;
}

/* What is required stands there too, so that the example can be tried. */
static void walk_other(struct conf_describe *c, const struct moxd_block *blk, bool required)
{
    struct conf_extras extra;

    for (const struct moxd_directive *d = blk->directives; d && d->name; d++) {
        if (!d->block && required && (d->flags & MOXD_D_REQUIRED)) {
            c->ops->separate(c);
            c->ops->setting(c, d);
        }
        if (!d->block || (d->flags & MOXD_D_DEPRECATED) || !has_own(c, d->block))
            continue;
        c->ops->separate(c);
        c->ops->open_block(c, d->name, d->doc, d, conf_example_label(d));
        c->depth++;
        walk_other(c, d->block, true);
        c->depth--;
        c->ops->close_block(c);
    }
    conf_extras(c->mods, c->n, blk->scope, &extra);
    conf_describe_extras(c, &extra);
}

void conf_describe_static_in(struct conf_describe *c)
{
    struct conf_extras extra;

    conf_extras(c->mods, c->n, CONF_SCOPE_STATIC, &extra);
    conf_describe_extras(c, &extra);
    walk_other(c, &conf_core_block, false);
}

void conf_describe_domains_in(struct conf_describe *c, const struct core_conf_module *all, size_t n)
{
    conf_describe_domains_of(c);
    for (size_t i = 0; i < n; i++)
        if (all[i].module != c->mods->module && all[i].module->dynamic)
            walk_other(c, all[i].module->dynamic, false);
}
