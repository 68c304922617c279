/* CONDSTORE: modification sequences as the client sees them (RFC 7162 3.1). */
#include "imap.h"

bool imap_tells_modseq(const struct imap_session *s)
{
    return s->enabled & IMAP_EN_CONDSTORE;
}

/* Up to which modification sequence the client knows everything; NOTIFY may keep some of it from it. */
static uint64_t known_to(const struct imap_session *s)
{
    unsigned wants = imap_notify_selected(s);

    return imap_view_known_without(&s->sel->view, !(wants & MOXD_IMAP_EVENT_FLAG_CHANGE),
                                   !(wants & MOXD_IMAP_EVENT_MESSAGE_NEW));
}

/* What is pending is told first: the answer covers everything that was told. */
int imap_condstore(struct imap_session *s)
{
    if (s->enabled & IMAP_EN_CONDSTORE)
        return 0;
    s->enabled |= IMAP_EN_CONDSTORE;
    if (!s->sel)
        return 0;
    if (imap_sync(s) < 0)
        return -1;
    return imap_untagged(s, "OK [HIGHESTMODSEQ %llu] modification sequences are told",
                         (unsigned long long)known_to(s));
}

void imap_put_modseq(struct imap_session *s, uint64_t modseq)
{
    moxd_buf_adds(&s->out, "MODSEQ (");
    moxd_buf_addu(&s->out, modseq);
    moxd_buf_addc(&s->out, ')');
    if (modseq > s->sel->sent)
        s->sel->sent = modseq;
}

/* RFC 7162 3.2: a client takes the highest MODSEQ that it saw for what it knows. When that is not so, since
 * an expunge waits or a change is about to come, it is told otherwise: else it would miss that if the
 * connection broke now. */
int imap_before_answer(struct imap_session *s)
{
    uint64_t known, sent;

    if (!s->sel)
        return 0;
    known = known_to(s);
    sent = s->sel->sent;
    s->sel->sent = 0;
    if (sent <= known)
        return 0;
    return imap_untagged(s, "OK [HIGHESTMODSEQ %llu] more is to come", (unsigned long long)known);
}

/* RFC 7162 3.2.7, RFC 6851 4.4. The expunges are told before, so that the value covers them. */
int imap_ok_removed(struct imap_session *s, const char *text)
{
    char code[64];

    if (imap_sync(s) < 0)
        return -1;
    snprintf(code, sizeof(code), "HIGHESTMODSEQ %llu", (unsigned long long)known_to(s));
    return imap_ok(s, code, "%s", text);
}

int imap_tell_entry(struct imap_session *s, const struct store_entry *e, unsigned what)
{
    uint32_t seq = imap_view_seq(&s->sel->view, e->uid);
    const char *sep = "";

    if (seq == 0)
        return 0;
    if ((what & IMAP_TELL_FLAGS) && imap_announce_keywords(s, e->keywords) < 0)
        return -1;
    imap_put_fetch(s, seq, e->uid);
    if ((what & IMAP_TELL_UID) && !imap_uidonly(s)) {
        moxd_buf_adds(&s->out, "UID ");
        moxd_buf_addu(&s->out, e->uid);
        sep = " ";
    }
    if (what & IMAP_TELL_FLAGS) {
        moxd_buf_adds(&s->out, sep);
        moxd_buf_adds(&s->out, "FLAGS ");
        imap_message_flags(s, &s->out, e->uid, e->flags, e->keywords);
        sep = " ";
    }
    if (what & IMAP_TELL_MODSEQ) {
        moxd_buf_adds(&s->out, sep);
        imap_put_modseq(s, e->modseq);
    }
    moxd_buf_addc(&s->out, ')');
    return imap_send_out(s);
}
