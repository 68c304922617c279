/* Compression of streams, against zlib as a peer uses it. proves: P-IMAP-03 */
#include "unit.h"

#include "stream/deflate.h"

#include <moxd/buf.h>
#include <zlib.h>

enum { BIG = 300 * 1024, PIECE = 5000 };

struct peer {
    z_stream in, out;
};

static void peer_init(struct peer *p)
{
    *p = (struct peer){ 0 };
    ck_assert_int_eq(deflateInit2(&p->out, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(inflateInit2(&p->in, -15), Z_OK);
}

static void peer_fini(struct peer *p)
{
    deflateEnd(&p->out);
    inflateEnd(&p->in);
}

/* What the peer sends for these bytes. */
static void peer_deflate(struct peer *p, const char *data, size_t n, int flush,
                         struct moxd_buf *wire)
{
    unsigned char piece[4096];

    p->out.next_in = (unsigned char *)(uintptr_t)data;
    p->out.avail_in = (unsigned)n;
    do {
        p->out.next_out = piece;
        p->out.avail_out = sizeof(piece);
        ck_assert_int_ge(deflate(&p->out, flush), Z_OK);
        moxd_buf_add(wire, piece, sizeof(piece) - p->out.avail_out);
    } while (p->out.avail_out == 0);
}

/* Takes what came; the content. -1 when it is broken. */
static int take_all(struct core_deflate *z, struct moxd_str wire, size_t step,
                    struct moxd_buf *content)
{
    char piece[PIECE];

    for (;;) {
        size_t room;
        long k = core_deflate_take(z, piece, step);
        if (k < 0)
            return -1;
        moxd_buf_add(content, piece, (size_t)k);
        if (k > 0)
            continue;
        if (wire.n == 0)
            return 0;
        char *raw = core_deflate_room(z, &room);
        room = room < step ? room : step;
        room = room < wire.n ? room : wire.n;
        memcpy(raw, wire.p, room);
        core_deflate_got(z, room);
        wire = moxd_str_from(wire, room);
    }
}

static void check_in(struct core_deflate *z, struct peer *p, const char *data, size_t n, int flush,
                     size_t step)
{
    struct moxd_buf wire = MOXD_BUF_INIT(1 << 24), content = MOXD_BUF_INIT(1 << 24);

    peer_deflate(p, data, n, flush, &wire);
    ck_assert_int_eq(take_all(z, moxd_buf_str(&wire), step, &content), 0);
    ck_assert_uint_eq(content.n, n);
    ck_assert_mem_eq(content.p, data, n);
    moxd_buf_fini(&wire);
    moxd_buf_fini(&content);
}

static void check_out(struct core_deflate *z, struct peer *p, const char *data, size_t n)
{
    static unsigned char content[CORE_DEFLATE_CHUNK + 1];

    core_deflate_pack(z, data, n);
    struct moxd_str wire = core_deflate_packed(z);
    p->in.next_in = (unsigned char *)(uintptr_t)wire.p;
    p->in.avail_in = (unsigned)wire.n;
    p->in.next_out = content;
    p->in.avail_out = sizeof(content);
    ck_assert_int_eq(inflate(&p->in, Z_SYNC_FLUSH), Z_OK);
    ck_assert_uint_eq(sizeof(content) - p->in.avail_out, n);
    ck_assert_mem_eq(content, data, n);
    core_deflate_sent(z, wire.n);
}

/* Words that repeat, and bytes that do not. */
static char *some_data(size_t n, bool random)
{
    char *p = moxd_xmalloc(n);
    unsigned seed = 1;

    for (size_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        p[i] = random ? (char)(seed >> 16)
                      : "* 12 FETCH (FLAGS (\\Seen))\r\n"[(i + (seed >> 28)) % 28];
    }
    return p;
}

START_TEST(both_ways)
{
    for (int random = 0; random < 2; random++) {
        struct core_deflate *z = core_deflate_new();
        char *data = some_data(BIG, random);
        struct peer p;

        peer_init(&p);
        check_in(z, &p, data, BIG, Z_SYNC_FLUSH, PIECE);
        check_in(z, &p, data, 3, Z_SYNC_FLUSH, 1);
        check_in(z, &p, data, BIG, Z_PARTIAL_FLUSH, 777);
        check_in(z, &p, data, BIG, Z_FULL_FLUSH, PIECE);
        for (size_t n = 0; n <= CORE_DEFLATE_CHUNK; n = n * 5 + 1)
            check_out(z, &p, data, n);
        check_out(z, &p, data, CORE_DEFLATE_CHUNK);
        peer_fini(&p);
        core_deflate_free(z);
        free(data);
    }
}
END_TEST

/* Pauses at any point change nothing, and give the memory back. */
START_TEST(rests)
{
    static const int flushes[] = { Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH };
    char *data = some_data(BIG, false);
    struct peer p;

    for (size_t f = 0; f < MOXD_NELEMS(flushes); f++) {
        struct core_deflate *z = core_deflate_new();

        peer_init(&p);
        for (size_t n = 1; n < 40000; n += n / 3 + 1) {
            check_in(z, &p, data + 17 * n % 1000, n, flushes[f], PIECE);
            check_out(z, &p, data + n, n < CORE_DEFLATE_CHUNK ? n : CORE_DEFLATE_CHUNK);
            core_deflate_rest(z);
            core_deflate_rest(z);
        }
        peer_fini(&p);
        core_deflate_free(z);
    }
    free(data);
}
END_TEST

/* The promise is 80 KiB more for an idle connection. */
START_TEST(costs_little_at_rest)
{
    struct core_deflate *z = core_deflate_new();
    char *data = some_data(BIG, true);
    struct peer p;

    peer_init(&p);
    check_in(z, &p, data, 1000, Z_SYNC_FLUSH, PIECE);
    check_out(z, &p, data, CORE_DEFLATE_CHUNK);
    ck_assert_uint_gt(core_deflate_memory(z), 100 * 1024);
    core_deflate_rest(z);
    ck_assert_uint_lt(core_deflate_memory(z), 2 * 1024);
    check_in(z, &p, data, BIG, Z_SYNC_FLUSH, PIECE);
    core_deflate_rest(z);
    ck_assert_uint_lt(core_deflate_memory(z), 34 * 1024);
    /* A peer that leaves its data in the middle of a block. */
    check_in(z, &p, data, 1000, Z_PARTIAL_FLUSH, PIECE);
    core_deflate_rest(z);
    ck_assert_uint_lt(core_deflate_memory(z), 80 * 1024);
    peer_fini(&p);
    core_deflate_free(z);
    free(data);
}
END_TEST

/* A thousandfold growth comes in pieces of the reader's size. */
START_TEST(bomb)
{
    struct moxd_buf wire = MOXD_BUF_INIT(1 << 24);
    struct core_deflate *z = core_deflate_new();
    char *zeros = moxd_xcalloc(1, 16 << 20), piece[PIECE];
    struct moxd_str rest;
    struct peer p;
    size_t total = 0, most = 0;

    peer_init(&p);
    peer_deflate(&p, zeros, 16 << 20, Z_SYNC_FLUSH, &wire);
    ck_assert_uint_lt(wire.n, 20000);
    rest = moxd_buf_str(&wire);
    while (total < 16 << 20) {
        long k = core_deflate_take(z, piece, sizeof(piece));
        size_t room;
        ck_assert_int_ge(k, 0);
        total += (size_t)k;
        most = core_deflate_memory(z) > most ? core_deflate_memory(z) : most;
        if (k > 0)
            continue;
        char *raw = core_deflate_room(z, &room);
        room = room < rest.n ? room : rest.n;
        memcpy(raw, rest.p, room);
        core_deflate_got(z, room);
        rest = moxd_str_from(rest, room);
    }
    ck_assert_uint_lt(most, 80 * 1024);
    peer_fini(&p);
    core_deflate_free(z);
    moxd_buf_fini(&wire);
    free(zeros);
}
END_TEST

static int broken_by(const char *data, size_t n, int times)
{
    struct core_deflate *z = core_deflate_new();
    struct moxd_buf content = MOXD_BUF_INIT(1 << 20);
    int r = 0;

    for (int i = 0; i < times && r == 0; i++)
        r = take_all(z, moxd_str(data, n), PIECE, &content);
    moxd_buf_fini(&content);
    core_deflate_free(z);
    return r;
}

START_TEST(bad_data)
{
    static const char end[] = "\x03\x00x", empty[] = "\x00\x00\x00\xff\xff";

    ck_assert_int_eq(broken_by("\xff\xff\xff\xff", 4, 1), -1);
    ck_assert_int_eq(broken_by("a1 NOOP\r\n", 9, 1), -1);
    /* The end of the data, and nothing but flushes without end. */
    ck_assert_int_eq(broken_by(end, 3, 1), -1);
    ck_assert_int_eq(broken_by(empty, 5, 1000), 0);
    ck_assert_int_eq(broken_by(empty, 5, 20000), -1);
}
END_TEST

UNIT_MAIN("deflate", both_ways, rests, costs_little_at_rest, bomb, bad_data)
