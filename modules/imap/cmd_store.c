/* STORE (RFC 9051 6.4.6, RFC 7162 3.1.3). */
#include "imap.h"

/* What the answer says of each message. Also a silent store tells the new modification sequence, once the
 * client knows of those (RFC 7162 3.1.3, example 14). */
static unsigned told_of(const struct imap_session *s)
{
    bool modseq = imap_tells_modseq(s);
    unsigned what = s->cmd.silent ? 0 : IMAP_TELL_FLAGS;

    if (modseq)
        what |= IMAP_TELL_MODSEQ;
    if (what && (modseq || s->cmd.uid))
        what |= IMAP_TELL_UID;
    return what;
}

/* Answers what was asked; the store's echo of it is then not told again. With .SILENT only what really
 * changed is the client's own doing: the state of the others may be news. */
static int tell_stored(struct imap_session *s, const struct store_entry *v, size_t n,
                       uint64_t changed)
{
    unsigned what = told_of(s);

    for (size_t i = 0; i < n; i++) {
        if (what && imap_tell_entry(s, &v[i], what) < 0)
            return -1;
        if (!s->cmd.silent || v[i].modseq == changed)
            imap_view_told(&s->sel->view, v[i].uid, v[i].modseq, s->cmd.silent);
    }
    return 0;
}

/* RFC 7162 3.1.3: those that somebody else changed, as numbers or as UIDs. */
static void put_modified(struct imap_session *s, struct moxd_buf *b, const struct store_uids *uids)
{
    struct moxd_imap_set_out set = { .b = b };

    moxd_buf_adds(b, "MODIFIED ");
    for (size_t i = 0; i < uids->n; i++) {
        uint32_t first = uids->v[i].first, last = uids->v[i].last;

        if (!s->cmd.uid) {
            first = imap_view_seq(&s->sel->view, first);
            last = imap_view_seq(&s->sel->view, last);
        }
        moxd_imap_set_add(&set, first, last);
    }
    moxd_imap_set_end(&set);
}

/* Their flags are told, so that the client need not ask. */
static int answer_modified(struct imap_session *s, const struct store_uids *modified)
{
    struct moxd_buf code = MOXD_BUF_INIT(IMAP_OUT_MAX);
    int r;

    put_modified(s, &code, modified);
    imap_view_stale(&s->sel->view, modified);
    r = imap_ok(s, moxd_buf_cstr(&code), "changed by somebody else");
    moxd_buf_fini(&code);
    return r;
}

static int store_flags(struct imap_session *s, const struct store_uids *uids,
                       struct store_flag_change *fc)
{
    struct store_uids modified;
    struct store_entry *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (s->im->store->set_flags_of(s->sel->acc, s->sel->mailbox, uids, fc, imap_settable(s->sel),
                                   s->a, &v, &n, &modified, &err) < 0)
        return imap_fail(s, &err);
    if (tell_stored(s, v, n, fc->modseq) < 0)
        return -1;
    return modified.n > 0 ? answer_modified(s, &modified) : imap_ok(s, NULL, "stored");
}

/* RFC 4314 4: one of the flags is enough, the others stay as they are. */
static bool may_store(const struct imap_session *s, const struct store_flag_change *fc)
{
    unsigned named = fc->flags | (fc->keywords.n > 0 ? STORE_FLAG_KEYWORDS : 0);

    return imap_settable(s->sel) & (named ? named : STORE_FLAGS_ALL);
}

int imap_cmd_store(struct imap_session *s)
{
    static const enum store_flag_mode modes[] = { STORE_FLAGS_SET, STORE_FLAGS_ADD,
                                                  STORE_FLAGS_REMOVE };
    struct store_flag_change fc = { .mode = modes[s->cmd.store_mode],
                                    .has_unchangedsince = s->cmd.has_unchangedsince,
                                    .unchangedsince = s->cmd.unchangedsince };
    struct store_uids uids;
    struct moxd_err err = { 0 };
    int r;

    if ((r = imap_writable(s, 0)) != 0)
        return r < 0 ? -1 : 0;
    if (imap_command_set(s, &uids, &err) < 0 ||
        imap_flags_in(s, &s->cmd.flags, &fc.flags, &fc.keywords, &err) < 0)
        return imap_fail(s, &err);
    if (!may_store(s, &fc))
        return imap_no(s, "NOPERM", "you do not have the right to change these flags");
    return store_flags(s, &uids, &fc);
}
