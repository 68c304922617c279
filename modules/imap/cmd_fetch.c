/* FETCH (RFC 9051 6.4.5): message by message, in batches, so that memory does not grow with the set. */
#include "fetch.h"

enum { BATCH = 500, BLOCK = 64 * 1024 };

/* Some messages that follow each other, read in one job. */
struct portion {
    struct fetching *f;
    struct moxd_arena *a;
    struct store_uids uids; /* the first of these, as many as fit into memory */
    struct store_msg *infos;
    struct imap_loaded *loaded; /* NULL: flags only */
    size_t n;
    uint32_t last; /* UID up to which it goes */
    int result;    /* 0; -1: the store refused */
    struct moxd_err err;
};

struct fetching {
    struct imap_session *s;
    const struct moxd_imap_cmd *cmd;             /* the items */
    struct portion portion[2];                   /* one is told while the next is read */
    struct imap_cut cut;                         /* of the set */
    struct store_uids piece;                     /* of the set: not read yet */
    size_t wanted, found;                        /* messages of the set */
    struct moxd_arena *a, *pieces, *batch, *msg; /* batch: that of the portion that is told */
    struct moxd_str *previews;                   /* of the batch */
    uint64_t *threads;
    bool bodies; /* needs more than flags and UID */
    bool seen;   /* sets \Seen */
    struct imap_want want;
    struct moxd_summary_query *queries; /* for each item */
    struct moxd_str *names;             /* of each item, as it is answered; or empty */
    struct moxd_buf scratch;            /* for what is put together of a message */
    bool wants_flags, wants_uid, wants_modseq, wants_preview, wants_thread;
    bool unknown_cte;    /* a part's transfer encoding is not known (BINARY) */
    struct moxd_err err; /* of the last message that could not be read */
};

static void look_at_items(struct fetching *f)
{
    const struct moxd_imap_cmd *cmd = f->cmd;

    for (size_t i = 0; i < cmd->nitems; i++) {
        enum moxd_imap_item_kind kind = cmd->items[i].kind;

        f->wants_flags |= kind == MOXD_IMAP_ITEM_FLAGS;
        f->wants_uid |= kind == MOXD_IMAP_ITEM_UID;
        f->wants_modseq |= kind == MOXD_IMAP_ITEM_MODSEQ;
        f->wants_preview |= kind == MOXD_IMAP_ITEM_PREVIEW;
        f->wants_thread |= kind == MOXD_IMAP_ITEM_THREADID;
        f->bodies |= kind != MOXD_IMAP_ITEM_FLAGS && kind != MOXD_IMAP_ITEM_UID &&
                     kind != MOXD_IMAP_ITEM_MODSEQ;
        f->seen |= !cmd->items[i].peek;
    }
    f->seen &= (imap_settable(f->s->sel) & STORE_SEEN) != 0;
}

/* The items of one message, after "(". 1: the response cannot be completed. */
static int put_items(struct fetching *f, struct imap_msg *msg, bool newly_seen)
{
    struct imap_session *s = f->s;
    int r = 0;

    /* RFC 7162 3.2.4: a change is told with its UID, once the client knows of modification sequences. */
    if (!imap_uidonly(s) && (f->cmd->uid || (newly_seen && imap_tells_modseq(s))) && !f->wants_uid)
        moxd_buf_addf(&s->out, "UID %u ", msg->info->uid);
    for (size_t i = 0; r == 0 && i < f->cmd->nitems; i++) {
        if (i > 0)
            moxd_buf_addc(&s->out, ' ');
        r = imap_fetch_item(msg, &f->cmd->items[i], &f->err);
        if (r == 0 && s->out.overflow) {
            moxd_err_set(&f->err, MOXD_ERR_LIMIT, "more than %d bytes in a line", IMAP_OUT_MAX);
            r = 1;
        }
    }
    return r;
}

/* Leaves the message out and goes on; the tagged answer will say so. 1: all others would fail as well,
 * since it is the store that has gone. */
