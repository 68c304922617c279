/* Streams: TCP or socketpair, plain or TLS, with the readers that mail protocols need. Owned by the
 * fiber that uses it (one reader and one writer fiber at most). Every call that may wait uses the
 * stream's timeouts (moxd_stream_timeouts) and returns one of moxd_wait or of the errors below. */
#ifndef MOXD_STREAM_H
#define MOXD_STREAM_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <sys/socket.h>

enum moxd_stream_result {
    MOXD_IOERR = -4,   /* connection reset and the like */
    MOXD_TOOLONG = -5, /* the line or data was over its limit; it was skipped */
    MOXD_TLSERR = -6,  /* handshake or record failure; moxd_stream_error has the text */
    MOXD_BADDATA = -7, /* bare CR or LF, NUL or a false end of data in moxd_stream_data */
    MOXD_STOPPED = -8, /* the server stops, and a line or a handshake was not complete */
};

struct moxd_stream;
struct moxd_tls;     /* moxd/tls.h: server side configuration with certificates */

/* Takes ownership of fd (made non-blocking). */
struct moxd_stream *moxd_stream_new(int fd);
/* Sends what is buffered without waiting, TLS close_notify, closes, frees. NULL is fine. */
void moxd_stream_close(struct moxd_stream *st);
/* Read timeout: from the call to the last byte that the call needs. Write timeout: without any
 * progress. In ns; default 5 minutes both. */
void moxd_stream_timeouts(struct moxd_stream *st, int64_t read_ns, int64_t write_ns);

/* Reads a line up to LF. *line is without CRLF/LF, NUL-terminated, in the stream's buffer, valid
 * until the next read. `max` counts the bytes without the line end; an over-long line is skipped to its end and
 * gives MOXD_TOOLONG. >= 0 is the length. *crlf (may be NULL) tells whether it ended in CRLF.
 * NUL bytes are part of the line: check the length. MOXD_STOPPED: no whole line is there, and the server
 * is stopping; the session is to say goodbye. */
long moxd_stream_line(struct moxd_stream *st, struct moxd_str *line, size_t max, bool *crlf)
    MOXD_SUSPENDS;
/* Reads 1..n bytes / exactly n bytes (0, or the error). */
long moxd_stream_read(struct moxd_stream *st, void *p, size_t n) MOXD_SUSPENDS;
int moxd_stream_readn(struct moxd_stream *st, void *p, size_t n) MOXD_SUSPENDS;
/* Reads exactly n bytes into sink; a sink result < 0 (an error of its own, not mixed with stream
 * errors) stops calls to sink but all n bytes are read; it is returned in *sink_result. */
typedef int moxd_sink_fn(void *arg, const char *p, size_t n) MOXD_SUSPENDS;
int moxd_stream_literal(struct moxd_stream *st, uint64_t n, moxd_sink_fn *sink, void *arg,
                        int *sink_result) MOXD_SUSPENDS;
/* Reads SMTP DATA (RFC 5321 4.5.2): removes dot-stuffing, ends only at CRLF.CRLF, hands the message
 * (with CRLF line ends) to sink. Bare LF is passed as CRLF and counted in *bare_lf; bare CR, and any
 * bare-LF form around a lone dot (smuggling), reads on to the true end and gives MOXD_BADDATA. More
 * than max bytes: reads on, gives MOXD_TOOLONG. *total: bytes handed to sink or more. */
struct moxd_data_result {
    uint64_t total;
    uint64_t bare_lf;
    const char *problem; /* for MOXD_BADDATA: a literal that says what was wrong */
    int sink_result;
    uint64_t longest_line;
};
int moxd_stream_data(struct moxd_stream *st, uint64_t max, moxd_sink_fn *sink, void *arg,
                     struct moxd_data_result *res) MOXD_SUSPENDS;

/* The same for a message that comes in chunks of known size (RFC 3030 2), in the arena: nothing is stuffed, a
 * line with only a dot is one like any other, line ends are as in moxd_stream_data. */
