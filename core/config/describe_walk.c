/* The walk over all directives of core and modules, in the order of the tables. */
#include "config/describe.h"

#include <inttypes.h>

static void walk_block(struct conf_describe *c, const struct moxd_block *blk,
                       const struct conf_extras *extra);

static void walk_inside(struct conf_describe *c, const struct moxd_block *blk)
{
    struct conf_extras extra;

    conf_extras(c->mods, c->n, blk->scope, &extra);
    c->depth++;
    walk_block(c, blk, &extra);
    c->depth--;
    c->ops->close_block(c);
}

static bool is_shown(const struct conf_describe *c, const struct moxd_directive *d)
{
    if (d->flags & MOXD_D_DEPRECATED)
        return false;
    return !c->short_form || (d->flags & (MOXD_D_REQUIRED | MOXD_D_COMMON));
}

const char *conf_example_label(const struct moxd_directive *d)
{
    if (d->type == MOXD_DT_BLOCK || (d->flags & MOXD_D_NOLABEL))
        return NULL;
    return d->example ? d->example : "\"name\"";
}

static void walk_directive(struct conf_describe *c, const struct moxd_directive *d)
{
    c->ops->separate(c);
    if (!d->block) {
        c->ops->setting(c, d);
        return;
    }
    c->ops->open_block(c, d->name, d->doc, d, conf_example_label(d));
    walk_inside(c, d->block);
}

static void walk_block(struct conf_describe *c, const struct moxd_block *blk,
                       const struct conf_extras *extra)
{
    for (const struct moxd_directive *d = blk->directives; d && d->name; d++) {
        if (is_shown(c, d))
            walk_directive(c, d);
    }
    conf_describe_extras(c, extra);
}

/* An empty block of a module that the short example may not even load says nothing. */
static bool says_nothing(const struct conf_describe *c, const struct conf_extra *x)
{
    if (!c->short_form || !x->contributed)
        return false;
    for (const struct moxd_directive *d = x->block->directives; d && d->name; d++)
        if (is_shown(c, d))
            return false;
    return true;
}

void conf_describe_extras(struct conf_describe *c, const struct conf_extras *extra)
{
    for (size_t i = 0; i < extra->n; i++) {
        if (says_nothing(c, &extra->v[i]))
            continue;
        c->ops->separate(c);
        c->ops->open_block(c, extra->v[i].name, extra->v[i].doc, NULL, NULL);
        walk_inside(c, extra->v[i].block);
    }
}

void conf_describe_static_of(struct conf_describe *c)
{
    static const struct conf_extras none;
    struct conf_extras extra;

    conf_extras(c->mods, c->n, CONF_SCOPE_STATIC, &extra);
    walk_block(c, &conf_core_block, c->short_form ? &none : &extra);
}

void conf_describe_domains_of(struct conf_describe *c)
{
    static const struct conf_extras none;

    for (size_t i = 0; i < c->n; i++) {
        if (c->mods[i].module->dynamic)
            walk_block(c, c->mods[i].module->dynamic, &none);
    }
}

/* ---- words about one directive */

static void next_sentence(struct moxd_buf *out)
{
    if (out->n > 0)
        moxd_buf_addc(out, ' ');
}

void conf_sentence(const char *text, struct moxd_buf *out)
{
    if (*text == '\0')
        return;
    moxd_buf_addc(out, moxd_upper(*text));
    moxd_buf_adds(out, text + 1);
    if (!strchr(".!?)", text[strlen(text) - 1]))
        moxd_buf_addc(out, '.');
}

static void add_values(const struct moxd_directive *d, struct moxd_buf *out)
{
    next_sentence(out);
    moxd_buf_adds(out, "One of:");
    for (int i = 0; d->values[i]; i++)
        moxd_buf_addf(out, "%s %s", i ? "," : "", d->values[i]);
    moxd_buf_addc(out, '.');
}

void conf_remarks(const struct moxd_directive *d, struct moxd_buf *out)
{
    if (d->type == MOXD_DT_BLOCKS)
        moxd_buf_adds(out, "May be there several times.");
    if (d->type == MOXD_DT_BLOCKS && d->block->label_doc) {
        moxd_buf_adds(out, " Label: ");
        moxd_buf_adds(out, d->block->label_doc);
        if (out->p[out->n - 1] != '.')
            moxd_buf_addc(out, '.');
    }
    if (d->type == MOXD_DT_ENUM)
        add_values(d, out);
    if (d->flags & MOXD_D_REQUIRED) {
        next_sentence(out);
        moxd_buf_adds(out, "Required.");
    } else if (d->deflt) {
        next_sentence(out);
        moxd_buf_addf(out, "Default: %s.", d->deflt);
    }
    if (d->type == MOXD_DT_INT && d->max != 0) {
        next_sentence(out);
        moxd_buf_addf(out, "From %" PRId64 " to %" PRId64 ".", d->min, d->max);
    }
}

const char *conf_example_value(const struct moxd_directive *d)
{
    return d->example ? d->example : d->deflt;
}

const char *conf_type_name(const struct moxd_directive *d)
{
    static const char *const names[] = {
        [MOXD_DT_BOOL] = "true|false",
        [MOXD_DT_INT] = "NUMBER",
        [MOXD_DT_SIZE] = "SIZE",
        [MOXD_DT_DURATION] = "TIME",
        [MOXD_DT_STRING] = "\"TEXT\"",
        [MOXD_DT_PATH] = "\"PATH\"",
        [MOXD_DT_STRINGS] = "[\"TEXT\", ...]",
        [MOXD_DT_ENUM] = "WORD",
        [MOXD_DT_BLOCK] = "{ ... }",
        [MOXD_DT_BLOCKS] = "{ ... }",
    };
    return names[d->type];
}
