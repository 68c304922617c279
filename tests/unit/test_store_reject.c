/* Messages that were refused and are kept: marked, until they are taken out of where such are.
 *
 * proves: STORE-20, REP-04, P-STORE-13
 * proves in part: REP-03 */
#include "store_unit.h"

static struct store_add add_reject(struct store_account *acc, const char *destined)
{
    struct store_draft *d = draft_of("Subject: buy\r\n\r\n", 16);
    struct store_add add = { .acc = acc,
                             .mailbox_name = "Rejects",
                             .create = true,
                             .origin = "test",
                             .reject = true,
                             .destined = destined };

    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    return add;
}

static struct store_msg message(struct store_account *acc, uint32_t mailbox, uint32_t uid,
                                struct moxd_arena *a)
{
    struct store_msg *v;
    size_t n;

    ck_err(api->messages(acc, mailbox, UIDS({ uid, uid }), a, &v, &n, err));
    ck_assert_uint_eq(n, 1);
    return v[0];
}

static struct store_msg goes(struct store_account *acc, struct store_msg from, uint32_t dst,
                             bool copy, struct moxd_arena *a)
{
    struct store_uids uids = *UIDS({ from.uid, from.uid });
    struct store_copied *v;
    size_t n;

    if (copy)
        ck_err(api->copy(acc, from.mailbox, &uids, dst, a, &v, &n, err));
    else
        ck_err(api->move(acc, from.mailbox, &uids, dst, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    return message(acc, dst, v[0].dst_uid, a);
}

/* It counts for the mailbox that it was for, from when somebody takes it out, by a move or by a copy. */
IN_STORE(rejects_are_marked_until_taken_out)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, junk = mailbox_of(acc, "Junk", a).id;
    struct store_add add = add_reject(acc, "inbox");
    struct store_msg m = message(acc, add.mailbox_id, add.uid, a);

    ck_assert(m.reject);
    ck_assert_uint_eq(m.delivered, inbox);
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_FLAGGED };
    struct store_entry *e;
    size_t n;
    ck_err(api->set_flags(acc, add.mailbox_id, NULL, &fc, a, &e, &n, NULL, err));
    ck_assert(message(acc, add.mailbox_id, add.uid, a).reject);
    ck_assert(goes(acc, m, add.mailbox_id, true, a).reject);
    struct store_msg copy = goes(acc, m, junk, true, a);
    ck_assert(!copy.reject);
    ck_assert_uint_eq(copy.delivered, inbox);
    ck_assert(message(acc, add.mailbox_id, add.uid, a).reject);
    ck_err(api->mailbox_rename(acc, MOXD_STR("Rejects"), MOXD_STR("Refused"), err));
    ck_assert(message(acc, add.mailbox_id, add.uid, a).reject);
    m = goes(acc, m, inbox, false, a);
    ck_assert(!m.reject);
    ck_assert_uint_eq(m.delivered, inbox);
    m = goes(acc, m, add.mailbox_id, false, a);
    ck_assert(!m.reject);
    moxd_arena_free(a);
    close_account(acc);
}

/* Others remember where they came in. A mailbox that is not there cannot be remembered. */
IN_STORE(messages_know_where_they_came_in)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, junk = mailbox_of(acc, "Junk", a).id;
    uint32_t archive = mailbox_of(acc, "Archive", a).id;
    struct store_add add = add_text(acc, "INBOX", "Subject: one\r\n\r\n", 0);
    struct store_msg m = message(acc, inbox, add.uid, a);

    ck_assert_uint_eq(m.delivered, inbox);
    m = goes(acc, m, archive, false, a);
    ck_assert_uint_eq(m.delivered, inbox);
    m = goes(acc, m, junk, false, a);
    ck_assert_uint_eq(m.delivered, inbox);
    m = goes(acc, m, inbox, true, a);
    ck_assert_uint_eq(m.delivered, inbox);
    add = add_reject(acc, "New/Lists");
    m = goes(acc, message(acc, add.mailbox_id, add.uid, a), archive, false, a);
    ck_assert(!m.reject);
    ck_assert_uint_eq(m.delivered, archive);
    moxd_arena_free(a);
    close_account(acc);
}

