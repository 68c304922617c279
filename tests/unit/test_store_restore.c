/* Damaged databases come back: salvage, rebuild. */
#include "store_unit.h"

#include "quarantine.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { FILL = 800, LARGE = 20 };

static uint64_t damaged_id;
static uint32_t uidvalidity;

/* Somebody else has seen some of them. */
static void view(struct store_account *acc, uint32_t mailbox, struct moxd_arena *a)
{
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN };
    struct store_account *viewer = api->as(acc, 4711);
    struct store_entry *e;
    size_t n;

    ck_err(api->set_flags(viewer, mailbox, UIDS({ 1, 200 }), &fc, a, &e, &n, NULL, err));
    api->close(viewer);
}

/* Small messages with numbers in them, some large ones, some with keywords. */
static void fill(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_add *adds = moxd_arena_calloc(a, FILL + LARGE, sizeof(*adds));
    struct store_draft **d = moxd_arena_calloc(a, FILL + LARGE, sizeof(struct store_draft *));
    static const char *const k[] = { "k" };
    static char body[9000];

    (void)arg;
    store_start();
    struct store_account *acc = open_account("mjl");
    damaged_id = api->account_id(acc);
    for (int i = 0; i < FILL + LARGE; i++) {
        memset(body, '.', sizeof(body));
        int n = snprintf(body, sizeof(body), "number %d\r\n", i);
        d[i] = draft_of(body, i < FILL ? (size_t)n : sizeof(body));
        adds[i] = (struct store_add){ .acc = acc, .mailbox_name = i % 4 ? "INBOX" : "Lists/c",
                                      .create = true, .flags = i % 3 ? STORE_SEEN : 0,
                                      .prefix = moxd_cstr(i % 2 ? "P: 1\r\n" : ""),
                                      .keywords = { k, i % 5 > 0 } };
    }
    ck_err(api->add_many(self, d, adds, FILL + LARGE, err));
    for (int i = 0; i < FILL + LARGE; i++)
        api->draft_free(d[i]);
    uidvalidity = mailbox_of(acc, "Trash", a).uidvalidity;
    view(acc, mailbox_of(acc, "INBOX", a).id, a);
    close_account(acc);
    store_down(&store_instance);
    moxd_arena_free(a);
}

static off_t db_size(void)
{
    char path[120], file[STORE_FILE_NAME];
    struct stat st;

    store_env_account_file(damaged_id, file);
    snprintf(path, sizeof(path), "%s/db/%s", store_dir, file);
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

static void spoil(off_t page)
{
    char path[120], file[STORE_FILE_NAME];

    store_env_account_file(damaged_id, file);
    snprintf(path, sizeof(path), "%s/db/%s", store_dir, file);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, "spoiled!", 8, page * 4096 + 700), 8);
    close(fd);
}

/* Every number that is there, each once; how many. */
static unsigned numbers(struct store_account *acc, bool *seen)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_mailbox *v;
    struct store_entry *e;
    size_t n, ne;
    unsigned found = 0;

    memset(seen, 0, FILL + LARGE);
    ck_err(api->mailboxes(acc, a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_gt(v[i].uidvalidity, uidvalidity);
        ck_err(api->entries(acc, v[i].id, NULL, a, &e, &ne, NULL, err));
        for (size_t k = 0; k < ne; k++) {
            const char *text = strstr(body_text(acc, e[k].id, a), "number ");
            unsigned number;
            ck_assert_ptr_nonnull(text);
            ck_assert_int_eq(sscanf(text, "number %u", &number), 1);
            ck_assert_uint_lt(number, FILL + LARGE);
            ck_assert(!seen[number]);
            seen[number] = true;
            found++;
        }
    }
    moxd_arena_free(a);
    return found;
}

struct round {
    off_t page;
    unsigned found;
};

