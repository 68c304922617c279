/* The growable byte buffer. */
#include <moxd/buf.h>

#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 64 }; /* first allocation */

void moxd_buf_init(struct moxd_buf *b, size_t max)
{
    *b = (struct moxd_buf){ .max = max };
}

void moxd_buf_fini(struct moxd_buf *b)
{
    free(b->p);
    moxd_buf_init(b, b->max);
}

void moxd_buf_wipe(struct moxd_buf *b)
{
    if (b->p != NULL)
        moxd_wipe(b->p, b->cap);
    moxd_buf_fini(b);
}

void moxd_buf_reset(struct moxd_buf *b)
{
    b->n = 0;
    b->overflow = false;
    if (b->p != NULL)
        b->p[0] = '\0';
}

/* Doubles, so that n adds cost O(n); never beyond the limit and its NUL. */
static void grow(struct moxd_buf *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
    while (cap < need)
        cap = cap <= SIZE_MAX / 2 ? cap * 2 : need;
    if (b->max < SIZE_MAX && cap > b->max + 1)
        cap = b->max + 1;
    b->p = moxd_xrealloc(b->p, cap);
    b->cap = cap;
}

char *moxd_buf_room(struct moxd_buf *b, size_t n)
{
    moxd_assert(b->n <= b->max);
    if (n > b->max - b->n || b->n + n == SIZE_MAX) {
        b->overflow = true;
        return NULL;
    }
    if (b->n + n + 1 > b->cap)
        grow(b, b->n + n + 1);
    b->p[b->n] = '\0';
    return b->p + b->n;
}

void moxd_buf_grew(struct moxd_buf *b, size_t n)
{
    moxd_assert(n < b->cap - b->n);
    b->n += n;
    b->p[b->n] = '\0';
}

void moxd_buf_add(struct moxd_buf *b, const void *p, size_t n)
{
    char *to = n > 0 ? moxd_buf_room(b, n) : NULL;
    if (to == NULL)
        return;
    memcpy(to, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void moxd_buf_addu(struct moxd_buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    moxd_buf_add(b, digits + at, sizeof(digits) - at);
}

void moxd_buf_adds(struct moxd_buf *b, const char *s)
{
    moxd_buf_add(b, s, strlen(s));
}

void moxd_buf_addstr(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_add(b, s.p, s.n);
}

void moxd_buf_addf(struct moxd_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    moxd_buf_addv(b, fmt, ap);
    va_end(ap);
}

/* It often fits into what is there: then it is formatted once. */
void moxd_buf_addv(struct moxd_buf *b, const char *fmt, va_list ap)
{
    size_t room = b->cap - b->n;
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(room > 0 ? b->p + b->n : NULL, room, fmt, again);
    va_end(again);
    moxd_assert(n >= 0);
    if ((size_t)n < room) {
        b->n += (size_t)n;
        return;
    }
    char *to = moxd_buf_room(b, (size_t)n);
    if (to == NULL) {
        if (room > 0)
            b->p[b->n] = '\0';
        return;
    }
    (void)vsnprintf(to, (size_t)n + 1, fmt, ap);
    moxd_buf_grew(b, (size_t)n);
}

void moxd_buf_consume(struct moxd_buf *b, size_t n)
{
    moxd_assert(n <= b->n);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->n - n + 1);
    b->n -= n;
}

void moxd_buf_truncate(struct moxd_buf *b, size_t n)
{
    moxd_assert(n <= b->n);
    b->n = n;
    if (b->p != NULL)
        b->p[n] = '\0';
}

struct moxd_str moxd_buf_str(const struct moxd_buf *b)
{
    return moxd_str(b->p, b->n);
}

const char *moxd_buf_cstr(const struct moxd_buf *b)
{
    return b->p != NULL ? b->p : "";
}

char *moxd_buf_steal(struct moxd_buf *b)
{
    char *p = b->p != NULL ? b->p : moxd_xstrdup("");
    moxd_buf_init(b, b->max);
    return p;
}
