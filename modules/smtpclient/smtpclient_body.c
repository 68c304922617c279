/* The message of a transaction (RFC 5321 4.1.1.4). */
#include "smtpclient.h"

enum { PART = 16 * 1024 };

struct body {
    struct smtpclient_session *s;
    struct smtpclient_transaction *t;
    char *part;
    struct moxd_buf out;
    struct moxd_smtp_stuffing stuffing;
    struct moxd_err err;
    uint64_t sent;
};

/* 1: something was sent, 0: it is at its end, MOXD_*: the connection, 2: the message cannot be read. */
static MOXD_SUSPENDS int send_part(struct body *b)
{
    long n = b->t->read(b->t->arg, b->sent, b->part, PART, &b->err);

    if (n < 0)
        return 2;
    moxd_buf_reset(&b->out);
    if (n == 0)
        moxd_smtp_stuff_end(&b->stuffing, &b->out);
    else
        moxd_smtp_stuff(&b->stuffing, moxd_str(b->part, (size_t)n), &b->out);
    b->sent += (uint64_t)n;
    int rc = moxd_stream_write(b->s->st, b->out.p, b->out.n);
    if (rc == 0 && n == 0)
        rc = moxd_stream_flush(b->s->st);
    return rc < 0 ? rc : n > 0;
}

static MOXD_SUSPENDS int send_all(struct body *b)
{
    int rc;

    b->part = moxd_xmalloc(PART);
    moxd_buf_init(&b->out, 4 * PART);
    do {
        rc = send_part(b);
    } while (rc == 1);
    free(b->part);
    moxd_buf_fini(&b->out);
    moxd_log_trace(&b->s->log, MOXD_TRACEDATA, "C: ", MOXD_STR("(message)"));
    return rc;
}

/* A server that has enough may say why before it closes the connection. */
static MOXD_SUSPENDS int last_words(struct smtpclient_session *s, int result, struct moxd_arena *a,
                                    struct smtpclient_reply *out)
{
    int rc = result == MOXD_IOERR || result == MOXD_CLOSED
                 ? smtpclient_reply(s, SMTPCLIENT_BODY, SMTPCLIENT_LAST_WORDS, a, out)
                 : -1;

    s->broken = true;
    return rc == 0 && out->code >= 400 ? 0 : smtpclient_broken(s, SMTPCLIENT_BODY, result, a, out);
}

int smtpclient_body(struct smtpclient_session *s, struct smtpclient_transaction *t,
                    struct moxd_arena *a, struct smtpclient_reply *out)
{
    struct body b = { .s = s, .t = t };
    int rc = send_all(&b);

    if (rc == 2) { /* without the final dot it is no message */
        s->broken = true;
        return smtpclient_ours(a, out, SMTPCLIENT_BODY, "4.3.0", "the message cannot be read: %s",
                               b.err.pub);
    }
    if (rc < 0)
        return last_words(s, rc, a, out);
    return smtpclient_reply(s, SMTPCLIENT_BODY, s->sc->conf->end, a, out);
}
