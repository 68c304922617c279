/* QRESYNC: what vanished, and what happened since a client's last visit (RFC 7162 3.2). */
#include "imap.h"

/* A set is cut into lines of about this length: some clients bound theirs. */
enum { LINE = 8000 };

struct vanished {
    struct imap_session *s;
    const char *head; /* "* VANISHED " */
    struct moxd_imap_set_out set;
};

static int add(struct vanished *v, uint32_t first, uint32_t last)
{
    struct moxd_buf *out = &v->s->out;

    if (out->n > LINE) {
        moxd_imap_set_end(&v->set);
        if (imap_send_out(v->s) < 0)
            return -1;
    }
    if (out->n == 0)
        moxd_buf_adds(out, v->head);
    moxd_imap_set_add(&v->set, first, last);
    return 0;
}

static int end(struct vanished *v)
{
    moxd_imap_set_end(&v->set);
    return v->s->out.n > 0 ? imap_send_out(v->s) : 0;
}

static int tell_expunge(void *arg, uint32_t seq, uint32_t uid)
{
    (void)uid;
    return imap_untagged(arg, "%u EXPUNGE", seq);
}

static int tell_vanished(void *arg, uint32_t seq, uint32_t uid)
{
    (void)seq;
    return add(arg, uid, uid);
}

int imap_tell_expunged(struct imap_session *s)
{
    struct vanished v = { s, "* VANISHED ", { .b = &s->out } };
    struct imap_view *view = &s->sel->view;

    if (!(s->enabled & (IMAP_EN_QRESYNC | IMAP_EN_UIDONLY)))
        return imap_view_expunge(view, tell_expunge, s);
    if (imap_view_expunge(view, tell_vanished, &v) < 0)
        return -1;
    return end(&v);
}

/* Those that the client still counts are left for VANISHED without EARLIER (RFC 7162 3.2.10). */
int imap_tell_earlier(struct imap_session *s, uint64_t since, const struct store_uids *within,
                      uint32_t above)
{
    struct vanished v = { s, "* VANISHED (EARLIER) ", { .b = &s->out } };
    struct store_uids gone, unknown;
    struct moxd_err err = { 0 };

    if (s->im->store->changed_since(s->sel->acc, s->sel->mailbox, NULL, since, s->a, NULL, NULL,
                                    &gone, &err) < 0) {
        moxd_error(&s->log, "expunged messages cannot be read", moxd_kve(&err));
        return -1;
    }
    imap_view_unknown(&s->sel->view, &gone, within, above, s->a, &unknown);
    for (size_t i = 0; i < unknown.n; i++)
        if (add(&v, unknown.v[i].first, unknown.v[i].last) < 0)
            return -1;
    return end(&v);
}

/* What changed since; what did so after the mailbox was read will be told as news. */
static int tell_changed(struct imap_session *s, const struct store_uids *known)
{
    struct store_entry *v;
    struct moxd_err err = { 0 };
    size_t n;

    if (s->im->store->changed_since(s->sel->acc, s->sel->mailbox, known, s->cmd.qresync.modseq,
                                    s->a, &v, &n, NULL, &err) < 0) {
        moxd_error(&s->log, "changed messages cannot be read", moxd_kve(&err));
        return -1;
    }
    for (size_t i = 0; i < n; i++)
        if (v[i].modseq <= s->sel->view.synced &&
            imap_tell_entry(s, &v[i], IMAP_TELL_UID | IMAP_TELL_FLAGS | IMAP_TELL_MODSEQ) < 0)
            return -1;
    return 0;
}

int imap_qresync(struct imap_session *s, const struct store_mailbox *mb)
{
    struct moxd_imap_range everything = { 1, MOXD_IMAP_STAR };
    struct moxd_imap_set all = { .v = &everything, .n = 1 };
    const struct moxd_imap_qresync *q = &s->cmd.qresync;
    const struct imap_view *view = &s->sel->view;
    struct store_uids known;

    if (!q->given || q->uidvalidity != mb->uidvalidity)
        return 0;
    imap_view_any_uids(view, q->uids.n > 0 ? &q->uids : &all, s->a, &known);
    if (imap_tell_earlier(s, q->modseq, &known, imap_view_agree(view, &q->seqs, &q->seq_uids)) < 0)
        return -1;
    return tell_changed(s, &known);
}
