/* A tree back to text. What was not changed is copied byte by byte. */
#include "config/conf.h"

static struct moxd_str span(const struct moxd_node *n, size_t from, size_t to)
{
    return moxd_str_sub(n->tree->src, from, to - from);
}

/* Whether the node was read from the file; new ones have no bytes there. */
static bool is_original(const struct moxd_node *n)
{
    return n->end > 0;
}

/* The blanks before the node when it is first on its line; p == NULL when it is not. */
static struct moxd_str blanks_before(const struct moxd_node *n)
{
    struct moxd_str src = n->tree->src;
    size_t i = n->start;

    while (i > 0 && (src.p[i - 1] == ' ' || src.p[i - 1] == '\t'))
        i--;
    if (!is_original(n) || (i > 0 && src.p[i - 1] != '\n'))
        return (struct moxd_str){ 0 };
    return moxd_str(src.p + i, n->start - i);
}

static void indent_inside(const struct moxd_node *block, struct moxd_buf *out);

static void indent_of(const struct moxd_node *n, struct moxd_buf *out)
{
    struct moxd_str blanks = blanks_before(n);

    if (blanks.p)
        moxd_buf_addstr(out, blanks);
    else
        indent_inside(n->parent, out);
}

/* As the first child that has a line of its own; else four more than the block. */
static void indent_inside(const struct moxd_node *block, struct moxd_buf *out)
{
    for (const struct moxd_node *c = block->first; c; c = c->next) {
        struct moxd_str blanks = blanks_before(c);

        if (blanks.p) {
            moxd_buf_addstr(out, blanks);
            return;
        }
    }
    if (!block->parent)
        return;
    indent_of(block, out);
    moxd_buf_adds(out, "    ");
}

/* true, false, 25, 100M, 15s: what people write without quotes. */
static bool is_plain(const char *s)
{
    if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
        return true;
    for (const char *p = s; *p; p++) {
        if (!moxd_is_alpha(*p) && !moxd_is_digit(*p))
            return false;
    }
    return moxd_is_digit(*s);
}

void conf_quote(struct moxd_buf *out, const char *s, bool bare)
{
    if (bare && is_plain(s)) {
        moxd_buf_adds(out, s);
        return;
    }
    moxd_buf_addc(out, '"');
    for (; *s; s++) {
        if (*s == '\n')
            moxd_buf_adds(out, "\\n");
        else if (*s == '\t')
            moxd_buf_adds(out, "\\t");
        else if (*s == '"' || *s == '\\')
            moxd_buf_addf(out, "\\%c", *s);
        else
            moxd_buf_addc(out, *s);
    }
    moxd_buf_addc(out, '"');
}

static void write_values(const struct moxd_node *n, struct moxd_buf *out)
{
    moxd_buf_addf(out, "%s = %s", n->name, n->list ? "[" : "");
    for (size_t i = 0; i < n->nvalues; i++) {
        moxd_buf_adds(out, i ? ", " : "");
        conf_quote(out, n->values[i].text, !n->list);
    }
    moxd_buf_adds(out, n->list ? "]" : "");
}

static void write_header(const struct moxd_node *n, struct moxd_buf *out)
{
    moxd_buf_adds(out, n->name);
    if (n->label) {
        moxd_buf_addc(out, ' ');
        conf_quote(out, n->label, false);
    }
    moxd_buf_adds(out, " {");
}

static bool ends_line(const struct moxd_buf *out)
{
    return out->n == 0 || out->p[out->n - 1] == '\n';
}

static void fresh_line(struct moxd_buf *out)
{
    if (!ends_line(out))
        moxd_buf_addc(out, '\n');
}

static void write_children(const struct moxd_node *block, struct moxd_buf *out);

/* The "}" with what precedes it. In a block that was written on one line and has grown, it gets a line
 * of its own. */
static void write_close(const struct moxd_node *n, struct moxd_buf *out)
{
    bool grown = is_original(n) && n->body == n->open && ends_line(out);

    if (!is_original(n) || grown) {
        fresh_line(out);
        indent_of(n, out);
        moxd_buf_addc(out, '}');
    } else {
        moxd_buf_addstr(out, span(n, n->tail, n->end));
    }
}

static void write_new(const struct moxd_node *n, struct moxd_buf *out)
{
    fresh_line(out);
    if (n->block && !n->parent->parent && !moxd_str_ends(moxd_buf_str(out), MOXD_STR("\n\n")) &&
        out->n > 0)
        moxd_buf_addc(out, '\n');
    indent_of(n, out);
    if (n->block) {
        write_header(n, out);
        moxd_buf_addc(out, '\n');
        write_children(n, out);
        write_close(n, out);
    } else {
        write_values(n, out);
    }
    moxd_buf_addc(out, '\n');
}

static void write_changed(const struct moxd_node *n, struct moxd_buf *out)
{
    moxd_buf_addstr(out, span(n, n->lead, n->start));
    if (!n->block) {
        write_values(n, out);
    } else {
        if (n->dirty) {
            write_header(n, out);
            moxd_buf_addstr(out, span(n, n->open, n->body));
        } else {
            moxd_buf_addstr(out, span(n, n->start, n->body));
        }
        write_children(n, out);
        write_close(n, out);
    }
    moxd_buf_addstr(out, span(n, n->end, n->trail));
}

/* Of a removed node stays what precedes the last empty line before it: comments that stand apart. */
static void write_removed(const struct moxd_node *n, struct moxd_buf *out)
{
    struct moxd_str lead = span(n, n->lead, n->start);
    size_t keep = 0, line = 0;

    if (!is_original(n))
        return;
    for (size_t i = 0; i < lead.n; i++) {
        if (lead.p[i] != '\n')
            continue;
        if (moxd_str_trim(moxd_str_sub(lead, line, i - line)).n == 0)
            keep = line;
        line = i + 1;
    }
    moxd_buf_addstr(out, moxd_str_sub(lead, 0, keep));
}

/* What stood between two nodes may have gone with the one that was removed. */
static void keep_apart(const struct moxd_node *n, struct moxd_buf *out)
{
    if (n->prev && n->prev->removed && n->lead == n->start && !ends_line(out))
        moxd_buf_addc(out, ' ');
}

static void write_node(const struct moxd_node *n, struct moxd_buf *out)
{
    if (!n->removed && is_original(n))
        keep_apart(n, out);
    if (n->removed)
        write_removed(n, out);
    else if (!is_original(n))
        write_new(n, out);
    else if (n->touched)
        write_changed(n, out);
    else
        moxd_buf_addstr(out, span(n, n->lead, n->trail));
}

static void write_children(const struct moxd_node *block, struct moxd_buf *out)
{
    for (const struct moxd_node *c = block->first; c; c = c->next)
        write_node(c, out);
}

void conf_tree_write(const struct conf_tree *t, struct moxd_buf *out)
{
    const struct moxd_node *root = &t->root;

    moxd_buf_addstr(out, span(root, 0, root->body));
    write_children(root, out);
    moxd_buf_addstr(out, span(root, root->tail, root->end));
}
