/* Which parts of a message are encoded, and how. */
#include "sevenbit.h"

#include <moxmail/newline.h>
#include <stdlib.h>

/* What some bytes hold. */
struct content {
    struct moxd_newline lines;
    uint64_t eightbit; /* bytes above 127 */
    uint64_t nul;
    bool not_utf8;
    char tail[4]; /* of a character that is not complete */
    size_t ntail;
};

struct planner {
    const struct moxd_reader *r;
    const struct moxd_msg *m;
    struct moxd_sevenbit *sb;
    bool *guarded; /* parts that stay as they are */
    char *buf;     /* MOXD_SEVENBIT_PIECE */
};

/* --- looking ---------------------------------------------------------------------------------------- */

/* Where the last character of s begins that may go on behind it; s.n when none does. */
static size_t whole_characters(struct moxd_str s)
{
    for (size_t k = 1; k <= 3 && k <= s.n; k++) {
        unsigned char c = (unsigned char)s.p[s.n - k];
        if (c >= 0xc0)
            return s.n - k;
        if (c < 0x80)
            return s.n;
    }
    return s.n;
}

static void look_utf8(struct content *c, struct moxd_str s)
{
    char joined[8];
    size_t take = 0;

    if (c->ntail > 0) { /* continuation bytes of the character that was cut */
        memcpy(joined, c->tail, c->ntail);
        while (take < s.n && take < 4 && ((unsigned char)s.p[take] & 0xc0) == 0x80) {
            joined[c->ntail + take] = s.p[take];
            take++;
        }
        c->not_utf8 |= !moxd_str_is_utf8(moxd_str(joined, c->ntail + take));
        c->ntail = 0;
    }
    s = moxd_str_from(s, take);
    size_t whole = whole_characters(s);
    c->not_utf8 |= !moxd_str_is_utf8(moxd_str_sub(s, 0, whole));
    c->ntail = s.n - whole;
    if (c->ntail > 0)
        memcpy(c->tail, s.p + whole, c->ntail);
}

static void look_piece(struct content *c, struct moxd_str s)
{
    moxd_newline_scan(&c->lines, s, false);
    for (size_t i = 0; i < s.n; i++) {
        c->eightbit += (unsigned char)s.p[i] >= 0x80;
        c->nul += s.p[i] == '\0';
    }
    if (!c->not_utf8 && (c->eightbit > 0 || c->ntail > 0))
        look_utf8(c, s);
}

static int look(struct planner *p, uint64_t from, uint64_t to, struct content *c,
                struct moxd_err *err)
{
    *c = (struct content){ 0 };
    while (from < to) {
        size_t n = to - from < MOXD_SEVENBIT_PIECE ? (size_t)(to - from) : MOXD_SEVENBIT_PIECE;
        if (moxd_read_at(p->r, from, p->buf, n, err) < 0)
            return -1;
        look_piece(c, moxd_str(p->buf, n));
        from += n;
    }
    c->not_utf8 |= !moxd_str_is_utf8(moxd_str(c->tail, c->ntail));
    return 0;
}

/* --- what may be changed ---------------------------------------------------------------------------- */

/* A message that somebody signed is not changed: nothing may alter it. */
static int is_signed(struct planner *p, const struct moxd_part *part, bool *out,
                     struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str header;

    *out = false;
    if (!(part->flags & MOXD_PART_ROOT))
        return 0;
    if (part->body - part->header > MOXD_HEADER_MAX) {
        *out = true;
        return 0;
    }
    if (moxd_header_load(p->r, part->header, part->body, a, &header, err) < 0)
        return -1;
    *out = moxd_header_count(header, "DKIM-Signature") > 0;
    return 0;
}

static int guard(struct planner *p, struct moxd_err *err)
{
    for (uint32_t i = 0; i < p->m->nparts; i++) {
        const struct moxd_part *part = &p->m->parts[i];
        bool sig;

        if (is_signed(p, part, &sig, err) < 0)
            return -1;
        p->guarded[i] = sig || (i > 0 && p->guarded[part->parent]) ||
                        moxd_part_is(part, "multipart", "signed") ||
                        moxd_part_is(part, "multipart", "encrypted");
    }
    return 0;
}

/* RFC 2045 6.4: composite types have no encoding of their own. A part without as much as a blank line in front
 * is what a broken multipart left over. */
static bool can_encode(const struct planner *p, uint32_t i)
{
    const struct moxd_part *part = &p->m->parts[i];
    bool composite =
        moxd_str_caseeqs(part->type, "multipart") || moxd_str_caseeqs(part->type, "message");

    if (p->guarded[i] || (part->flags & MOXD_PART_BROKEN_TYPE) || composite ||
        part->header == part->body)
        return false;
    return part->body - part->header <= MOXD_HEADER_MAX &&
           (part->cte == MOXD_CTE_7BIT || part->cte == MOXD_CTE_8BIT ||
            part->cte == MOXD_CTE_BINARY);
}

static bool needs_encoding(const struct content *c)
{
    return c->eightbit > 0 || c->nul > 0 || c->lines.longest > MOXD_SEVENBIT_LINE;
}

