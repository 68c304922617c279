/* The manual page moxd.conf(5) from the tables, in man(7) macros. */
#include "config/describe.h"

/* Text with what troff takes for commands escaped. */
static void text(struct moxd_buf *out, const char *s)
{
    if (*s == '.' || *s == '\'')
        moxd_buf_adds(out, "\\&");
    for (; *s; s++) {
        if (*s == '\\')
            moxd_buf_adds(out, "\\e");
        else if (*s == '-')
            moxd_buf_adds(out, "\\-");
        else
            moxd_buf_addc(out, *s);
    }
}

static void paragraph(struct moxd_buf *out, const char *s)
{
    struct moxd_buf b = MOXD_BUF_INIT(CONF_VALUE_MAX);

    conf_sentence(s, &b);
    text(out, moxd_buf_cstr(&b));
    moxd_buf_addc(out, '\n');
    moxd_buf_fini(&b);
}

static void remarks(struct moxd_buf *out, const struct moxd_directive *d)
{
    struct moxd_buf b = MOXD_BUF_INIT(CONF_VALUE_MAX);

    conf_remarks(d, &b);
    if (b.n > 0)
        paragraph(out, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
}

static void separate(struct conf_describe *c)
{
    moxd_buf_adds(c->out, ".TP\n");
}

static void setting(struct conf_describe *c, const struct moxd_directive *d)
{
    moxd_buf_adds(c->out, "\\fB");
    text(c->out, d->name);
    moxd_buf_adds(c->out, "\\fR = \\fI");
    text(c->out, conf_type_name(d));
    moxd_buf_adds(c->out, "\\fR\n");
    paragraph(c->out, d->doc);
    remarks(c->out, d);
}

static void open_block(struct conf_describe *c, const char *name, const char *doc,
                       const struct moxd_directive *d, const char *label)
{
    moxd_buf_adds(c->out, "\\fB");
    text(c->out, name);
    moxd_buf_addf(c->out, "\\fR %s{ ... }\n", label ? "\\fI\"label\"\\fR " : "");
    paragraph(c->out, doc);
    if (d)
        remarks(c->out, d);
    moxd_buf_adds(c->out, ".RS\n");
}

static void close_block(struct conf_describe *c)
{
    moxd_buf_adds(c->out, ".RE\n");
}

static const struct conf_describe_ops man_ops = { separate, setting, open_block, close_block };

static const char head[] =
    ".TH MOXD.CONF 5 \"\" moxd \"File formats\"\n"
    ".SH NAME\n"
    "moxd.conf, domains.conf \\- configuration of the mail server moxd\n"
    ".SH DESCRIPTION\n"
    ".B moxd.conf\n"
    "is read when the server starts.\n"
    ".B domains.conf\n"
    "beside it holds domains and accounts; it is read again whenever it changes, and commands of\n"
    ".BR moxctl (1)\n"
    "rewrite it, keeping comments and order.\n"
    ".PP\n"
    "Both consist of settings,\n"
    ".IR \"name\\fR = \\fIvalue\" ,\n"
    "and blocks,\n"
    ".IR name \" \\(dq\" label \"\\(dq { ... }\"\n"
    "or\n"
    ".IR name \" { ... }\" .\n"
    "A value is a word, a string in double quotes with the escapes \\e\\(dq \\e\\e \\en \\et, or a "
    "list\n"
    "[\\(dqa\\(dq, \\(dqb\\(dq].\n"
    "Sizes have the units K, M, G and T (powers of 1024); times have ns, us, ms, s, m, h, d and "
    "w.\n"
    "What follows # on a line is a comment.\n"
    ".B moxd \\-t\n"
    "checks both files and reports everything that is wrong with them.\n";

void core_conf_man(const struct core_conf_module *mods, size_t n, struct moxd_buf *out)
{
    struct conf_describe c = { &man_ops, mods, n, out, false, 0 };

    moxd_buf_adds(out, head);
    moxd_buf_adds(out, ".SH DIRECTIVES OF MOXD.CONF\n");
    conf_describe_static_of(&c);
    moxd_buf_adds(out, ".SH DIRECTIVES OF DOMAINS.CONF\n");
    conf_describe_domains_of(&c);
    moxd_buf_adds(out, ".SH SEE ALSO\n.BR moxd (8),\n.BR moxctl (1)\n");
}
