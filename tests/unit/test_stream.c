/* Streams without TLS: lines, bytes, writes, waiting, timeouts. Bulk readers: test_stream_data.c */
#include "peer.h"

#include <errno.h>
#include <pthread.h>
#include <sys/un.h>

IN_FIBER(reads_lines)
{
    struct pair p = pair_unix();
    struct moxd_str line;
    bool crlf;

    peer_puts(p.fd, "EHLO a\r\nbare\n\r\na\0b\r\nrest");
    check_line(p.st, "EHLO a");
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, &crlf), 4);
    ck_assert(!crlf);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, &crlf), 0);
    ck_assert(crlf);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, NULL), 3);
    ck_assert_mem_eq(line.p, "a\0b", 4);
    ck_assert_uint_eq(moxd_stream_buffered(p.st), 4);
    shutdown(p.fd, SHUT_WR);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, NULL), MOXD_CLOSED);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, NULL), MOXD_CLOSED);
    pair_close(&p);
}

static void send_bytewise(void *arg)
{
    static const char text[] = "one byte\r\nat a time\n";

    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        peer_send(*(int *)arg, text + i, 1);
        moxd_yield();
        moxd_yield();
    }
}

IN_FIBER(reads_lines_byte_by_byte)
{
    struct pair p = pair_unix();

    moxd_fiber_spawn("peer", send_bytewise, &p.fd);
    check_line(p.st, "one byte");
    check_line(p.st, "at a time");
    pair_close(&p);
}

static void send_long_lines(void *arg)
{
    char x[3000];

    memset(x, 'x', sizeof(x));
    for (int i = 0; i < 50; i++)
        peer_send(*(int *)arg, x, sizeof(x));
    peer_puts(*(int *)arg, "\r\nnext\r\n");
    for (int i = 0; i < 50; i++)
        peer_send(*(int *)arg, x, sizeof(x));
    peer_puts(*(int *)arg, "\r\nlast\r\n");
}

IN_FIBER(skips_long_lines)
{
    struct pair p = pair_unix();
    struct moxd_str line;

    moxd_fiber_spawn("peer", send_long_lines, &p.fd);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 1000, NULL), MOXD_TOOLONG);
    check_line(p.st, "next");
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 150000, NULL), 150000);
    ck_assert_int_eq(line.p[149999], 'x');
    ck_assert_int_eq(line.p[150000], '\0');
    check_line(p.st, "last");
    pair_close(&p);
}

static void send_numbers(void *arg)
{
    char text[16];

    for (int i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "%08d", i);
        peer_send(*(int *)arg, text, 8);
    }
}

IN_FIBER(reads_bytes)
{
    struct pair p = pair_unix();
    char text[9] = "", rest[8];

    moxd_fiber_spawn("peer", send_numbers, &p.fd);
    for (int i = 0; i < 4999; i++) {
        ck_assert_int_eq(moxd_stream_readn(p.st, text, 8), 0);
        ck_assert_int_eq(atoi(text), i);
    }
    ck_assert_int_eq(moxd_stream_read(p.st, text, 3), 3);
    ck_assert_int_eq(moxd_stream_read(p.st, text, 8), 5);
    ck_assert_int_eq(moxd_stream_read(p.st, text, 0), 0);
    peer_puts(p.fd, "ab");
    shutdown(p.fd, SHUT_WR);
    ck_assert_int_eq(moxd_stream_readn(p.st, rest, 8), MOXD_CLOSED);
    ck_assert_int_eq(moxd_stream_read(p.st, rest, 8), MOXD_CLOSED);
    pair_close(&p);
}