struct moxd_chunks;
struct moxd_chunks *moxd_chunks_new(struct moxd_arena *a, uint64_t max, moxd_sink_fn *sink,
                                    void *arg);
/* Reads a chunk of n bytes, all of them whatever the result; the last one ends an open line with CRLF. The result
 * is that of moxd_stream_data for what has come so far. */
int moxd_stream_chunk(struct moxd_stream *st, struct moxd_chunks *c, uint64_t n, bool last,
                      struct moxd_data_result *res) MOXD_SUSPENDS;

/* Writes are buffered and go out when 16 KiB are collected or at moxd_stream_flush; back-pressure
 * waits. After an error all later writes fail alike. */
int moxd_stream_write(struct moxd_stream *st, const void *p, size_t n) MOXD_SUSPENDS;
int moxd_stream_puts(struct moxd_stream *st, const char *s) MOXD_SUSPENDS;
int moxd_stream_printf(struct moxd_stream *st, const char *fmt, ...) MOXD_PRINTF(2, 3)
    MOXD_SUSPENDS;
int moxd_stream_flush(struct moxd_stream *st) MOXD_SUSPENDS;
/* Slow mode for abusers: one byte per write, 1 s before each read (P-SMTP-11). */
void moxd_stream_slow(struct moxd_stream *st, bool on);

/* Waits for input or a poke of the calling fiber (moxd_poke): 1 input is there (or end of stream or
 * an error that the next read will report), 0 poked, else MOXD_TIMEOUT/MOXD_CANCELLED. Flushes first; trims the
 * stack and releases buffers while it waits long. */
int moxd_stream_wait(struct moxd_stream *st, int64_t deadline) MOXD_SUSPENDS;
size_t moxd_stream_buffered(const struct moxd_stream *st); /* readable without a system call */

/* Ends waits for lines and TLS handshakes, now and later, with MOXD_STOPPED. Reading of literals and
 * messages goes on: what was begun may be finished. Core calls it for all sessions when it stops. */
void moxd_stream_stop(struct moxd_stream *st);
/* While on, waits for lines go on too: for the rest of a command that may still be finished. */
void moxd_stream_shield(struct moxd_stream *st, bool on);

/* TLS. Server: flushes, discards plaintext that was pipelined (*discarded tells how many bytes),
 * then the handshake. 0 or an error. Client: name is for SNI and certificate check. */
int moxd_stream_tls_accept(struct moxd_stream *st, struct moxd_tls *tls, size_t *discarded)
    MOXD_SUSPENDS;
struct moxd_tls_client {
    const char *name;      /* SNI and reference identity */
    bool verify;           /* PKIX with system and configured CAs */
    const char *ca_file;   /* extra CA file, or NULL */
    const char *sni;       /* instead of the name; or NULL */
    bool report;           /* with verify: what is wrong with the certificate does not end the handshake,
                              moxd_stream_tls_fault tells it */
    const char *resume;    /* sessions are kept under this key and resumed, up to a limit of the process: whom it
                              is with and all that it was verified by; or NULL. What was found out about the
                              certificate when the session began holds in it */
    const struct moxd_tls_identity *identity; /* shown when the server asks for a certificate; or NULL. Not together
                                                 with resume */
};
int moxd_stream_tls_connect(struct moxd_stream *st, const struct moxd_tls_client *c) MOXD_SUSPENDS;
/* What PKIX says of the server's certificate, also after a handshake that failed because of it. */
enum moxd_tls_fault {
    MOXD_TLS_FINE,
    MOXD_TLS_UNVERIFIED,    /* nobody looked, there is no TLS, or no certificate */
    MOXD_TLS_HOST_MISMATCH, /* it is for other names */
    MOXD_TLS_EXPIRED,       /* it, or one above it; or not valid yet */
    MOXD_TLS_NOT_TRUSTED,   /* all else */
};
enum moxd_tls_fault moxd_stream_tls_fault(const struct moxd_stream *st);
const char *moxd_stream_tls_fault_text(const struct moxd_stream *st); /* OpenSSL's words for it; "" when FINE */
/* The server's certificates as it sent them, in DER, its own first: at most MOXD_TLS_CHAIN_MAX, in the arena. Their
 * number. */