/* Text stays readable as long as most of it is ASCII. */
static enum moxd_cte choose(const struct moxd_part *part, const struct content *c, uint64_t size)
{
    bool text = moxd_str_caseeqs(part->type, "text");

    return text && c->nul == 0 && c->eightbit < size / 3 ? MOXD_CTE_QP : MOXD_CTE_BASE64;
}

static const char *charset(const struct content *c)
{
    if (c->eightbit == 0)
        return "us-ascii";
    return c->not_utf8 ? "unknown-8bit" : "utf-8";
}

/* --- the plan --------------------------------------------------------------------------------------- */

static struct mail_sevenbit_segment *add(struct moxd_sevenbit *sb, enum mail_sevenbit_step step,
                                         uint64_t from, uint64_t to)
{
    struct mail_sevenbit_segment *s = moxd_arena_push(sb->a, &sb->v, &sb->n, &sb->cap, sizeof(*s));

    s->step = step;
    s->from = from;
    s->to = to;
    return s;
}

static void plan_part(struct planner *p, const struct moxd_part *part, const struct content *c)
{
    struct mail_sevenbit_segment *header =
        add(p->sb, MAIL_SEVENBIT_HEADER, part->header, part->body);

    header->cte = choose(part, c, part->end - part->body);
    header->charset = charset(c);
    header->root = (part->flags & MOXD_PART_ROOT) != 0;
    add(p->sb, MAIL_SEVENBIT_ENCODE, part->body, part->end)->cte = header->cte;
    p->sb->parts++;
}

/* Looks at what is between the leaves, and at each leaf. */
static int plan_leaves(struct planner *p, struct moxd_err *err)
{
    uint64_t pos = 0;
    struct content c;

    for (uint32_t i = 0; i < p->m->nparts; i++) {
        const struct moxd_part *part = &p->m->parts[i];

        if (part->kind != MOXD_PART_LEAF)
            continue;
        if (look(p, pos, part->body, &c, err) < 0)
            return -1;
        p->sb->remains |= c.eightbit > 0;
        pos = part->end;
        if (look(p, part->body, part->end, &c, err) < 0)
            return -1;
        if (!needs_encoding(&c))
            continue;
        if (can_encode(p, i))
            plan_part(p, part, &c);
        else
            p->sb->remains |= c.eightbit > 0;
    }
    if (look(p, pos, p->r->size, &c, err) < 0)
        return -1;
    p->sb->remains |= c.eightbit > 0;
    return 0;
}

/* Containers of 8-bit parts say so themselves (RFC 2045 6.4), and need not any longer. */
static void plan_containers(struct planner *p)
{
    for (uint32_t i = 0; i < p->m->nparts; i++) {
        const struct moxd_part *part = &p->m->parts[i];
        bool says = part->cte == MOXD_CTE_8BIT || part->cte == MOXD_CTE_BINARY;

        if (part->kind != MOXD_PART_LEAF && says && !p->guarded[i] &&
            part->body - part->header <= MOXD_HEADER_MAX)
            add(p->sb, MAIL_SEVENBIT_HEADER, part->header, part->body)->cte = MOXD_CTE_7BIT;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct mail_sevenbit_segment *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

/* Copies what is between the segments. */
static void fill_gaps(struct moxd_sevenbit *sb, uint64_t size)
{
    size_t n = sb->n;
    uint64_t pos = 0;

    if (n > 0)
        qsort(sb->v, n, sizeof(*sb->v), by_place);
    for (size_t i = 0; i < n; i++) {
        uint64_t from = sb->v[i].from, to = sb->v[i].to;
        if (from > pos)
            add(sb, MAIL_SEVENBIT_COPY, pos, from);
        pos = to;
    }
    if (pos < size)
        add(sb, MAIL_SEVENBIT_COPY, pos, size);
    if (sb->n > 0)
        qsort(sb->v, sb->n, sizeof(*sb->v), by_place);
}

static int plan(struct planner *p, struct moxd_err *err)
{
    if (guard(p, err) < 0 || plan_leaves(p, err) < 0)
        return -1;
    if (p->sb->parts > 0 && !p->sb->remains)
        plan_containers(p);
    fill_gaps(p->sb, p->r->size);
    return 0;
}

int moxd_sevenbit_plan(const struct moxd_reader *r, const struct moxd_msg *m, struct moxd_arena *a,
                       struct moxd_sevenbit **out, struct moxd_err *err)
{
    struct moxd_sevenbit *sb = moxd_arena_alloc(a, sizeof(*sb));
    struct planner p = { .r = r, .m = m, .sb = sb };

    *out = sb;
    sb->a = a;
    if (m->flags & MOXD_MSG_LIMITED) {
        sb->remains = true;
        return 0;
    }
    p.guarded = moxd_arena_calloc(a, m->nparts, sizeof(*p.guarded));
    p.buf = moxd_xmalloc(MOXD_SEVENBIT_PIECE);
    int rc = plan(&p, err);
    free(p.buf);
    return rc;
}

size_t moxd_sevenbit_parts(const struct moxd_sevenbit *sb)
{
    return sb->parts;
}

bool moxd_sevenbit_remains(const struct moxd_sevenbit *sb)
{
    return sb->remains;
}
