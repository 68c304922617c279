/* Assertions, allocation that cannot fail, secrets, randomness. */
#include <moxd/base.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void moxd_assert_failed(const char *expr, const char *file, int line, const char *func)
{
    fprintf(stderr, "assertion failed: %s, %s:%d, %s\n", expr, file, line, func);
    abort();
}

void moxd_panic(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("panic: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

static void *must(void *p)
{
    if (p == NULL)
        moxd_panic("out of memory");
    return p;
}

void *moxd_xmalloc(size_t n)
{
    return must(malloc(n > 0 ? n : 1));
}

void *moxd_xcalloc(size_t n, size_t size)
{
    bool empty = n == 0 || size == 0;
    return must(calloc(empty ? 1 : n, empty ? 1 : size));
}

void *moxd_xrealloc(void *p, size_t n)
{
    return must(realloc(p, n > 0 ? n : 1));
}

void *moxd_xreallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        moxd_panic("array of %zu elements of %zu bytes", n, size);
    return moxd_xrealloc(p, bytes);
}

char *moxd_xstrdup(const char *s)
{
    return moxd_xstrndup(s, strlen(s));
}

char *moxd_xstrndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *p = moxd_xmalloc(len + 1);
    memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *moxd_xasprintf(const char *fmt, ...)
{
    char *p = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&p, fmt, ap);
    va_end(ap);
    if (n < 0)
        moxd_panic("cannot format \"%s\"", fmt);
    return must(p);
}

void moxd_freep(void *p)
{
    void *mem;
    memcpy(&mem, p, sizeof mem);
    free(mem);
    memset(p, 0, sizeof mem);
}

void moxd_closep(int *fd)
{
    int keep = errno;
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    errno = keep;
}

void moxd_wipe(void *p, size_t n)
{
    if (n > 0)
        explicit_bzero(p, n);
}

bool moxd_memeq_ct(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char diff = 0;
    for (size_t i = 0; i < n; i++)
        diff = (unsigned char)(diff | (x[i] ^ y[i]));
    return diff == 0;
}

void moxd_random(void *p, size_t n)
{
    unsigned char *q = p;
    while (n > 0) {
        ssize_t got = getrandom(q, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            moxd_panic("getrandom: %s", strerror(errno));
        q += got;
        n -= (size_t)got;
    }
}