/* The peer has said all it will say, and still wants to hear the answers. */
IN_FIBER(half_closed_peer)
{
    struct pair p = pair_tcp();
    char reply[32];

    peer_puts(p.fd, "A\r\nB\r\n");
    shutdown(p.fd, SHUT_WR);
    check_line(p.st, "A");
    check_line(p.st, "B");
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    ck_assert_int_eq(moxd_stream_puts(p.st, "answer"), 0);
    ck_assert_int_eq(moxd_stream_flush(p.st), 0);
    moxd_stream_close(p.st);
    ck_assert_uint_eq(peer_recv(p.fd, reply, sizeof(reply)), 6);
    ck_assert_mem_eq(reply, "answer", 6);
    close(p.fd);
}

/* Input that nobody read must not make the system reset the connection under our last words. */
IN_FIBER(close_delivers_the_last_words)
{
    struct pair p = pair_tcp();
    char reply[32], flood[1000] = "";

    for (int i = 0; i < 50; i++)
        peer_send(p.fd, flood, sizeof(flood));
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    ck_assert_int_eq(moxd_stream_puts(p.st, "421 bye\r\n"), 0);
    moxd_stream_close(p.st);
    ck_assert_uint_eq(peer_recv(p.fd, reply, sizeof(reply)), 9);
    close(p.fd);
    moxd_stream_close(NULL);
}

enum { FLOOD = 5 * 1024 * 1024 };

static void read_flood(void *arg)
{
    static char piece[7000];
    size_t n = 0, k;

    while ((k = peer_recv(*(int *)arg, piece, sizeof(piece))) > 0) {
        size_t same = 0;
        for (; same < k && piece[same] == (char)(n % 251); same++)
            n++;
        ck_assert_uint_eq(same, k); /* once: each assertion costs a write to a pipe */
        moxd_yield();
    }
    ck_assert_uint_eq(n, FLOOD);
    note("all");
}

IN_FIBER(writes_with_back_pressure)
{
    struct pair p = pair_unix();
    char piece[1003];
    uint64_t in, out;
    struct moxd_fid f = moxd_fiber_spawn("peer", read_flood, &p.fd);

    for (size_t n = 0; n < FLOOD;) {
        size_t k = FLOOD - n < sizeof(piece) ? FLOOD - n : sizeof(piece);
        for (size_t i = 0; i < k; i++, n++)
            piece[i] = (char)(n % 251);
        ck_assert_int_eq(moxd_stream_write(p.st, piece, k), 0);
    }
    ck_assert_int_eq(moxd_stream_flush(p.st), 0);
    moxd_stream_counts(p.st, &in, &out);
    ck_assert_uint_eq(in, 0);
    ck_assert_uint_eq(out, FLOOD);
    moxd_stream_close(p.st);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_str_eq(trace, "all");
    close(p.fd);
}

IN_FIBER(prints)
{
    struct pair p = pair_unix();
    static char big[5000], got[6000];

    memset(big, 'b', sizeof(big) - 1);
    ck_assert_int_eq(moxd_stream_printf(p.st, "%d %s\r\n", 250, "OK"), 0);
    ck_assert_int_eq(moxd_stream_printf(p.st, "<%s>", big), 0);
    ck_assert_int_eq(moxd_stream_flush(p.st), 0);
    ck_assert_uint_eq(peer_recv(p.fd, got, 8 + 5001), 8 + 5001);
    ck_assert_mem_eq(got, "250 OK\r\n<bbb", 12);
    ck_assert_mem_eq(got + 8 + 4990, "bbbbbbbbbb>", 11);
    pair_close(&p);
}

IN_FIBER(write_errors_stay)
{
    struct pair p = pair_unix();
    struct moxd_str line;
    int r = 0;

    close(p.fd);
    p.fd = -1;
    for (int i = 0; i < 10 && r == 0; i++) {
        ck_assert_int_eq(moxd_stream_puts(p.st, "x"), 0);
        r = moxd_stream_flush(p.st);
    }
    ck_assert_int_eq(r, MOXD_IOERR);
    ck_assert_str_eq(moxd_stream_error(p.st), strerror(EPIPE));
    ck_assert_int_eq(moxd_stream_puts(p.st, "x"), MOXD_IOERR);
    ck_assert_int_eq(moxd_stream_flush(p.st), MOXD_IOERR);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    ck_assert_int_lt(moxd_stream_line(p.st, &line, 10, NULL), 0);
    pair_close(&p);
}