/* Moved or copied into a mailbox for junk it is junk; a refused one that is taken out is new to the user. */
IN_STORE(mailboxes_say_what_a_message_is)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, junk = mailbox_of(acc, "Junk", a).id;
    struct store_add add =
        add_text(acc, "INBOX", "Subject: one\r\n\r\n", STORE_SEEN | STORE_NOTJUNK);
    struct store_msg m = message(acc, inbox, add.uid, a), copy = goes(acc, m, junk, true, a);

    ck_assert_uint_eq(copy.flags, STORE_SEEN | STORE_JUNK);
    ck_assert_uint_eq(message(acc, inbox, add.uid, a).flags, STORE_SEEN | STORE_NOTJUNK);
    m = goes(acc, m, junk, false, a);
    ck_assert_uint_eq(m.flags, STORE_SEEN | STORE_JUNK);
    m = goes(acc, m, inbox, false, a);
    ck_assert_uint_eq(m.flags, STORE_SEEN | STORE_JUNK);
    add = add_reject(acc, NULL);
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN | STORE_FLAGGED };
    struct store_entry *e;
    size_t n;
    ck_err(api->set_flags(acc, add.mailbox_id, NULL, &fc, a, &e, &n, NULL, err));
    m = message(acc, add.mailbox_id, add.uid, a);
    ck_assert_uint_eq(goes(acc, m, inbox, true, a).flags, STORE_FLAGGED);
    ck_assert_uint_eq(goes(acc, m, inbox, false, a).flags, STORE_FLAGGED);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).unseen, 2);
    moxd_arena_free(a);
    close_account(acc);
}

struct asked {
    const char *localpart, *domain;
    struct store_sent_to to;
    int result;
};

static int ask(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct asked *q = arg;

    q->result = api->tx_sent_to(tx, moxd_cstr(q->localpart), moxd_cstr(q->domain), &q->to, err);
    return q->result < 0 ? -1 : 0;
}

static struct store_sent_to sent_to(struct store_account *acc, const char *localpart,
                                    const char *domain)
{
    struct asked q = { .localpart = localpart, .domain = domain };

    ck_err(api->view(self, acc, ask, &q, err));
    ck_assert_int_eq(q.result, q.to.messages > 0);
    return q.to;
}

/* proves: P-STORE-10 */
IN_STORE(recipients_of_sent_messages_are_known)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    uint32_t sent = mailbox_of(acc, "Sent", a).id;

    add_text(acc, "Sent",
             "To: Ann <Ann@example.org>, us: bob@Example.ORG, \"o k\"@example.net;\r\n"
             "Cc: x@b\xc3\xbc"
             "cher.example, undisclosed, <>\r\nBcc: ann@example.org\r\n\r\n",
             0);
    ck_assert_uint_eq(sent_to(acc, "ann", "example.org").messages, 2);
    ck_assert_uint_eq(sent_to(acc, "BOB", "example.org").messages, 1);
    ck_assert_uint_eq(sent_to(acc, "o k", "example.net").messages, 1);
    ck_assert_uint_eq(sent_to(acc, "x", "xn--bcher-kva.example").messages, 1);
    ck_assert_uint_eq(sent_to(acc, "", "example.org").messages, 3);
    ck_assert_uint_eq(sent_to(acc, "", "example.or").messages, 0);
    ck_assert_uint_eq(sent_to(acc, "carl", "example.org").messages, 0);
    /* Elsewhere nobody wrote it; where it comes from for such mailboxes it is known. */
    struct store_add add = add_text(acc, "INBOX", "To: carl@example.org\r\n\r\n", 0);
    ck_assert_uint_eq(sent_to(acc, "carl", "example.org").messages, 0);
    struct store_msg m = message(acc, add.mailbox_id, add.uid, a);
    m = goes(acc, goes(acc, m, sent, true, a), sent, true, a);
    ck_assert_uint_eq(sent_to(acc, "carl", "example.org").messages, 1);
    goes(acc, message(acc, add.mailbox_id, add.uid, a), sent, false, a);
    struct store_sent_to carl = sent_to(acc, "carl", "example.org");
    ck_assert_uint_eq(carl.messages, 2);
    ck_assert_int_eq(carl.first, m.received.ns);
    /* Also when the messages are gone. */
    ck_err(api->discard(acc, sent, NULL, err));
    ck_assert_uint_eq(sent_to(acc, "carl", "example.org").messages, 2);
    moxd_arena_free(a);
    close_account(acc);
}

IN_STORE(discarding_takes_no_flag)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_add one = add_reject(acc, NULL);
    struct store_add two = add_reject(acc, NULL);

    ck_err(api->discard(acc, one.mailbox_id, UIDS({ one.uid, one.uid }), err));
    ck_assert_uint_eq(mailbox_of(acc, "Rejects", a).total, 1);
    ck_assert(message(acc, two.mailbox_id, two.uid, a).reject);
    ck_err(api->discard(acc, one.mailbox_id, NULL, err));
    ck_assert_uint_eq(mailbox_of(acc, "Rejects", a).total, 0);
    ck_fails(NOTFOUND, api->discard(acc, 4711, NULL, err));
    moxd_arena_free(a);
    close_account(acc);
}

UNIT_MAIN("store_reject", rejects_are_marked_until_taken_out, messages_know_where_they_came_in,
          discarding_takes_no_flag, mailboxes_say_what_a_message_is,
          recipients_of_sent_messages_are_known)
