/* Output and input of a running command, in frames. */
#include "control/control.h"

#include <moxd/enc.h>
#include <stdio.h>

int control_send(struct moxd_ctl *c, enum core_frame_type type, const void *p, size_t n)
{
    char head[CORE_FRAME_HEAD];
    int rc;

    core_frame_head(head, type, n);
    if ((rc = moxd_stream_write(c->st, head, sizeof(head))) < 0 ||
        (rc = moxd_stream_write(c->st, p, n)) < 0)
        return rc;
    return moxd_stream_flush(c->st);
}

int control_receive(struct moxd_ctl *c, enum core_frame_type *type, struct moxd_buf *out)
{
    char head[CORE_FRAME_HEAD], *p;
    size_t n;
    int rc = moxd_stream_readn(c->st, head, sizeof(head));

    if (rc < 0)
        return rc;
    moxd_buf_reset(out);
    if (core_frame_parse_head(head, type, &n) < 0 || !(p = moxd_buf_room(out, n)))
        return MOXD_BADDATA;
    rc = n ? moxd_stream_readn(c->st, p, n) : 0;
    if (rc == 0)
        moxd_buf_grew(out, n);
    return rc;
}

/* ---- output */

int moxd_ctl_write(struct moxd_ctl *c, const void *p, size_t n)
{
    const char *s = p;
    int rc = 0;

    while (n > 0 && rc >= 0) {
        size_t part = n < CORE_FRAME_MAX ? n : CORE_FRAME_MAX;

        rc = control_send(c, CORE_FRAME_OUT, s, part);
        s += part;
        n -= part;
    }
    return rc;
}

int moxd_ctl_printf(struct moxd_ctl *c, const char *fmt, ...)
{
    struct moxd_buf text = MOXD_BUF_INIT(SIZE_MAX - 1);
    va_list ap;
    int rc;

    va_start(ap, fmt);
    moxd_buf_addv(&text, fmt, ap);
    va_end(ap);
    rc = moxd_ctl_write(c, text.p, text.n);
    moxd_buf_fini(&text);
    return rc;
}

const char *moxd_ctl_plain_str(struct moxd_ctl *c, struct moxd_str s)
{
    char *text = moxd_arena_cstr(c->a, s);

    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
            text[i] = '?';
    return text;
}

const char *moxd_ctl_plain(struct moxd_ctl *c, const char *s)
{
    return moxd_ctl_plain_str(c, moxd_cstr(s));
}

/* ---- input */

/* Asks for input and takes what comes into c->input. 1, 0 at its end, < 0. */
static int ask(struct moxd_ctl *c, enum core_frame_type want, size_t max)
{
    enum core_frame_type type;
    char limit[4];
    int rc;

    if (c->eof)
        return 0;
    moxd_put_be32(limit, (uint32_t)max);
    rc = control_send(c, want, limit, want == CORE_FRAME_WANT_DATA ? sizeof(limit) : 0);
    if (rc < 0 || (rc = control_receive(c, &type, &c->input)) < 0)
        return rc;
    if (type == CORE_FRAME_INPUT && (c->input.n <= max || want == CORE_FRAME_WANT_LINE))
        return 1;
    c->eof = true;
    return type == CORE_FRAME_END ? 0 : MOXD_BADDATA;
}

long moxd_ctl_read(struct moxd_ctl *c, void *p, size_t n)
{
    size_t max = n < CORE_FRAME_MAX ? n : CORE_FRAME_MAX;

    if (n == 0)
        return 0;
    while (c->input.n == 0) {
        int rc = ask(c, CORE_FRAME_WANT_DATA, max);
        if (rc <= 0)
            return rc;
    }
    max = n < c->input.n ? n : c->input.n;
    memcpy(p, c->input.p, max);
    moxd_buf_consume(&c->input, max);
    return (long)max;
}

