/* Bulk readers of streams: literals and SMTP DATA. */
#include "peer.h"

struct sink {
    char p[1024];
    size_t n, calls;
    size_t fail_after; /* 0: never */
    bool suspend;
};

static int collect(void *arg, const char *p, size_t n)
{
    struct sink *s = arg;

    if (s->suspend)
        moxd_yield();
    if (s->fail_after > 0 && s->calls >= s->fail_after)
        return -42;
    s->calls++;
    ck_assert_uint_le(s->n + n, sizeof(s->p));
    memcpy(s->p + s->n, p, n);
    s->n += n;
    return 0;
}

struct script {
    int fd;
    const char *text;
    size_t n, piece;
};

static void send_pieces(void *arg)
{
    const struct script *s = arg;

    for (size_t i = 0; i < s->n; i += s->piece) {
        peer_send(s->fd, s->text + i, s->n - i < s->piece ? s->n - i : s->piece);
        for (int k = 0; k < 3; k++)
            moxd_yield();
    }
}

static struct moxd_fid play(struct script *s)
{
    return moxd_fiber_spawn("peer", send_pieces, s);
}

#define SCRIPT(p_, literal, piece_)                                                                \
    {                                                                                              \
        (p_).fd, literal, sizeof(literal) - 1, piece_                                              \
    }

IN_FIBER(reads_literals)
{
    struct pair p = pair_unix();
    static const char text[] = "hello literal)\r\nnext\r\n";
    int sink_result;

    for (size_t piece = 1; piece < sizeof(text); piece++) {
        struct sink s = { .suspend = piece % 2 };
        struct script script = SCRIPT(p, text, piece);
        struct moxd_fid f = play(&script);
        ck_assert_int_eq(moxd_stream_literal(p.st, 13, collect, &s, &sink_result), 0);
        ck_assert_int_eq(sink_result, 0);
        ck_assert_uint_eq(s.n, 13);
        ck_assert_mem_eq(s.p, "hello literal", 13);
        check_line(p.st, ")");
        check_line(p.st, "next");
        moxd_fiber_join(f, MOXD_NEVER);
    }
    struct sink none = { .n = 0 };
    ck_assert_int_eq(moxd_stream_literal(p.st, 0, collect, &none, &sink_result), 0);
    ck_assert_uint_eq(none.calls, 0);
    pair_close(&p);
}

/* The sink has enough; the rest is read all the same. */
IN_FIBER(literal_sink_fails)
{
    struct pair p = pair_unix();
    struct sink s = { .fail_after = 2 };
    struct script script = SCRIPT(p, "0123456789 next\r\n", 2);
    int sink_result;

    play(&script);
    ck_assert_int_eq(moxd_stream_literal(p.st, 10, collect, &s, &sink_result), 0);
    ck_assert_int_eq(sink_result, -42);
    ck_assert_uint_eq(s.n, 4);
    check_line(p.st, " next");
    pair_close(&p);
}

IN_FIBER(literal_is_cut_off)
{
    struct pair p = pair_unix();
    struct sink s = { .n = 0 };
    int sink_result;

    peer_puts(p.fd, "abc");
    shutdown(p.fd, SHUT_WR);
    ck_assert_int_eq(moxd_stream_literal(p.st, 10, collect, &s, &sink_result), MOXD_CLOSED);
    ck_assert_uint_eq(s.n, 3);
    pair_close(&p);
}

IN_FIBER(reads_data)
{
    struct pair p = pair_unix();
    struct moxd_data_result res;
    static const char text[] = "Subject: x\r\n\r\n..dot\r\nlf\n\r\n.\r\nQUIT\r\n";
    static const char want[] = "Subject: x\r\n\r\n.dot\r\nlf\r\n\r\n";

    for (size_t piece = 1; piece < sizeof(text); piece++) {
        struct sink s = { .suspend = piece % 2 };
        struct script script = SCRIPT(p, text, piece);
        struct moxd_fid f = play(&script);
        ck_assert_int_eq(moxd_stream_data(p.st, 1000, collect, &s, &res), 0);
        ck_assert_uint_eq(s.n, sizeof(want) - 1);
        ck_assert_mem_eq(s.p, want, sizeof(want) - 1);
        ck_assert_uint_eq(res.total, sizeof(want) - 1);
        ck_assert_uint_eq(res.bare_lf, 1);
        ck_assert_uint_eq(res.longest_line, 10);
        ck_assert_ptr_null(res.problem);
        check_line(p.st, "QUIT");
        moxd_fiber_join(f, MOXD_NEVER);
    }
    pair_close(&p);
}

