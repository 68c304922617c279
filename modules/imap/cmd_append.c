/* APPEND (RFC 9051 6.3.12, RFC 3502, RFC 4469) and REPLACE (RFC 8508). */
#include "append.h"
#include <moxmail/imap_url.h>

/* --- the target ----------------------------------------------------------------------------------- */

static void find_target(struct imap_appending *ap)
{
    struct imap_session *s = ap->s;

    if (imap_place_find(s, s->cmd.mailbox, 0, MOXD_IMAP_RIGHT_I, &ap->to, &ap->err) < 0)
        imap_append_fail(ap, ap->err.kind == MOXD_ERR_NOTFOUND ? "TRYCREATE" : NULL);
}

/* The message that REPLACE replaces. */
static void find_replaced(struct imap_appending *ap)
{
    struct imap_session *s = ap->s;
    struct store_uids uids;

    if (s->sel->readonly) {
        moxd_err_set(&ap->err, MOXD_ERR_STATE, "the mailbox was opened read-only");
        imap_append_fail(ap, "READ-ONLY");
    } else if ((s->sel->rights & (MOXD_IMAP_RIGHT_T | MOXD_IMAP_RIGHT_E)) !=
               (MOXD_IMAP_RIGHT_T | MOXD_IMAP_RIGHT_E)) {
        moxd_err_set(&ap->err, MOXD_ERR_DENIED, "you do not have the right to remove messages");
        imap_append_fail(ap, NULL);
    } else if (imap_command_set(s, &uids, &ap->err) < 0) {
        imap_append_fail(ap, NULL);
    } else if (uids.n == 0) {
        moxd_err_set(&ap->err, MOXD_ERR_NOTFOUND, "no such message");
        imap_append_fail(ap, NULL);
    } else {
        ap->replaced = uids.v[0].first;
    }
}

/* --- literals ------------------------------------------------------------------------------------- */

static int refuse(struct imap_appending *ap)
{
    return ap->code ? imap_no(ap->s, ap->code, "%s", ap->err.pub) : imap_fail(ap->s, &ap->err);
}

static int on_data(void *arg, const char *p, size_t n)
{
    struct imap_appending *ap = arg;

    moxd_log_trace(&ap->s->log, MOXD_TRACEDATA, "C: ", moxd_str(p, n));
    return imap_append_write(ap, p, n);
}

static int read_data(struct imap_appending *ap)
{
    int sink = 0, r = moxd_stream_literal(ap->s->st, ap->s->cmd.append.size, on_data, ap, &sink);

    if (r < 0)
        return imap_lost(ap->s, r);
    if (sink < 0)
        imap_append_fail(ap, NULL);
    return 0;
}

static int read_url(struct imap_appending *ap)
{
    size_t n = (size_t)ap->s->cmd.append.size;
    char *p = moxd_arena_alloc(ap->s->a, n + 1);

    int r = moxd_stream_readn(ap->s->st, p, n);

    if (r < 0)
        return imap_lost(ap->s, r);
    ap->text += n;
    imap_append_url(ap, moxd_str(p, n));
    return 0;
}

/* Reads data that nobody wants. */
static int skip_data(struct imap_appending *ap)
{
    char piece[4096];
    uint64_t left = ap->s->cmd.append.size;

    if (left > IMAP_SKIP_MAX - ap->skipped) {
        (void)imap_bye(ap->s, "more than %d bytes refused", IMAP_SKIP_MAX);
        return -1;
    }
    ap->skipped += left;
    while (left > 0) {
        long n =
            moxd_stream_read(ap->s->st, piece, left < sizeof(piece) ? (size_t)left : sizeof(piece));

        if (n <= 0)
            return imap_lost(ap->s, n);
        left -= (uint64_t)n;
    }
    return 0;
}

static void check_size(struct imap_appending *ap)
{
    const struct moxd_imap_append *a = &ap->s->cmd.append;

    if (a->literal == MOXD_IMAP_LITERAL_DATA) {
        (void)imap_append_fits(ap, a->size);
    } else if (a->size > MOXD_IMAP_URL_MAX) {
        moxd_err_set(&ap->err, MOXD_ERR_LIMIT, "URL longer than %d bytes", MOXD_IMAP_URL_MAX);
        imap_append_fail(ap, "LIMIT");
    }
}