int moxd_ctl_line(struct moxd_ctl *c, char *out, size_t cap, struct moxd_err *err)
{
    int rc;

    moxd_assert(c->input.n == 0); /* a command reads lines first, then data */
    rc = ask(c, CORE_FRAME_WANT_LINE, 0);
    if (rc < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "reading input: %s", moxd_wait_name(rc));
    if (rc == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "a line of input is missing");
    rc = moxd_str_copy(moxd_buf_str(&c->input), out, cap);
    moxd_wipe(c->input.p, c->input.n);
    moxd_buf_reset(&c->input);
    if (rc < 0)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "input line has more than %zu bytes", cap - 1);
    return 0;
}

static int input_from(struct moxd_ctl *c, enum core_frame_type want, const char *arg)
{
    moxd_buf_reset(&c->input);
    c->eof = false;
    return control_send(c, want, arg, strlen(arg));
}

int moxd_ctl_file(struct moxd_ctl *c, const char *arg)
{
    return input_from(c, CORE_FRAME_WANT_FILE, arg);
}

static int too_old(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_STATE, "this moxctl is older than the server");
}

static int gone(int rc, struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone: %s", moxd_wait_name(rc));
}

int moxd_ctl_directory(struct moxd_ctl *c, const char *arg, struct moxd_err *err)
{
    int rc;

    if (c->version < CORE_CONTROL_DIR_SINCE)
        return too_old(err);
    rc = input_from(c, CORE_FRAME_WANT_DIR, arg);
    return rc < 0 ? gone(rc, err) : 0;
}

/* ---- files as output */

static int put(struct moxd_ctl *c, enum core_frame_type type, const void *p, size_t n,
               struct moxd_err *err)
{
    int rc = control_send(c, type, p, n);

    return rc < 0 ? gone(rc, err) : 0;
}

int moxd_ctl_put_directory(struct moxd_ctl *c, const char *path, struct moxd_err *err)
{
    if (c->version < CORE_CONTROL_PUT_SINCE)
        return too_old(err);
    return put(c, CORE_FRAME_MAKE_DIR, path, strlen(path), err);
}

int moxd_ctl_put(struct moxd_ctl *c, const char *path, struct moxd_err *err)
{
    moxd_assert(c->version >= CORE_CONTROL_PUT_SINCE); /* a directory came first */
    return put(c, CORE_FRAME_PUT, path, strlen(path), err);
}

int moxd_ctl_put_data(struct moxd_ctl *c, struct moxd_str data, struct moxd_err *err)
{
    while (data.n > 0) {
        size_t n = data.n < CORE_FRAME_MAX ? data.n : CORE_FRAME_MAX;

        if (put(c, CORE_FRAME_PUT_DATA, data.p, n, err) < 0)
            return -1;
        data = moxd_str_from(data, n);
    }
    return 0;
}

int moxd_ctl_put_end(struct moxd_ctl *c, int64_t changed, struct moxd_err *err)
{
    char time[8];

    moxd_put_be64(time, (uint64_t)changed);
    return put(c, CORE_FRAME_PUT_END, time, sizeof(time), err);
}

/* ---- raw */

static unsigned raw_sessions; /* of the loop's thread */

static int may_be_raw(const struct moxd_ctl *c, struct moxd_err *err)
{
    if (c->version < CORE_CONTROL_RAW_SINCE)
        return too_old(err);
    if (raw_sessions >= CONTROL_RAW_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d sessions through the control socket",
                            CONTROL_RAW_MAX);
    return 0;
}

int moxd_ctl_raw(struct moxd_ctl *c, struct moxd_stream **out, struct moxd_err *err)
{
    int rc;

    moxd_assert(c->input.n == 0 && !c->raw);
    if (may_be_raw(c, err) < 0)
        return -1;
    raw_sessions++;
    c->raw = true;
    rc = control_send(c, CORE_FRAME_RAW, "", 0);
    if (rc < 0)
        return gone(rc, err);
    *out = c->st;
    return 0;
}

void control_raw_end(struct moxd_ctl *c)
{
    raw_sessions -= c->raw;
    c->raw = false;
}

struct moxd_arena *moxd_ctl_arena(struct moxd_ctl *c)
{
    return c->a;
}