enum { MOXD_TLS_CHAIN_MAX = 16 };
size_t moxd_stream_tls_chain(const struct moxd_stream *st, struct moxd_arena *a,
                             struct moxd_str **out);
bool moxd_stream_tls_resumed(const struct moxd_stream *st);
/* What `resume` keeps of this connection shall not be resumed, now and later. */
void moxd_stream_tls_forget(struct moxd_stream *st);
bool moxd_stream_is_tls(const struct moxd_stream *st);
/* "TLSv1.3", "TLS_AES_256_GCM_SHA384"; NULL when plain. */
const char *moxd_stream_tls_version(const struct moxd_stream *st);
const char *moxd_stream_tls_cipher(const struct moxd_stream *st);
const char *moxd_stream_tls_sni(const struct moxd_stream *st);
/* Channel binding data for SASL: "tls-exporter" (RFC 9266) and "tls-unique" (RFC 5929, TLS 1.2
 * only). 0, or -1 when there is none. */
int moxd_stream_tls_binding(struct moxd_stream *st, const char *type, struct moxd_buf *out)
    MOXD_CHECKED;
/* SHA-256 of the client certificate's SubjectPublicKeyInfo; -1 without one. */
int moxd_stream_tls_client_key(const struct moxd_stream *st, unsigned char out[32]) MOXD_CHECKED;
const char *moxd_stream_error(const struct moxd_stream *st); /* detail of the last error, or "" */

/* Compression in both directions (RFC 4978), beneath which TLS may be: flushes, and from then on inflates what
 * comes, beginning with what is in the buffer, and deflates what is written; each flush is one of the
 * compression too. 0 or an error. It cannot be undone. While nothing flows it costs what the window needs
 * that the peer may refer to: as much as it has sent, at most 32 KiB. */
int moxd_stream_deflate(struct moxd_stream *st) MOXD_SUSPENDS;
bool moxd_stream_is_deflated(const struct moxd_stream *st);
size_t moxd_stream_deflate_memory(const struct moxd_stream *st); /* bytes that it holds now */

int moxd_stream_fd(const struct moxd_stream *st);
const struct sockaddr *moxd_stream_peer(const struct moxd_stream *st);
const struct sockaddr *moxd_stream_local(const struct moxd_stream *st);
/* Whose connection it is, when a proxy passes it on: what the two above say from now on. IPv4 or IPv6. */
void moxd_stream_set_addresses(struct moxd_stream *st, const struct sockaddr *peer,
                               const struct sockaddr *local);
void moxd_stream_counts(const struct moxd_stream *st, uint64_t *in, uint64_t *out);

/* Connects TCP to one address; NULL and *err on failure. */
struct moxd_stream *moxd_stream_connect(const struct sockaddr *to, socklen_t len,
                                        int64_t deadline, struct moxd_err *err) MOXD_SUSPENDS;
/* The same from an address of this machine of the same family; its port may be 0. NULL: any. */
struct moxd_stream *moxd_stream_connect_from(const struct sockaddr *from, const struct sockaddr *to,
                                             int64_t deadline, struct moxd_err *err) MOXD_SUSPENDS;
/* The protocol that ALPN chose (RFC 7301), empty without; lives as long as the stream. */
struct moxd_str moxd_stream_alpn(const struct moxd_stream *st);
/* "192.0.2.1", "2001:db8::1", "unix" into out[64]; port of it. */
const char *moxd_addr_ip(const struct sockaddr *sa, char out[64]);
unsigned moxd_addr_port(const struct sockaddr *sa);
/* "192.0.2.1" or "2001:db8::1" with that port; the length of what is in *out, or 0: it is no IP address. */
socklen_t moxd_addr_parse(const char *text, unsigned port, struct sockaddr_storage *out);
/* Of IPv4 and IPv6; others have none. */
void moxd_addr_set_port(struct sockaddr_storage *ss, unsigned port);
bool moxd_addr_is_loopback(const struct sockaddr *sa);

#endif