static void fill_up(struct pair *p)
{
    static char junk[100000];

    ck_assert_int_eq(moxd_stream_write(p->st, junk, sizeof(junk)), MOXD_TIMEOUT);
}

static void step_minutes(void *arg)
{
    for (int i = 0; i < 20; i++) {
        moxd_yield();
        moxd_clock_step(*(int64_t *)arg);
    }
}

IN_FIBER(write_timeout)
{
    struct pair p = pair_unix();
    int64_t minute = 60 * MOXD_SEC;
    int small = 4096;

    setsockopt(moxd_stream_fd(p.st), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    struct moxd_fid f = moxd_fiber_spawn("step", step_minutes, &minute);
    fill_up(&p);
    ck_assert_int_eq(moxd_stream_puts(p.st, "x"), MOXD_TIMEOUT);
    moxd_fiber_join(f, MOXD_NEVER);
    pair_close(&p);
}

struct dripping {
    int fd;
    int64_t step;
    const char *text;
};

static void drip(void *arg)
{
    const struct dripping *d = arg;

    for (const char *q = d->text; *q != '\0'; q++) {
        peer_send(d->fd, q, 1);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(moxd_yield(), MOXD_OK);
        moxd_clock_step(d->step);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(moxd_yield(), MOXD_OK);
    }
}

/* The time runs from the call to the last byte: who sends a byte now and then gains nothing. */
IN_FIBER(line_timeout_is_total)
{
    struct pair p = pair_unix();
    struct dripping slow = { p.fd, 4 * MOXD_SEC, "abc\n" }, quick = { p.fd, 2 * MOXD_SEC, "ab\n" };
    struct moxd_str line;

    moxd_stream_timeouts(p.st, 10 * MOXD_SEC, MOXD_NEVER);
    struct moxd_fid f = moxd_fiber_spawn("peer", drip, &quick);
    check_line(p.st, "ab");
    moxd_fiber_join(f, MOXD_NEVER);
    f = moxd_fiber_spawn("peer", drip, &slow);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 10, NULL), MOXD_TIMEOUT);
    moxd_fiber_join(f, MOXD_NEVER);
    check_line(p.st, "abc");
    pair_close(&p);
}

static void send_late(void *arg)
{
    moxd_yield();
    moxd_yield();
    peer_puts(*(int *)arg, "late\r\n");
}

static void poke(void *arg)
{
    moxd_yield();
    moxd_yield();
    moxd_poke(*(struct moxd_fid *)arg);
}

IN_FIBER(waits_for_input_or_poke)
{
    struct pair p = pair_unix();
    struct moxd_fid self = moxd_fiber_self();

    ck_assert_int_eq(moxd_stream_wait(p.st, moxd_deadline(MOXD_MS)), MOXD_TIMEOUT);
    moxd_fiber_spawn("peer", send_late, &p.fd);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    check_line(p.st, "late");
    moxd_fiber_spawn("poke", poke, &self);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 0);
    ck_assert_int_eq(moxd_stream_wait(p.st, 0), MOXD_TIMEOUT);
    moxd_poke(self);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 0);
    close(p.fd);
    p.fd = -1;
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    pair_close(&p);
}

static void stop(void *arg)
{
    moxd_yield();
    moxd_yield();
    moxd_stream_stop(arg);
}

