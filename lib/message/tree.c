/* One pass over the lines of a message makes its tree. The state is a stack of open containers; the
 * header of the innermost part is either under way or done. */
#include "fields.h"
#include "lines.h"
#include "part.h"

#include <stdlib.h>

struct level {
    uint32_t part;            /* index of the multipart or message */
    uint32_t last;            /* index of its newest child, 0 when none */
    struct moxd_str boundary; /* of a multipart that is not yet closed; else empty */
};

struct tree {
    struct moxd_arena *a;
    struct moxd_msg *m;
    size_t n, cap;    /* of m->parts */
    uint32_t cur;     /* the innermost open part */
    bool in_header;   /* of cur */
    uint64_t nl;      /* line ends before this line */
    uint8_t prev_eol; /* length of the line end right before this line */
    size_t depth;     /* of open */
    struct level open[MOXD_MSG_DEPTH_MAX];
    struct mail_fields fields;
};

static struct moxd_part *current(struct tree *t)
{
    return &t->m->parts[t->cur];
}

/* Adds a part below the innermost open container and makes it the current one. */
static struct moxd_part *add_part(struct tree *t, uint64_t off)
{
    size_t n = t->n;
    struct moxd_part *p = moxd_arena_push(t->a, &t->m->parts, &t->n, &t->cap, sizeof(*p));
    t->m->nparts = (uint32_t)t->n;
    t->cur = (uint32_t)n;
    p->header = p->body = p->end = off;
    if (t->depth > 0) {
        struct level *l = &t->open[t->depth - 1];
        struct moxd_part *parent = &t->m->parts[l->part];
        if (l->last)
            t->m->parts[l->last].next = t->cur;
        l->last = t->cur;
        p->parent = l->part;
        parent->children++;
        p->number = parent->kind == MOXD_PART_MULTIPART ? parent->children : 0;
    }
    if (p->number == 0)
        p->flags |= MOXD_PART_ROOT;
    return p;
}

static void begin_part(struct tree *t, uint64_t off)
{
    struct moxd_part *p = add_part(t, off);
    t->in_header = true;
    mail_fields_begin(&t->fields, p->flags & MOXD_PART_ROOT);
}

static bool in_digest(const struct tree *t)
{
    return t->depth > 0 &&
           moxd_part_is(&t->m->parts[t->open[t->depth - 1].part], "multipart", "digest");
}

static void push(struct tree *t, enum moxd_part_kind kind, struct moxd_str boundary)
{
    current(t)->kind = kind;
    t->open[t->depth++] = (struct level){ t->cur, 0, boundary };
}

/* Opens the current part when it is a container that we look into. */
static void open_container(struct tree *t)
{
    struct moxd_part *p = current(t);
    enum moxd_part_kind kind = mail_part_kind(p);
    if (kind == MOXD_PART_LEAF)
        return;
    if (t->depth == MOXD_MSG_DEPTH_MAX || t->n == MOXD_MSG_PARTS_MAX) {
        p->flags |= MOXD_PART_OPAQUE;
        t->m->flags |= MOXD_MSG_LIMITED;
        return;
    }
    if (kind == MOXD_PART_MULTIPART) {
        push(t, kind, mail_part_boundary(p));
        return;
    }
    push(t, kind, moxd_str(NULL, 0));
    begin_part(t, p->body);
}

/* The header of the current part ends, its body begins at off, behind nl line ends. */
static void end_header(struct tree *t, uint64_t off, uint64_t nl)
{
    struct moxd_part *p = current(t);
    t->in_header = false;
    p->body = off;
    p->lines = nl; /* until the part is closed */
    mail_part_fill(p, &t->fields, t->a, in_digest(t));
    open_container(t);
}

/* Where bodies end, and how many line ends are before that. A line end in front of a delimiter
 * belongs to the delimiter (RFC 2046 5.1.1). */
struct mark {
    uint64_t off, nl;
    uint8_t eol; /* what of it the delimiter takes, 0 at the end of the message */
};

static void close_part(struct tree *t, uint32_t i, struct mark at, uint64_t inner_end)
{
    struct moxd_part *p = &t->m->parts[i];
    bool take = at.eol && inner_end + at.eol <= at.off && p->body + at.eol <= at.off;
    p->end = at.off - (take ? at.eol : 0);
    p->lines = at.nl - take - p->lines;
    moxd_assert(p->end >= p->body);
}

/* A multipart whose boundary never came: its whole body becomes its only part, so that nothing is
 * hidden from readers and searches. */
static void close_multipart(struct tree *t, uint32_t i)
{
    if (t->m->parts[i].kind != MOXD_PART_MULTIPART || t->m->parts[i].children > 0)
        return;
    if (t->n == MOXD_MSG_PARTS_MAX) {
        t->m->parts[i].kind = MOXD_PART_LEAF;
        t->m->parts[i].flags |= MOXD_PART_OPAQUE;
        t->m->flags |= MOXD_MSG_LIMITED;
        return;
    }
    struct moxd_part *p = add_part(t, t->m->parts[i].body), *parent = &t->m->parts[i];
    p->type = MOXD_STR("text"), p->subtype = MOXD_STR("plain");
    p->end = parent->end;
    p->lines = parent->lines;
}