static int leave_out(struct fetching *f, const struct imap_msg *msg)
{
    if (f->err.kind == MOXD_ERR_LIMIT)
        moxd_info(&f->s->log, "message not fetched", moxd_kvu("uid", msg->info->uid),
                  moxd_kve(&f->err));
    else
        moxd_error(&f->s->log, "message cannot be fetched", moxd_kvu("message", msg->info->id),
                   moxd_kvu("uid", msg->info->uid), moxd_kve(&f->err));
    if (f->s->out_split)
        return -1;
    moxd_buf_reset(&f->s->out);
    return f->err.kind == MOXD_ERR_TEMP || f->err.kind == MOXD_ERR_FULL;
}

/* Unasked: with CHANGEDSINCE (RFC 7162 3.1.4.1), and beside flags. */
static bool tells_modseq(const struct fetching *f, bool newly_seen)
{
    if (f->wants_modseq)
        return false;
    return f->cmd->has_changedsince || (imap_tells_modseq(f->s) && (f->wants_flags || newly_seen));
}

/* What the store has beside messages, for the whole batch at once. */
static int read_beside(struct fetching *f, const struct store_msg *infos, size_t n)
{
    if (f->wants_preview &&
        imap_previews(f->s, f->s->sel->acc, infos, n, f->batch, &f->previews, &f->err) < 0)
        return -1;
    return f->wants_thread
               ? imap_threads(f->s, f->s->sel->acc, infos, n, f->batch, &f->threads, &f->err)
               : 0;
}

static void set_beside(const struct fetching *f, size_t i, struct imap_msg *msg)
{
    if (f->wants_preview)
        msg->preview = f->previews[i];
    msg->thread_known = f->wants_thread;
    if (f->wants_thread)
        msg->thread = f->threads[i];
}

/* The i-th of the batch: 0, -1, 1 as fetch_batch. */
static int fetch_one(struct fetching *f, const struct store_msg *info,
                     const struct imap_loaded *loaded, bool newly_seen, size_t i)
{
    struct imap_session *s = f->s;
    uint32_t seq = imap_view_seq(&s->sel->view, info->uid);
    struct imap_msg msg;
    int r;

    if (seq == 0)
        return 0;
    if (imap_announce_keywords(s, info->keywords) < 0)
        return -1;
    imap_msg_init(&msg, s, s->sel->acc, f->msg, info);
    msg.items = f->cmd->items;
    msg.queries = f->queries;
    msg.names = f->names;
    msg.scratch = &f->scratch;
    if (loaded)
        imap_msg_use(&msg, loaded);
    set_beside(f, i, &msg);
    imap_put_fetch(s, seq, info->uid);
    r = put_items(f, &msg, newly_seen);
    imap_msg_fini(&msg);
    f->unknown_cte |= msg.unknown_cte;
    if (r != 0)
        return r < 0 ? -1 : leave_out(f, &msg);
    if (newly_seen && !f->wants_flags) {
        moxd_buf_adds(&s->out, " FLAGS ");
        imap_message_flags(s, &s->out, info->uid, info->flags, info->keywords);
    }
    if (tells_modseq(f, newly_seen)) {
        moxd_buf_addc(&s->out, ' ');
        imap_put_modseq(s, info->modseq);
    }
    if (newly_seen || f->wants_flags)
        imap_view_told(&s->sel->view, info->uid, info->modseq, false);
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}

/* Only what the list of flags holds; for FETCH FLAGS, the most frequent of all. */
static int read_entries(struct portion *p)
{
    struct imap_session *s = p->f->s;
    struct store_entry *v;

    p->loaded = NULL;
    p->last = UINT32_MAX;
    if (s->im->store->entries(s->sel->acc, s->sel->mailbox, &p->uids, p->a, &v, &p->n, NULL,
                              &p->err) < 0)
        return -1;
    p->infos = moxd_arena_calloc(p->a, p->n + 1, sizeof(*p->infos));
    for (size_t i = 0; i < p->n; i++)
        p->infos[i] = (struct store_msg){ .id = v[i].id,
                                          .uid = v[i].uid,
                                          .flags = v[i].flags,
                                          .modseq = v[i].modseq,
                                          .keywords = v[i].keywords };
    return 0;
}

