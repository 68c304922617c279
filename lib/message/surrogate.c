/* A message with other headers than it was stored with: pieces of the one behind the reader, and texts of our
 * own (RFC 6857 4.1). */
#include <moxmail/downgrade.h>

struct piece {
    uint64_t at;      /* in the surrogate */
    const char *text; /* NULL: of the source */
    uint64_t from, n; /* in the source; how long it is here */
};
struct surrogate {
    struct moxd_arena *a;
    const struct moxd_reader *src;
    struct piece *v;
    size_t n, cap;
    uint64_t done; /* of the source */
    uint64_t size; /* of the surrogate so far */
    size_t texts;
};

static void add(struct surrogate *s, const char *text, uint64_t from, uint64_t n)
{
    if (n == 0)
        return;
    *(struct piece *)moxd_arena_push(s->a, &s->v, &s->n, &s->cap, sizeof(*s->v)) =
        (struct piece){ .at = s->size, .text = text, .from = from, .n = n };
    s->size += n;
}

/* The header between the offsets, rewritten if need be. */
static int take_header(struct surrogate *s, uint64_t start, uint64_t end, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = NULL;
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_SURROGATE_MAX - s->texts);
    struct moxd_str header;

    if (end - start > MOXD_HEADER_MAX || s->texts >= MOXD_SURROGATE_MAX)
        return 0;
    a = moxd_arena_new(0);
    if (moxd_header_load(s->src, start, end, a, &header, err) < 0)
        return -1;
    if (!moxd_header_is_international(header))
        return 0;
    moxd_header_downgrade(&b, header);
    if (!b.overflow) {
        add(s, NULL, s->done, start - s->done);
        add(s, moxd_arena_str(s->a, moxd_buf_str(&b)).p, 0, b.n);
        s->texts += b.n;
        s->done = end;
    }
    moxd_buf_fini(&b);
    return 0;
}

static const struct piece *piece_at(const struct surrogate *s, uint64_t off)
{
    size_t lo = 0, hi = s->n;

    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;

        if (s->v[mid].at <= off)
            lo = mid;
        else
            hi = mid;
    }
    return &s->v[lo];
}

static ssize_t read_at(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const struct surrogate *s = ctx;
    const struct piece *p;
    uint64_t skip;

    if (off >= s->size)
        return 0;
    p = piece_at(s, off);
    skip = off - p->at;
    if (n > p->n - skip)
        n = (size_t)(p->n - skip);
    if (!p->text)
        return s->src->read_at(s->src->ctx, p->from + skip, buf, n);
    memcpy(buf, p->text + skip, n);
    return (ssize_t)n;
}

int moxd_surrogate_make(struct moxd_arena *a, const struct moxd_reader *src,
                        const struct moxd_msg *structure, struct moxd_reader *out,
                        struct moxd_err *err)
{
    struct surrogate *s = moxd_arena_alloc(a, sizeof(*s));
    struct moxd_reader *copy = moxd_arena_alloc(a, sizeof(*copy));

    *copy = *src;
    *s = (struct surrogate){ .a = a, .src = copy };
    for (uint32_t i = 0; i < structure->nparts; i++) {
        const struct moxd_part *p = &structure->parts[i];

        if ((p->flags & MOXD_PART_8BIT) && p->header >= s->done && p->body <= src->size &&
            take_header(s, p->header, p->body, err) < 0)
            return -1;
    }
    *out = *src;
    if (s->n == 0)
        return 0;
    add(s, NULL, s->done, src->size - s->done);
    *out = (struct moxd_reader){ read_at, s, s->size };
    return 0;
}
