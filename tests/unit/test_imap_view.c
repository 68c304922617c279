/* The selected mailbox as a client knows it: sets, changes, what is told and when. */
#include "unit.h"

#include "../../modules/imap/view.h"

/* proves: IMAP-03, IMAP-06, IMAP-10, IMAP-17, P-IMAP-06 */

static struct moxd_arena *arena;
static struct imap_view view;

static struct store_uid_list *shared; /* room for a few more */

static void setup(const uint32_t *uids, size_t n)
{
    arena = moxd_arena_new(0);
    shared = moxd_arena_alloc(arena, sizeof(*shared) + (n + 10) * sizeof(shared->v[0]));
    *shared = (struct store_uid_list){ .refs = 1, .n = n, .cap = n + 10 };
    memcpy(shared->v, uids, n * sizeof(shared->v[0]));
    imap_view_init(&view, shared, n, 10, 10);
}
#define SETUP(...)                                                                                 \
    do {                                                                                           \
        const uint32_t setup_uids[] = { 0, __VA_ARGS__ };                                          \
        setup(setup_uids + 1, sizeof(setup_uids) / sizeof(*setup_uids) - 1);                       \
    } while (0)

static void teardown(void)
{
    imap_view_fini(&view);
    moxd_arena_free(arena);
}

/* "3:5 9" for ranges. */
static const char *text(struct store_uids set)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    const char *s;

    for (size_t i = 0; i < set.n; i++)
        moxd_buf_addf(&b, "%s%u:%u", i ? " " : "", set.v[i].first, set.v[i].last);
    s = moxd_arena_strdup(arena, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return s;
}

/* The set of a FETCH command, resolved. NULL: BAD. */
static const char *resolve(const char *set, bool uid)
{
    struct moxd_imap_cmd cmd;
    struct store_uids out;
    struct moxd_err err = { 0 };
    const char *line = moxd_arena_printf(arena, "a FETCH %s UID", set);

    ck_assert_int_eq(moxd_imap_parse(moxd_cstr(line), arena, &cmd, &err), 0);
    if (imap_view_set(&view, &cmd.set, uid, arena, &out, &err) == 0)
        return text(out);
    ck_assert_int_eq(err.kind, MOXD_ERR_SYNTAX);
    return NULL;
}

static const char *search(const char *set, bool uid)
{
    struct moxd_imap_cmd cmd;
    struct store_uids out;
    const char *line = moxd_arena_printf(arena, "a FETCH %s UID", set);

    ck_assert_int_eq(moxd_imap_parse(moxd_cstr(line), arena, &cmd, NULL), 0);
    imap_view_search_set(&view, &cmd.set, uid, arena, &out);
    return text(out);
}

static void change(enum store_change_kind kind, uint32_t uid, uint64_t modseq)
{
    imap_view_change(&view, &(struct store_change){ .kind = kind, .uid = uid, .modseq = modseq });
}

static int told_expunge(void *arg, uint32_t seq, uint32_t uid)
{
    (void)uid;
    moxd_buf_addf(arg, "%u ", seq);
    return 0;
}

static const char *expunge(void)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    const char *s;

    ck_assert_int_eq(imap_view_expunge(&view, told_expunge, &b), 0);
    s = moxd_arena_strdup(arena, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return s;
}

static const char *flagged(void)
{
    struct store_uids set;

    imap_view_flagged(&view, arena, &set);
    return text(set);
}

START_TEST(sequence_sets)
{
    SETUP(3, 5, 8, 13);
    ck_assert_str_eq(resolve("1", false), "3:3");
    ck_assert_str_eq(resolve("2:3", false), "5:8");
    ck_assert_str_eq(resolve("3:2", false), "5:8");
    ck_assert_str_eq(resolve("*", false), "13:13");
    ck_assert_str_eq(resolve("*:3", false), "8:13");
    ck_assert_str_eq(resolve("1:*", false), "3:13");
    ck_assert_str_eq(resolve("4,1,1:2,2", false), "3:5 13:13");
    ck_assert_ptr_null(resolve("5", false));
    ck_assert_ptr_null(resolve("1:5", false));
    ck_assert_ptr_null(resolve("4294967295", false));
    ck_assert_str_eq(search("5", false), "");
    ck_assert_str_eq(search("3:100", false), "8:13");
    ck_assert_str_eq(search("100:*", false), "13:13");
    teardown();
}
END_TEST

