/* Reading a message: header section into memory, everything into a draft of the store. */
#include "smtp.h"

#include "smtp_headers.h"

struct smtp_receive { /* in the transaction's arena */
    struct smtp_session *s;
    struct smtp_txn *t;
    struct smtp_header_end end;
    struct moxd_buf header;
    bool in_body;
    struct moxd_chunks *chunks; /* BDAT */
    struct moxd_err err;        /* of the sink */
};

static int store(struct smtp_receive *r, struct moxd_str data)
{
    if (data.n == 0)
        return 0;
    return r->s->smtp->store->draft_write(r->t->message.draft, data.p, data.n, &r->err);
}

/* The header section is complete: keeps it, and stores it as it is to be delivered. */
static int finish_header(struct smtp_receive *r)
{
    struct moxd_str header = moxd_buf_str(&r->header);
    struct moxd_buf stripped = MOXD_BUF_INIT(SMTP_HEADER_MAX);

    r->in_body = true;
    r->t->header = moxd_arena_str(r->t->arena, header);
    smtp_header_strip(&stripped, header, r->s->facts.submission, r->s->facts.hostname);
    r->t->message.header = moxd_arena_str(r->t->arena, moxd_buf_str(&stripped));
    moxd_buf_fini(&stripped);
    return store(r, r->t->message.header);
}

static int header_piece(struct smtp_receive *r, struct moxd_str data)
{
    ptrdiff_t end = smtp_header_end_find(&r->end, data.p, data.n);

    moxd_buf_addstr(&r->header, end < 0 ? data : moxd_str_sub(data, 0, (size_t)end));
    if (r->header.overflow)
        return moxd_err_smtp_set(&r->err, MOXD_ERR_LIMIT, 552, "5.3.4",
                                 "the header is larger than %d bytes", (int)SMTP_HEADER_MAX);
    if (end < 0)
        return 0;
    return finish_header(r) < 0 ? -1 : store(r, moxd_str_from(data, (size_t)end));
}

static int sink(void *arg, const char *p, size_t n)
{
    struct smtp_receive *r = arg;

    moxd_log_trace(&r->s->log, MOXD_TRACEDATA, "C: ", moxd_str(p, n));
    if (r->s->facts.submission && !r->t->eightbit)
        r->t->eightbit = !moxd_str_is_ascii(moxd_str(p, n));
    return r->in_body ? store(r, moxd_str(p, n)) : header_piece(r, moxd_str(p, n));
}

/* A limit below the default is the admin's own choice for this listener. */
int smtp_too_large(const struct smtp_session *s, struct moxd_err *err)
{
    int64_t max = s->conf->max_message_size;
    return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 552,
                             max < SMTP_MESSAGE_MAX_DEFAULT ? "5.2.3" : "5.3.4",
                             "message larger than %lld bytes", (long long)max);
}

/* The data was read: what is wrong with it. */
static int conclude(struct smtp_receive *r, int result, const struct moxd_data_result *res,
                    struct moxd_err *err)
{
    if (result == MOXD_TOOLONG)
        return smtp_too_large(r->s, err);
    if (result == MOXD_BADDATA)
        return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 554, "5.6.0", "message refused: %s",
                                 res->problem);
    if (res->longest_line > SMTP_TEXT_LINE_MAX)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 554, "5.6.0",
                                 "a line of the message has more than %d bytes",
                                 (int)SMTP_TEXT_LINE_MAX);
    r->t->longest_line = res->longest_line;
    if (res->sink_result == 0)
        return 0;
    *err = r->err;
    return -1;
}

/* The message is complete. */
static int finish(struct smtp_receive *r, struct moxd_err *err)
{
    if (!r->in_body && finish_header(r) < 0) {
        *err = r->err;
        return -1;
    }
    moxd_buf_fini(&r->header);
    r->t->message.size = r->s->smtp->store->draft_size(r->t->message.draft);
    return 0;
}

static enum smtp_receive_result outcome(struct smtp_receive *r, int result, bool last,
                                        const struct moxd_data_result *res, struct moxd_err *err)
{
    if (result != 0 && result != MOXD_TOOLONG && result != MOXD_BADDATA)
        return SMTP_LOST;
    if (conclude(r, result, res, err) < 0 || (last && finish(r, err) < 0))
        return SMTP_REFUSED;
    return SMTP_RECEIVED;
}

static void free_header(void *arg)
{
    moxd_buf_fini(arg);
}

static struct smtp_receive *begin(struct smtp_session *s, struct smtp_txn *t)
{
    struct smtp_receive *r = moxd_arena_alloc(t->arena, sizeof(*r));

    r->s = s;
    r->t = t;
    moxd_buf_init(&r->header, SMTP_HEADER_MAX);
    moxd_arena_cleanup(t->arena, free_header, &r->header);
    smtp_header_end_init(&r->end);
    t->message.draft = s->smtp->store->draft_new(s->smtp->store_self);
    t->receive = r;
    return r;
}

static void patience(struct smtp_session *s, int64_t timeout)
{
    moxd_stream_timeouts(s->st, timeout, s->conf->command_timeout);
}

enum smtp_receive_result smtp_receive(struct smtp_session *s, struct smtp_txn *t, int *lost,
                                      struct moxd_err *err)
{
    struct smtp_receive *r = begin(s, t);
    struct moxd_data_result res = { 0 };

    patience(s, s->conf->data_timeout);
    *lost = moxd_stream_data(s->st, (uint64_t)s->conf->max_message_size, sink, r, &res);
    patience(s, s->conf->command_timeout);
    moxd_metric_add(s->smtp->bytes, s->c->service->name, NULL, (double)res.total);
    return outcome(r, *lost, true, &res, err);
}

enum smtp_receive_result smtp_receive_chunk(struct smtp_session *s, struct smtp_txn *t,
                                            const struct moxd_smtp_bdat *chunk, int *lost,
                                            struct moxd_err *err)
{
    struct smtp_receive *r = t->receive ? t->receive : begin(s, t);
    struct moxd_data_result res = { 0 };

    if (!r->chunks)
        r->chunks = moxd_chunks_new(t->arena, (uint64_t)s->conf->max_message_size, sink, r);
    patience(s, s->conf->data_timeout);
    *lost = moxd_stream_chunk(s->st, r->chunks, chunk->size, chunk->last, &res);
    patience(s, s->conf->command_timeout);
    if (chunk->last || *lost != 0)
        moxd_metric_add(s->smtp->bytes, s->c->service->name, NULL, (double)res.total);
    return outcome(r, *lost, chunk->last, &res, err);
}

static int discard(void *arg, const char *p, size_t n)
{
    (void)arg, (void)p, (void)n;
    return 0;
}

int smtp_receive_skip(struct smtp_session *s, uint64_t n)
{
    int none;

    patience(s, s->conf->data_timeout);
    int result = moxd_stream_literal(s->st, n, discard, NULL, &none);
    patience(s, s->conf->command_timeout);
    return result;
}
