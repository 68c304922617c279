/* Documentation from the tables, as configuration files full of comments (P-CORE-01). */
#include "config/describe.h"

enum { WIDTH = 80 };

static void indent(struct moxd_buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        moxd_buf_adds(out, "    ");
}

/* Words of text as comment lines. */
static void comment_lines(struct moxd_buf *out, int depth, const char *text)
{
    struct moxd_str rest = moxd_cstr(text);
    size_t col = 0;

    while (rest.p) {
        struct moxd_str word = moxd_str_cut(&rest, ' ');

        if (col > 0 && col + 1 + word.n > WIDTH) {
            moxd_buf_addc(out, '\n');
            col = 0;
        }
        if (col == 0) {
            indent(out, depth);
            moxd_buf_adds(out, "#");
            col = (size_t)depth * 4 + 1;
        }
        moxd_buf_addc(out, ' ');
        moxd_buf_addstr(out, word);
        col += 1 + word.n;
    }
    moxd_buf_addc(out, '\n');
}

static void comment(struct moxd_buf *out, int depth, const char *text)
{
    struct moxd_buf b = MOXD_BUF_INIT(CONF_VALUE_MAX);

    conf_sentence(text, &b);
    comment_lines(out, depth, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
}

static void remarks(struct moxd_buf *out, int depth, const struct moxd_directive *d)
{
    struct moxd_buf text = MOXD_BUF_INIT(CONF_VALUE_MAX);

    conf_remarks(d, &text);
    if (text.n > 0)
        comment_lines(out, depth, moxd_buf_cstr(&text));
    moxd_buf_fini(&text);
}

static void setting(struct conf_describe *c, const struct moxd_directive *d)
{
    const char *value = conf_example_value(d);

    comment(c->out, c->depth, d->doc);
    remarks(c->out, c->depth, d);
    indent(c->out, c->depth);
    if (value)
        moxd_buf_addf(c->out, "%s = %s\n", d->name, value);
    else
        moxd_buf_addf(c->out, "# %s = %s\n", d->name, conf_type_name(d));
}

static void open_block(struct conf_describe *c, const char *name, const char *doc,
                       const struct moxd_directive *d, const char *label)
{
    comment(c->out, c->depth, doc);
    if (d)
        remarks(c->out, c->depth, d);
    indent(c->out, c->depth);
    moxd_buf_addf(c->out, "%s%s%s {\n", name, label ? " " : "", label ? label : "");
}

static void close_block(struct conf_describe *c)
{
    if (moxd_str_ends(moxd_buf_str(c->out), MOXD_STR("{\n"))) {
        moxd_buf_truncate(c->out, c->out->n - 1);
        moxd_buf_adds(c->out, " }\n");
        return;
    }
    indent(c->out, c->depth);
    moxd_buf_adds(c->out, "}\n");
}

static void separate(struct conf_describe *c)
{
    struct moxd_str s = moxd_buf_str(c->out);

    if (!moxd_str_ends(s, MOXD_STR("{\n")) && s.n > 0)
        moxd_buf_addc(c->out, '\n');
}

void moxd_conf_file_example(const struct moxd_block *blk, struct moxd_buf *out)
{
    struct conf_describe c = { .out = out };

    for (const struct moxd_directive *d = blk->directives; d->name; d++) {
        bool in_use = d->flags & (MOXD_D_REQUIRED | MOXD_D_COMMON);
        separate(&c);
        comment(out, 0, d->doc);
        remarks(out, 0, d);
        moxd_buf_addf(out, "%s%s = %s\n", in_use ? "" : "# ", d->name,
                      conf_example_value(d) ? conf_example_value(d) : conf_type_name(d));
    }
}

static const struct conf_describe_ops conf_ops = { separate, setting, open_block, close_block };

static void describe(const struct core_conf_module *mods, size_t n, struct moxd_buf *out,
                     bool short_form, bool domains)
{
    struct conf_describe c = { &conf_ops, mods, n, out, short_form, 0 };

    if (domains)
        conf_describe_domains_of(&c);
    else
        conf_describe_static_of(&c);
}

void core_conf_describe_static(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    comment(
        out, 0,
        "This is moxd.conf: what is read once, at start. All directives, with examples. The other "
        "file, domains.conf beside it, is read again whenever it changes.");
    describe(mods, n, out, false, false);
}

void core_conf_describe_domains(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    comment(
        out, 0,
        "This is domains.conf: domains and accounts. All directives, with examples. Commands like "
        "moxctl account add rewrite it; comments and order stay.");
    describe(mods, n, out, false, true);
}

int core_conf_describe_module(const struct core_conf_module *mods, size_t n, const char *name,
                              struct moxd_buf *out)
{
    struct moxd_buf text = MOXD_BUF_INIT(CONF_VALUE_MAX);
    size_t i = 0;

    while (i < n && strcmp(mods[i].module->name, name) != 0)
        i++;
    if (i == n)
        return -1;
    moxd_buf_addf(&text, "The module %s: %s. All of its directives, with examples.", name,
                  mods[i].module->summary);
    comment_lines(out, 0, moxd_buf_cstr(&text));
    moxd_buf_fini(&text);
    struct conf_describe c = { &conf_ops, mods + i, 1, out, false, 0 };
    moxd_buf_adds(out, "\n# ---- moxd.conf\n");
    conf_describe_static_in(&c);
    moxd_buf_adds(out, "\n# ---- domains.conf\n");
    conf_describe_domains_in(&c, mods, n);
    return 0;
}

void core_conf_example_static(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    describe(mods, n, out, true, false);
}

void core_conf_example_domains(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    describe(mods, n, out, true, true);
}
