/* The pause before a message is accepted that a hook wants (SMTPIN-10, REP-07). It holds the connection, one of those that
 * a sender may have. */
#include "smtp.h"

/* MOXD_OK; CANCELLED, we are stopping; CLOSED: nobody would hear that the message was accepted, and it would come again.
 * What the client sends meanwhile (RFC 2920 lets it) waits too. */
static int pause_until(struct smtp_session *s, int64_t deadline)
{
    bool talks = false;

    for (;;) {
        if (moxd_stopping())
            return MOXD_CANCELLED;
        int r = talks ? moxd_park(deadline) : moxd_stream_wait(s->st, deadline);
        if (r < 0)
            return r == MOXD_TIMEOUT ? MOXD_OK : r;
        talks |= r > 0;
        if (talks && moxd_stream_buffered(s->st) == 0)
            return MOXD_CLOSED;
    }
}

int smtp_wait(struct smtp_session *s, const struct smtp_txn *t)
{
    const struct smtp_accepting *ac = &t->accepting;

    if (ac->wait == 0)
        return 0;
    moxd_info(&s->log, "a message waits before it is accepted", moxd_kvd("wait", ac->wait),
              moxd_kvs("why", ac->why));
    int r = pause_until(s, moxd_deadline(ac->wait));
    if (r == MOXD_OK)
        return 0;
    smtp_message_lost(s, r);
    return -1;
}
