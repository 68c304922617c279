/* A growable byte buffer with a limit. An add that would exceed the limit adds nothing and sets
 * `overflow`, which stays set: build the whole thing, then check once. Not thread-safe. */
#ifndef MOXD_BUF_H
#define MOXD_BUF_H

#include <moxd/str.h>

struct moxd_buf {
    char *p;       /* owned; always NUL-terminated when not NULL */
    size_t n;      /* bytes in use, without the NUL */
    size_t cap;
    size_t max;    /* limit on n */
    bool overflow; /* an add was refused */
};

#define MOXD_BUF_INIT(limit) { .max = (limit) }

void moxd_buf_init(struct moxd_buf *b, size_t max);
void moxd_buf_fini(struct moxd_buf *b);           /* frees; the struct may be used again */
void moxd_buf_wipe(struct moxd_buf *b);           /* wipes the content, then fini */
void moxd_buf_reset(struct moxd_buf *b);          /* empty, memory and limit kept */
void moxd_buf_add(struct moxd_buf *b, const void *p, size_t n);
void moxd_buf_addu(struct moxd_buf *b, uint64_t n); /* in decimal */
void moxd_buf_adds(struct moxd_buf *b, const char *s);
void moxd_buf_addstr(struct moxd_buf *b, struct moxd_str s);
void moxd_buf_addf(struct moxd_buf *b, const char *fmt, ...) MOXD_PRINTF(2, 3);
void moxd_buf_addv(struct moxd_buf *b, const char *fmt, va_list ap) MOXD_PRINTF(2, 0);
static inline void moxd_buf_addc(struct moxd_buf *b, char c)
{
    if (b->n + 1 >= b->cap) { /* nothing yet, or full */
        moxd_buf_add(b, &c, 1);
        return;
    }
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}
/* Room for n more bytes: returns where to write (call moxd_buf_grew after), NULL at the limit. */
char *moxd_buf_room(struct moxd_buf *b, size_t n);
void moxd_buf_grew(struct moxd_buf *b, size_t n);
/* Removes the first n bytes / cuts to the first n bytes. */
void moxd_buf_consume(struct moxd_buf *b, size_t n);
void moxd_buf_truncate(struct moxd_buf *b, size_t n);
/* The content as a view (valid until the next change) or as a C string (never NULL). */
struct moxd_str moxd_buf_str(const struct moxd_buf *b);
const char *moxd_buf_cstr(const struct moxd_buf *b);
/* Hands the memory to the caller, who frees it; the buffer is empty afterwards. Never NULL. */
char *moxd_buf_steal(struct moxd_buf *b);

#endif