/* 1: answered. A literal that waits is simply not asked for when the command has failed. */
static int take_literal(struct imap_appending *ap)
{
    const struct moxd_imap_append *a = &ap->s->cmd.append;

    if (!ap->failed)
        check_size(ap);
    if (ap->failed && a->sync)
        return refuse(ap) < 0 ? -1 : 1;
    if (ap->failed)
        return skip_data(ap);
    if (a->sync && imap_continue(ap->s, "go ahead") < 0)
        return -1;
    return a->literal == MOXD_IMAP_LITERAL_DATA ? read_data(ap) : read_url(ap);
}

/* --- the command ---------------------------------------------------------------------------------- */

/* After a syntax error behind data that came unasked, what follows may be anything (P-IMAP-08). */
static int bad(struct imap_appending *ap, const struct moxd_err *err, bool sync)
{
    if (imap_bad(ap->s, NULL, "%s", err->pub) < 0)
        return -1;
    if (!sync || imap_data_follows(ap->s))
        return imap_bye(ap->s, "cannot tell what follows from commands") < 0 ? -1 : 1;
    return 1;
}

/* The text behind a literal. 1: answered. */
static int next_piece(struct imap_appending *ap)
{
    struct imap_session *s = ap->s;
    bool sync = s->cmd.append.sync;
    struct moxd_err err = { 0 };
    struct moxd_str line;

    if (imap_read_line(s, &line, false) < 0)
        return -1;
    ap->text += line.n;
    if (ap->text > IMAP_COMMAND_MAX) {
        (void)imap_bye(s, "command longer than %d bytes", IMAP_COMMAND_MAX);
        return -1;
    }
    moxd_buf_reset(&s->text);
    moxd_buf_addstr(&s->text, line);
    if (moxd_imap_append_next(moxd_buf_str(&s->text), s->a, &s->cmd.append, &err) < 0)
        return bad(ap, &err, sync);
    return 0;
}

static void take_step(struct imap_appending *ap, const struct moxd_imap_append_step *step)
{
    if (step->kind == MOXD_IMAP_APPEND_MESSAGE)
        imap_append_begin(ap, step);
    else if (step->kind == MOXD_IMAP_APPEND_END)
        imap_append_end(ap);
    else
        imap_append_url(ap, step->url);
}

/* Reads the command to its end. 1: answered. */
static int take_pieces(struct imap_appending *ap)
{
    struct moxd_imap_append *a = &ap->s->cmd.append;
    int r = 0;

    ap->text = ap->s->text.n;
    while (r == 0) {
        for (size_t i = 0; i < a->n; i++)
            take_step(ap, &a->v[i]);
        if (a->literal == MOXD_IMAP_LITERAL_NONE)
            return 0;
        r = take_literal(ap);
        if (r == 0)
            r = next_piece(ap);
    }
    return r;
}

/* RFC 4315 3, RFC 3502: those of one command have UIDs in a row. */
static void appenduid(const struct imap_appending *ap, char code[64])
{
    uint32_t first = ap->adds[0].uid, last = ap->adds[ap->n - 1].uid;
    int n = snprintf(code, 64, "APPENDUID %u %u", ap->to.mb.uidvalidity, first);

    if (last > first)
        snprintf(code + n, 64 - (size_t)n, ":%u", last);
}

static int finish(struct imap_appending *ap)
{
    char code[64];

    if (ap->failed)
        return refuse(ap);
    if (imap_append_store(ap) < 0)
        return refuse(ap);
    appenduid(ap, code);
    imap_notify_own_uids(ap->s, ap->to.acc, ap->adds[0].mailbox_id, ap->adds[0].uid,
                         ap->adds[ap->n - 1].uid);
    if (ap->replaced == 0)
        return imap_ok(ap->s, code, "appended");
    /* RFC 8508 4.3: before the EXPUNGE. */
    if (imap_untagged(ap->s, "OK [%s] replacement stored", code) < 0)
        return -1;
    return imap_ok(ap->s, NULL, "replaced");
}

int imap_cmd_append(struct imap_session *s)
{
    struct imap_appending ap = { .s = s, .room = UINT64_MAX };
    int r;

    if (s->cmd.verb == MOXD_IMAP_REPLACE)
        find_replaced(&ap);
    if (!ap.failed)
        find_target(&ap);
    /* What REPLACE takes away counts too: the store knows. */
    if (!ap.failed && ap.replaced == 0 && imap_quota_room(s, ap.to.acc, &ap.room, &ap.err) < 0)
        imap_append_fail(&ap, NULL);
    ap.draft = s->im->store->draft_new(s->im->store_self);
    moxd_stream_shield(s->st, true);
    r = take_pieces(&ap);
    moxd_stream_shield(s->st, false);
    if (r == 0)
        r = finish(&ap);
    s->im->store->draft_free(ap.draft);
    return r < 0 ? -1 : 0;
}
