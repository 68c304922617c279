/* APPEND (RFC 9051 6.3.12), with message data streamed into a draft of the store. */
#include "imap.h"

struct incoming {
    struct imap_session *s;
    struct store_draft *draft;
    struct moxd_err err;
    bool cr;  /* the last byte was CR */
    bool nul; /* there are NUL bytes */
};

static int draft_put(struct incoming *in, const char *p, size_t n)
{
    return n == 0 ? 0 : in->s->im->store->draft_write(in->draft, p, n, &in->err);
}

/* Stores with CRLF line ends (P-STORE-07): some clients append messages with bare LF. */
static int on_data(void *arg, const char *p, size_t n)
{
    struct incoming *in = arg;
    size_t start = 0;

    moxd_log_trace(&in->s->log, MOXD_TRACEDATA, "C: ", moxd_str(p, n));
    in->nul |= memchr(p, '\0', n) != NULL;
    for (size_t i = 0; i < n; i++) {
        bool bare = p[i] == '\n' && !in->cr;

        in->cr = p[i] == '\r';
        if (!bare)
            continue;
        if (draft_put(in, p + start, i - start) < 0 || draft_put(in, "\r", 1) < 0)
            return -1;
        start = i;
    }
    return draft_put(in, p + start, n - start);
}

/* What follows the literal: nothing, or ")" of RFC 6855 4. */
static int end_of_command(struct imap_session *s)
{
    struct moxd_str line;

    if (imap_read_line(s, &line, false) < 0)
        return -1;
    if (moxd_str_eqs(line, s->cmd.append_utf8 ? ")" : ""))
        return 0;
    (void)imap_bye(s, "unexpected text after the message");
    return -1;
}

/* Reads message data that nobody wants, and what follows it. */
static int skip_data(struct imap_session *s)
{
    char piece[4096];
    uint64_t left = s->cmd.append_size;

    if (left > IMAP_SKIP_MAX) {
        (void)imap_bye(s, "message of %llu bytes refused", (unsigned long long)left);
        return -1;
    }
    while (left > 0) {
        long n = moxd_stream_read(s->st, piece, left < sizeof(piece) ? left : sizeof(piece));

        if (n <= 0)
            return -1;
        left -= (uint64_t)n;
    }
    return end_of_command(s);
}

/* A literal that waits is simply not asked for. */
static int refuse(struct imap_session *s, const struct moxd_err *err, const char *code)
{
    if (!s->cmd.append_sync && skip_data(s) < 0)
        return -1;
    return code ? imap_no(s, code, "%s", err->pub) : imap_fail(s, err);
}

/* The target and the flags, before any data is asked for. 1: refused. */
static int prepare(struct imap_session *s, struct store_mailbox *mb, struct store_add *add)
{
    struct moxd_err err = { 0 };
    struct moxd_str name;

    if (s->cmd.append_size > (uint64_t)s->conf->max_append_size) {
        moxd_err_set(&err, MOXD_ERR_LIMIT, "messages may have at most %lld bytes",
                     (long long)s->conf->max_append_size);
        return refuse(s, &err, "TOOBIG") < 0 ? -1 : 1;
    }
    if (imap_name_in(s, s->cmd.mailbox, &name, &err) < 0 ||
        s->im->store->mailbox(s->acc, name, 0, s->a, mb, &err) < 0)
        return refuse(s, &err, err.kind == MOXD_ERR_NOTFOUND ? "TRYCREATE" : NULL) < 0 ? -1 : 1;
    if (imap_flags_in(s, &s->cmd.flags, &add->flags, &add->keywords, &err) < 0)
        return refuse(s, &err, NULL) < 0 ? -1 : 1;
    return 0;
}

static struct store_time received(const struct moxd_imap_cmd *cmd)
{
    if (cmd->has_date)
        return (struct store_time){ .ns = cmd->date.ns, .zone = cmd->date.zone };
    return (struct store_time){ .ns = moxd_wall() };
}

static int read_message(struct imap_session *s, struct incoming *in)
{
    int sink = 0;

    if (s->cmd.append_sync && imap_continue(s, "send the message") < 0)
        return -1;
    if (moxd_stream_literal(s->st, s->cmd.append_size, on_data, in, &sink) < 0 ||
        end_of_command(s) < 0)
        return -1;
    return sink < 0 ? 1 : 0;
}

/* NUL bytes cannot be told to a client in a literal (RFC 9051 4.3.1, RFC 3516 4.4). */
static int refuse_nul(struct imap_session *s)
{
    return imap_no(s, "UNKNOWN-CTE", "a message with NUL bytes cannot be stored");
}

static int add(struct imap_session *s, struct incoming *in, struct store_add *add)
{
    char code[64];

    if (in->nul)
        return refuse_nul(s);
    if (s->im->store->add(s->im->store_self, in->draft, add, 1, NULL, &in->err) < 0)
        return imap_fail(s, &in->err);
    snprintf(code, sizeof(code), "APPENDUID %u %u", add->uidvalidity, add->uid);
    return imap_ok(s, code, "appended");
}

int imap_cmd_append(struct imap_session *s)
{
    struct store_add target = { .acc = s->acc, .origin = "imap", .received = received(&s->cmd) };
    struct incoming in = { .s = s };
    struct store_mailbox mb;
    int r = prepare(s, &mb, &target);

    if (r != 0)
        return r < 0 ? -1 : 0;
    target.mailbox = mb.id;
    in.draft = s->im->store->draft_new(s->im->store_self);
    r = read_message(s, &in);
    if (r == 0)
        r = add(s, &in, &target);
    else if (r > 0)
        r = imap_fail(s, &in.err);
    s->im->store->draft_free(in.draft);
    return r;
}
