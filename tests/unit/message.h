/* For tests of lib/message: a message from a C string, parsed. */
#ifndef TEST_MESSAGE_H
#define TEST_MESSAGE_H

#include "unit.h"

#include <moxmail/message.h>
#include <stdio.h>

struct message {
    struct moxd_arena *a;
    struct moxd_str text;
    struct moxd_reader r;
    struct moxd_msg *m;
};

static inline void message_open_n(struct message *t, const char *p, size_t n)
{
    struct moxd_err err = { 0 };
    t->a = moxd_arena_new(0);
    t->text = moxd_str(p, n);
    t->r = moxd_reader_mem(&t->text);
    ck_assert_msg(moxd_msg_parse(t->a, &t->r, &t->m, &err) == 0, "%s", err.priv);
}

static inline void message_open(struct message *t, const char *text)
{
    message_open_n(t, text, strlen(text));
}

static inline void message_close(struct message *t)
{
    moxd_arena_free(t->a);
}

/* The bytes of the message between two offsets. */
static inline struct moxd_str message_bytes(const struct message *t, uint64_t start, uint64_t end)
{
    ck_assert_uint_le(start, end);
    ck_assert_uint_le(end, t->text.n);
    return moxd_str_sub(t->text, (size_t)start, (size_t)(end - start));
}

#define ck_str(s, expected)                                                                        \
    do {                                                                                           \
        struct moxd_str got_ = (s), want_ = moxd_cstr(expected);                                   \
        ck_assert_msg(moxd_str_eq(got_, want_), "got \"%" MOXD_STRF "\", want \"%" MOXD_STRF "\"", \
                      MOXD_STRA(got_), MOXD_STRA(want_));                                          \
    } while (0)

#endif
