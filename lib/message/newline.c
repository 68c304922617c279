/* Repair and inspection of line ends. */
#include <moxmail/newline.h>

static void end_line(struct moxd_newline *nl)
{
    nl->lines++;
    nl->column = 0;
}

static void text_byte(struct moxd_newline *nl)
{
    nl->column += nl->column < UINT32_MAX;
    if (nl->column > nl->longest)
        nl->longest = nl->column;
}

/* Takes a byte that is a CR or LF, or follows a CR. True for an LF without a CR before it. */
static bool step(struct moxd_newline *nl, char c)
{
    bool after_cr = nl->cr;
    nl->cr = c == '\r';
    if (after_cr && c != '\n') {
        nl->bare_cr++;
        text_byte(nl); /* the CR */
    }
    if (c == '\n') {
        end_line(nl);
        nl->bare_lf += !after_cr;
        return !after_cr;
    }
    if (c != '\r')
        text_byte(nl);
    return false;
}

static void finish(struct moxd_newline *nl)
{
    nl->bare_cr += nl->cr;
    nl->cr = false;
}

void moxd_newline_write(struct moxd_newline *nl, struct moxd_str in, bool last,
                        struct moxd_buf *out)
{
    size_t from = 0;
    for (size_t i = 0; i < in.n; i++) {
        if (!step(nl, in.p[i]))
            continue;
        moxd_buf_add(out, in.p + from, i - from);
        moxd_buf_addc(out, '\r');
        from = i;
    }
    if (from < in.n)
        moxd_buf_add(out, in.p + from, in.n - from);
    if (last)
        finish(nl);
}

void moxd_newline_scan(struct moxd_newline *nl, struct moxd_str in, bool last)
{
    for (size_t i = 0; i < in.n; i++)
        step(nl, in.p[i]);
    if (last)
        finish(nl);
}