/* Sets the account aside, brings it back, looks at it and uses it. */
static void restore(void *arg)
{
    struct round *round = arg;
    struct store_restored out;
    char done[STORE_PATH_MAX];
    bool seen[FILL + LARGE];

    store_start();
    ck_err(store_quarantine_put(store_instance.env->dir_fd, damaged_id, "test", err));
    ck_err(store_account_restore(&store_instance, "mjl", &out, done, sizeof(done), err));
    ck_assert(!store_quarantined(store_instance.env->dir_fd, damaged_id));
    struct store_account *acc = open_account("mjl");
    ck_assert_uint_eq(api->account_id(acc), damaged_id);
    struct store_report r = check_account(acc);
    ck_assert_uint_eq(r.messages, out.messages);
    round->found = numbers(acc, seen);
    ck_assert_uint_eq(round->found, out.messages);
    add_text(acc, "INBOX", "number 0", STORE_DELETED);
    close_account(acc);
    ck_fails(STATE, store_account_restore(&store_instance, "mjl", &out, done, sizeof(done), err));
    store_restart();
    acc = open_account("mjl");
    ck_assert_uint_eq(check_account(acc).messages, out.messages + 1);
    api->close(acc);
    store_down(&store_instance);
}

START_TEST(undamaged_data_comes_back_whole)
{
    struct round round = { 0 };

    store_dir_make();
    moxd_loop_main(fill, NULL);
    moxd_loop_main(restore, &round);
    ck_assert_uint_eq(round.found, FILL + LARGE);
    store_dir_remove();
}
END_TEST

/* Any page: what is on others comes back. */
START_TEST(one_damaged_page_costs_what_was_on_it)
{
    store_dir_make();
    moxd_loop_main(fill, NULL);
    off_t pages = db_size() / 4096, step = pages / 6;
    store_dir_remove();
    for (off_t page = 1; page < pages; page += step > 0 ? step : 1) {
        struct round round = { .page = page };
        store_dir_make();
        moxd_loop_main(fill, NULL);
        spoil(page);
        moxd_loop_main(restore, &round);
        ck_assert_uint_ge(round.found, FILL * 3 / 4);
        store_dir_remove();
    }
}
END_TEST

/* With the first page gone there is no tree, but there are leaves. */
START_TEST(damaged_first_page_costs_little)
{
    struct round round = { 0 };

    store_dir_make();
    moxd_loop_main(fill, NULL);
    spoil(0);
    moxd_loop_main(restore, &round);
    ck_assert_uint_ge(round.found, LARGE);
    store_dir_remove();
}
END_TEST

/* What was committed and only in the log comes back too. */
static void change_and_die(void *arg)
{
    (void)arg;
    store_start();
    struct store_account *acc = open_account("mjl");
    add_text(acc, "Archive", "number 1", 0);
    _exit(0);
}

static void set_aside(void *arg)
{
    (void)arg;
    int dir = open(store_dir, O_RDONLY | O_DIRECTORY);
    ck_err(store_quarantine_put(dir, damaged_id, "test", err));
    close(dir);
    store_start();
    struct store_account *acc;
    ck_fails(TEMP, api->open(self, "mjl", &acc, err));
    acc = open_account("other");
    add_text(acc, "INBOX", "x", 0);
    api->close(acc);

    struct store_restored out;
    char done[STORE_PATH_MAX];
    struct moxd_arena *a = moxd_arena_new(0);
    ck_err(store_account_restore(&store_instance, "mjl", &out, done, sizeof(done), err));
    ck_assert(out.recovered);
    acc = open_account("mjl");
    ck_assert_uint_eq(mailbox_of(acc, "Archive", a).total, 1);
    ck_assert_uint_eq(check_account(acc).messages, FILL + LARGE + 1);
    api->close(acc);
    store_down(&store_instance);
    moxd_arena_free(a);
}

START_TEST(log_of_the_time_is_used)
{
    store_dir_make();
    moxd_loop_main(fill, NULL);
    ck_assert_int_eq(in_fiber_status(change_and_die, NULL), 0);
    moxd_loop_main(set_aside, NULL);
    store_dir_remove();
}
END_TEST