START_TEST(uid_sets)
{
    SETUP(3, 5, 8, 13);
    ck_assert_str_eq(resolve("4", true), "");
    ck_assert_str_eq(resolve("4:9", true), "5:8");
    ck_assert_str_eq(resolve("9:4,13", true), "5:8 13:13");
    ck_assert_str_eq(resolve("*", true), "13:13");
    ck_assert_str_eq(resolve("100:*", true), "13:13"); /* IMAP-06 */
    ck_assert_str_eq(resolve("*:4", true), "5:13");
    ck_assert_str_eq(resolve("1:4294967295", true), "3:13");
    ck_assert_str_eq(resolve("4294967295:*", true), "13:13");
    teardown();
}
END_TEST

START_TEST(empty_mailbox)
{
    struct store_uids all;

    SETUP();
    ck_assert_ptr_null(resolve("1", false));
    ck_assert_ptr_null(resolve("*", false));
    ck_assert_ptr_null(resolve("1:*", false));
    ck_assert_str_eq(resolve("*", true), "");
    ck_assert_str_eq(resolve("1:*", true), "");
    ck_assert_str_eq(search("1:*", false), "");
    imap_view_all(&view, arena, &all);
    ck_assert_uint_eq(all.n, 0);
    teardown();
}
END_TEST

START_TEST(saved_result)
{
    SETUP(3, 5, 6, 7, 13);
    ck_assert_str_eq(resolve("$", true), "");
    imap_view_save(&view, (const uint32_t[]){ 5, 6, 13 }, 3);
    ck_assert_str_eq(resolve("$", true), "5:6 13:13");
    ck_assert_str_eq(resolve("$", false), "5:6 13:13");
    imap_view_save(&view, NULL, 0);
    ck_assert_str_eq(resolve("$", true), "");
    teardown();
}
END_TEST

/* RFC 9051 6.4.4.1: what is expunged leaves the saved result too. */
START_TEST(saved_result_after_expunge)
{
    SETUP(3, 5, 6, 7, 13);
    imap_view_save(&view, (const uint32_t[]){ 5, 6, 13 }, 3);
    change(STORE_CHANGE_EXPUNGE, 13, 11);
    change(STORE_CHANGE_EXPUNGE, 6, 11);
    ck_assert_str_eq(expunge(), "3 4 ");
    ck_assert_str_eq(resolve("$", true), "5:5");
    teardown();
}
END_TEST

START_TEST(cuts)
{
    struct store_uids set = { (const struct store_uid_range[]){ { 3, 5 }, { 7, 13 } }, 2 }, piece;
    struct imap_cut cut = { 0 };

    SETUP(3, 5, 6, 7, 9, 13, 20);
    ck_assert_uint_eq(imap_view_cut(&view, &set, &cut, 3, arena, &piece), 3);
    ck_assert_str_eq(text(piece), "3:5 7:7");
    ck_assert_uint_eq(imap_view_cut(&view, &set, &cut, 1, arena, &piece), 1);
    ck_assert_str_eq(text(piece), "9:9");
    ck_assert_uint_eq(imap_view_cut(&view, &set, &cut, 3, arena, &piece), 1);
    ck_assert_str_eq(text(piece), "13:13");
    ck_assert_uint_eq(imap_view_cut(&view, &set, &cut, 3, arena, &piece), 0);
    teardown();
}
END_TEST

START_TEST(uids_have)
{
    struct store_uids set = { (const struct store_uid_range[]){ { 3, 5 }, { 7, 7 } }, 2 };

    for (uint32_t uid = 1; uid < 10; uid++)
        ck_assert_int_eq(imap_uids_have(&set, uid), (uid >= 3 && uid <= 5) || uid == 7);
    set.n = 0;
    ck_assert(!imap_uids_have(&set, 3));
}
END_TEST

