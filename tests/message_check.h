/* What must hold for any message, whatever its bytes: for fuzzing and for the corpora. */
#ifndef TEST_MESSAGE_CHECK_H
#define TEST_MESSAGE_CHECK_H

#include <moxmail/downgrade.h>
#include <moxmail/imap_fmt.h>
#include <moxmail/message.h>
#include <moxmail/summary.h>
#include <moxmail/text.h>
#include <moxmail/transfer.h>
#include <stdlib.h>

/* The path of a part leads back to it, or, for the root of an embedded multipart, to the part that
 * holds the message. */
static inline void check_path(const struct moxd_msg *m, const struct moxd_part *p)
{
    uint32_t path[MOXD_MSG_DEPTH_MAX + 2];
    size_t n = 0;
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    moxd_msg_path(m, p, &b);
    struct moxd_str rest = moxd_buf_str(&b);
    while (rest.p && rest.n > 0) {
        uint64_t number = 0;
        moxd_assert(moxd_str_u64(moxd_str_cut(&rest, '.'), UINT32_MAX, &number) == 0);
        moxd_assert(n < MOXD_NELEMS(path));
        path[n++] = (uint32_t)number;
    }
    const struct moxd_part *found = moxd_msg_part(m, path, n);
    moxd_assert(found == p || (found && p->number == 0 && found + 1 == p));
    uint64_t start, end;
    if (moxd_msg_section(m, path, n, MOXD_SECTION_BODY, &start, &end) == 0)
        moxd_assert(start <= end && end <= m->size);
    moxd_buf_fini(&b);
}

static inline void check_part(const struct moxd_msg *m, uint32_t i)
{
    const struct moxd_part *p = &m->parts[i], *up = &m->parts[p->parent];
    moxd_assert(p->header <= p->body && p->body <= p->end && p->end <= m->size);
    moxd_assert(p->type.n > 0 && p->subtype.n > 0);
    moxd_assert((p->kind == MOXD_PART_LEAF) == (p->children == 0));
    if (i == 0)
        return;
    moxd_assert(!(p->flags & MOXD_PART_ROOT) == !p->envelope);
    moxd_assert(p->parent < i && p->header >= up->body && p->end <= up->end);
    moxd_assert(p->next == 0 || (p->next < m->nparts && m->parts[p->next].header >= p->end));
    check_path(m, p);
}

/* The stored form gives the same structure back. */
static inline void check_stored_form(struct moxd_arena *a, const struct moxd_msg *m)
{
    struct moxd_buf form = MOXD_BUF_INIT(64 << 20), again = MOXD_BUF_INIT(64 << 20);
    struct moxd_msg *back = NULL;
    moxd_msg_encode(m, &form);
    moxd_assert(moxd_msg_decode(a, moxd_buf_str(&form), m->size, &back, NULL) == 0);
    moxd_msg_encode(back, &again);
    moxd_assert(moxd_str_eq(moxd_buf_str(&form), moxd_buf_str(&again)));
    for (uint32_t i = 0; i < m->nparts; i++)
        moxd_assert(back->parts[i].next == m->parts[i].next &&
                    back->parts[i].number == m->parts[i].number);
    moxd_buf_fini(&form);
    moxd_buf_fini(&again);
}

static inline void check_text(const struct moxd_reader *r, const struct moxd_part *p,
                              struct moxd_text *text)
{
    struct moxd_str piece;
    uint64_t size = 0;
    int rc;
    moxd_assert(moxd_transfer_range(r, p->body, p->end, p->cte, moxd_sink_count(&size), NULL) == 0);
    moxd_assert(size <= p->end - p->body);
    moxd_text_open(text, r, p);
    while ((rc = moxd_text_next(text, &piece, NULL)) > 0)
        moxd_assert(piece.n > 0 && moxd_str_is_utf8(piece));
    moxd_assert(rc == 0);
}

static inline void check_header(struct moxd_arena *a, const struct moxd_reader *r,
                                const struct moxd_part *p)
{
    struct moxd_str header;
    struct moxd_field f;
    size_t fields = 0;
    uint64_t size = 0;
    moxd_assert(moxd_header_load(r, p->header, p->body, a, &header, NULL) == 0);
    struct moxd_str rest = header;
    struct moxd_buf text = MOXD_BUF_INIT(16 << 20);
    while (moxd_field_next(&rest, &f)) {
        fields += f.raw.n;
        moxd_buf_reset(&text);
        moxd_field_text(&text, f.value);
        moxd_assert(moxd_str_is_utf8(moxd_buf_str(&text)));
    }
    moxd_assert(fields + rest.n == header.n);
    moxd_assert(moxd_header_filter(r, p->header, p->body, NULL, 0, true, moxd_sink_count(&size),
                                   NULL) == 0);
    moxd_assert(size == p->body - p->header);
    moxd_buf_fini(&text);
}

/* What IMAP shows is complete and without NUL. */
static inline void check_imap(const struct moxd_msg *m)
{
    struct moxd_buf b = MOXD_BUF_INIT(64 << 20);
    moxd_imap_put_envelope(&b, m->parts[0].envelope, true);
    moxd_imap_put_body(&b, m, m->parts, true, false);
    moxd_imap_put_body(&b, m, m->parts, false, true);
    moxd_assert(!b.overflow && b.p[0] == '(' && b.p[b.n - 1] == ')');
    moxd_assert(moxd_str_chr(moxd_buf_str(&b), '\0') < 0);
    moxd_buf_fini(&b);
}