/* What is there is read; who would wait for a line is told, but not in the middle of a command. */
IN_FIBER(stopping_ends_waits_for_lines)
{
    struct pair p = pair_unix();
    struct moxd_str line;
    char rest[4];

    peer_puts(p.fd, "half");
    moxd_fiber_spawn("stop", stop, p.st);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 10, NULL), MOXD_STOPPED);
    peer_puts(p.fd, " line\nand");
    check_line(p.st, "half line");
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 10, NULL), MOXD_STOPPED);
    moxd_fiber_spawn("peer", send_late, &p.fd);
    ck_assert_int_eq(moxd_stream_readn(p.st, rest, sizeof(rest)), 0);
    ck_assert_mem_eq(rest, "andl", 4);
    check_line(p.st, "ate");
    moxd_stream_shield(p.st, true);
    moxd_fiber_spawn("peer", send_late, &p.fd);
    check_line(p.st, "late");
    moxd_stream_shield(p.st, false);
    ck_assert_int_eq(moxd_stream_line(p.st, &line, 10, NULL), MOXD_STOPPED);
    pair_close(&p);
}

static void wait_in_vain(void *arg)
{
    struct pair *p = arg;
    struct moxd_str line;

    note(moxd_wait_name(moxd_stream_wait(p->st, MOXD_NEVER)));
    note(moxd_wait_name((int)moxd_stream_line(p->st, &line, 10, NULL)));
    moxd_fiber_shield();
    ck_assert_int_eq(moxd_stream_puts(p->st, "BYE"), 0);
    ck_assert_int_eq(moxd_stream_flush(p->st), 0);
    moxd_fiber_unshield();
}

IN_FIBER(cancelled_reader_says_goodbye)
{
    struct pair p = pair_unix();
    char text[3];
    struct moxd_fid f = moxd_fiber_spawn("reader", wait_in_vain, &p);

    moxd_yield();
    moxd_yield();
    moxd_fiber_cancel(f);
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_str_eq(trace, "cancelledcancelled");
    ck_assert_uint_eq(peer_recv(p.fd, text, 3), 3);
    pair_close(&p);
}

/* A peer that waits for our reply gets it before we wait for its next line. */
static void converse(void *arg)
{
    char text[4];

    ck_assert_uint_eq(peer_recv(*(int *)arg, text, 4), 4);
    peer_puts(*(int *)arg, "next\r\n");
}

IN_FIBER(readers_flush_before_they_wait)
{
    struct pair p = pair_unix();

    moxd_fiber_spawn("peer", converse, &p.fd);
    ck_assert_int_eq(moxd_stream_puts(p.st, "250\n"), 0);
    check_line(p.st, "next");
    moxd_fiber_spawn("peer", converse, &p.fd);
    ck_assert_int_eq(moxd_stream_puts(p.st, "250\n"), 0);
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    check_line(p.st, "next");
    pair_close(&p);
}

static void write_flood(void *arg)
{
    struct pair *p = arg;

    int r = 0;

    for (size_t n = 0; n < FLOOD && r == 0; n++) {
        char c = (char)(n % 251);
        r = moxd_stream_write(p->st, &c, 1);
    }
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(moxd_stream_flush(p->st), 0);
    shutdown(moxd_stream_fd(p->st), SHUT_WR);
}

static void send_many_lines(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        peer_puts(*(int *)arg, "line\r\n");
        moxd_yield();
    }
}

/* One fiber reads lines, and flushes what it finds, while another one writes. */
IN_FIBER(reads_and_writes_at_once)
{
    struct pair p = pair_unix();
    struct moxd_fid peer_reads = moxd_fiber_spawn("peer reads", read_flood, &p.fd);
    struct moxd_fid peer_sends = moxd_fiber_spawn("peer sends", send_many_lines, &p.fd);
    struct moxd_fid writer = moxd_fiber_spawn("writer", write_flood, &p);

    for (int i = 0; i < 2000; i++)
        check_line(p.st, "line");
    moxd_fiber_join(writer, MOXD_NEVER);
    moxd_fiber_join(peer_sends, MOXD_NEVER);
    moxd_fiber_join(peer_reads, MOXD_NEVER);
    pair_close(&p);
}

