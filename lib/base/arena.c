/* Arenas: a list of blocks, the newest in use, the first one holding the arena itself. */
#include <moxd/arena.h>

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BLOCK_DEFAULT = 4096,
    BLOCK_MIN = 512, /* the arena and something useful beside it */
    ALIGN = alignof(max_align_t),
};

struct block {
    struct block *prev;
    size_t cap; /* bytes in mem */
    size_t used;
    alignas(max_align_t) char mem[];
};

struct cleanup {
    struct cleanup *prev;
    void (*fn)(void *);
    void *p;
};

struct moxd_arena {
    struct block *last;
    struct cleanup *cleanups; /* newest first */
    size_t block;             /* bytes of a normal block, header included */
    size_t size;              /* bytes handed out */
};

static size_t aligned(size_t n)
{
    if (n > SIZE_MAX - sizeof(struct block) - ALIGN)
        moxd_panic("arena allocation of %zu bytes", n);
    return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static struct block *block_new(size_t cap, struct block *prev)
{
    struct block *k = moxd_xmalloc(sizeof *k + cap);
    k->prev = prev;
    k->cap = cap;
    k->used = 0;
    return k;
}

static size_t self_size(void)
{
    return aligned(sizeof(struct moxd_arena));
}

struct moxd_arena *moxd_arena_new(size_t block)
{
    block = block == 0 ? BLOCK_DEFAULT : block < BLOCK_MIN ? BLOCK_MIN : aligned(block);
    struct block *k = block_new(block - sizeof(struct block), NULL);
    struct moxd_arena *a = (struct moxd_arena *)k->mem;
    k->used = self_size();
    *a = (struct moxd_arena){ .last = k, .block = block };
    return a;
}

static void run_cleanups(struct moxd_arena *a)
{
    while (a->cleanups != NULL) {
        struct cleanup *c = a->cleanups;
        a->cleanups = c->prev;
        c->fn(c->p);
    }
}

void moxd_arena_reset(struct moxd_arena *a)
{
    run_cleanups(a);
    while (a->last->prev != NULL) {
        struct block *k = a->last;
        a->last = k->prev;
        free(k);
    }
    a->last->used = self_size();
    a->size = 0;
}

void moxd_arena_free(struct moxd_arena *a)
{
    if (a == NULL)
        return;
    moxd_arena_reset(a);
    free(a->last);
}

void moxd_arena_freep(struct moxd_arena **a)
{
    moxd_arena_free(*a);
    *a = NULL;
}

size_t moxd_arena_size(const struct moxd_arena *a)
{
    return a->size;
}

/* What does not fit gets a new block: a normal one, or one of its own size behind the current one
 * when it is so big that the rest of the current block would be wasted. */
static struct block *block_for(struct moxd_arena *a, size_t n)
{
    size_t normal = a->block - sizeof(struct block);
    if (n <= a->last->cap - a->last->used)
        return a->last;
    if (n <= normal / 4 || a->last->prev == NULL)
        return a->last = block_new(n > normal ? n : normal, a->last);
    struct block *own = block_new(n, a->last->prev);
    return a->last->prev = own;
}

void *moxd_arena_alloc(struct moxd_arena *a, size_t n)
{
    size_t take = aligned(n > 0 ? n : 1);
    struct block *k = block_for(a, take);
    void *p = k->mem + k->used;
    k->used += take;
    a->size += take;
    return memset(p, 0, take);
}

void *moxd_arena_calloc(struct moxd_arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        moxd_panic("arena array of %zu elements of %zu bytes", n, size);
    return moxd_arena_alloc(a, bytes);
}

void *moxd_arena_dup(struct moxd_arena *a, const void *p, size_t n)
{
    void *q = moxd_arena_alloc(a, n);
    if (n > 0)
        memcpy(q, p, n);
    return q;
}

char *moxd_arena_strdup(struct moxd_arena *a, const char *s)
{
    return moxd_arena_dup(a, s, strlen(s) + 1);
}

char *moxd_arena_cstr(struct moxd_arena *a, struct moxd_str s)
{
    char *p = moxd_arena_alloc(a, s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

struct moxd_str moxd_arena_str(struct moxd_arena *a, struct moxd_str s)
{
    return moxd_str(moxd_arena_cstr(a, s), s.n);
}

char *moxd_arena_printf(struct moxd_arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    moxd_assert(n >= 0);
    char *p = moxd_arena_alloc(a, (size_t)n + 1);
    (void)vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

void moxd_arena_cleanup(struct moxd_arena *a, void (*fn)(void *), void *p)
{
    struct cleanup *c = moxd_arena_alloc(a, sizeof *c);
    *c = (struct cleanup){ .prev = a->cleanups, .fn = fn, .p = p };
    a->cleanups = c;
}

void *moxd_arena_push(struct moxd_arena *a, void *v, size_t *n, size_t *cap, size_t size)
{
    char *mem;
    memcpy(&mem, v, sizeof mem);
    if (*n == *cap) {
        size_t more = *cap > 0 ? *cap * 2 : 4;
        char *p = moxd_arena_calloc(a, more, size);
        if (*n > 0)
            memcpy(p, mem, *n * size);
        mem = p;
        *cap = more;
        memcpy(v, &mem, sizeof mem);
    }
    return mem + (*n)++ * size;
}
