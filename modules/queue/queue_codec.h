/* Records as bytes: a version, then the fields that a table names, one after the other. Fields may be appended
 * to a table: what an older record lacks is zero. Pure. */
#ifndef QUEUE_CODEC_H
#define QUEUE_CODEC_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum queue_field_type {
    QUEUE_F_U32,   /* uint32_t */
    QUEUE_F_U64,   /* uint64_t */
    QUEUE_F_I64,   /* int64_t */
    QUEUE_F_BOOL,  /* bool */
    QUEUE_F_TEXT,  /* const char *, NULL is kept apart from "" */
    QUEUE_F_BYTES, /* struct moxd_str */
};
struct queue_field {
    enum queue_field_type type;
    size_t offset;
};
#define QUEUE_FIELD(S, f)                                                                              \
    {                                                                                                  \
        .type = _Generic(((S *)0)->f, uint32_t: QUEUE_F_U32, uint64_t: QUEUE_F_U64,                  \
                       int64_t: QUEUE_F_I64, bool: QUEUE_F_BOOL, const char *: QUEUE_F_TEXT,       \
                       struct moxd_str: QUEUE_F_BYTES),                                            \
      .offset = offsetof(S, f) \
    }
struct queue_table {
    const struct queue_field *v;
    size_t n;
};

/* Appends the record. */
void queue_encode(struct moxd_buf *b, const struct queue_table *t, const void *record);
/* Reads it; texts and bytes are copied into the arena. CORRUPT when it is not one. */
int queue_decode(struct moxd_str s, const struct queue_table *t, struct moxd_arena *a, void *record,
                 struct moxd_err *err) MOXD_CHECKED;

#endif
