#include "stream/stream_priv.h"
#include "tls/tls_priv.h"

#include <errno.h>
#include <moxd/loop.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

int core_stream_fail(struct moxd_stream *st, int result, const char *text)
{
    free(st->error);
    st->error = moxd_xstrdup(text);
    return result;
}

static int fail_errno(struct moxd_stream *st, int error)
{
    char text[128];

    return core_stream_fail(st, MOXD_IOERR, strerror_r(error, text, sizeof(text)));
}

/* The queue belongs to the thread, that is to all fibers: it is read before anything can suspend. */
int core_stream_fail_tls(struct moxd_stream *st, int ssl_error)
{
    int error = errno;
    unsigned long code = ERR_peek_last_error();
    long verify = SSL_get_verify_result(st->ssl);
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    st->broken = true;
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING ||
        (ssl_error == SSL_ERROR_SYSCALL && code == 0 && error == 0))
        return core_stream_fail(st, MOXD_CLOSED, "closed without TLS close_notify");
    if (ssl_error == SSL_ERROR_SYSCALL && code == 0)
        return fail_errno(st, error);
    if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verify != X509_V_OK)
        reason = X509_verify_cert_error_string(verify);
    return core_stream_fail(st, MOXD_TLSERR, reason != NULL ? reason : "TLS error");
}

/* Before each call to OpenSSL: an error that another fiber left in the queue would be taken for ours. */
static void fresh_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

static long tls_result(struct moxd_stream *st, int k)
{
    int ssl_error = SSL_get_error(st->ssl, k);

    switch (ssl_error) {
    case SSL_ERROR_WANT_READ:
        return CORE_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return CORE_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return core_stream_fail(st, MOXD_CLOSED, "");
    default:
        return core_stream_fail_tls(st, ssl_error);
    }
}

static long plain_result(struct moxd_stream *st, ssize_t k, int want)
{
    if (k > 0)
        return k;
    if (k == 0)
        return core_stream_fail(st, MOXD_CLOSED, "");
    if (errno == EAGAIN || errno == EINTR)
        return want;
    return fail_errno(st, errno);
}

static long read_raw(struct moxd_stream *st, void *p, size_t n)
{
    long r;

    if (st->read_error != 0)
        return st->read_error;
    if (st->broken)
        return st->read_error = MOXD_TLSERR;
    if (st->ssl != NULL) {
        fresh_errors();
        int k = SSL_read(st->ssl, p, (int)(n < CORE_STREAM_CHUNK ? n : CORE_STREAM_CHUNK));
        r = k > 0 ? k : tls_result(st, k);
    } else {
        r = plain_result(st, read(st->fd, p, n), CORE_WANT_READ);
    }
    if (r > 0)
        st->count_in += (uint64_t)r;
    else if (r > CORE_WANT_READ)
        st->read_error = (int)r;
    return r;
}

long core_stream_try_read(struct moxd_stream *st, void *p, size_t n)
{
    long k;

    if (st->z == NULL)
        return read_raw(st, p, n);
    while ((k = core_deflate_take(st->z, p, n)) == 0) {
        size_t room;
        char *raw = core_deflate_room(st->z, &room);

        k = read_raw(st, raw, room);
        if (k <= 0)
            return k;
        core_deflate_got(st->z, (size_t)k);
    }
    if (k < 0)
        st->read_error = core_stream_fail(st, MOXD_IOERR, "bad compressed data");
    return k < 0 ? st->read_error : k;
}

long core_stream_try_write(struct moxd_stream *st, const void *p, size_t n)
{
    long r;

    if (st->write_error != 0)
        return st->write_error;
    if (st->broken)
        return st->write_error = MOXD_TLSERR;
    if (st->ssl != NULL) {
        fresh_errors();
        if (st->ticket_due)
            core_tls_ticket(st->ssl);
        st->ticket_due = false;
        int k = SSL_write(st->ssl, p, (int)(n < CORE_STREAM_CHUNK ? n : CORE_STREAM_CHUNK));
        r = k > 0 ? k : tls_result(st, k);
    } else {
        r = plain_result(st, write(st->fd, p, n), CORE_WANT_WRITE);
    }
    if (r > 0)
        st->count_out += (uint64_t)r;
    else if (r > CORE_WANT_READ)
        st->write_error = (int)r;
    return r;
}

/* Waiting. */

static void on_readable(struct ev_loop *ev, ev_io *w, int events)
{
    struct moxd_stream *st = MOXD_CONTAINER(w, struct moxd_stream, rd);

    (void)events;
    if (st->readable.head == NULL) {
        ev_io_stop(ev, w);
        st->rd_on = false;
    }
    moxd_waitq_wake_all(&st->readable);
}

static void on_writable(struct ev_loop *ev, ev_io *w, int events)
{
    struct moxd_stream *st = MOXD_CONTAINER(w, struct moxd_stream, wr);

    (void)events;
    ev_io_stop(ev, w);
    st->wr_on = false;
    moxd_waitq_wake_all(&st->writable);
}

static void watch(struct moxd_stream *st, int want)
{
    ev_io *w = want == CORE_WANT_READ ? &st->rd : &st->wr;
    bool *on = want == CORE_WANT_READ ? &st->rd_on : &st->wr_on;

    if (*on)
        return;
    if (want == CORE_WANT_READ)
        ev_io_init(w, on_readable, st->fd, EV_READ);
    else
        ev_io_init(w, on_writable, st->fd, EV_WRITE);
    ev_io_start(moxd_loop_ev(), w);
    *on = true;
}

int core_stream_wait_io(struct moxd_stream *st, int want, int64_t deadline, bool poke)
{
    struct moxd_waitq *q = want == CORE_WANT_READ ? &st->readable : &st->writable;
    struct moxd_waiter w;

    watch(st, want);
    core_waitq_add(q, &w);
    int r = poke ? core_wait_poke(deadline) : core_wait(deadline);
    bool event = !w.queued;
    core_waitq_remove(q, &w);
    return r < 0 ? r : event;
}
