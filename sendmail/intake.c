/* The message as it comes in: every line ends in CRLF from here on. */
#include "sendmail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct intake {
    struct moxd_buf *out;
    size_t line; /* where the current one begins */
    bool ignore_dots;
    bool in_header;
    bool cr;    /* the last byte was one, and is not written yet */
    bool ended; /* by a dot */
};

static void end_line(struct intake *in)
{
    struct moxd_str line = moxd_str_from(moxd_buf_str(in->out), in->line);

    if (!in->ignore_dots && moxd_str_eqs(line, ".")) {
        moxd_buf_truncate(in->out, in->line);
        in->ended = true;
        return;
    }
    in->in_header = in->in_header && line.n > 0;
    moxd_buf_adds(in->out, "\r\n");
    in->line = in->out->n;
}

/* A CR alone ends a line of a body, which programs write on terminals, but not of a header: what they took from
 * somebody else for a Subject must not become another field (RFC 5321 2.3.8). */
static void lone_cr(struct intake *in)
{
    in->cr = false;
    if (in->in_header)
        moxd_buf_addc(in->out, ' ');
    else
        end_line(in);
}

/* NUL is not allowed in mail (RFC 5322 4.1) and dropped. */
static void take(struct intake *in, char c)
{
    if (in->cr && c != '\n')
        lone_cr(in);
    if (in->ended)
        return;
    in->cr = c == '\r';
    if (c == '\n')
        end_line(in);
    else if (c != '\r' && c != '\0')
        moxd_buf_addc(in->out, c);
}

static void finish(struct intake *in)
{
    if (in->cr && !in->ended)
        lone_cr(in);
    if (!in->ended && in->out->n > in->line)
        end_line(in);
}

int sendmail_intake(struct sendmail *sm, int fd)
{
    struct intake in = { .out = &sm->raw, .ignore_dots = sm->o.ignore_dots, .in_header = true };
    char piece[4096];
    ssize_t n;

    sm->raw.max = (size_t)(sm->conf ? sm->conf->max_size : INT64_C(100) << 20);
    while (!in.ended && !sm->raw.overflow && (n = read(fd, piece, sizeof(piece))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sendmail_fail(sm, EX_IOERR, "cannot read the message: %s", strerror(errno));
        for (ssize_t i = 0; i < n && !in.ended; i++)
            take(&in, piece[i]);
    }
    finish(&in);
    if (!sm->raw.overflow)
        return EX_OK;
    moxd_buf_fini(&sm->raw);
    return sendmail_fail(sm, EX_DATAERR, "the message is larger than max-size, %zu bytes",
                         sm->raw.max);
}
