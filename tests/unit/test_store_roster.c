/* Lists of mailboxes in memory: what is shared, what changes bring in, what is kept. That they say what the records
 * say is checked after every test of the store that ends with an account (check_account). */
#include "store_unit.h"

static struct moxd_arena *a;

static struct store_selection select_it(struct store_account *acc, const char *mailbox)
{
    struct store_selection of;

    ck_err(api->select_uids(acc, moxd_cstr(mailbox), 0, a, &of, err));
    return of;
}

static void add_many(struct store_account *acc, unsigned n, unsigned flags)
{
    for (unsigned i = 0; i < n; i++)
        (void)add_text(acc, "Archive", "Subject: x\r\n\r\nx", flags);
}

static void expunge(struct store_account *acc, uint32_t first, uint32_t last)
{
    uint32_t id = mailbox_of(acc, "Archive", a).id;

    ck_err(api->discard(acc, id, UIDS({ first, last }), err));
}

static uint64_t records_read(void)
{
    return atomic_load(&store_instance.env->stats.records_read);
}

IN_STORE(selecting_again_reads_no_messages)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection first, second;
    uint64_t before;

    a = moxd_arena_new(0);
    add_many(acc, 20, STORE_SEEN);
    add_many(acc, 300, 0);
    first = select_it(acc, "Archive");
    before = records_read();
    second = select_it(acc, "Archive");
    ck_assert_uint_lt(records_read() - before, 10);
    ck_assert_ptr_eq(first.uids, second.uids);
    ck_assert_uint_eq(second.n, 320);
    ck_assert_uint_eq(second.first_unseen, 21);
    ck_assert_uint_eq(second.mailbox.total, 320);
    ck_assert_uint_eq(second.modseq, api->modseq(acc));
    ck_assert_str_eq(second.mailbox.name, "Archive");
    before = records_read();
    ck_assert_str_eq(entries_text(acc, second.mailbox.id, UIDS({ 1, 1 }, { 320, 400 }), a),
                     "1 1;320 0;");
    ck_assert_uint_eq(records_read(), before);
    api->uids_release(first.uids);
    api->uids_release(second.uids);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(what_comes_is_appended_to_what_is_shared)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of, later;

    a = moxd_arena_new(0);
    add_many(acc, 3, 0);
    of = select_it(acc, "Archive");
    add_many(acc, 2, STORE_SEEN);
    later = select_it(acc, "Archive");
    ck_assert_ptr_eq(of.uids, later.uids);
    ck_assert_uint_eq(of.n, 3);
    ck_assert_uint_eq(later.n, 5);
    ck_assert_uint_eq(later.uids->v[4], 5);
    api->uids_release(later.uids);
    add_many(acc, 500, 0); /* more than there is room for */
    later = select_it(acc, "Archive");
    ck_assert_ptr_ne(of.uids, later.uids);
    ck_assert_uint_eq(later.n, 505);
    ck_assert_uint_eq(of.uids->v[0], 1);
    api->uids_release(of.uids);
    api->uids_release(later.uids);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(who_shares_it_keeps_what_was_expunged)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of, later;

    a = moxd_arena_new(0);
    add_many(acc, 10, 0);
    of = select_it(acc, "Archive");
    expunge(acc, 3, 7);
    add_many(acc, 1, 0);
    ck_assert_str_eq(entries_text(acc, of.mailbox.id, NULL, a), "1 0;2 0;8 0;9 0;10 0;11 0;");
    later = select_it(acc, "Archive");
    ck_assert_uint_eq(later.n, 6);
    ck_assert_uint_eq(later.uids->v[2], 8);
    for (uint32_t i = 0; i < 10; i++)
        ck_assert_uint_eq(of.uids->v[i], i + 1);
    api->uids_release(of.uids);
    expunge(acc, 1, 1);
    api->uids_release(later.uids);
    later = select_it(acc, "Archive");
    ck_assert_uint_eq(later.n, 5);
    ck_assert_uint_eq(later.uids->v[0], 2);
    api->uids_release(later.uids);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(flags_and_keywords_follow)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of;
    uint32_t id;

    a = moxd_arena_new(0);
    add_many(acc, 4, 0);
    of = select_it(acc, "Archive");
    id = of.mailbox.id;
    api->uids_release(of.uids);
    (void)flag(acc, id, UIDS({ 1, 2 }),
               (struct store_flag_change){ STORE_FLAGS_ADD, STORE_SEEN, KEYWORDS("a", "b") }, a);
    (void)flag(acc, id, UIDS({ 2, 3 }),
               (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("b", "c") }, a);
    (void)flag(acc, id, UIDS({ 1, 1 }),
               (struct store_flag_change){ STORE_FLAGS_REMOVE, STORE_SEEN, KEYWORDS("a") }, a);
    ck_assert_str_eq(entries_text(acc, id, NULL, a), "1 0 b;2 1 a b c;3 0 b c;4 0;");
    of = select_it(acc, "Archive");
    ck_assert_uint_eq(of.first_unseen, 1);
    api->uids_release(of.uids);
    close_account(acc);
    moxd_arena_free(a);
}

