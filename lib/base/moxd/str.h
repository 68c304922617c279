/* A view of bytes: pointer and length, not NUL-terminated, not owned. All functions are pure.
 * "case" means ASCII case only, which is what mail protocols compare by. */
#ifndef MOXD_STR_H
#define MOXD_STR_H

#include <moxd/base.h>
#include <string.h>

struct moxd_str {
    const char *p; /* may be NULL only when n is 0 */
    size_t n;
};

#define MOXD_STR(literal) ((struct moxd_str){ (literal), sizeof(literal) - 1 })
/* printf("%" MOXD_STRF, MOXD_STRA(s)) */
#define MOXD_STRF ".*s"
#define MOXD_STRA(s) (int)(s).n, (s).p

static inline struct moxd_str moxd_str(const char *p, size_t n)
{
    return (struct moxd_str){ p, n };
}
/* View of a C string; NULL gives the empty view. */
static inline struct moxd_str moxd_cstr(const char *s)
{
    return (struct moxd_str){ s, s ? strlen(s) : 0 };
}

bool moxd_str_eq(struct moxd_str a, struct moxd_str b);
bool moxd_str_caseeq(struct moxd_str a, struct moxd_str b);
bool moxd_str_eqs(struct moxd_str a, const char *b);
bool moxd_str_caseeqs(struct moxd_str a, const char *b);
int moxd_str_cmp(struct moxd_str a, struct moxd_str b);     /* bytewise, shorter first */
int moxd_str_casecmp(struct moxd_str a, struct moxd_str b);
bool moxd_str_starts(struct moxd_str s, struct moxd_str prefix);
bool moxd_str_casestarts(struct moxd_str s, struct moxd_str prefix);
bool moxd_str_ends(struct moxd_str s, struct moxd_str suffix);
bool moxd_str_caseends(struct moxd_str s, struct moxd_str suffix);
/* Index of the first/last byte c, or -1. */
ptrdiff_t moxd_str_chr(struct moxd_str s, char c);
ptrdiff_t moxd_str_rchr(struct moxd_str s, char c);
/* Index of the first occurrence, or -1. Linear time. */
ptrdiff_t moxd_str_find(struct moxd_str s, struct moxd_str needle);
ptrdiff_t moxd_str_casefind(struct moxd_str s, struct moxd_str needle);
/* Parts; positions past the end are cut to the end. */
struct moxd_str moxd_str_from(struct moxd_str s, size_t start);
struct moxd_str moxd_str_sub(struct moxd_str s, size_t start, size_t n);
/* Without leading and trailing space, tab, CR and LF. */
struct moxd_str moxd_str_trim(struct moxd_str s);
/* Cuts *rest at the first c: returns what is before, *rest becomes what is after. Without c returns
 * everything and leaves *rest empty with p == NULL. */
struct moxd_str moxd_str_cut(struct moxd_str *rest, char c);
bool moxd_str_is_ascii(struct moxd_str s);
/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool moxd_str_is_utf8(struct moxd_str s);
/* Decimal digits only, the whole of s, at most max; 0 on success, -1 otherwise. */
int moxd_str_u64(struct moxd_str s, uint64_t max, uint64_t *out) MOXD_CHECKED;
/* Consumes the digits at the start of *s; -1 when there is none or the value exceeds max. */
int moxd_str_take_u64(struct moxd_str *s, uint64_t max, uint64_t *out) MOXD_CHECKED;
/* NUL-terminated copy on the heap (bytes after a NUL stay). The caller frees. */
char *moxd_str_dup(struct moxd_str s) __attribute__((malloc, returns_nonnull));
/* Copies into dst of size cap, always NUL-terminated; -1 when it did not fit (dst then ""). */
int moxd_str_copy(struct moxd_str s, char *dst, size_t cap) MOXD_CHECKED;

static inline char moxd_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}
static inline char moxd_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}
static inline bool moxd_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool moxd_is_alpha(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

#endif
