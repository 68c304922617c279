/* BDAT (RFC 3030): a message in chunks of known size. What a client sends behind the command is data in any
 * case: it is read before any reply, so that none of it is ever taken for a command. */
#include "smtp.h"

static bool parse(struct smtp_session *s, struct moxd_str args, struct moxd_smtp_bdat *chunk)
{
    struct moxd_err err = { 0 };

    if (moxd_smtp_parse_bdat(args, chunk, &err) == 0)
        return true;
    s->closing = true; /* nobody knows where the next command begins */
    smtp_reply_bad(s, moxd_err_smtp_code(&err), moxd_err_enhanced(&err), "%s", err.pub);
    return false;
}

bool smtp_bdat_skip(struct smtp_session *s, struct moxd_str args)
{
    struct moxd_smtp_bdat chunk;

    if (!parse(s, args, &chunk))
        return false;
    int result = smtp_receive_skip(s, chunk.size);
    if (result < 0)
        smtp_message_lost(s, result);
    return result == 0;
}

/* After an error the transaction is over; chunks that were under way already are read and refused as
 * being outside of one. */
void smtp_cmd_bdat(struct smtp_session *s, struct moxd_str args)
{
    struct moxd_smtp_bdat chunk;

    if (s->txn->nrcpts == 0) {
        if (smtp_bdat_skip(s, args))
            smtp_reply_bad(s, 554, "5.5.1", "no valid recipients"); /* RFC 5321 3.3 */
        return;
    }
    if (!parse(s, args, &chunk))
        return;
    struct moxd_err err = { 0 };
    int lost = 0;
    enum smtp_receive_result r = smtp_receive_chunk(s, s->txn, &chunk, &lost, &err);
    if (r == SMTP_RECEIVED && !chunk.last)
        smtp_reply(s, 250, "2.0.0", "%llu octets received", (unsigned long long)chunk.size);
    else
        smtp_message_end(s, r, lost, &err);
}