/* Closes everything inside the level of that depth, which stays open. */
static void close_inside(struct tree *t, size_t depth, struct mark at)
{
    if (t->depth == 0 || t->open[t->depth - 1].part != t->cur)
        close_part(t, t->cur, at, 0);
    while (t->depth > depth) {
        const struct level *l = &t->open[t->depth - 1];
        uint32_t i = l->part;
        close_part(t, i, at, l->last ? t->m->parts[l->last].end : 0);
        close_multipart(t, i);
        t->depth--;
    }
    if (depth > 0)
        t->cur = t->open[depth - 1].part;
}

static void end_headers(struct tree *t, uint64_t off)
{
    while (t->in_header)
        end_header(t, off, t->nl);
}

/* The open multipart whose boundary the text begins with, -1 when none. The boundary need not be all of
 * the line (RFC 2046 5.1.1), so the longest one counts, and of equal ones the innermost. */
static int find_delimiter(const struct tree *t, struct moxd_str text)
{
    int best = -1;
    size_t longest = 0;
    for (size_t i = t->depth; i-- > 0;) {
        struct moxd_str b = t->open[i].boundary;
        if (b.n > longest && b.n <= text.n && memcmp(b.p, text.p, b.n) == 0) {
            best = (int)i;
            longest = b.n;
        }
    }
    return best;
}

/* Handles a line that is a delimiter, false when it is none. */
static bool on_delimiter(struct tree *t, const struct mail_piece *pc)
{
    struct moxd_str text = moxd_str(pc->p + 2, pc->n - 2);
    int i = find_delimiter(t, text);
    if (i < 0)
        return false;
    struct moxd_str rest = moxd_str_from(text, t->open[i].boundary.n);
    bool last = moxd_str_starts(rest, MOXD_STR("--"));
    if (!last && t->n == MOXD_MSG_PARTS_MAX) {
        t->m->flags |= MOXD_MSG_LIMITED;
        return false;
    }
    end_headers(t, pc->off);
    close_inside(t, (size_t)i + 1, (struct mark){ pc->off, t->nl, t->prev_eol });
    if (last)
        t->open[i].boundary.n = 0;
    else
        begin_part(t, pc->off + pc->n);
    return true;
}

/* Gives the piece to the header under way; false when it belongs to a body. */
static bool on_header(struct tree *t, const struct mail_piece *pc)
{
    struct moxd_str line = moxd_str(pc->p, pc->n);
    while (t->in_header) {
        enum mail_line_kind kind = mail_fields_line(&t->fields, line, pc->start, pc->eol);
        if (kind == MAIL_LINE_BODY) {
            end_header(t, pc->off, t->nl);
            continue; /* the body may begin with the header of a message */
        }
        current(t)->flags |= mail_bytes_flags(line);
        if (kind == MAIL_LINE_BLANK)
            end_header(t, pc->off + pc->n, t->nl + 1);
        return true;
    }
    return false;
}

static void on_piece(struct tree *t, const struct mail_piece *pc)
{
    bool delimiter =
        pc->start && pc->n > 2 && pc->p[0] == '-' && pc->p[1] == '-' && on_delimiter(t, pc);
    if (!delimiter && !on_header(t, pc) && current(t)->kind == MOXD_PART_LEAF)
        current(t)->flags |= mail_bytes_flags(moxd_str(pc->p, pc->n));
    t->nl += pc->eol > 0;
    t->prev_eol = pc->eol;
}

static int run(struct tree *t, const struct moxd_reader *r, struct moxd_err *err)
{
    struct mail_lines lines MOXD_CLEANUP(mail_lines_fini);
    struct mail_piece pc;
    int rc;
    mail_lines_init(&lines, r, 0, r->size);
    begin_part(t, 0);
    while ((rc = mail_lines_next(&lines, &pc, err)) > 0)
        on_piece(t, &pc);
    if (rc < 0)
        return -1;
    end_headers(t, r->size);
    close_inside(t, 0, (struct mark){ r->size, t->nl, 0 });
    if (t->fields.limited)
        t->m->flags |= MOXD_MSG_LIMITED;
    return 0;
}

int moxd_msg_parse(struct moxd_arena *a, const struct moxd_reader *r, struct moxd_msg **out,
                   struct moxd_err *err)
{
    struct tree *t = moxd_xcalloc(1, sizeof(*t));
    t->a = a;
    t->m = moxd_arena_alloc(a, sizeof(*t->m));
    t->m->size = r->size;
    mail_fields_init(&t->fields);
    int rc = run(t, r, err);
    mail_fields_fini(&t->fields);
    if (rc == 0)
        *out = t->m;
    free(t);
    return rc;
}
