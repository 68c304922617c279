/* Reading commands: lines, literals, continuations (RFC 9051 2.2.1, 4.3). */
#include "imap.h"

static void trace_command(struct imap_session *s)
{
    struct moxd_str text = moxd_buf_str(&s->text);
    bool secret = moxd_imap_is_secret(text);

    moxd_log_trace(&s->log, secret ? MOXD_TRACEAUTH : MOXD_TRACE, "C: ", text);
}

int imap_continue(struct imap_session *s, const char *text)
{
    moxd_log_trace(&s->log, MOXD_TRACE, "S: + ", moxd_cstr(text));
    if (moxd_stream_printf(s->st, "+ %s\r\n", text) < 0)
        return -1;
    return moxd_stream_flush(s->st) < 0 ? -1 : 0;
}

/* Who has not logged in needs little, and gets no more. */
static size_t limit(const struct imap_session *s, size_t after_login)
{
    return s->state == IMAP_NOT_AUTH ? IMAP_STRANGER_MAX : after_login;
}

int imap_lost(struct imap_session *s, long result)
{
    if (result == MOXD_TIMEOUT)
        (void)imap_bye(s, "the rest of the command did not come");
    else if (result == MOXD_CANCELLED || result == MOXD_STOPPED)
        (void)imap_bye(s, "server is shutting down");
    return -1;
}

static int add_line(struct imap_session *s, struct moxd_str *line)
{
    size_t max = limit(s, IMAP_LINE_MAX);
    long n = moxd_stream_line(s->st, line, max, NULL);

    if (n == MOXD_TOOLONG)
        (void)imap_bye(s, "command line longer than %zu bytes", max);
    if (n < 0)
        return imap_lost(s, n);
    moxd_buf_addstr(&s->text, *line);
    return 0;
}

/* The tag of a command that is not parsed yet, for a refusal. */
static void refused_tag(struct imap_session *s)
{
    struct moxd_imap_cmd cmd;

    /* It ends within a literal announcement, so it does not parse, but a valid tag is found. */
    (void)!moxd_imap_parse(moxd_buf_str(&s->text), s->a, &cmd, NULL);
    imap_set_tag(s, cmd.tag);
}

/* A literal over a limit: one that waits is refused; one that comes anyway ends the connection. */
static int refuse_literal(struct imap_session *s, const struct moxd_imap_literal *lit)
{
    if (!lit->sync) {
        (void)imap_bye(s, "literal of %llu bytes is too long here", (unsigned long long)lit->size);
        return -1;
    }
    refused_tag(s);
    return imap_bad(s, "TOOBIG", "literals may hold at most %zu bytes here",
                    limit(s, IMAP_LITERAL_MAX)) < 0
               ? -1
               : 1;
}

static int add_literal(struct imap_session *s, const struct moxd_imap_literal *lit)
{
    size_t max = limit(s, IMAP_COMMAND_MAX), n;
    char *room;
    int r;

    if (lit->size > limit(s, IMAP_LITERAL_MAX) || lit->size + s->text.n + 2 > max)
        return refuse_literal(s, lit);
    n = (size_t)lit->size;
    moxd_buf_adds(&s->text, "\r\n");
    room = moxd_buf_room(&s->text, n);
    moxd_assert(room);
    if (lit->sync && imap_continue(s, "go ahead") < 0)
        return -1;
    r = moxd_stream_readn(s->st, room, n);
    if (r < 0)
        return imap_lost(s, r);
    moxd_buf_grew(&s->text, n);
    return 0;
}

int imap_read_command(struct imap_session *s)
{
    struct moxd_imap_literal lit;
    struct moxd_str line;
    int r;

    moxd_buf_reset(&s->text);
    for (;;) {
        if (add_line(s, &line) < 0)
            return -1;
        if (s->text.n > limit(s, IMAP_COMMAND_MAX) || s->text.overflow) {
            (void)imap_bye(s, "command longer than %zu bytes", limit(s, IMAP_COMMAND_MAX));
            return -1;
        }
        if (!moxd_imap_literal(line, &lit) || moxd_imap_is_append_data(moxd_buf_str(&s->text)))
            break;
        r = add_literal(s, &lit);
        if (r != 0)
            return r;
    }
    trace_command(s);
    return 0;
}

bool imap_data_follows(const struct imap_session *s)
{
    struct moxd_imap_literal lit;

    return moxd_imap_literal(moxd_buf_str(&s->text), &lit) && !lit.sync;
}

int imap_read_line(struct imap_session *s, struct moxd_str *line, bool secret)
{
    long n = moxd_stream_line(s->st, line, limit(s, IMAP_LINE_MAX), NULL);

    if (n == MOXD_TOOLONG)
        (void)imap_bye(s, "line too long");
    if (n < 0)
        return imap_lost(s, n);
    moxd_log_trace(&s->log, secret ? MOXD_TRACEAUTH : MOXD_TRACE, "C: ", *line);
    return 0;
}
