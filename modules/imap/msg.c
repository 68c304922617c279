#include "fetch.h"
#include <errno.h>
#include <moxd/offload.h>

enum { WORK_INLINE_MAX = 32 * 1024 }; /* more bytes are worked on by a worker */

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct imap_msg *msg = ctx;
    long r = msg->s->im->store->body_read(msg->body, off, p, n, NULL);

    if (r < 0)
        errno = EIO;
    return r;
}

void imap_msg_init(struct imap_msg *msg, struct imap_session *s, struct store_account *acc,
                   struct moxd_arena *a, const struct store_msg *info)
{
    *msg = (struct imap_msg){ .s = s, .acc = acc, .a = a, .info = info };
}

void imap_msg_use(struct imap_msg *msg, const struct imap_loaded *l)
{
    msg->summary = l->summary;
    msg->has_summary = l->has_summary;
    msg->stored = l->structure;
    if (l->data.p)
        imap_msg_use_data(msg, l->data);
}

void imap_msg_use_data(struct imap_msg *msg, struct moxd_str data)
{
    msg->data = data;
    msg->reader = moxd_reader_mem(&msg->data);
    msg->readable = true;
}

void imap_msg_fini(struct imap_msg *msg)
{
    if (msg->body)
        msg->s->im->store->body_close(msg->body);
    msg->body = NULL;
    moxd_arena_reset(msg->a);
}

int imap_msg_open(struct imap_msg *msg, struct moxd_err *err)
{
    const struct store_v1 *store = msg->s->im->store;

    if (msg->readable)
        return 0;
    if (store->body_open(msg->acc, msg->info->id, &msg->body, err) < 0)
        return -1;
    msg->reader = (struct moxd_reader){ read_at, msg, store->body_size(msg->body) };
    msg->readable = true;
    return 0;
}

int imap_msg_header_now(struct imap_msg *msg, struct moxd_err *err)
{
    if (msg->header.p)
        return 1;
    if (!msg->readable)
        return 0;
    if (msg->data.p && !msg->surrogate && msg->data.n <= MOXD_HEADER_MAX) {
        msg->header = moxd_str_sub(msg->data, 0, moxd_header_end(msg->data));
        msg->header_whole = true;
        return 1;
    }
    return moxd_header_read(&msg->reader, msg->a, &msg->header, &msg->header_whole, err) < 0 ? -1
                                                                                             : 1;
}

int imap_msg_header(struct imap_msg *msg, struct moxd_err *err)
{
    int r = imap_msg_header_now(msg, err);

    if (r == 0)
        r = imap_msg_open(msg, err) < 0 ? -1 : imap_msg_header_now(msg, err);
    return r < 0 ? -1 : 0;
}

void imap_msg_work(uint64_t bytes, void (*fn)(void *arg), void *arg)
{
    if (bytes <= WORK_INLINE_MAX)
        fn(arg);
    else
        (void)moxd_offload(MOXD_LANE_CPU, fn, arg);
}

int imap_msg_structure_now(struct imap_msg *msg, struct moxd_err *err)
{
    struct moxd_str stored = msg->stored;

    msg->stored = moxd_str(NULL, 0);
    if (msg->structure || (stored.n > 0 && moxd_msg_decode(msg->a, stored, msg->info->size,
                                                           &msg->structure, NULL) == 0))
        return 1;
    if (!msg->readable)
        return 0;
    return moxd_msg_parse(msg->a, &msg->reader, &msg->structure, err) < 0 ? -1 : 1;
}

struct parse_job {
    struct imap_msg *msg;
    struct moxd_err *err;
    int result;
};

static void parse(void *arg)
{
    struct parse_job *job = arg;

    job->result = imap_msg_structure_now(job->msg, job->err);
}

int imap_msg_structure(struct imap_msg *msg, struct moxd_err *err)
{
    struct parse_job job = { .msg = msg, .err = err };

    if (!msg->readable)
        parse(&job);
    if (job.result == 0) {
        if (imap_msg_open(msg, err) < 0)
            return -1;
        imap_msg_work(msg->reader.size, parse, &job);
    }
    return job.result < 0 ? -1 : 0;
}

int imap_msg_field_now(struct imap_msg *msg, struct moxd_str name, struct moxd_str *value,
                       struct moxd_err *err)
{
    struct moxd_summary_query q;
    struct moxd_str rest = msg->summary.fields;
    struct moxd_field f = { 0 };
    int r;

    *value = moxd_str(NULL, 0);
    moxd_summary_query(&q, &name, 1, msg->a);
    if (msg->has_summary && moxd_summary_knows(&msg->summary, &q)) {
        if (moxd_summary_next(&rest, &q, &f))
            *value = f.value;
        return 1;
    }
    r = imap_msg_header_now(msg, err);
    if (r <= 0)
        return r;
    for (rest = msg->header; moxd_field_next(&rest, &f);)
        if (moxd_str_caseeq(f.name, name)) {
            *value = f.value;
            break;
        }
    return 1;
}

struct moxd_str imap_msg_field(struct imap_msg *msg, const char *name)
{
    struct moxd_str value;
    int r = imap_msg_field_now(msg, moxd_cstr(name), &value, NULL);

    if (r == 0 && imap_msg_header(msg, NULL) == 0)
        r = imap_msg_field_now(msg, moxd_cstr(name), &value, NULL);
    return r > 0 ? value : moxd_str(NULL, 0);
}
