/* Messages made to exhaust: memory stays bounded whatever their size, and every byte is read once. */
#include "message.h"

#include <malloc.h>
#include <moxmail/encword.h>
#include <moxmail/imap_fmt.h>
#include <moxmail/text.h>

enum {
    MB = 1024 * 1024,
    BIG = 50 * MB,
    HEAP_MAX = 12 * MB, /* for any message: the tree at its limits, the kept values, the buffers */
};

/* A message that is a start, then a unit again and again up to the size; never in memory. */
struct endless {
    struct moxd_str start, unit;
    uint64_t read;     /* bytes handed out */
    size_t base, peak; /* heap in use, before and at most */
};

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static ssize_t endless_read(const void *ctx, uint64_t off, void *buf, size_t n)
{
    struct endless *e = (struct endless *)(uintptr_t)ctx;
    size_t now = heap();
    e->peak = now > e->peak ? now : e->peak;
    size_t got;
    if (off < e->start.n) {
        got = e->start.n - (size_t)off < n ? e->start.n - (size_t)off : n;
        memcpy(buf, e->start.p + off, got);
    } else {
        size_t at = (size_t)((off - e->start.n) % e->unit.n);
        got = e->unit.n - at < n ? e->unit.n - at : n;
        memcpy(buf, e->unit.p + at, got);
        while (got + e->unit.n <= n) { /* whole units behind the first, partial one */
            memcpy((char *)buf + got, e->unit.p, e->unit.n);
            got += e->unit.n;
        }
    }
    e->read += got;
    return (ssize_t)got;
}

/* Parses `size` bytes of it; checks what must hold; returns the parsed message in the arena. */
static struct moxd_msg *parse_endless(struct moxd_arena *a, const char *start, const char *unit,
                                      size_t nunit, uint64_t size)
{
    struct endless e = { .start = moxd_cstr(start), .unit = moxd_str(unit, nunit), .base = heap() };
    struct moxd_reader r = { endless_read, &e, size };
    struct moxd_msg *m;
    struct moxd_err err = { 0 };
    ck_assert_msg(moxd_msg_parse(a, &r, &m, &err) == 0, "%s", err.priv);
    ck_assert_uint_eq(e.read, size);
    size_t now = heap();
    e.peak = now > e.peak ? now : e.peak;
    ck_assert_uint_le(e.peak - e.base, HEAP_MAX);
    ck_assert_uint_le(m->nparts, MOXD_MSG_PARTS_MAX);
    ck_assert_uint_eq(m->parts[0].end, size);
    struct moxd_buf form = MOXD_BUF_INIT(4 * MB);
    struct moxd_msg *back;
    moxd_msg_encode(m, &form);
    ck_assert(!form.overflow);
    ck_assert_int_eq(moxd_msg_decode(a, moxd_buf_str(&form), size, &back, NULL), 0);
    moxd_buf_fini(&form);
    return m;
}

static uint32_t parts_of(const char *start, const char *unit, uint64_t size, unsigned *flags)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const struct moxd_msg *m = parse_endless(a, start, unit, strlen(unit), size);
    uint32_t n = m->nparts;
    *flags = m->flags;
    moxd_arena_free(a);
    return n;
}