/* What a summary knows is what the header says. Whether it knows. */
static inline bool check_summary_names(struct moxd_arena *a, const struct moxd_summary *s,
                                       struct moxd_str header, const struct moxd_str *names,
                                       size_t n)
{
    struct moxd_reader r = moxd_reader_mem(&header);
    struct moxd_buf want = MOXD_BUF_INIT(4 << 20), got = MOXD_BUF_INIT(4 << 20);
    struct moxd_str rest = s->fields, whole = header;
    struct moxd_summary_query q;
    struct moxd_field f, g;
    moxd_summary_query(&q, names, n, a);
    if (!moxd_summary_knows(s, &q))
        return false;
    moxd_assert(moxd_header_filter(&r, 0, header.n, names, n, false, moxd_sink_buf(&want), NULL) ==
                0);
    moxd_summary_filter(s, &q, &got);
    moxd_assert(moxd_str_eq(moxd_buf_str(&want), moxd_buf_str(&got)));
    while (moxd_field_next(&whole, &f)) {
        bool listed = false;
        for (size_t i = 0; i < n; i++)
            listed |= f.name.n > 0 && moxd_str_caseeq(f.name, names[i]);
        if (!listed)
            continue;
        moxd_assert(moxd_summary_next(&rest, &q, &g));
        moxd_assert(moxd_str_caseeq(f.name, g.name) && moxd_str_eq(f.value, g.value));
    }
    moxd_assert(!moxd_summary_next(&rest, &q, &g));
    moxd_buf_fini(&want);
    moxd_buf_fini(&got);
    return true;
}

static inline void check_summary_envelope(struct moxd_arena *a, const struct moxd_summary *s,
                                          struct moxd_str header)
{
    const struct moxd_envelope *want = moxd_envelope_parse(a, header), *got;
    struct moxd_summary_query q;
    moxd_summary_query_envelope(&q, a);
    got = moxd_summary_envelope(s, &q, a);
    for (int i = 0; got && i < MOXD_ENV_N; i++)
        moxd_assert(moxd_str_eq(got->f[i], want->f[i]) && !got->f[i].p == !want->f[i].p);
}

/* A header of at most MOXD_HEADER_MAX bytes; how many queries the summary could answer. */
static inline size_t check_summary(struct moxd_str header)
{
    static const struct moxd_str list[] = { { "from", 4 },         { "SUBJECT", 7 },  { "Date", 4 },
                                            { "X-Not-There", 11 }, { "Received", 8 }, { "", 0 } };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf form = MOXD_BUF_INIT(1 << 20);
    struct moxd_summary s;
    struct moxd_field f;
    size_t known = 0;
    moxd_summary_make(header, &form);
    moxd_assert(form.n <= 3 * MOXD_SUMMARY_MAX);
    if (moxd_summary_read(&s, moxd_buf_str(&form)) == 0) {
        moxd_assert(s.header_size == header.n);
        moxd_assert(s.international == moxd_header_is_international(header));
        known += check_summary_names(a, &s, header, list, MOXD_NELEMS(list));
        known += check_summary_names(a, &s, header, list, 4);
        for (struct moxd_str rest = header; moxd_field_next(&rest, &f);)
            if (f.name.n > 0)
                known += check_summary_names(a, &s, header, &f.name, 1);
        check_summary_envelope(a, &s, header);
    }
    moxd_buf_fini(&form);
    moxd_arena_free(a);
    return known;
}

/* The functions for memory see the same header as the structure. */
static inline void check_header_end(const struct moxd_reader *r, const struct moxd_msg *m)
{
    char *p = moxd_xmalloc((size_t)r->size);
    moxd_assert(moxd_read_at(r, 0, p, (size_t)r->size, NULL) == 0);
    moxd_assert(moxd_header_end(moxd_str(p, (size_t)r->size)) == m->parts[0].body);
    if (m->parts[0].body <= MOXD_HEADER_MAX)
        check_summary(moxd_str(p, (size_t)m->parts[0].body));
    free(p);
}

static inline void check_message(const struct moxd_reader *r)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_text *text = moxd_text_new();
    struct moxd_msg *m = NULL;
    struct moxd_buf name = MOXD_BUF_INIT(1 << 20);
    moxd_assert(moxd_msg_parse(a, r, &m, NULL) == 0);
    moxd_assert(m->nparts > 0 && m->parts[0].header == 0 && m->parts[0].end == r->size);
    for (uint32_t i = 0; i < m->nparts; i++) {
        check_part(m, i);
        check_header(a, r, &m->parts[i]);
        moxd_part_filename(&m->parts[i], &name);
        if (m->parts[i].kind == MOXD_PART_LEAF)
            check_text(r, &m->parts[i], text);
    }
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&name)));
    check_stored_form(a, m);
    check_imap(m);
    check_header_end(r, m);
    moxd_buf_fini(&name);
    moxd_text_free(text);
    moxd_arena_free(a);
}

#endif
