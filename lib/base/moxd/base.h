/* The ground of everything: attributes, assertions, allocation that cannot fail, secrets.
 * Nothing here suspends. */
#ifndef MOXD_BASE_H
#define MOXD_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOXD_CHECKED __attribute__((warn_unused_result))
#define MOXD_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MOXD_NORETURN __attribute__((noreturn))
/* Runs `fn` on the address of the variable when it goes out of scope. */
#define MOXD_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Marks a prototype whose function may suspend the calling fiber: state seen before the call may
 * have changed after it. Expands to nothing; tools/check-suspends compares it with the call graph. */
#define MOXD_SUSPENDS

#define MOXD_NELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define MOXD_CONTAINER(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* States an invariant of our own, never a fact about input. Kept in every build: a failed one
 * prints expression, file and line to stderr and aborts (the parent restarts the server). */
#define moxd_assert(expr)                                                                          \
    ((expr) ? (void)0 : moxd_assert_failed(#expr, __FILE__, __LINE__, __func__))
MOXD_NORETURN void moxd_assert_failed(const char *expr, const char *file, int line,
                                      const char *func);
/* Aborts with a message, for states that cannot be left in any other way. */
MOXD_NORETURN void moxd_panic(const char *fmt, ...) MOXD_PRINTF(1, 2);

/* malloc and friends that abort instead of returning NULL. A size of 0 gives a valid pointer.
 * The caller frees with free(). Sizes that a peer controls are bounded before they come here. */
void *moxd_xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *moxd_xcalloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *moxd_xrealloc(void *p, size_t n) __attribute__((returns_nonnull));
/* Grows an array of `size`-byte elements; aborts on overflow of n * size. */
void *moxd_xreallocarray(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *moxd_xstrdup(const char *s) __attribute__((malloc, returns_nonnull));
char *moxd_xstrndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
char *moxd_xasprintf(const char *fmt, ...) __attribute__((malloc, returns_nonnull))
MOXD_PRINTF(1, 2);

/* Frees *p and sets it to NULL; for MOXD_CLEANUP(moxd_freep) on any pointer variable. */
void moxd_freep(void *p);
/* Closes *fd when >= 0 and sets it to -1; keeps errno. For MOXD_CLEANUP(moxd_closep). */
void moxd_closep(int *fd);

/* Overwrites memory in a way the compiler keeps; for secrets. */
void moxd_wipe(void *p, size_t n);
/* Compares n bytes in time that does not depend on their content. */
bool moxd_memeq_ct(const void *a, const void *b, size_t n) MOXD_CHECKED;
/* Fills with cryptographically strong random bytes; aborts when the system has none. */
void moxd_random(void *p, size_t n);

#endif