START_TEST(hundred_thousand_parts)
{
    static const char start[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    static const char unit[] = "--b\r\n\r\nx\r\n";
    unsigned flags;
    uint64_t size = sizeof(start) - 1 + 100000 * (sizeof(unit) - 1);
    ck_assert_uint_eq(parts_of(start, unit, size, &flags), MOXD_MSG_PARTS_MAX);
    ck_assert_uint_eq(flags, MOXD_MSG_LIMITED);
    /* Parts with much to keep. */
    ck_assert_uint_eq(
        parts_of(start, "--b\nContent-Type: a/b;a=b;c=d;e=f;g=h;i=j\n\n", 5 * MB, &flags),
        MOXD_MSG_PARTS_MAX);
    ck_assert_uint_eq(parts_of(start, "--b\nContent-Type: message/rfc822\n\n", 5 * MB, &flags),
                      MOXD_MSG_PARTS_MAX);
}
END_TEST

START_TEST(nesting_of_ten_thousand_messages)
{
    unsigned flags;
    static const char unit[] = "Content-Type: message/rfc822\r\n\r\n";
    ck_assert_uint_eq(parts_of("", unit, 10000 * (sizeof(unit) - 1), &flags),
                      MOXD_MSG_DEPTH_MAX + 1);
    ck_assert_uint_eq(flags, MOXD_MSG_LIMITED);
    /* In a digest a message needs not even a header. */
    static const char digest[] = "Content-Type: multipart/digest; boundary=b\n\n--b\n\n";
    ck_assert_uint_eq(parts_of("", digest, 10000 * (sizeof(digest) - 1), &flags),
                      MOXD_MSG_PARTS_MAX);
}
END_TEST

START_TEST(nesting_of_ten_thousand_multiparts)
{
    struct message t;
    struct moxd_buf b = MOXD_BUF_INIT(10 * MB), out = MOXD_BUF_INIT(10 * MB);
    for (int i = 0; i < 10000; i++)
        moxd_buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%05d\r\n\r\n--b%05d\r\n", i, i);
    for (int i = 9999; i >= 0; i--)
        moxd_buf_addf(&b, "\r\n--b%05d--\r\n", i);
    message_open_n(&t, b.p, b.n);
    ck_assert_uint_eq(t.m->nparts, MOXD_MSG_DEPTH_MAX + 1);
    ck_assert(t.m->parts[MOXD_MSG_DEPTH_MAX].flags & MOXD_PART_OPAQUE);
    ck_assert_int_eq(t.m->parts[MOXD_MSG_DEPTH_MAX].kind, MOXD_PART_LEAF);
    moxd_imap_put_body(&out, t.m, t.m->parts, true, true);
    ck_assert(!out.overflow);
    moxd_buf_fini(&out);
    moxd_buf_fini(&b);
    message_close(&t);
}
END_TEST

START_TEST(endless_headers)
{
    unsigned flags;
    ck_assert_uint_eq(parts_of("", "To: a@b\r\n", BIG, &flags), 1);
    ck_assert_uint_eq(flags, MOXD_MSG_LIMITED);
    ck_assert_uint_eq(parts_of("Subject: x\r\n", " folded and folded again\r\n", BIG, &flags), 1);
    ck_assert_uint_eq(flags, MOXD_MSG_LIMITED);
    ck_assert_uint_eq(parts_of("Subject: ", "x", BIG, &flags), 1);
    ck_assert_uint_eq(parts_of("X: ", "x", BIG, &flags), 1);
    ck_assert_uint_eq(parts_of("A: b\n", "junk\n", BIG, &flags), 1);
    ck_assert_uint_eq(parts_of("Content-Type: a/b", "; n*1=c", BIG, &flags), 1);
    ck_assert_uint_eq(parts_of("Content-Type: a/b (", "(", BIG, &flags), 1);
}
END_TEST

START_TEST(endless_bodies)
{
    static const char multipart[] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n";
    struct moxd_arena *a = moxd_arena_new(0);
    unsigned flags;
    ck_assert_uint_eq(parts_of("A: b\n\n", "x", BIG, &flags), 1); /* one line */
    ck_assert_uint_eq(parts_of(multipart, "x", BIG, &flags), 2);
    ck_assert_uint_eq(parts_of(multipart, "\n", BIG, &flags), 2);
    ck_assert_uint_eq(parts_of(multipart, "--", BIG, &flags), 2);
    ck_assert_uint_eq(parts_of(multipart, "--\n", BIG, &flags), 2);
    ck_assert_uint_eq(parts_of(multipart, "--b--\n", BIG, &flags), 2);
    ck_assert_uint_eq(parts_of(multipart, "\r", BIG, &flags), 2);
    const struct moxd_msg *m = parse_endless(a, "A: b\n\n", "\0", 1, BIG);
    ck_assert(m->parts[0].flags & MOXD_PART_NUL);
    m = parse_endless(a, "", "\0", 1, BIG);
    ck_assert_uint_eq(m->nparts, 1);
    moxd_arena_free(a);
}
END_TEST

/* The text of a big part passes through small buffers too. */
START_TEST(endless_text)
{
    static const char *const starts[] = {
        "Content-Type: text/plain; charset=utf-8\n\n",
        "Content-Type: text/plain; charset=iso-2022-jp\n\n",
        "Content-Transfer-Encoding: base64\n\n",
        "Content-Transfer-Encoding: quoted-printable\n\n",
    };
    static const char *const units[] = { "\xCC\x81", "\x1B$B", "!", " ", "= ", "x" };
    struct moxd_str needle = MOXD_STR("not there");
    struct moxd_text *text MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_search *s MOXD_CLEANUP(moxd_search_freep) = NULL;
    ck_assert_int_eq(moxd_search_new(&s, &needle, 1, NULL), 0);
    for (size_t i = 0; i < MOXD_NELEMS(starts) * MOXD_NELEMS(units); i++) {
        const char *start = starts[i % MOXD_NELEMS(starts)], *unit = units[i / MOXD_NELEMS(starts)];
        struct endless e = { .start = moxd_cstr(start), .unit = moxd_cstr(unit), .base = heap() };
        struct moxd_reader r = { endless_read, &e, 2 * MB };
        struct moxd_arena *a = moxd_arena_new(0);
        struct moxd_msg *m;
        ck_assert_int_eq(moxd_msg_parse(a, &r, &m, NULL), 0);
        moxd_search_reset(s);
        ck_assert_int_eq(moxd_search_message(s, text, &r, m, MOXD_SEARCH_IN_BODY, NULL), 0);
        ck_assert(!moxd_search_found_all(s));
        ck_assert_uint_le(e.peak - e.base, MB);
        moxd_arena_free(a);
    }
}
END_TEST

/* Much work for few bytes: each must end soon (the test's limit of time is far away). */
START_TEST(header_text_bombs)
{
    static const char *const units[] = {
        "=?",
        "=?a?q?",
        "=?a?q?b?= ",
        "=?utf-8?b?w6Q=?= ",
        "=?utf-8?q?",
        "?=",
        "=?utf-16?q?a?==?utf-7?q?b?=",
    };
    for (size_t i = 0; i < MOXD_NELEMS(units); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(MB), out = MOXD_BUF_INIT(8 * MB);
        while (!b.overflow)
            moxd_buf_adds(&b, units[i]);
        moxd_encword_decode(&out, moxd_buf_str(&b));
        ck_assert(!out.overflow);
        ck_assert(moxd_str_is_utf8(moxd_buf_str(&out)));
        moxd_buf_fini(&b);
        moxd_buf_fini(&out);
    }
}
END_TEST

START_TEST(address_bombs)
{
    static const char *const units[] = { "<", "<@",   "(",    "\"", "a", "a ", "a,",
                                         ":", "g:a;", "<@a:", ";",  "@", "\\" };
    for (size_t i = 0; i < MOXD_NELEMS(units); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(MOXD_MSG_VALUE_MAX), out = MOXD_BUF_INIT(32 * MB);
        while (!b.overflow)
            moxd_buf_adds(&b, units[i]);
        moxd_imap_put_addresses(&out, moxd_buf_str(&b), true);
        ck_assert(!out.overflow);
        moxd_buf_fini(&b);
        moxd_buf_fini(&out);
    }
}
END_TEST

/* The fields of nested messages, that of From three times each: what is written stays small. */
START_TEST(half_a_million_addresses)
{
    struct message t;
    struct moxd_buf b = MOXD_BUF_INIT(4 * MB), out = MOXD_BUF_INIT(4 * MB);
    for (int i = 0; i < 10; i++) {
        moxd_buf_adds(&b, "Content-Type: message/rfc822\r\nFrom: ");
        for (int k = 0; k < 50000; k++)
            moxd_buf_adds(&b, "a,");
        moxd_buf_adds(&b, "\r\n\r\n");
    }
    message_open_n(&t, b.p, b.n);
    moxd_imap_put_body(&out, t.m, t.m->parts, true, true);
    ck_assert(!out.overflow);
    ck_assert_uint_gt(out.n, MOXD_IMAP_ADDRESSES_MAX * strlen("(NIL NIL \"a\" \"\")"));
    moxd_buf_reset(&out);
    moxd_imap_put_envelope(&out, t.m->parts[1].envelope, true);
    ck_assert(!out.overflow);
    moxd_buf_fini(&out);
    moxd_buf_fini(&b);
    message_close(&t);
}
END_TEST

UNIT_MAIN("message_hostile", hundred_thousand_parts, nesting_of_ten_thousand_messages,
          nesting_of_ten_thousand_multiparts, endless_headers, endless_bodies, endless_text,
          header_text_bombs, address_bombs, half_a_million_addresses)