IN_FIBER(data_has_a_limit)
{
    struct pair p = pair_unix();
    struct moxd_data_result res;
    struct sink s = { .n = 0 }, t = { .n = 0 };
    struct script script = SCRIPT(p, "0123456789\r\n.\r\n0123456789\r\n.\r\nRSET\r\n", 7);

    play(&script);
    ck_assert_int_eq(moxd_stream_data(p.st, 12, collect, &s, &res), 0);
    ck_assert_int_eq(moxd_stream_data(p.st, 11, collect, &t, &res), MOXD_TOOLONG);
    ck_assert_uint_le(t.n, 11);
    ck_assert_uint_eq(res.total, 12);
    check_line(p.st, "RSET");
    pair_close(&p);
}

IN_FIBER(data_sink_fails)
{
    struct pair p = pair_unix();
    struct moxd_data_result res;
    struct sink s = { .fail_after = 1 };
    struct script script = SCRIPT(p, "0123456789\r\n.\r\nRSET\r\n", 3);

    play(&script);
    ck_assert_int_eq(moxd_stream_data(p.st, 100, collect, &s, &res), 0);
    ck_assert_int_eq(res.sink_result, -42);
    ck_assert_uint_eq(s.n, 3);
    check_line(p.st, "RSET");
    pair_close(&p);
}

/* In chunks of that size, the last one with the rest or empty. */
static int read_chunks(struct pair *p, struct sink *s, size_t n, size_t size, uint64_t max,
                       struct moxd_data_result *res)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_chunks *c = moxd_chunks_new(a, max, collect, s);

    for (; n >= size; n -= size)
        (void)moxd_stream_chunk(p->st, c, size, false, res);
    return moxd_stream_chunk(p->st, c, n, true, res);
}

/* Nothing is stuffed, line ends are made good, wherever the chunks are cut. */
IN_FIBER(reads_chunks)
{
    struct pair p = pair_unix();
    struct moxd_data_result res;
    static const char text[] = "Subject: x\r\n\r\n..dot\r\n.\r\nlf\n\r\nend";
    static const char want[] = "Subject: x\r\n\r\n..dot\r\n.\r\nlf\r\n\r\nend\r\n";

    for (size_t size = 1; size < sizeof(text); size++) {
        struct sink s = { .suspend = size % 2 };
        peer_send(p.fd, text, sizeof(text) - 1);
        peer_puts(p.fd, "QUIT\r\n");
        ck_assert_int_eq(read_chunks(&p, &s, sizeof(text) - 1, size, 1000, &res), 0);
        ck_assert_uint_eq(s.n, sizeof(want) - 1);
        ck_assert_mem_eq(s.p, want, sizeof(want) - 1);
        ck_assert_uint_eq(res.total, sizeof(want) - 1);
        ck_assert_uint_eq(res.bare_lf, 1);
        ck_assert_uint_eq(res.longest_line, 10);
        check_line(p.st, "QUIT");
    }
    pair_close(&p);
}

/* What no chunk may hold, wherever it is cut; all is read. */
IN_FIBER(bad_chunks)
{
    static const char *const bad[] = { "a\rb\r\n", "a\r\n.\n", "a\n.\n", "a\n.\r\nb", "a\n.\r",
                                       "a\n.",     "a\r",      "\r",     "\r\r\n",    ".\n" };
    struct pair p = pair_unix();
    struct moxd_data_result res;

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        for (size_t size = 1; size <= strlen(bad[i]) + 1; size++) {
            struct sink s = { .n = 0 };
            peer_send(p.fd, bad[i], strlen(bad[i]));
            peer_puts(p.fd, "NOOP\r\n");
            ck_assert_msg(read_chunks(&p, &s, strlen(bad[i]), size, 1000, &res) == MOXD_BADDATA,
                          "%zu by %zu", i, size);
            ck_assert_ptr_nonnull(res.problem);
            check_line(p.st, "NOOP");
        }
    }
    struct sink s = { .n = 0 };
    peer_puts(p.fd, "0123456789\r\nNOOP\r\n");
    ck_assert_int_eq(read_chunks(&p, &s, 12, 5, 11, &res), MOXD_TOOLONG);
    ck_assert_uint_le(s.n, 11);
    check_line(p.st, "NOOP");
    pair_close(&p);
}