static const char *uids_of(struct store_account *acc, uint32_t mailbox, const uint64_t *ids,
                           size_t n)
{
    const char *s = "";
    uint32_t *v;
    size_t nv;

    ck_err(api->uids_of(acc, mailbox, ids, n, a, &v, &nv, err));
    for (size_t i = 0; i < nv; i++)
        s = moxd_arena_printf(a, "%s%u ", s, v[i]);
    return s;
}

/* From the list in memory as from the database: messages that came back have higher UIDs than their ids say. */
IN_STORE(uids_by_id)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of;
    struct store_copied *copied;
    const char *first;
    uint64_t ids[6];
    uint32_t archive, trash;
    size_t n;

    a = moxd_arena_new(0);
    for (size_t i = 0; i < 6; i++)
        ids[i] = add_text(acc, "Archive", "Subject: x\r\n\r\nx", 0).id;
    archive = mailbox_of(acc, "Archive", a).id;
    trash = mailbox_of(acc, "Trash", a).id;
    ck_err(api->move(acc, archive, UIDS({ 2, 3 }), trash, a, &copied, &n, NULL, err));
    ck_err(api->move(acc, trash, UIDS({ 1, 1 }), archive, a, &copied, &n, NULL, err));
    first = uids_of(acc, archive, ids, 6);
    ck_assert_str_eq(first, "1 4 5 6 7 ");
    ck_assert_str_eq(uids_of(acc, archive, ids + 1, 1), "7 ");
    of = select_it(acc, "Archive");
    expunge(acc, 5, 5);
    ck_assert_str_eq(uids_of(acc, archive, ids, 6), "1 4 6 7 ");
    ck_assert_str_eq(uids_of(acc, archive, ids + 1, 2), "7 ");
    ck_assert_str_eq(uids_of(acc, archive, ids, 0), "");
    ck_assert_str_eq(uids_of(acc, trash, ids, 6), "2 ");
    api->uids_release(of.uids);
    close_account(acc);
    moxd_arena_free(a);
}

/* More different sets than are kept: read from the database, as if there were no roster. */
IN_STORE(too_many_sets_of_keywords)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of;
    char name[2][20];
    uint32_t id;

    a = moxd_arena_new(0);
    add_many(acc, 1, 0);
    id = mailbox_of(acc, "Archive", a).id;
    for (unsigned i = 0; i <= STORE_ROSTER_KEYWORDS_MAX + 20; i++) {
        if (i == 5) {
            of = select_it(acc, "Archive");
            api->uids_release(of.uids);
        }
        snprintf(name[0], sizeof(name[0]), "a%u", i / 40);
        snprintf(name[1], sizeof(name[1]), "b%u", i % 40);
        (void)flag(acc, id, UIDS({ 1, 1 }),
                   (struct store_flag_change){ STORE_FLAGS_SET, 0, KEYWORDS(name[0], name[1]) }, a);
        if (i == 10)
            ck_assert_uint_eq(HASH_COUNT(acc->rosters), 1);
    }
    ck_assert_uint_eq(HASH_COUNT(acc->rosters), 0);
    ck_assert_str_eq(entries_text(acc, id, NULL, a), "1 0 a25 b20;");
    close_account(acc);
    moxd_arena_free(a);
}