START_TEST(expunges_are_numbered_in_order)
{
    SETUP(3, 5, 6, 7, 9);
    change(STORE_CHANGE_EXPUNGE, 9, 11);
    change(STORE_CHANGE_EXPUNGE, 3, 11);
    change(STORE_CHANGE_EXPUNGE, 5, 12);
    change(STORE_CHANGE_EXPUNGE, 5, 12);
    change(STORE_CHANGE_EXPUNGE, 4711, 12);
    ck_assert_uint_eq(view.told, 5); /* until it is told */
    ck_assert_uint_eq(imap_view_seq(&view, 9), 5);
    ck_assert_str_eq(expunge(), "1 1 3 ");
    ck_assert_uint_eq(view.told, 2);
    ck_assert_uint_eq(view.n, 2);
    ck_assert_uint_eq(imap_view_seq(&view, 7), 2);
    ck_assert_str_eq(expunge(), "");
    teardown();
}
END_TEST

START_TEST(added_and_expunged_before_it_was_told)
{
    SETUP(3);
    change(STORE_CHANGE_ADD, 5, 11);
    change(STORE_CHANGE_ADD, 6, 11);
    ck_assert_uint_eq(imap_view_seq(&view, 5), 0);
    ck_assert_str_eq(resolve("1:*", true), "3:3"); /* not before its EXISTS */
    ck_assert_ptr_null(resolve("2", false));
    change(STORE_CHANGE_EXPUNGE, 5, 12);
    ck_assert_str_eq(expunge(), "");
    ck_assert_uint_eq(view.n, 2);
    ck_assert_uint_eq(view.told, 1);
    teardown();
}
END_TEST

START_TEST(what_the_read_had_is_not_news)
{
    SETUP(3, 5);
    change(STORE_CHANGE_FLAGS, 3, 10);
    change(STORE_CHANGE_ADD, 6, 10);
    change(STORE_CHANGE_EXPUNGE, 3, 10);
    ck_assert_uint_eq(view.n, 2);
    ck_assert_uint_eq(view.nflags + view.ngone, 0);
    change(STORE_CHANGE_FLAGS, 3, 11);
    change(STORE_CHANGE_FLAGS, 3, 12);
    ck_assert_str_eq(flagged(), "3:3");
    ck_assert_str_eq(flagged(), "");
    teardown();
}
END_TEST

START_TEST(own_changes_are_not_told_twice)
{
    SETUP(3, 5, 6, 7);
    imap_view_told(&view, 3, 12, false);
    imap_view_told(&view, 5, 12, false);
    change(STORE_CHANGE_FLAGS, 3, 11); /* somebody else's before ours: ours told all */
    change(STORE_CHANGE_FLAGS, 3, 12);
    change(STORE_CHANGE_FLAGS, 5, 12);
    change(STORE_CHANGE_FLAGS, 5, 13); /* and after it */
    ck_assert_str_eq(flagged(), "5:5");
    ck_assert(imap_view_knows(&view, 3, 12));
    ck_assert(!imap_view_knows(&view, 5, 13));
    imap_view_forget(&view);
    ck_assert(!imap_view_knows(&view, 3, 12));
    teardown();
}
END_TEST

START_TEST(silent_changes_hide_nothing_of_others)
{
    SETUP(3, 5, 6, 7);
    change(STORE_CHANGE_FLAGS, 7, 11); /* pending when ours came */
    imap_view_told(&view, 3, 13, true);
    imap_view_told(&view, 5, 13, true);
    imap_view_told(&view, 7, 13, true);
    change(STORE_CHANGE_FLAGS, 5, 12); /* before ours, seen after it */
    change(STORE_CHANGE_FLAGS, 3, 13);
    change(STORE_CHANGE_FLAGS, 5, 13);
    change(STORE_CHANGE_FLAGS, 7, 13);
    ck_assert_str_eq(flagged(), "5:5 7:7");
    ck_assert(!imap_view_knows(&view, 5, 13));
    ck_assert(!imap_view_knows(&view, 7, 13));
    teardown();
}
END_TEST

