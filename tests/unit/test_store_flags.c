/* Flags and keywords of messages. */
#include "store_unit.h"

/* What changed nothing says so: the state may be somebody else's news. */
IN_STORE(tells_its_own_changes_of_flags)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_flag_change fc = { STORE_FLAGS_ADD, .flags = STORE_SEEN };
    struct store_entry *v;
    uint32_t box = add_text(acc, "INBOX", "x", STORE_SEEN).mailbox_id;
    size_t n;

    ck_err(api->set_flags(acc, box, NULL, &fc, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(fc.modseq, 0);
    (void)add_text(acc, "INBOX", "x", 0);
    ck_err(api->set_flags(acc, box, NULL, &fc, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_lt(v[0].modseq, fc.modseq);
    ck_assert_uint_eq(v[1].modseq, fc.modseq);
    api->close(acc);
    moxd_arena_free(a);
}

/* proves: STORE-04, STORE-07, STORE-09, IMAP-19 */
IN_STORE(changes_flags)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = 0;
    uint64_t before;
    for (int i = 0; i < 4; i++)
        box = add_text(acc, "INBOX", "x", 0).mailbox_id;

    ck_assert_str_eq(flag(acc, box, UIDS({ 1, 2 }, { 4, 9 }),
                          (struct store_flag_change){ STORE_FLAGS_ADD, .flags = STORE_SEEN }, a),
                     "1:1 2:1 4:1 ()");
    before = api->modseq(acc);
    ck_assert_str_eq(flag(acc, box, NULL,
                          (struct store_flag_change){ STORE_FLAGS_SET, STORE_DELETED | STORE_SEEN,
                                                      KEYWORDS("a", "z") },
                          a),
                     "1:9 2:9 3:9 4:9 ()");
    ck_assert_uint_eq(api->modseq(acc), before + 1);
    ck_assert_str_eq(flag(acc, box, UIDS({ 2, 2 }),
                          (struct store_flag_change){ STORE_FLAGS_REMOVE, STORE_DELETED,
                                                      KEYWORDS("a", "unknown") },
                          a),
                     "2:1 ()");
    ck_assert_str_eq(flag(acc, box, UIDS({ 3, 3 }),
                          (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("b") }, a),
                     "3:9 ()");
    ck_assert_str_eq(entries_text(acc, box, NULL, a), "1 9 a z;2 1 z;3 9 a b z;4 9 a z;");
    struct store_mailbox m = mailbox_of(acc, "INBOX", a);
    ck_assert_uint_eq(m.unseen, 0);
    ck_assert_uint_eq(m.deleted, 3);
    ck_assert_uint_eq(m.keywords.n, 3);
    ck_assert_str_eq(m.keywords.v[0], "a");
    ck_assert_str_eq(m.keywords.v[2], "z");

    /* What is so already is no change. */
    before = api->modseq(acc);
    (void)flag(acc, box, NULL, (struct store_flag_change){ STORE_FLAGS_ADD, STORE_SEEN }, a);
    (void)flag(acc, box, UIDS({ 7, 8 }), (struct store_flag_change){ STORE_FLAGS_SET, 0 }, a);
    ck_assert_uint_eq(api->modseq(acc), before);
    (void)flag(acc, box, NULL, (struct store_flag_change){ STORE_FLAGS_SET }, a);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).keywords.n, 3);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).unseen, 4);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: IMAP-02 */
IN_STORE(changes_flags_on_a_condition)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_add first = add_text(acc, "INBOX", "x", 0);
    uint32_t box = first.mailbox_id;

    add_text(acc, "INBOX", "y", 0);
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_FLAGGED, .has_unchangedsince = true,
                                    .unchangedsince = first.modseq };
    ck_assert_str_eq(flag(acc, box, NULL, fc, a), "1:4 (2)");
    ck_assert_str_eq(flag(acc, box, NULL, fc, a), "(1:2)");
    fc.unchangedsince = UINT64_MAX;
    ck_assert_str_eq(flag(acc, box, NULL, fc, a), "1:4 2:4 ()");
    fc.unchangedsince = 0;
    ck_assert_str_eq(flag(acc, box, NULL, fc, a), "(1:2)");
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(limits_keywords)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = add_text(acc, "INBOX", "x", 0).mailbox_id;
    const char *v[101];
    struct store_entry *e;
    size_t n;

    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 101; i++)
            v[i] = moxd_arena_printf(a, "r%dk%03d", round, i);
        struct store_flag_change fc = { STORE_FLAGS_SET, 0, { v, 100 } };
        if (round < 5)
            ck_err(api->set_flags(acc, box, NULL, &fc, a, &e, &n, NULL, err));
        else
            ck_fails(LIMIT, api->set_flags(acc, box, NULL, &fc, a, &e, &n, NULL, err));
    }
    struct store_flag_change fc = { STORE_FLAGS_ADD, 0, KEYWORDS("r0k000") };
    ck_fails(LIMIT, api->set_flags(acc, box, NULL, &fc, a, &e, &n, NULL, err));
    fc.keywords = (struct store_keywords){ v, 101 };
    ck_fails(LIMIT, api->set_flags(acc, box, NULL, &fc, a, &e, &n, NULL, err));
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).keywords.n, STORE_MAILBOX_KEYWORDS_MAX);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_flags", tells_its_own_changes_of_flags, changes_flags,
          changes_flags_on_a_condition, limits_keywords)
