/* IMAP sections of a message: RFC 9051 6.4.5.1. */
#include <moxmail/message.h>

static const struct moxd_part *first_child(const struct moxd_msg *m, const struct moxd_part *p)
{
    moxd_assert(p->children > 0);
    return p + 1 < m->parts + m->nparts ? p + 1 : NULL;
}

static const struct moxd_part *child(const struct moxd_msg *m, const struct moxd_part *p,
                                     uint32_t number)
{
    if (number == 0 || number > p->children)
        return NULL;
    const struct moxd_part *c = first_child(m, p);
    while (c && --number > 0)
        c = c->next ? &m->parts[c->next] : NULL;
    return c;
}

/* The numbers below a message count the parts of its multipart; any other message has its own
 * content as part 1. */
static const struct moxd_part *in_message(const struct moxd_msg *m, const struct moxd_part *root,
                                          uint32_t number)
{
    if (root->kind == MOXD_PART_MULTIPART)
        return child(m, root, number);
    return number == 1 ? root : NULL;
}

const struct moxd_part *moxd_msg_part(const struct moxd_msg *m, const uint32_t *path, size_t n)
{
    const struct moxd_part *p = &m->parts[0];
    for (size_t i = 0; i < n && p; i++) {
        if (i == 0)
            p = in_message(m, p, path[i]);
        else if (p->kind == MOXD_PART_MULTIPART)
            p = child(m, p, path[i]);
        else if (p->kind == MOXD_PART_MESSAGE)
            p = in_message(m, first_child(m, p), path[i]);
        else
            p = NULL;
    }
    return p;
}

int moxd_msg_section(const struct moxd_msg *m, const uint32_t *path, size_t n,
                     enum moxd_section_kind kind, uint64_t *start, uint64_t *end)
{
    const struct moxd_part *p = moxd_msg_part(m, path, n);
    bool of_message = kind == MOXD_SECTION_HEADER || kind == MOXD_SECTION_TEXT;
    if (p && of_message && n > 0)
        p = p->kind == MOXD_PART_MESSAGE ? first_child(m, p) : NULL;
    if (!p || (kind == MOXD_SECTION_MIME && n == 0))
        return -1;
    bool header = kind == MOXD_SECTION_HEADER || kind == MOXD_SECTION_MIME;
    bool whole = kind == MOXD_SECTION_BODY && n == 0;
    *start = header || whole ? p->header : p->body;
    *end = header ? p->body : p->end;
    return 0;
}

void moxd_msg_path(const struct moxd_msg *m, const struct moxd_part *p, struct moxd_buf *out)
{
    uint32_t path[MOXD_MSG_DEPTH_MAX + 2];
    size_t n = 0;
    /* The root of a message that is no multipart is its part 1. */
    if (p->flags & MOXD_PART_ROOT && p->kind != MOXD_PART_MULTIPART)
        path[n++] = 1;
    for (; p != m->parts; p = &m->parts[p->parent]) {
        const struct moxd_part *parent = &m->parts[p->parent];
        if (p->number > 0)
            path[n++] = p->number;
        else if (parent->flags & MOXD_PART_ROOT && parent->kind != MOXD_PART_MULTIPART)
            path[n++] = 1;
        moxd_assert(n < MOXD_NELEMS(path));
    }
    while (n-- > 0)
        moxd_buf_addf(out, n ? "%u." : "%u", path[n]);
}