START_TEST(a_fetch_tells_what_was_pending)
{
    SETUP(3, 5);
    change(STORE_CHANGE_FLAGS, 3, 11);
    change(STORE_CHANGE_FLAGS, 5, 11);
    imap_view_told(&view, 3, 11, false);
    ck_assert_str_eq(flagged(), "5:5");
    teardown();
}
END_TEST

START_TEST(compares_after_lost_changes)
{
    const struct store_entry now[] = { { .uid = 5, .modseq = 20 },
                                       { .uid = 6, .modseq = 1 },
                                       { .uid = 9, .modseq = 15 } };

    SETUP(3, 5, 6, 7);
    imap_view_compare(&view, now, 3, 20);
    ck_assert_str_eq(expunge(), "1 3 ");
    ck_assert_uint_eq(view.n, 3);
    ck_assert_uint_eq(view.told, 2);
    view.told = view.n;
    ck_assert_str_eq(flagged(), "5:5");
    change(STORE_CHANGE_ADD, 9, 15);
    change(STORE_CHANGE_FLAGS, 6, 20);
    ck_assert_uint_eq(view.n, 3);
    ck_assert_uint_eq(view.nflags, 0);
    teardown();
}
END_TEST

START_TEST(known_modseq_waits_for_expunges)
{
    SETUP(3, 5, 6);
    ck_assert_uint_eq(imap_view_known(&view), 10);
    change(STORE_CHANGE_FLAGS, 3, 9);
    ck_assert_uint_eq(imap_view_known(&view), 10);
    change(STORE_CHANGE_FLAGS, 3, 12);
    ck_assert_uint_eq(imap_view_known(&view), 12);
    change(STORE_CHANGE_EXPUNGE, 5, 15);
    change(STORE_CHANGE_EXPUNGE, 3, 17);
    change(STORE_CHANGE_FLAGS, 6, 19);
    ck_assert_uint_eq(imap_view_known(&view), 14);
    ck_assert_str_eq(expunge(), "1 1 ");
    ck_assert_uint_eq(imap_view_known(&view), 19);
    change(STORE_CHANGE_EXPUNGE, 6, 21);
    ck_assert_uint_eq(imap_view_known(&view), 20);
    teardown();
}
END_TEST

START_TEST(known_modseq_without_flags)
{
    SETUP(3, 5);
    change(STORE_CHANGE_FLAGS, 3, 12);
    change(STORE_CHANGE_ADD, 7, 14);
    change(STORE_CHANGE_FLAGS, 5, 15);
    ck_assert_uint_eq(imap_view_known_without(&view, false, false), 15);
    ck_assert_uint_eq(imap_view_known_without(&view, true, false), 11);
    ck_assert_uint_eq(imap_view_known_without(&view, false, true), 13);
    view.told = view.n;
    ck_assert_str_eq(flagged(), "3:5");
    ck_assert_uint_eq(imap_view_known_without(&view, true, true), 15);
    change(STORE_CHANGE_ADD, 8, 17);
    ck_assert_uint_eq(imap_view_known_without(&view, true, true), 16);
    teardown();
}
END_TEST

START_TEST(known_modseq_after_lost_changes)
{
    const struct store_entry now[] = { { .uid = 5, .modseq = 20 } };

    SETUP(3, 5);
    change(STORE_CHANGE_FLAGS, 5, 12);
    imap_view_compare(&view, now, 1, 30);
    ck_assert_uint_eq(imap_view_known(&view), 12);
    ck_assert_str_eq(expunge(), "1 ");
    ck_assert_uint_eq(imap_view_known(&view), 20);
    teardown();
}
END_TEST

START_TEST(stale_flags_are_told_again)
{
    const struct store_uid_range r[] = { { 1, 4 }, { 6, 7 }, { 20, 30 } };
    const struct store_uids uids = { r, 3 };

    SETUP(3, 5, 6, 7, 9);
    imap_view_stale(&view, &uids);
    ck_assert_str_eq(flagged(), "3:3 6:7");
    teardown();
}
END_TEST

