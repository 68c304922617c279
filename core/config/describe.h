/* Walking the directive tables for documentation. Not installed. */
#ifndef CORE_CONFIG_DESCRIBE_H
#define CORE_CONFIG_DESCRIBE_H

#include "config/conf.h"

struct conf_describe;
struct conf_describe_ops {
    void (*separate)(struct conf_describe *c); /* before each entry */
    void (*setting)(struct conf_describe *c, const struct moxd_directive *d);
    /* d: NULL for what a module brings; label as in the file, or NULL. */
    void (*open_block)(struct conf_describe *c, const char *name, const char *doc,
                       const struct moxd_directive *d, const char *label);
    void (*close_block)(struct conf_describe *c);
};
struct conf_describe {
    const struct conf_describe_ops *ops;
    const struct core_conf_module *mods;
    size_t n;
    struct moxd_buf *out;
    bool short_form; /* required and common directives only */
    int depth;
};
void conf_describe_static_of(struct conf_describe *c);
void conf_describe_domains_of(struct conf_describe *c);
/* Of one module, c->mods[0]; `all` are those whose tables it adds to. */
void conf_describe_static_in(struct conf_describe *c);
void conf_describe_domains_in(struct conf_describe *c, const struct core_conf_module *all,
                              size_t n);
/* Blocks that modules bring. */
void conf_describe_extras(struct conf_describe *c, const struct conf_extras *extra);
/* The label in examples, NULL for a block without one. */
const char *conf_example_label(const struct moxd_directive *d);

/* Appends the text as a sentence: with a capital and a full stop, whoever wrote it without. */
void conf_sentence(const char *text, struct moxd_buf *out);
/* "Default: 15s. Required. One of: a, b." and the like. */
void conf_remarks(const struct moxd_directive *d, struct moxd_buf *out);
/* What to write behind "=": the example, the default, or NULL when the table has neither. */
const char *conf_example_value(const struct moxd_directive *d);
/* "TIME", "SIZE", "PATH": stands for a value. */
const char *conf_type_name(const struct moxd_directive *d);

#endif