/* mailbox-cache-size: those used last stay. */
IN_STORE(the_least_used_go)
{
    struct store_account *acc = open_account("mjl"), *other = open_account("other");
    struct store_selection of;
    uint64_t one;

    a = moxd_arena_new(0);
    of = select_it(acc, "Archive");
    api->uids_release(of.uids);
    one = store_instance.roster_bytes;
    ck_assert_uint_gt(one, 0);
    store_instance.opt.rosters = 2 * one;
    of = select_it(acc, "Trash");
    api->uids_release(of.uids);
    of = select_it(acc, "Archive");
    api->uids_release(of.uids);
    of = select_it(other, "INBOX");
    ck_assert_uint_eq(HASH_COUNT(acc->rosters), 1);
    ck_assert_uint_eq(acc->rosters->mailbox, mailbox_of(acc, "Archive", a).id);
    ck_assert_uint_eq(HASH_COUNT(other->rosters), 1);
    store_instance.opt.rosters = 0;
    add_many(acc, 1, 0);
    ck_assert_uint_eq(store_instance.roster_bytes, 0);
    ck_assert_ptr_null(acc->rosters);
    ck_assert_uint_eq(of.n, 0); /* the caller's goes on */
    api->uids_release(of.uids);
    of = select_it(acc, "Archive");
    ck_assert_uint_eq(of.n, 1);
    api->uids_release(of.uids);
    ck_assert_uint_eq(store_instance.roster_bytes, 0);
    close_account(other);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(goes_with_its_mailbox_and_account)
{
    struct store_account *acc = open_account("mjl");
    struct store_selection of;

    a = moxd_arena_new(0);
    add_many(acc, 2, 0);
    of = select_it(acc, "Archive");
    ck_err(api->mailbox_rename(acc, MOXD_STR("Archive"), MOXD_STR("Old"), err));
    ck_assert_uint_eq(HASH_COUNT(acc->rosters), 1);
    ck_err(api->mailbox_delete(acc, MOXD_STR("Old"), err));
    ck_assert_uint_eq(HASH_COUNT(acc->rosters), 0);
    ck_assert_uint_eq(of.uids->v[1], 2);
    api->uids_release(of.uids);
    ck_fails(NOTFOUND, api->select_uids(acc, MOXD_STR("Old"), 0, a, &of, err));
    ck_assert_ptr_null(of.uids);
    of = select_it(acc, "INBOX");
    api->uids_release(of.uids);
    ck_err(api->remove(self, "mjl", err));
    ck_assert_uint_eq(store_instance.roster_bytes, 0);
    ck_fails(STATE, api->select_uids(acc, MOXD_STR("INBOX"), 0, a, &of, err));
    api->close(acc);
    moxd_arena_free(a);
}

/* What somebody else has seen of it (RFC 4314 5.2) is not in the owner's list. */
IN_STORE(viewers_see_their_own)
{
    struct store_account *acc = open_account("mjl"), *anne = api->as(acc, 1001);
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_SEEN };
    struct store_selection of;
    struct store_entry *v;
    uint32_t id;
    size_t n;

    a = moxd_arena_new(0);
    add_many(acc, 3, 0);
    of = select_it(acc, "Archive");
    id = of.mailbox.id;
    api->uids_release(of.uids);
    ck_err(api->set_flags(anne, id, UIDS({ 1, 2 }), &fc, a, &v, &n, NULL, err));
    of = select_it(anne, "Archive");
    ck_assert_uint_eq(of.first_unseen, 3);
    api->uids_release(of.uids);
    of = select_it(acc, "Archive");
    ck_assert_uint_eq(of.first_unseen, 1);
    api->uids_release(of.uids);
    ck_assert_str_eq(entries_text(anne, id, NULL, a), "1 1;2 1;3 0;");
    ck_assert_str_eq(entries_text(acc, id, NULL, a), "1 0;2 0;3 0;");
    api->close(anne);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_roster", selecting_again_reads_no_messages,
          what_comes_is_appended_to_what_is_shared, who_shares_it_keeps_what_was_expunged,
          flags_and_keywords_follow, uids_by_id, too_many_sets_of_keywords, the_least_used_go,
          goes_with_its_mailbox_and_account, viewers_see_their_own)
