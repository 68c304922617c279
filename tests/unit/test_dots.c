/* The pure parts of readers: the end of SMTP DATA, and lines. */
#include "unit.h"

#include "stream/dots.h"
#include "stream/line.h"

#include <moxd/str.h>
#include <stdio.h>
#include <string.h>

struct collected {
    char p[4096];
    size_t n;
};

static void collect(void *arg, const char *p, size_t n)
{
    struct collected *c = arg;

    ck_assert_uint_le(c->n + n, sizeof(c->p));
    ck_assert_uint_gt(n, 0);
    memcpy(c->p + c->n, p, n);
    c->n += n;
}

/* Feeds `in` in pieces that end at the split positions; returns what was consumed. Each piece is in
 * memory of its own, so that a sanitizer sees what looks beyond it. */
static size_t feed(struct core_dots *d, struct moxd_str in, size_t split1, size_t split2)
{
    size_t ends[3] = { split1, split2, in.n }, at = 0;

    for (int i = 0; i < 3 && d->state != CORE_DOTS_END; i++) {
        size_t n = ends[i] > at ? ends[i] - at : 0;
        char *piece = malloc(n + 1);
        memcpy(piece, in.p + at, n);
        at += core_dots_feed(d, piece, n);
        free(piece);
    }
    return at;
}

static void bytewise(struct core_dots *d, struct moxd_str in)
{
    for (size_t i = 0; i < in.n && d->state != CORE_DOTS_END; i++)
        ck_assert_uint_eq(core_dots_feed(d, in.p + i, 1), 1);
}

#define S(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
static const struct {
    struct moxd_str in, out;
    size_t consumed; /* 0: all of it */
    uint64_t bare_lf, longest;
    const char *problem;
    bool open; /* the end has not come */
} cases[] = {
    { S(".\r\n"), S("") },
    { S("a\r\n.\r\n"), S("a\r\n"), .longest = 1 },
    { S("a\r\n.\r\nQUIT\r\n"), S("a\r\n"), 6, .longest = 1 },
    { S("\r\n.\r\n"), S("\r\n") },
    { S("a\r\n\r\n.\r\n"), S("a\r\n\r\n"), .longest = 1 },
    { S("..\r\n.\r\n"), S(".\r\n"), .longest = 1 },
    { S("...\r\n.\r\n"), S("..\r\n"), .longest = 2 },
    { S(".a\r\n.b.\r\nc.\r\n.\r\n"), S("a\r\nb.\r\nc.\r\n"), .longest = 2 },
    { S("a\nb\r\n.\r\n"), S("a\r\nb\r\n"), .bare_lf = 1, .longest = 1 },
    { S("\n\n.\r\n.\r\n"), S("\r\n\r\n."), .bare_lf = 2, .problem = "after a bare LF",
      .longest = 1 },
    /* Only after CRLF is a dot stuffed. */
    { S("a\n..b\n.c\r\n.\r\n"), S("a\r\n..b\r\n.c\r\n"), .bare_lf = 2, .longest = 3 },
    { S("abc\r\nabcde\r\nabcd\r\n.\r\n"), S("abc\r\nabcde\r\nabcd\r\n"), .longest = 5 },
    { S("a\xff\x80\r\n.\r\n"), S("a\xff\x80\r\n"), .longest = 3 },
    { S("a\rb\r\n.\r\n"), S("a"), .problem = "bare CR", .longest = 2 },
    { S("a\r\r\n.\r\n"), S("a"), .problem = "bare CR", .longest = 1 },
    { S("a\0b\r\n.\r\n"), S("a"), .problem = "NUL", .longest = 3 },
    { S("a\r\n.\n.\r\n.\r\n"), S("a\r\n"), .bare_lf = 1, .problem = "ends with a bare LF",
      .longest = 1 },
    { S(".\rx\r\n.\r\n"), S(""), .problem = "bare CR", .longest = 1 },
    { S(""), S(""), .open = true },
    { S("a\r\n.\r"), S("a\r\n"), .open = true, .longest = 1 },
    { S("a\r\n."), S("a\r\n"), .open = true, .longest = 1 },
    { S("a\r"), S("a"), .open = true },
};