static void read_portion(void *arg)
{
    struct portion *p = arg;
    struct imap_session *s = p->f->s;

    moxd_arena_reset(p->a);
    p->result = p->f->bodies ? imap_load(s, s->sel->acc, s->sel->mailbox, &p->uids, &p->f->want,
                                         p->a, &p->infos, &p->loaded, &p->n, &p->last, &p->err)
                             : read_entries(p);
}

/* Sets \Seen on those that lack it, in one transaction; their new state comes back. */
static int set_seen(struct fetching *f, struct store_msg *v, size_t n, bool *newly)
{
    struct imap_session *s = f->s;
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN };
    struct store_uid_range *ranges = moxd_arena_calloc(f->batch, n + 1, sizeof(*ranges));
    struct store_uids uids = { .v = ranges }, modified;
    struct store_entry *now;
    size_t nnow, k = 0;

    for (size_t i = 0; i < n; i++)
        if (!(v[i].flags & STORE_SEEN))
            ranges[uids.n++] = (struct store_uid_range){ v[i].uid, v[i].uid };
    if (uids.n == 0)
        return 0;
    if (s->im->store->set_flags(s->sel->acc, s->sel->mailbox, &uids, &fc, f->batch, &now, &nnow,
                                &modified, &f->err) < 0)
        return -1;
    for (size_t i = 0; i < n && k < nnow; i++) {
        if (v[i].uid != now[k].uid)
            continue;
        v[i].flags = now[k].flags;
        v[i].keywords = now[k].keywords;
        v[i].modseq = now[k++].modseq;
        newly[i] = true;
    }
    return 0;
}

/* -1 connection lost; 1 the store refused (f->err). */
static int tell_portion(struct fetching *f, struct portion *p)
{
    bool *newly = moxd_arena_calloc(p->a, p->n + 1, sizeof(*newly));
    int r = 0;

    f->batch = p->a;
    f->found += p->n;
    if (f->seen && set_seen(f, p->infos, p->n, newly) < 0)
        return 1;
    if (read_beside(f, p->infos, p->n) < 0)
        return 1;
    for (size_t i = 0; i < p->n && r == 0; i++)
        r = fetch_one(f, &p->infos[i], p->loaded ? &p->loaded[i] : NULL, newly[i], i);
    return r;
}

/* What follows the message with that UID; false at the end of the set. */
static bool next_uids(struct fetching *f, const struct store_uids *set, uint32_t last,
                      struct store_uids *out)
{
    imap_uids_after(&f->piece, last, f->pieces);
    if (f->piece.n == 0) {
        moxd_arena_reset(f->pieces);
        f->wanted += imap_view_cut(&f->s->sel->view, set, &f->cut, BATCH, f->pieces, &f->piece);
    }
    *out = f->piece;
    return f->piece.n > 0;
}

/* Tells one portion while a worker reads the next. */
static int tell_and_read(struct fetching *f, struct portion *now, struct portion *next)
{
    struct moxd_fid reader = moxd_fiber_spawn("imap-read", read_portion, next);
    /* A round for it to ask, and one for the worker to get what was asked. */
    int r = moxd_yield() < 0 || moxd_yield() < 0 ? -1 : 0;

    if (r == 0)
        r = tell_portion(f, now);
    moxd_fiber_shield(); /* it uses our memory */
    (void)moxd_fiber_join(reader, MOXD_NEVER);
    moxd_fiber_unshield();
    return r;
}