START_TEST(recent_messages)
{
    SETUP(3, 5, 6);
    ck_assert(!imap_view_is_recent(&view, 6));
    imap_view_set_recent(&view, 5);
    imap_view_set_recent(&view, 6);
    ck_assert_uint_eq(view.nrecent, 2);
    ck_assert(!imap_view_is_recent(&view, 3) && imap_view_is_recent(&view, 5));
    ck_assert(!imap_view_is_recent(&view, 4) && !imap_view_is_recent(&view, 7));
    change(STORE_CHANGE_FLAGS, 5, 11);
    ck_assert_str_eq(flagged(), "5:5");
    change(STORE_CHANGE_EXPUNGE, 5, 12);
    change(STORE_CHANGE_EXPUNGE, 3, 12);
    ck_assert_str_eq(expunge(), "1 1 ");
    ck_assert_uint_eq(view.nrecent, 1);
    ck_assert(imap_view_is_recent(&view, 6));
    teardown();
}
END_TEST

/* What of the UIDs in `gone` is told as VANISHED (EARLIER). */
static const char *unknown(const char *gone, const char *within, uint32_t above)
{
    struct moxd_imap_cmd cmd;
    struct store_uids set, in, out;

    ck_assert_int_eq(moxd_imap_parse(moxd_cstr(moxd_arena_printf(arena, "a FETCH %s UID", gone)),
                                     arena, &cmd, NULL),
                     0);
    imap_view_any_uids(&view, &cmd.set, arena, &set);
    ck_assert_int_eq(moxd_imap_parse(moxd_cstr(moxd_arena_printf(arena, "a FETCH %s UID", within)),
                                     arena, &cmd, NULL),
                     0);
    imap_view_any_uids(&view, &cmd.set, arena, &in);
    imap_view_unknown(&view, &set, &in, above, arena, &out);
    return text(out);
}

START_TEST(vanished_before)
{
    SETUP(3, 5, 6, 9);
    ck_assert_str_eq(unknown("1:2,4,7:8,10:20", "1:*", 0), "1:2 4:4 7:8 10:20");
    ck_assert_str_eq(unknown("1:2,4,7:8,10:20", "2:7,15:16,18", 0), "2:2 4:4 7:7 15:16 18:18");
    ck_assert_str_eq(unknown("1:2,4,7:8,10:20", "*:2", 7), "8:8 10:20");
    ck_assert_str_eq(unknown("1:20", "1:*", 0),
                     "1:2 4:4 7:8 10:20"); /* those that it counts are not */
    ck_assert_str_eq(unknown("3,5:6,9", "1:*", 0), "");
    ck_assert_str_eq(unknown("1:4294967295", "4294967295", 0), "4294967295:4294967295");
    ck_assert_str_eq(unknown("1:4294967295", "1:*", UINT32_MAX), "");
    teardown();
    SETUP();
    ck_assert_str_eq(unknown("1:5", "2:*", 0), "2:5");
    teardown();
}
END_TEST

static uint32_t agree(const char *seqs, const char *uids)
{
    struct moxd_imap_cmd cmd;
    const char *line = moxd_arena_printf(arena, "a SELECT x (QRESYNC (1 1 (%s %s)))", seqs, uids);

    ck_assert_int_eq(moxd_imap_parse(moxd_cstr(line), arena, &cmd, NULL), 0);
    return imap_view_agree(&view, &cmd.qresync.seqs, &cmd.qresync.seq_uids);
}

START_TEST(sequence_match_data)
{
    SETUP(3, 5, 6, 7, 9, 10, 20);
    ck_assert_uint_eq(
        imap_view_agree(&view, &(struct moxd_imap_set){ 0 }, &(struct moxd_imap_set){ 0 }), 0);
    ck_assert_uint_eq(agree("1", "3"), 3);
    ck_assert_uint_eq(agree("1", "2"), 0);
    ck_assert_uint_eq(agree("1,3,7", "3,6,21"), 6);
    ck_assert_uint_eq(agree("1,3,7", "1,5,20"), 20);
    ck_assert_uint_eq(agree("1:7", "2:7,9"), 0); /* all one behind */
    ck_assert_uint_eq(agree("1:6", "3,5:7,9:10"), 10);
    ck_assert_uint_eq(agree("1:5,8", "3,5:7,8:9"), 7);
    ck_assert_uint_eq(agree("2:8", "5:11"), 7);
    ck_assert_uint_eq(agree("1:4294967295", "1:4294967295"), 0);
    ck_assert_uint_eq(agree("7,8:4294967282", "20:4294967295"), 20);
    ck_assert_uint_eq(agree("8:9", "21:22"), 0);
    teardown();
    SETUP();
    ck_assert_uint_eq(agree("1", "1"), 0);
    teardown();
}
END_TEST

