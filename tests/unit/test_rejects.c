/* What is kept of refused messages, and for how long.
 *
 * proves: REP-05, P-ANALYZE-09 */
#include "store_unit.h"

#include "rejects.h"

static const struct rejects r = { .store = &store_api, .store_self = &store_instance.m };

static void add_at(struct store_account *acc, int64_t received, bool reject)
{
    struct store_draft *d = draft_of("Subject: x\r\n\r\n", 14);
    struct store_add add = { .acc = acc,
                             .mailbox_name = "Rejects",
                             .create = true,
                             .origin = "test",
                             .reject = reject,
                             .received.ns = received };

    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
}

static char *left(struct store_account *acc, struct moxd_arena *a)
{
    struct store_mailbox mb = mailbox_of(acc, "Rejects", a);
    struct store_entry *v;
    char *text = moxd_arena_strdup(a, "");
    size_t n;

    ck_err(api->entries(acc, mb.id, NULL, a, &v, &n, NULL, err));
    for (size_t i = 0; i < n; i++)
        text = moxd_arena_printf(a, "%s %u", text, v[i].uid);
    return text;
}

/* The old ones, and the oldest when there are too many; never what a user put there. */
IN_STORE(old_ones_go)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);

    ck_err(rejects_tidy(&r, acc, "Rejects", 100, 10, err)); /* no such mailbox yet */
    add_at(acc, 500, true);
    add_at(acc, 99, true);
    add_at(acc, 1, false);
    add_at(acc, 300, true);
    add_at(acc, 400, true);
    add_at(acc, 200, true);
    add_at(acc, 100, true);
    ck_err(rejects_tidy(&r, acc, "Rejects", 100, 10, err));
    ck_assert_str_eq(left(acc, a), " 1 3 4 5 6 7");
    ck_err(rejects_tidy(&r, acc, "Rejects", 100, 3, err));
    ck_assert_str_eq(left(acc, a), " 1 3 4 5");
    ck_err(rejects_tidy(&r, acc, "Rejects", 100, 0, err));
    ck_assert_str_eq(left(acc, a), " 3");
    moxd_arena_free(a);
    close_account(acc);
}

static int refused(struct store_account *acc, const char *header, const char *body)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const char *text = moxd_arena_printf(a, "%s\r\n%s", header, body);
    struct smtp_message msg = { .header = moxd_cstr(header),
                                .size = strlen(text),
                                .draft = draft_of(text, strlen(text)) };
    struct moxd_err err = { 0 };
    int rc = rejects_note(&r, acc, &msg, &err);

    ck_assert_msg(rc >= 0, "%s", err.priv);
    api->draft_free(msg.draft);
    moxd_arena_free(a);
    return rc;
}

IN_STORE(the_same_message_is_known)
{
    struct store_account *acc = open_account("mjl");

    ck_assert_int_eq(refused(acc, "Message-ID: <a@b>\r\n", "x"), 0);
    ck_assert_int_eq(refused(acc, "Message-Id:  <a@b>\r\n", "another attempt"), 1);
    ck_assert_int_eq(refused(acc, "Message-ID: <c@b>\r\n", "x"), 0);
    ck_assert_int_eq(refused(acc, "Subject: x\r\n", "one"), 0);
    ck_assert_int_eq(refused(acc, "Subject: x\r\n", "two"), 0);
    ck_assert_int_eq(refused(acc, "Subject: x\r\n", "one"), 1);
    ck_err(rejects_forget(&r, acc, 1, err));
    ck_assert_int_eq(refused(acc, "Subject: x\r\n", "one"), 1);
    ck_err(rejects_forget(&r, acc, INT64_MAX, err));
    ck_assert_int_eq(refused(acc, "Subject: x\r\n", "one"), 0);
    close_account(acc);
}

UNIT_MAIN("rejects", old_ones_go, the_same_message_is_known)
