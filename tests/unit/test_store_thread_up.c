/* Accounts that get threads while they are used: old ones, and those whose threads are made anew. */
#include "thread_unit.h"

/* Makes the account as it was before there were threads. */
static int op_forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key all = store_key_table(STORE_T_THREAD);
    struct moxd_str val;

    (void)arg;
    for (uint64_t id = 1; id < tx->meta.next_id; id++) {
        struct store_key key = store_key_u64(STORE_T_ID, id);
        if (store_get(tx, &key, &val, err) > 0) {
            char place[STORE_PLACE_SIZE];
            memcpy(place, val.p, sizeof(place));
            ck_assert_int_eq(store_put(tx, &key, moxd_str(place, sizeof(place)), err), 0);
        }
    }
    tx->meta.thread_pass = STORE_THREADS_FILL;
    tx->meta.thread_from = 0;
    return store_clear(tx, &all, err);
}

static int op_meta(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)err;
    *(struct store_meta *)arg = tx->meta;
    return 0;
}

static struct store_meta meta_of(struct store_account *acc)
{
    struct store_meta m;
    ck_err(store_read(acc, op_meta, &m, err));
    return m;
}

static void wait_upgraded(struct store_account *acc)
{
    for (struct store_meta m = meta_of(acc); store_threads_unfinished(&m); m = meta_of(acc))
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
}

/* proves: THR-09, THR-01 */
IN_STORE(old_accounts_get_threads)
{
    enum { MANY = 450 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char id[20], parent[20];

    for (int i = 1; i <= MANY; i++) { /* replies before what they answer */
        snprintf(id, sizeof(id), "<%d@x>", i);
        snprintf(parent, sizeof(parent), "<%d@x>", i + 1);
        add_mail(acc, MAIL(id, i % 3 != 0 ? parent : NULL, .subject = i % 3 ? "Re: S" : "S",
                           .received = i * 30 * DAY));
    }
    ck_err(store_write(acc, op_forget, NULL, err));
    ck_place(1, "0:");
    api->close(acc);
    store_restart();

    acc = open_account("mjl"); /* begins on its own, and can be used at once */
    uint64_t reply = add_mail(acc, MAIL("<new@x>", "<6@x>", .subject = "Re: S"));
    ck_assert_uint_ne(meta_of(acc).thread_pass, STORE_THREADS_DONE);
    struct store_copied *c;
    struct store_uids gone;
    struct store_entry *e;
    size_t n;
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id;
    ck_err(api->copy(acc, inbox, UIDS({ MANY, MANY }), inbox, a, &c, &n, err));
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED };
    ck_err(api->set_flags(acc, inbox, UIDS({ 9, 9 }), &fc, a, &e, &n, NULL, err));
    ck_err(api->expunge(acc, inbox, NULL, a, &gone, NULL, err));
    (void)check_account(acc);
    wait_upgraded(acc);
    ck_place(1, "3: 2 3");
    ck_place(2, "3: 3");
    ck_place(3, "3:");
    ck_place(8, "8:!"); /* what it answered was expunged */
    ck_place(7, "8: 8");
    ck_place(reply, "6: 6");
    ck_assert_uint_eq(thread_of(acc, reply + 1, a).thread, thread_of(acc, MANY, a).thread);
    ck_assert_uint_ne(thread_of(acc, MANY, a).thread, 0);
    close_account(acc);
    moxd_arena_free(a);
}

static uint64_t progress(struct store_account *acc)
{
    struct store_meta m = meta_of(acc);
    return m.thread_pass * 1000000 + m.thread_from;
}

static struct store_account *open_again(struct store_account *acc)
{
    api->close(acc);
    store_restart();
    return open_account("mjl");
}

/* It goes on where it was when the server ended. */
IN_STORE(upgrade_survives_restarts)
{
    enum { MANY = 350 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    unsigned restarts = 0;

    for (int i = 1; i <= MANY; i++)
        add_mail(acc, MAIL("<a@x>", .subject = "S", .received = i));
    ck_err(store_write(acc, op_forget, NULL, err));
    acc = open_again(acc);
    for (uint64_t was = 0; was < STORE_THREADS_DONE * 1000000;) {
        uint64_t now = progress(acc);
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
        if (now == was)
            continue;
        acc = open_again(acc);
        ck_assert_uint_ge(progress(acc), now); /* nothing is done twice */
        was = progress(acc);
        restarts++;
    }
    ck_assert_uint_ge(restarts, 2);
    ck_assert_uint_eq(thread_of(acc, MANY, a).thread, 1);
    close_account(acc);
    moxd_arena_free(a);
}

static int op_reset(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return store_op_threads_reset(tx, arg, err);
}

/* proves: THR-09 */
IN_STORE(threads_can_be_made_anew)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_threads_done done = { 0 };

    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<a@x>", .subject = "S", .received = 1));
    add_mail(acc, MAIL("<c@x>", "<b@x>", .subject = "S"));
    set(acc, 1, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    ck_place(1, "1:!m");
    ck_err(store_write(acc, op_reset, NULL, err));
    ck_err(store_threads_finish(acc, &done, err));
    ck_assert_uint_eq(done.read, 3);
    ck_assert_uint_eq(done.linked, 3);
    ck_place(1, "2: 2m");
    ck_place(2, "2:");
    ck_place(3, "2: 1 2m");
    ck_assert_str_eq(members(acc, 1, a), "1 2 3");
    close_account(acc);
    moxd_arena_free(a);
}

static int op_rebuild(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_rebuild op = { .out = arg, .before = tx->meta };
    return store_op_rebuild(tx, &op, err);
}

/* A database that was made anew from what was left of it. */
IN_STORE(rebuilt_accounts_keep_what_was_muted)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_restored out = { 0 };

    add_mail(acc, MAIL("<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<c@x>", "<b@x>", .subject = "S"));
    set(acc, 2, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    set(acc, 3, STORE_THREAD_COLLAPSED, STORE_THREAD_COLLAPSED);
    ck_err(store_write(acc, op_rebuild, &out, err));
    (void)check_account(acc);
    acc = open_again(acc);
    wait_upgraded(acc);
    ck_place(1, "1:");
    ck_place(2, "1: 1m");
    ck_place(3, "1: 2 1mc");
    close_account(acc);
    moxd_arena_free(a);
}

/* Counters of before. */
START_TEST(reads_old_counters)
{
    unsigned char buf[STORE_RECORD_MAX];
    struct store_meta m = { .next_id = 5, .low_id = 4, .modseq = 9, .mailboxes = 6, .format = 1,
                            .thread_pass = STORE_THREADS_DONE, .thread_from = 3 }, got;
    struct moxd_str s = store_meta_encode(&m, buf);

    ck_assert_int_eq(store_meta_decode(s, &got), 0);
    ck_assert_uint_eq(got.thread_pass, STORE_THREADS_DONE);
    ck_assert_uint_eq(got.thread_from, 3);
    buf[0] = 1;
    ck_assert_int_lt(store_meta_decode(s, &got), 0);
    ck_assert_int_eq(store_meta_decode(moxd_str(s.p, s.n - 9), &got), 0);
    ck_assert_uint_eq(got.modseq, 9);
    ck_assert_uint_eq(got.thread_pass, STORE_THREADS_FILL);
}
END_TEST

UNIT_MAIN("store_thread_up", old_accounts_get_threads, upgrade_survives_restarts,
          threads_can_be_made_anew, rebuilt_accounts_keep_what_was_muted, reads_old_counters)