static void remove_it(void *arg)
{
    (void)arg;
    store_start();
    ck_err(store_quarantine_put(store_instance.env->dir_fd, damaged_id, "test", err));
    ck_err(api->remove(self, "mjl", err));
    ck_assert(!store_quarantined(store_instance.env->dir_fd, damaged_id));
    struct store_account *acc = open_account("mjl");
    ck_assert_uint_ne(api->account_id(acc), damaged_id);
    close_account(acc);
    store_down(&store_instance);
}

START_TEST(account_in_quarantine_can_be_removed)
{
    store_dir_make();
    moxd_loop_main(fill, NULL);
    moxd_loop_main(remove_it, NULL);
    store_dir_remove();
}
END_TEST

/* --- rebuilding what contradicts itself -------------------------------------------------------- */

static int spoil_records(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct store_add *add = arg;
    struct store_key lost = store_key_message(add[0].mailbox_id, add[0].uid);
    struct store_key body = store_key_u64(STORE_T_DATA, add[1].id);
    struct store_key name = store_key_name(STORE_T_NAME, MOXD_STR("Sent"));
    struct store_key box = store_key_u32(STORE_T_MAILBOX, add[2].mailbox_id);
    struct store_key stale = store_key_message(add[3].mailbox_id, 100);
    struct store_key kw = store_key_u32(STORE_T_KEYWORDS, 99), note, erase;
    struct store_erase r = { .size = 1, .where = STORE_IN_DB };
    unsigned char buf[STORE_RECORD_MAX];
    struct store_rec rec;

    note = store_key_note(4711, MOXD_STR("n"));
    erase = store_key_u64(STORE_T_ERASE, add[3].id);
    ck_assert_int_eq(store_msg_get(tx, add[3].mailbox_id, add[3].uid, &rec, err), 1);
    ck_assert_int_eq(store_del(tx, &lost, err) + store_del(tx, &body, err) +
                         store_del(tx, &name, err) + store_del(tx, &box, err), 4);
    return store_put(tx, &stale, store_rec_encode(&rec, buf), err) |
           store_put(tx, &kw, MOXD_STR("junk"), err) | store_put(tx, &note, MOXD_STR("v"), err) |
           store_put(tx, &erase, store_erase_encode(&r, buf), err);
}

static int rebuild(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return store_op_rebuild(tx, arg, err);
}

IN_STORE(rebuild_makes_everything_agree)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_restored out = { 0 };
    struct store_rebuild op = { .out = &out };
    struct store_add add[] = {
        add_text(acc, "INBOX", "record lost", 0), add_text(acc, "INBOX", "body lost", 0),
        add_text(acc, "Archive", "mailbox lost", 0), add_text(acc, "INBOX", "twice", 0),
        add_text(acc, "Sent", "name lost", 0),
    };
    struct store_report r = { .arena = a };

    ck_err(store_write(acc, spoil_records, add, err));
    ck_err(store_read(acc, store_op_verify, &r, err));
    ck_assert_uint_gt(r.n, 5);
    ck_err(store_write(acc, rebuild, &op, err));
    ck_assert_uint_eq(out.found, 1);
    ck_assert_uint_eq(out.dropped, 1);
    ck_assert_uint_eq(out.messages, 4);
    (void)check_account(acc);
    struct store_mailbox m = mailbox_of(acc, "Restored", a);
    ck_assert_uint_eq(m.total, 1);
    ck_assert_str_eq(body_text(acc, add[0].id, a), "record lost");
    ck_assert_str_eq(body_text(acc, add[2].id, a), "mailbox lost");
    ck_assert_uint_eq(mailbox_of(acc, "Sent", a).total, 1);
    ck_assert_uint_gt(m.uidvalidity, add[0].uidvalidity);
    add_text(acc, "INBOX", "goes on", 0);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_restore", undamaged_data_comes_back_whole, one_damaged_page_costs_what_was_on_it,
          damaged_first_page_costs_little, log_of_the_time_is_used,
          account_in_quarantine_can_be_removed, rebuild_makes_everything_agree)
