/* UIDONLY (RFC 9586): a session in which message numbers are neither taken nor told. */
#include "imap.h"

bool imap_uidonly(const struct imap_session *s)
{
    return s->enabled & IMAP_EN_UIDONLY;
}

/* Commands that take message numbers unless they begin with UID. */
static bool numbered(enum moxd_imap_verb verb)
{
    switch (verb) {
    case MOXD_IMAP_FETCH:
    case MOXD_IMAP_STORE:
    case MOXD_IMAP_SEARCH:
    case MOXD_IMAP_SORT:
    case MOXD_IMAP_THREAD:
    case MOXD_IMAP_COPY:
    case MOXD_IMAP_MOVE:
    case MOXD_IMAP_REPLACE:
        return true;
    default:
        return false;
    }
}

/* Also numbers among search keys, and in the sequence match data of QRESYNC. */
bool imap_uid_required(const struct imap_session *s)
{
    const struct moxd_imap_cmd *cmd = &s->cmd;

    return imap_uidonly(s) &&
           ((numbered(cmd->verb) && !cmd->uid) || cmd->search_seqs || cmd->qresync.seqs.n > 0);
}

void imap_put_fetch(struct imap_session *s, uint32_t seq, uint32_t uid)
{
    bool uidonly = imap_uidonly(s);

    moxd_buf_addc(&s->out, '*');
    moxd_buf_addc(&s->out, ' ');
    moxd_buf_addu(&s->out, uidonly ? uid : seq);
    moxd_buf_adds(&s->out, uidonly ? " UIDFETCH (" : " FETCH (");
}
