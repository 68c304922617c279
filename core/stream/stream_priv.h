/* The inside of a stream.
 *
 *   input.c   the input buffer and the readers of bytes    read_line.c, read_data.c   their users
 *   output.c  the output buffer                            io.c     system calls, OpenSSL, waiting
 *   deflate.c compression, between the buffers and io.c
 *   stream.c  life and facts                               secure.c handshakes, facts about TLS */
#ifndef MOXD_CORE_STREAM_PRIV_H
#define MOXD_CORE_STREAM_PRIV_H

#include "fiber/fiber_priv.h"
#include "stream/deflate.h"

#include <ev.h>
#include <moxd/stream.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

enum {
    CORE_STREAM_IN_MIN = 1024,       /* first size of an input buffer */
    CORE_STREAM_CHUNK = 16 * 1024,   /* a TLS record: no read or write gains from more */
    CORE_STREAM_BURST = 256 * 1024,  /* bytes read or written without a wait, then others run */
    CORE_STREAM_LINES = 32,          /* lines handed out without a wait: each may be a command */
    CORE_STREAM_BULK_RATE = 256,     /* bytes/s that a sender of bulk data must reach on average,
                                        after one read timeout: slower ones only hold a session */
    CORE_STREAM_LINGER = 256 * 1024, /* unread input that close throws away: closing with input
                                        unread makes the system reset the connection, and the peer
                                        may lose our last words */
};
#define CORE_STREAM_TIMEOUT (300 * MOXD_SEC)  /* default of both */
#define CORE_STREAM_HANDSHAKE (60 * MOXD_SEC) /* a whole TLS handshake */
#define CORE_STREAM_IDLE_AFTER (MOXD_SEC / 5) /* then a waiting fiber's stack is trimmed */
#define CORE_STREAM_SLOW_READ MOXD_SEC        /* P-SMTP-11 */

/* What one attempt to read or write says when it has to wait. */
enum { CORE_WANT_READ = -100, CORE_WANT_WRITE = -101 };

union core_addr {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

struct moxd_stream {
    int fd;
    SSL *ssl;     /* NULL: plain */
    ev_io rd, wr; /* rd stays started, and stops itself when nobody waits */
    bool rd_on, wr_on;
    bool slow;
    bool ticket_due; /* nothing was written since a TLS handshake as server */
    bool verified;   /* as client: PKIX looked at the server's certificate */
    bool stopping;   /* moxd_stream_stop */
    bool shielded;   /* moxd_stream_shield */
    bool flushing;   /* a fiber is in flush, and may be suspended there */
    bool broken;     /* TLS failed: no close_notify, nothing more is sent or read */
    int read_error;  /* sticky; 0: none. MOXD_CLOSED: end of stream */
    int write_error; /* sticky */
    struct moxd_waitq readable, writable, flushed;
    char *in;                    /* NULL while there is nothing in it for long */
    size_t in_off, in_n, in_cap; /* data is in[in_off..in_n) */
    char *out;
    size_t out_off, out_n, out_cap;
    int64_t read_timeout, write_timeout;
    uint64_t count_in, count_out;
    size_t burst_in, burst_out; /* since the last wait */
    unsigned lines;             /* since the last wait or yield */
    struct core_deflate *z;     /* compression; NULL: none */
    char *error;                /* detail of the last error; NULL: none */
    union core_addr peer, local;
};

/* io.c: one attempt. > 0 bytes, CORE_WANT_*, or an error, which is set in the stream too. Reading inflates;
 * what is written is compressed already. */
long core_stream_try_read(struct moxd_stream *st, void *p, size_t n);
long core_stream_try_write(struct moxd_stream *st, const void *p, size_t n);
/* Waits for what CORE_WANT_* says: 1, or an error of waiting; with `poke`, 0 when the fiber was poked. */
int core_stream_wait_io(struct moxd_stream *st, int want, int64_t deadline,
                        bool poke) MOXD_SUSPENDS;
/* Keeps a text for moxd_stream_error; returns `result`. */
int core_stream_fail(struct moxd_stream *st, int result, const char *text);
/* The same from OpenSSL's queue, which it empties, or else from errno. */
int core_stream_fail_tls(struct moxd_stream *st, int ssl_error);

/* input.c: adds at least one byte to the input. > 0, or an error. */
long core_stream_fill(struct moxd_stream *st, int64_t deadline) MOXD_SUSPENDS;
/* The same for a line: MOXD_STOPPED when there is nothing to read and the server stops. */
long core_stream_fill_line(struct moxd_stream *st, int64_t deadline) MOXD_SUSPENDS;
static inline size_t core_stream_have(const struct moxd_stream *st)
{
    return st->in_n - st->in_off;
}
static inline const char *core_stream_data(const struct moxd_stream *st)
{
    return st->in != NULL ? st->in + st->in_off : "";
}
void core_stream_drop_input(struct moxd_stream *st);
/* Whether something written was not sent yet. */
bool core_stream_unsent(const struct moxd_stream *st);
/* What is to be sent next, compressed when that is so: in the stream until core_stream_advance says how much of
 * it was sent. */
struct moxd_str core_stream_next_out(struct moxd_stream *st);
void core_stream_advance(struct moxd_stream *st, size_t n);
/* Gives back buffers that hold nothing. */
void core_stream_release(struct moxd_stream *st);

/* Bulk data: each read may take the read timeout; all together, what BULK_RATE allows. */
struct core_pace {
    int64_t waited; /* ns */
    uint64_t bytes;
};
long core_stream_fill_paced(struct moxd_stream *st, struct core_pace *pace) MOXD_SUSPENDS;

#endif