/* Only what is new: nothing of its own, as long as the others' list goes on as this view does. */
START_TEST(news_are_shared)
{
    SETUP(1, 2, 3);
    shared->v[shared->n++] = 4;
    change(STORE_CHANGE_ADD, 4, 11);
    ck_assert_ptr_eq(view.uids, shared->v);
    ck_assert_uint_eq(view.n, 4);
    shared->v[shared->n++] = 6; /* 5 came and went before others looked */
    change(STORE_CHANGE_ADD, 5, 12);
    ck_assert_ptr_ne(view.uids, shared->v);
    change(STORE_CHANGE_ADD, 6, 13);
    ck_assert_uint_eq(view.n, 6);
    ck_assert_uint_eq(view.uids[4], 5);
    ck_assert_uint_eq(view.uids[5], 6);
    ck_assert_uint_eq(shared->v[4], 6);
    teardown();
}
END_TEST

/* A client that counts, beside a mailbox in which everything happens. */
struct client {
    uint32_t uids[4096];
    size_t n;
};

static int client_expunge(void *arg, uint32_t seq, uint32_t uid)
{
    struct client *c = arg;

    ck_assert_uint_ge(seq, 1);
    ck_assert_uint_le(seq, c->n);
    ck_assert_uint_eq(uid, c->uids[seq - 1]);
    memmove(c->uids + seq - 1, c->uids + seq, (c->n - seq) * sizeof(*c->uids));
    c->n--;
    return 0;
}

static void client_sync(struct client *c, bool expunges)
{
    if (expunges)
        ck_assert_int_eq(imap_view_expunge(&view, client_expunge, c), 0);
    while (c->n < view.n) {
        c->uids[c->n] = view.uids[c->n];
        c->n++;
    }
    view.told = view.n;
}

START_TEST(random_changes_keep_client_and_mailbox_alike)
{
    static struct client c, box;
    uint32_t next = 1;
    uint64_t modseq = 100;
    unsigned seed = 1;

    SETUP();
    for (int i = 0; i < 20000; i++) {
        int what = rand_r(&seed) % 10;

        if (what < 4 && box.n < 1000) {
            if (shared->n < shared->cap) /* as the store does, before it tells */
                shared->v[shared->n++] = next;
            change(STORE_CHANGE_ADD, next, ++modseq);
            box.uids[box.n++] = next++;
        } else if (what < 7 && box.n > 0) {
            uint32_t seq = (uint32_t)((size_t)rand_r(&seed) % box.n) + 1;

            change(STORE_CHANGE_EXPUNGE, box.uids[seq - 1], ++modseq);
            client_expunge(&box, seq, box.uids[seq - 1]);
        } else {
            client_sync(&c, what == 9);
        }
    }
    client_sync(&c, true);
    ck_assert_uint_eq(c.n, box.n);
    ck_assert_mem_eq(c.uids, box.uids, box.n * sizeof(*box.uids));
    teardown();
}
END_TEST

UNIT_MAIN("imap_view", sequence_sets, uid_sets, empty_mailbox, saved_result,
          saved_result_after_expunge, cuts, uids_have, expunges_are_numbered_in_order,
          added_and_expunged_before_it_was_told, what_the_read_had_is_not_news,
          own_changes_are_not_told_twice, silent_changes_hide_nothing_of_others,
          a_fetch_tells_what_was_pending, compares_after_lost_changes,
          known_modseq_waits_for_expunges, known_modseq_without_flags,
          known_modseq_after_lost_changes, stale_flags_are_told_again, recent_messages,
          vanished_before, sequence_match_data, news_are_shared,
          random_changes_keep_client_and_mailbox_alike)