static void *flood_lines(void *arg)
{
    static char text[64 * 1024];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(text); i += 8)
        memcpy(text + i, "NOOP 1\r\n", 8);
    while (n < 4 * FLOOD) {
        ssize_t k = write(*(int *)arg, text, sizeof(text));
        n += k > 0 ? (size_t)k : 0;
    }
    return NULL;
}

static void count_turns(void *arg)
{
    while (moxd_yield() == MOXD_OK)
        ++*(long *)arg;
}

/* A peer that always has more to say does not keep the others from running. */
IN_FIBER(floods_are_interrupted)
{
    struct pair p = pair_unix();
    struct moxd_str line;
    pthread_t t;
    long turns = 0, n = 0, bad = 0;

    fcntl(p.fd, F_SETFL, 0);
    ck_assert_int_eq(pthread_create(&t, NULL, flood_lines, &p.fd), 0);
    struct moxd_fid f = moxd_fiber_spawn("turns", count_turns, &turns);
    for (; n < 4 * FLOOD / 8; n++)
        bad +=
            moxd_stream_wait(p.st, MOXD_NEVER) != 1 || moxd_stream_line(p.st, &line, 10, NULL) != 6;
    pthread_join(t, NULL);
    ck_assert_int_eq(bad, 0);
    ck_assert_int_ge(turns, 4 * FLOOD / (512 * 1024));
    moxd_fiber_cancel(f);
    pair_close(&p);
}

/* Nor does one whose lines are short, however much of them is here already. */
IN_FIBER(lines_take_turns)
{
    enum { LINES = 4000 };
    struct pair p = pair_unix();
    char text[2 * LINES];
    struct moxd_str line;
    long turns = 0;

    for (int i = 0; i < LINES; i++)
        memcpy(text + 2 * i, "x\n", 2);
    peer_send(p.fd, text, sizeof(text));
    struct moxd_fid f = moxd_fiber_spawn("turns", count_turns, &turns);
    for (int i = 0; i < LINES; i++)
        ck_assert_int_eq(moxd_stream_line(p.st, &line, 4, NULL), 1);
    ck_assert_int_ge(turns, LINES / 100);
    moxd_fiber_cancel(f);
    pair_close(&p);
}

static void step_seconds(void *arg)
{
    (void)arg;
    while (moxd_yield() == MOXD_OK)
        moxd_clock_step(MOXD_SEC / 4);
}

/* proves: P-SMTP-11 */
IN_FIBER(slow_mode)
{
    struct pair p = pair_tcp();
    char c[100];

    moxd_stream_slow(p.st, true);
    peer_puts(p.fd, "a\r\n");
    struct moxd_fid f = moxd_fiber_spawn("step", step_seconds, NULL);
    int64_t before = moxd_mono();
    check_line(p.st, "a");
    ck_assert(moxd_mono() - before >= MOXD_SEC);
    peer_puts(p.fd, "b\r\n");
    before = moxd_mono();
    ck_assert_int_eq(moxd_stream_wait(p.st, MOXD_NEVER), 1);
    ck_assert(moxd_mono() - before >= MOXD_SEC);
    check_line(p.st, "b");
    moxd_fiber_cancel(f);
    ck_assert_int_eq(moxd_stream_puts(p.st, "slow"), 0);
    ck_assert_int_eq(moxd_stream_flush(p.st), 0);
    ck_assert_uint_eq(peer_recv(p.fd, c, 4), 4);
    ck_assert_mem_eq(c, "slow", 4);
    moxd_stream_slow(p.st, false);
    pair_close(&p);
}

UNIT_MAIN("stream", reads_lines, reads_lines_byte_by_byte, skips_long_lines, lines_take_turns,
          reads_bytes, half_closed_peer, close_delivers_the_last_words, writes_with_back_pressure,
          prints, write_errors_stay, write_timeout, line_timeout_is_total, waits_for_input_or_poke,
          stopping_ends_waits_for_lines, cancelled_reader_says_goodbye,
          readers_flush_before_they_wait, reads_and_writes_at_once, floods_are_interrupted,
          slow_mode)
