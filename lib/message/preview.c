/* The preview of a message: which part it is taken from. */
#include <moxmail/preview.h>

#include "preview.h"

enum {
    PARTS_MAX = 8,         /* parts that are looked into */
    PLAIN_MAX = 64 * 1024, /* bytes of a plain text that are looked at */
    HTML_MAX = 256 * 1024, /* of HTML: style sheets come first */
};

enum text_kind { NO_TEXT, PLAIN, HTML };

static enum text_kind kind_of(const struct moxd_part *p)
{
    if (p->kind != MOXD_PART_LEAF || moxd_str_caseeqs(p->disposition, "attachment"))
        return NO_TEXT;
    if (moxd_part_is(p, "text", "plain"))
        return PLAIN;
    return moxd_part_is(p, "text", "html") ? HTML : NO_TEXT;
}

static int from_part(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_part *p,
                     struct moxd_buf *out, struct moxd_err *err)
{
    bool html = kind_of(p) == HTML;
    size_t max = html ? HTML_MAX : PLAIN_MAX;
    struct moxd_buf text = MOXD_BUF_INIT(max);
    struct mail_preview made;
    int rc = moxd_text_read(t, r, p, max, &text, err);

    mail_preview_init(&made);
    if (html)
        mail_preview_html(&made, moxd_buf_str(&text));
    else
        mail_preview_plain(&made, moxd_buf_str(&text));
    if (rc == 0)
        mail_preview_finish(&made, out);
    mail_preview_fini(&made);
    moxd_buf_fini(&text);
    return rc;
}

/* Of alternatives the plain one, also where it is not the first (RFC 2046 5.1.4 wants it to be). */
static const struct moxd_part *plain_sibling(const struct moxd_msg *m, const struct moxd_part *p)
{
    if (kind_of(p) != HTML || !moxd_part_is(&m->parts[p->parent], "multipart", "alternative"))
        return NULL;
    for (uint32_t i = p->next; i != 0; i = m->parts[i].next)
        if (kind_of(&m->parts[i]) == PLAIN)
            return &m->parts[i];
    return NULL;
}

int moxd_preview(struct moxd_text *t, const struct moxd_reader *r, const struct moxd_msg *m,
                 struct moxd_buf *out, struct moxd_err *err)
{
    size_t start = out->n;
    unsigned tried = 0;

    for (uint32_t i = 0; i < m->nparts && out->n == start && tried < PARTS_MAX; i++) {
        const struct moxd_part *p = &m->parts[i], *plain = plain_sibling(m, p);
        if (kind_of(p) == NO_TEXT)
            continue;
        tried++;
        if (plain != NULL && from_part(t, r, plain, out, err) < 0)
            return -1;
        if (out->n == start && from_part(t, r, p, out, err) < 0)
            return -1;
    }
    return 0;
}
