#include "fetch.h"
#include <errno.h>
#include <moxd/offload.h>

enum {
    HEADER_CHUNK = 16 * 1024,    /* holds nearly every header */
    WORK_INLINE_MAX = 32 * 1024, /* more bytes are worked on by a worker */
    NOTE_MAX = 60 * 1024,        /* larger structures are parsed again each time */
};
static const char note_name[] = "imap.structure";

static ssize_t read_at(const void *ctx, uint64_t off, void *p, size_t n)
{
    const struct imap_msg *msg = ctx;
    long r = msg->s->im->store->body_read(msg->body, off, p, n, NULL);

    if (r < 0)
        errno = EIO;
    return r;
}

void imap_msg_init(struct imap_msg *msg, struct imap_session *s, struct moxd_arena *a,
                   const struct store_msg *info)
{
    *msg = (struct imap_msg){ .s = s, .a = a, .info = info };
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

    if (msg->body)
        return 0;
    if (store->body_open(msg->s->acc, msg->info->id, &msg->body, err) < 0)
        return -1;
    msg->reader = (struct moxd_reader){ read_at, msg, store->body_size(msg->body) };
    return 0;
}

/* The header as far as it is in the first n bytes. */
static int load_header(struct imap_msg *msg, size_t n, struct moxd_err *err)
{
    char *p = moxd_arena_alloc(msg->a, n + 1);

    if (moxd_read_at(&msg->reader, 0, p, n, err) < 0)
        return -1;
    msg->header = moxd_str(p, moxd_header_end(moxd_str(p, n)));
    msg->header_whole = msg->header.n < n || n == msg->reader.size;
    return 0;
}

static size_t at_most(uint64_t size, size_t max)
{
    return size < max ? (size_t)size : max;
}

int imap_msg_header(struct imap_msg *msg, struct moxd_err *err)
{
    if (msg->header.p)
        return 0;
    if (imap_msg_open(msg, err) < 0 ||
        load_header(msg, at_most(msg->reader.size, HEADER_CHUNK), err) < 0)
        return -1;
    return msg->header_whole ? 0
                             : load_header(msg, at_most(msg->reader.size, MOXD_HEADER_MAX), err);
}

void imap_msg_work(uint64_t bytes, void (*fn)(void *arg), void *arg)
{
    if (bytes <= WORK_INLINE_MAX)
        fn(arg);
    else
        (void)moxd_offload(MOXD_LANE_CPU, fn, arg);
}

struct parse_job {
    struct imap_msg *msg;
    struct moxd_err *err;
    int result;
};

static void parse(void *arg)
{
    struct parse_job *job = arg;

    job->result = moxd_msg_parse(job->msg->a, &job->msg->reader, &job->msg->structure, job->err);
}

static int parse_now(struct imap_msg *msg, struct moxd_err *err)
{
    struct parse_job job = { .msg = msg, .err = err };

    if (imap_msg_open(msg, err) < 0)
        return -1;
    imap_msg_work(msg->reader.size, parse, &job);
    return job.result;
}

/* Keeps the structure of a larger message for the next time; a small one is parsed as fast. */
static void remember(struct imap_msg *msg)
{
    struct moxd_buf note = MOXD_BUF_INIT(NOTE_MAX);
    struct moxd_err err = { 0 };

    moxd_msg_encode(msg->structure, &note);
    if (!note.overflow && msg->s->im->store->note_set(msg->s->acc, msg->info->id, note_name,
                                                      moxd_buf_str(&note), &err) < 0)
        moxd_debug(&msg->s->log, "structure not kept", moxd_kve(&err));
    moxd_buf_fini(&note);
}

static bool recall(struct imap_msg *msg)
{
    struct moxd_buf note = MOXD_BUF_INIT(NOTE_MAX);
    bool ok =
        msg->s->im->store->note_get(msg->s->acc, msg->info->id, note_name, &note, NULL) == 0 &&
        moxd_msg_decode(msg->a, moxd_buf_str(&note), msg->info->size, &msg->structure, NULL) == 0;

    moxd_buf_fini(&note);
    return ok;
}

int imap_msg_structure(struct imap_msg *msg, struct moxd_err *err)
{
    bool large = msg->info->size > WORK_INLINE_MAX && !msg->surrogate;

    if (msg->structure || (large && recall(msg)))
        return 0;
    if (parse_now(msg, err) < 0)
        return -1;
    if (large)
        remember(msg);
    return 0;
}