static int fetch_all(struct fetching *f, const struct store_uids *set)
{
    struct portion *now = &f->portion[0], *next = &f->portion[1];
    bool more = next_uids(f, set, 0, &now->uids);
    int r = 0;

    if (more)
        read_portion(now);
    while (more && r == 0) {
        struct portion *told = now;

        if (now->result < 0) {
            f->err = now->err;
            return 1;
        }
        more = next_uids(f, set, now->last, &next->uids);
        r = more ? tell_and_read(f, now, next) : tell_portion(f, now);
        now = next;
        next = told;
    }
    return r;
}

static int run(struct fetching *f, const struct store_uids *set)
{
    int r;

    look_at_items(f);
    f->a = moxd_arena_new(0);
    f->pieces = moxd_arena_new(0);
    imap_fetch_want(f->s, f->cmd, f->a, &f->want, &f->queries);
    f->names = imap_fetch_names(f->cmd, f->a);
    moxd_buf_init(&f->scratch, 2 * MOXD_SUMMARY_MAX);
    for (size_t i = 0; i < 2; i++)
        f->portion[i] = (struct portion){ .f = f, .a = moxd_arena_new(BLOCK) };
    f->msg = moxd_arena_new(0);
    r = fetch_all(f, set);
    moxd_buf_fini(&f->scratch);
    moxd_arena_free(f->msg);
    moxd_arena_free(f->portion[1].a);
    moxd_arena_free(f->portion[0].a);
    moxd_arena_free(f->pieces);
    moxd_arena_free(f->a);
    return r;
}

int imap_fetch_messages(struct imap_session *s, const struct moxd_imap_cmd *cmd,
                        const struct store_uids *set)
{
    struct fetching f = { .s = s, .cmd = cmd };

    return run(&f, set) < 0 ? -1 : 0;
}

/* RFC 7162 3.1.4.1: only those that were changed since. */
static int only_changed(struct imap_session *s, struct store_uids *set, struct moxd_err *err)
{
    struct store_uid_range *r;
    struct store_entry *v;
    size_t n;

    if (s->im->store->changed_since(s->sel->acc, s->sel->mailbox, set, s->cmd.changedsince, s->a,
                                    &v, &n, NULL, err) < 0)
        return -1;
    r = moxd_arena_calloc(s->a, n + 1, sizeof(*r));
    for (size_t i = 0; i < n; i++)
        r[i] = (struct store_uid_range){ v[i].uid, v[i].uid };
    *set = (struct store_uids){ r, n };
    return 0;
}

static int tell_vanished(struct imap_session *s)
{
    struct store_uids within;

    imap_view_any_uids(&s->sel->view, &s->cmd.set, s->a, &within);
    return imap_tell_earlier(s, s->cmd.changedsince, &within, 0);
}

static int answer(struct fetching *f)
{
    struct imap_session *s = f->s;

    if (f->unknown_cte)
        return imap_no(s, "UNKNOWN-CTE", "%s", f->err.pub);
    if (f->err.kind != MOXD_ERR_NONE && f->err.kind != MOXD_ERR_NOTFOUND)
        return imap_fail(s, &f->err);
    if (f->found < f->wanted || f->err.kind == MOXD_ERR_NOTFOUND)
        return imap_ok(s, "EXPUNGEISSUED", "some messages are gone");
    return imap_ok(s, NULL, "fetched");
}

int imap_cmd_fetch(struct imap_session *s)
{
    struct fetching f = { .s = s, .cmd = &s->cmd };
    struct store_uids set;
    struct moxd_err err = { 0 };
    int r;

    if (s->cmd.vanished && !(s->enabled & IMAP_EN_QRESYNC))
        return imap_bad(s, NULL, "ENABLE QRESYNC comes before FETCH (VANISHED)");
    if (imap_command_set(s, &set, &err) < 0 ||
        (s->cmd.has_changedsince && only_changed(s, &set, &err) < 0))
        return imap_fail(s, &err);
    if (s->cmd.vanished && tell_vanished(s) < 0)
        return -1;
    if (s->cmd.partial.a > 0)
        imap_view_partial(&s->sel->view, &s->cmd.partial, &set, s->a, &set);
    r = run(&f, &set);
    return r < 0 ? -1 : answer(&f);
}
