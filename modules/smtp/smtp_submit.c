/* What submission demands of a message and adds to it (RFC 6409). */
#include "smtp.h"

#include "smtp_headers.h"
#include "smtp_trace.h"

#include <moxmail/header_address.h>

static int no_address(struct moxd_err *err)
{
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.6.0",
                             "From holds something that is no address, or nothing");
}

static int not_yours(struct moxd_err *err, const struct moxd_hdraddr *ha)
{
    return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 550, "5.7.1",
                             "From has an address that is not of your account: "
                             "%" MOXD_STRF "@%" MOXD_STRF,
                             MOXD_STRA(ha->localpart), MOXD_STRA(ha->domain));
}

/* Every author is the user (RFC 6409 6.1 lets us enforce it). */
static int check_from(struct smtp_txn *t, struct moxd_str value, struct moxd_err *err)
{
    const struct smtp *smtp = t->s->smtp;
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;
    size_t n = 0;

    moxd_hdraddr_init(&it, value);
    while (moxd_hdraddr_next(&it, &ha)) {
        if (ha.kind != MOXD_HDRADDR_MAILBOX)
            continue;
        if (ha.domain.n == 0) /* not even something with an @ */
            return no_address(err);
        n++;
        if (!smtp->accounts->may_send_as(smtp->accounts_self, t->s->facts.account, ha.localpart,
                                         ha.domain))
            return not_yours(err, &ha);
    }
    return n == 0 ? no_address(err) : 0;
}

/* P-SMTP-09: it is removed; only pedantic mode makes it an error (RFC 5321 4.4). */
static int check_return_path(const struct smtp_header_facts *facts, struct moxd_err *err)
{
    if (facts->return_path == 0 || !moxd_conf_core()->pedantic)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.6.0",
                             "a submitted message must not have a Return-Path field");
}

/* SUBM-01: RFC 6409 8.2 and 8.3. */
static void add_missing(struct smtp_txn *t, const struct smtp_header_facts *facts)
{
    int64_t now = moxd_wall();

    if (facts->message_id == 0) {
        moxd_buf_adds(&t->completed, "Message-ID: <");
        smtp_message_id(&t->completed, t->s->facts.hostname);
        moxd_buf_adds(&t->completed, ">\r\n");
    }
    if (facts->date == 0) {
        moxd_buf_adds(&t->completed, "Date: ");
        smtp_date(&t->completed, now);
        moxd_buf_adds(&t->completed, "\r\n");
    }
}

int smtp_submit(struct smtp_txn *t, const struct smtp_header_facts *facts, struct moxd_err *err)
{
    if (check_return_path(facts, err) < 0 || check_from(t, facts->from_value, err) < 0 ||
        smtp_extra_read(t->header, t->arena, &t->message.extra, &t->message.nextra, err) < 0)
        return -1;
    add_missing(t, facts);
    return 0;
}