/* Of a bad message, how much is handed out depends on the pieces: `out` is the most. */
static void check_case(size_t i, const struct core_dots *d, const struct collected *c)
{
    ck_assert_int_eq(d->state == CORE_DOTS_END, !cases[i].open);
    ck_assert_int_eq(d->problem != NULL, cases[i].problem != NULL);
    if (cases[i].problem != NULL)
        ck_assert_ptr_nonnull(strstr(d->problem, cases[i].problem));
    else
        ck_assert_uint_eq(c->n, cases[i].out.n);
    ck_assert_uint_le(c->n, cases[i].out.n);
    ck_assert_mem_eq(c->p, cases[i].out.p, c->n);
    ck_assert_uint_eq(d->bare_lf, cases[i].bare_lf);
    ck_assert_uint_eq(d->longest_line, cases[i].longest);
}

/* proves: P-STORE-07 */
START_TEST(data_is_the_same_in_every_split)
{
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_str in = cases[i].in;
        for (size_t a = 0; a <= in.n; a++) {
            for (size_t b = a; b <= in.n; b++) {
                struct collected c = { .n = 0 };
                struct core_dots d = { .emit = collect, .arg = &c };
                size_t n = feed(&d, in, a, b);
                ck_assert_uint_eq(n, cases[i].consumed > 0 ? cases[i].consumed : in.n);
                check_case(i, &d, &c);
            }
        }
        struct collected c = { .n = 0 };
        struct core_dots d = { .emit = collect, .arg = &c };
        bytewise(&d, in);
        check_case(i, &d, &c);
    }
}
END_TEST

START_TEST(runs_are_handed_out_whole)
{
    static const char text[] = "one\r\ntwo\r\nthree\r\n";
    struct collected c = { .n = 0 };
    struct core_dots d = { .emit = collect, .arg = &c };
    const char *p = text;

    ck_assert_uint_eq(core_dots_feed(&d, p, sizeof(text) - 1), sizeof(text) - 1);
    ck_assert_uint_eq(c.n, sizeof(text) - 1);
    ck_assert_uint_eq(core_dots_feed(&d, ".\r\nx", 4), 3);
    ck_assert_uint_eq(c.n, sizeof(text) - 1);
}
END_TEST

static enum core_line_result find(struct core_line *l, const char *p, size_t n, size_t max,
                                  struct core_line_found *found)
{
    char *copy = malloc(n + 1);

    memcpy(copy, p, n);
    enum core_line_result r = core_line_find(l, copy, n, max, found);
    free(copy);
    return r;
}

static void check_line(const char *in, size_t max, enum core_line_result want, size_t n, bool crlf)
{
    size_t len = strlen(in);

    for (size_t a = 0; a <= len; a++) {
        struct core_line l = { 0 };
        struct core_line_found f;
        size_t off = 0;
        enum core_line_result r = CORE_LINE_MORE;
        for (size_t have = a; r == CORE_LINE_MORE && have <= len; have++) {
            r = find(&l, in + off, have - off, max, &f);
            off += f.consumed;
        }
        ck_assert_int_eq(r, want);
        if (r == CORE_LINE_OK) {
            ck_assert_uint_eq(f.n, n);
            ck_assert_int_eq(f.crlf, crlf);
        }
        if (r != CORE_LINE_MORE)
            ck_assert_int_eq(in[off - 1], '\n');
    }
}

START_TEST(lines_have_a_limit)
{
    check_line("abc\r\n", 3, CORE_LINE_OK, 3, true);
    check_line("abc\n", 3, CORE_LINE_OK, 3, false);
    check_line("\r\n", 0, CORE_LINE_OK, 0, true);
    check_line("\n", 0, CORE_LINE_OK, 0, false);
    check_line("a\r\r\n", 3, CORE_LINE_OK, 2, true);
    check_line("abcd\r\n", 3, CORE_LINE_LONG, 0, false);
    check_line("abcd\n", 3, CORE_LINE_LONG, 0, false);
    check_line("abcdefghijklmnop\r\n", 3, CORE_LINE_LONG, 0, false);
    check_line("abcdefghijklmnop", 3, CORE_LINE_MORE, 0, false);
    check_line("abc\r", 3, CORE_LINE_MORE, 0, false);
}
END_TEST

/* However long the line: no more than max + 1 bytes stay. */
START_TEST(long_lines_are_thrown_away)
{
    struct core_line l = { 0 };
    struct core_line_found f;
    char piece[64];
    size_t have = 0;

    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < 1000; i++) {
        have += 7;
        ck_assert_int_eq(core_line_find(&l, piece, have, 30, &f), CORE_LINE_MORE);
        have -= f.consumed;
        ck_assert_uint_le(have, 31);
    }
}
END_TEST

UNIT_MAIN("dots", data_is_the_same_in_every_split, runs_are_handed_out_whole, lines_have_a_limit,
          long_lines_are_thrown_away)
