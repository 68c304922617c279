/* Memory with one lifetime: allocate often, free once. The first few hundred bytes are inside the
 * first block. Aborts when memory is out; callers bound every size that a peer controls. */
#ifndef MOXD_ARENA_H
#define MOXD_ARENA_H

#include <moxd/str.h>

struct moxd_arena;

/* A new arena whose blocks hold about `block` bytes (0: 4096). Free with moxd_arena_free. */
struct moxd_arena *moxd_arena_new(size_t block) __attribute__((returns_nonnull));
void moxd_arena_free(struct moxd_arena *a);   /* NULL is fine; runs cleanups, newest first */
void moxd_arena_freep(struct moxd_arena **a); /* for MOXD_CLEANUP */
void moxd_arena_reset(struct moxd_arena *a);  /* runs cleanups, keeps one block */
size_t moxd_arena_size(const struct moxd_arena *a); /* bytes handed out since reset */

/* Zeroed memory, aligned for any type, alive until reset or free. */
void *moxd_arena_alloc(struct moxd_arena *a, size_t n) __attribute__((returns_nonnull));
void *moxd_arena_calloc(struct moxd_arena *a, size_t n, size_t size)
    __attribute__((returns_nonnull));
void *moxd_arena_dup(struct moxd_arena *a, const void *p, size_t n)
    __attribute__((returns_nonnull));
/* NUL-terminated copies. */
char *moxd_arena_strdup(struct moxd_arena *a, const char *s) __attribute__((returns_nonnull));
char *moxd_arena_cstr(struct moxd_arena *a, struct moxd_str s) __attribute__((returns_nonnull));
struct moxd_str moxd_arena_str(struct moxd_arena *a, struct moxd_str s);
char *moxd_arena_printf(struct moxd_arena *a, const char *fmt, ...)
    __attribute__((returns_nonnull)) MOXD_PRINTF(2, 3);
/* Calls fn(p) at reset or free, newest first. */
void moxd_arena_cleanup(struct moxd_arena *a, void (*fn)(void *), void *p);

/* A growing array in an arena: elements of `size` bytes; *v, *n and *cap are the caller's. Returns
 * the new zeroed last element. Old memory stays in the arena until reset (at most as much again). */
void *moxd_arena_push(struct moxd_arena *a, void *v, size_t *n, size_t *cap, size_t size)
    __attribute__((returns_nonnull));

#endif
