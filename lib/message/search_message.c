/* Searches in headers and whole messages. */
#include <moxmail/text.h>

/* One field, with its name before it when there is one. */
static void search_field(struct moxd_search *s, struct moxd_buf *text, struct moxd_str name,
                         struct moxd_str value)
{
    moxd_buf_reset(text);
    moxd_buf_addstr(text, name);
    moxd_buf_adds(text, name.n ? ": " : "");
    moxd_field_text(text, value);
    moxd_search_write(s, moxd_buf_str(text));
    moxd_search_end(s);
}

void moxd_search_header(struct moxd_search *s, struct moxd_str header, const char *name)
{
    struct moxd_field f;
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_HEADER_MAX * 4);
    while (!moxd_search_found_all(s) && moxd_field_next(&header, &f))
        if (!name || moxd_str_caseeqs(f.name, name))
            search_field(s, &text, name ? MOXD_STR("") : f.name, f.value);
    moxd_buf_fini(&text);
}

void moxd_search_value(struct moxd_search *s, struct moxd_str value)
{
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_HEADER_MAX * 4);
    search_field(s, &text, MOXD_STR(""), value);
    moxd_buf_fini(&text);
}

static int search_header(struct moxd_search *s, const struct moxd_reader *r,
                         const struct moxd_part *p, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str header;
    if (moxd_header_load(r, p->header, p->body, a, &header, err))
        return -1;
    moxd_search_header(s, header, NULL);
    return 0;
}

static int search_text(struct moxd_search *s, struct moxd_text *t, const struct moxd_reader *r,
                       const struct moxd_part *p, struct moxd_err *err)
{
    struct moxd_str piece;
    int rc = 0;
    moxd_text_open(t, r, p);
    while (!moxd_search_found_all(s) && (rc = moxd_text_next(t, &piece, err)) > 0)
        moxd_search_write(s, piece);
    moxd_search_end(s);
    return rc < 0 ? -1 : 0;
}

int moxd_search_message(struct moxd_search *s, struct moxd_text *t, const struct moxd_reader *r,
                        const struct moxd_msg *m, unsigned where, struct moxd_err *err)
{
    for (uint32_t i = 0; i < m->nparts && !moxd_search_found_all(s); i++) {
        const struct moxd_part *p = &m->parts[i];
        bool root = p->flags & MOXD_PART_ROOT;
        unsigned header_in = i == 0 ? MOXD_SEARCH_IN_HEADER : MOXD_SEARCH_IN_BODY;
        if (root && (where & header_in) && search_header(s, r, p, err))
            return -1;
        bool text = p->kind == MOXD_PART_LEAF && moxd_str_caseeqs(p->type, "text");
        if (text && (where & MOXD_SEARCH_IN_BODY) && search_text(s, t, r, p, err))
            return -1;
    }
    return 0;
}