/* A line of tests/data/smtp-smuggling-sequences: name TAB bytes in C escapes. */
static size_t unescape(const char *in, char *out)
{
    size_t n = 0;

    for (; *in != '\0' && *in != '\n'; in++) {
        if (*in != '\\') {
            out[n++] = *in;
        } else if (*++in == 'x') {
            out[n++] = (char)strtol((char[]){ in[1], in[2], '\0' }, NULL, 16);
            in += 2;
        } else {
            ck_assert(*in == 'r' || *in == 'n');
            out[n++] = *in == 'r' ? '\r' : '\n';
        }
    }
    return n;
}

/* The sequence must not end the message, wherever it is split on its way. */
static void check_smuggling(const char *sequence, size_t n)
{
    static const char after[] = "MAIL FROM:<evil@example>\r\n.\r\nNOOP\r\n";
    char text[200] = "Subject: x\r\n\r\nbody";
    size_t head = strlen(text);

    memcpy(text + head, sequence, n);
    memcpy(text + head + n, after, sizeof(after));
    for (size_t split = head; split <= head + n + 1; split++) {
        struct pair p = pair_unix();
        struct moxd_data_result res;
        struct sink s = { .n = 0 };
        struct script first = { p.fd, text, split, split };
        struct script rest = { p.fd, text + split, head + n + sizeof(after) - 1 - split, 1000 };
        moxd_fiber_join(play(&first), MOXD_NEVER);
        play(&rest);
        ck_assert_int_eq(moxd_stream_data(p.st, 1000, collect, &s, &res), MOXD_BADDATA);
        ck_assert_ptr_nonnull(res.problem);
        check_line(p.st, "NOOP");
        pair_close(&p);
    }
}

/* proves: P-SMTP-06 */
IN_FIBER(smuggling_sequences)
{
    char path[500], line[200], sequence[100];
    const char *src = getenv("MOXD_SRCDIR");
    int count = 0;

    snprintf(path, sizeof(path), "%s/tests/data/smtp-smuggling-sequences/sequences.tsv",
             src != NULL ? src : ".");
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        char *tab = strchr(line, '\t');
        if (line[0] == '#' || tab == NULL)
            continue;
        check_smuggling(sequence, unescape(tab + 1, sequence));
        count++;
    }
    fclose(f);
    ck_assert_int_ge(count, 12);
}

struct drip {
    int fd;
    size_t burst;
    int64_t pause;
    int times;
};

static void drip(void *arg)
{
    const struct drip *d = arg;
    static char x[4096];

    for (int i = 0; i < d->times; i++) {
        peer_send(d->fd, x, d->burst);
        for (int k = 0; k < 4; k++)
            moxd_yield();
        moxd_clock_step(d->pause);
        for (int k = 0; k < 4; k++)
            moxd_yield();
    }
}

static int discard(void *arg, const char *p, size_t n)
{
    (void)p;
    *(size_t *)arg += n;
    return 0;
}

static int read_dripping(struct drip d, uint64_t want)
{
    struct pair p = pair_unix();
    size_t got = 0;
    int sink_result;

    d.fd = p.fd;
    moxd_stream_timeouts(p.st, 10 * MOXD_SEC, MOXD_NEVER);
    struct moxd_fid f = moxd_fiber_spawn("peer", drip, &d);
    int r = moxd_stream_literal(p.st, want, discard, &got, &sink_result);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert(r < 0 || got == want);
    pair_close(&p);
    return r;
}

/* Each read may take the timeout, if what comes is worth it. */
IN_FIBER(slow_bulk_data)
{
    /* 8 s between pieces of 4096 bytes: for ever. */
    ck_assert_int_eq(
        read_dripping((struct drip){ .burst = 4096, .pause = 8 * MOXD_SEC, .times = 20 }, 81920),
        0);
    /* Longer than the timeout once. */
    ck_assert_int_eq(
        read_dripping((struct drip){ .burst = 4096, .pause = 11 * MOXD_SEC, .times = 3 }, 12288),
        MOXD_TIMEOUT);
    /* A few bytes now and then, each in time. */
    ck_assert_int_eq(
        read_dripping((struct drip){ .burst = 3, .pause = 8 * MOXD_SEC, .times = 20 }, 60),
        MOXD_TIMEOUT);
}

UNIT_MAIN("stream data", reads_literals, literal_sink_fails, literal_is_cut_off, reads_data,
          data_has_a_limit, data_sink_fails, reads_chunks, bad_chunks, smuggling_sequences,
          slow_bulk_data)
