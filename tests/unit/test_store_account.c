/* Accounts of the store: opening, keeping open, removing, records of modules, restarts. */
#include "store_unit.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool exists(const char *path)
{
    struct stat st;
    return fstatat(store_instance.env->dir_fd, path, &st, 0) == 0;
}

static bool db_exists(uint64_t id)
{
    char path[STORE_FILE_NAME + 4] = "db/";
    store_env_account_file(id, path + 3);
    return exists(path);
}

IN_STORE(survives_a_restart)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint64_t id = api->account_id(acc);
    struct store_add add = add_text(acc, "INBOX", "hello", STORE_FLAGGED);
    uint64_t modseq = api->modseq(acc);

    ck_assert_str_eq(api->account_name(acc), "mjl");
    api->close(acc);
    for (int i = 0; i < 3; i++) {
        store_restart();
        acc = open_account("mjl");
        ck_assert_uint_eq(api->account_id(acc), id);
        ck_assert_uint_eq(api->modseq(acc), modseq);
        ck_assert_str_eq(body_text(acc, add.id, a), "hello");
        ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).uidvalidity, add.uidvalidity);
        close_account(acc);
    }
    acc = open_account("mjl");
    struct store_add next = add_text(acc, "INBOX", "again", 0);
    ck_assert_uint_eq(next.uid, 2);
    ck_assert_uint_gt(next.id, add.id);
    ck_assert_uint_gt(next.modseq, add.modseq);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(refuses_bad_account_names)
{
    struct store_account *acc;
    char name[STORE_ACCOUNT_NAME_MAX + 2];

    ck_fails(INVALID, api->open(self, "", &acc, err));
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    ck_fails(INVALID, api->open(self, name, &acc, err));
    name[STORE_ACCOUNT_NAME_MAX] = '\0';
    acc = open_account(name);
    api->close(acc);
    /* Names are labels: they never reach the file system. */
    acc = open_account("../../etc/passwd");
    add_text(acc, "INBOX", "x", 0);
    close_account(acc);
}

/* More accounts than are kept open. */
IN_STORE(closes_the_oldest)
{
    char name[20];

    store_instance.opt.check = false; /* which would keep it open for a moment */
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20; i++) {
            struct moxd_arena *a = moxd_arena_new(0);
            snprintf(name, sizeof(name), "account%d", i);
            struct store_account *acc = open_account(name);
            add_text(acc, "INBOX", "x", 0);
            ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, (unsigned)round + 1);
            close_account(acc);
            moxd_arena_free(a);
        }
    ck_assert_uint_eq(store_instance.nidle, 8);
    ck_assert_uint_eq(HASH_COUNT(store_instance.accounts), 8);
}

static struct store_account *raced[10];

static void race_open(void *arg)
{
    struct store_account **out = arg;
    *out = open_account("same");
}

IN_STORE(opens_once_for_many)
{
    struct moxd_fid f[MOXD_NELEMS(raced)];

    store_instance.opt.check = false; /* which would keep it open for a moment */
    for (size_t i = 0; i < MOXD_NELEMS(f); i++)
        f[i] = moxd_fiber_spawn("open", race_open, &raced[i]);
    for (size_t i = 0; i < MOXD_NELEMS(f); i++)
        ck_assert_int_eq(moxd_fiber_join(f[i], MOXD_NEVER), MOXD_OK);
    for (size_t i = 0; i < MOXD_NELEMS(f); i++) {
        ck_assert_ptr_eq(raced[i], raced[0]);
        api->close(raced[i]);
    }
    ck_assert_uint_eq(store_instance.nidle, 1);
}

/* --- removal ----------------------------------------------------------------------------------- */

static void ignore(void *arg)
{
    (void)arg;
}

/* proves: ACCT-01, P-STORE-14 */
IN_STORE(removes_everything)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl"), *other = open_account("other");
    char *big = moxd_arena_alloc(a, 9001), path[STORE_PATH_MAX];
    struct store_change *v;
    struct store_entry *e;
    struct store_body *b;
    uint64_t id = api->account_id(acc);
    size_t n;

    memset(big, 'b', 9000);
    struct store_add add = add_text(acc, "INBOX", big, 0);
    add_text(other, "INBOX", big, 0);
    store_file_path(id, add.id, path);
    ck_assert(exists(path) && db_exists(id));
    struct store_watch *w = api->watch(acc, ignore, NULL);
    ck_err(api->body_open(acc, add.id, &b, err));

    ck_err(api->remove(self, "mjl", err));
    path[strlen("accounts/0123456789abcdef")] = '\0';
    ck_assert(!exists(path) && !db_exists(id));

    /* Who has it open is told, and gets errors; what is open can be read. */
    ck_err(api->changes(w, a, &v, &n, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(v[0].kind, STORE_CHANGE_ACCOUNT_REMOVED);
    ck_fails(STATE, api->entries(acc, add.mailbox_id, NULL, a, &e, &n, NULL, err));
    struct store_draft *d = draft_of(big, 9000);
    add.mailbox_name = "INBOX";
    ck_fails(STATE, api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    ck_assert_int_eq(api->body_read(b, 0, path, 10, NULL), 10);
    api->body_close(b);
    api->unwatch(w);

    /* A new one of that name has nothing of the old. */
    ck_fails(NOTFOUND, api->remove(self, "mjl", err));
    struct store_account *again = open_account("mjl");
    ck_assert_uint_gt(api->account_id(again), id);
    struct store_mailbox m = mailbox_of(again, "INBOX", a);
    ck_assert_uint_eq(m.total, 0);
    ck_assert_uint_gt(m.uidvalidity, add.uidvalidity);
    api->close(acc);
    close_account(again);
    close_account(other);
    moxd_arena_free(a);
}

/* UIDVALIDITY grows also when the clock goes back. */
IN_STORE(uidvalidity_never_repeats)
{
    struct moxd_arena *a = moxd_arena_new(0);
    uint32_t last = 0;

    for (int i = 0; i < 4; i++) {
        struct store_account *acc = open_account("mjl");
        uint32_t lowest = UINT32_MAX, highest = 0;
        struct store_mailbox *v;
        size_t n;
        ck_err(api->mailboxes(acc, a, &v, &n, err));
        for (size_t k = 0; k < n; k++) {
            lowest = v[k].uidvalidity < lowest ? v[k].uidvalidity : lowest;
            highest = v[k].uidvalidity > highest ? v[k].uidvalidity : highest;
        }
        ck_assert_uint_gt(lowest, last);
        last = highest;
        close_account(acc);
        ck_err(api->remove(self, "mjl", err));
        moxd_clock_step(-1000 * MOXD_SEC);
        if (i == 1)
            store_restart();
    }
    moxd_clock_reset();
    moxd_arena_free(a);
}

/* What a crash left half removed goes at the next start. */
IN_STORE(finishes_a_removal_after_a_crash)
{
    struct store_account *acc = open_account("mjl");
    uint64_t id = api->account_id(acc);

    add_text(acc, "INBOX", "x", 0);
    ck_err(store_server_removing(&store_instance, id, 1, err));
    api->close(acc);
    store_restart();
    ck_assert(!db_exists(id));
    acc = open_account("mjl");
    ck_assert_uint_ne(api->account_id(acc), id);
    close_account(acc);
}

/* --- what a crash leaves ----------------------------------------------------------------------- */

static void put_file(uint64_t account, uint64_t id)
{
    char path[STORE_PATH_MAX];
    store_file_dir(account, id / STORE_FILES_PER_DIR, path);
    (void)mkdirat(store_instance.env->dir_fd, path, 0700);
    store_file_path(account, id, path);
    int fd = openat(store_instance.env->dir_fd, path, O_CREAT | O_WRONLY, 0400);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "left", 4), 4);
    close(fd);
}

/* proves: P-STORE-03 */
IN_STORE(removes_files_that_a_crash_left)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *big = moxd_arena_alloc(a, 9001), path[STORE_PATH_MAX];
    uint64_t id = api->account_id(acc);

    memset(big, 'b', 9000);
    struct store_add add = add_text(acc, "INBOX", big, 0);
    put_file(id, add.id + 1);
    put_file(id, add.id + 5000);
    api->close(acc);
    store_restart();
    acc = open_account("mjl");
    store_file_path(id, add.id + 1, path);
    ck_assert(!exists(path));
    store_file_path(id, add.id + 5000, path);
    ck_assert(!exists(path));
    ck_assert_str_eq(body_text(acc, add.id, a), big);
    struct store_add next = add_text(acc, "INBOX", big, 0);
    ck_assert_uint_eq(next.id, add.id + 5001);

    /* One that turns up while the account is open costs an id, not the message. */
    put_file(id, next.id + 1);
    add = add_text(acc, "INBOX", big, 0);
    ck_assert_uint_eq(add.id, next.id + 2);
    ck_assert_str_eq(body_text(acc, add.id, a), big);
    ck_err(store_file_remove(store_instance.env, id, next.id + 1, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* --- records of modules ------------------------------------------------------------------------ */

static int put_records(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg;
    return api->tx_put(tx, "test", MOXD_STR("a"), MOXD_STR("1"), err) |
           api->tx_put(tx, "test", MOXD_STR("ab"), MOXD_STR("2"), err) |
           api->tx_put(tx, "test", MOXD_STR("b"), MOXD_STR("3"), err) |
           api->tx_put(tx, "test.more", MOXD_STR("ab"), MOXD_STR("4"), err) |
           api->tx_put(tx, "tes", MOXD_STR("t"), MOXD_STR("5"), err) |
           api->tx_del(tx, "test", MOXD_STR("none"), err);
}

static int put_and_refuse(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg;
    if (api->tx_put(tx, "test", MOXD_STR("a"), MOXD_STR("other"), err) < 0)
        return -1;
    return moxd_err_set(err, MOXD_ERR_DENIED, "no");
}

struct collected {
    struct moxd_buf text;
    const char *table, *prefix;
};

static int collect(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct collected *c = arg;
    moxd_buf_addf(&c->text, "%" MOXD_STRF "=%" MOXD_STRF " ", MOXD_STRA(key), MOXD_STRA(value));
    return 0;
}

static int each_record(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct collected *c = arg;
    return api->tx_each(tx, c->table, moxd_cstr(c->prefix), collect, c, err);
}

static int stop_at_first(void *arg, struct moxd_str key, struct moxd_str value)
{
    (void)key, (void)value;
    return ++*(int *)arg;
}

static int limits(struct store_tx *tx, void *arg, struct moxd_err *unused)
{
    static char big[STORE_VALUE_MAX + 1];
    struct moxd_buf out = MOXD_BUF_INIT(STORE_VALUE_MAX);
    int calls = 0;

    (void)arg, (void)unused;
    memset(big, 'k', sizeof(big));
    ck_err(api->tx_put(tx, "t", moxd_str(big, STORE_TABLE_KEY_MAX),
                       moxd_str(big, STORE_VALUE_MAX), err));
    ck_err(api->tx_get(tx, "t", moxd_str(big, STORE_TABLE_KEY_MAX), &out, err));
    ck_assert_uint_eq(out.n, STORE_VALUE_MAX);
    moxd_buf_fini(&out);
    ck_fails(LIMIT, api->tx_put(tx, "t", moxd_str(big, STORE_TABLE_KEY_MAX + 1), MOXD_STR(""),
                                err));
    ck_fails(LIMIT, api->tx_put(tx, "t", MOXD_STR("k"), moxd_str(big, STORE_VALUE_MAX + 1), err));
    ck_fails(INVALID, api->tx_put(tx, "", MOXD_STR("k"), MOXD_STR(""), err));
    big[STORE_TABLE_NAME_MAX + 1] = '\0';
    ck_fails(INVALID, api->tx_put(tx, big, MOXD_STR("k"), MOXD_STR(""), err));
    ck_assert_int_eq(api->tx_each(tx, "test", MOXD_STR(""), stop_at_first, &calls, NULL), 1);
    ck_assert_int_eq(calls, 1);
    return 0;
}

static int read_only(struct store_tx *tx, void *arg, struct moxd_err *unused)
{
    (void)arg, (void)unused;
    ck_fails(STATE, api->tx_put(tx, "test", MOXD_STR("a"), MOXD_STR("x"), err));
    ck_fails(STATE, api->tx_del(tx, "test", MOXD_STR("a"), err));
    ck_fails(NOTFOUND, api->tx_get(tx, "test", MOXD_STR("x"), &(struct moxd_buf){ 0 }, err));
    return 0;
}

static const char *records(struct store_account *acc, const char *table, const char *prefix)
{
    static struct collected c;
    moxd_buf_fini(&c.text);
    moxd_buf_init(&c.text, 1000);
    c.table = table;
    c.prefix = prefix;
    ck_err(api->view(self, acc, each_record, &c, err));
    return moxd_buf_cstr(&c.text);
}

static void use_records(struct store_account *acc)
{
    ck_assert_str_eq(records(acc, "test", ""), "");
    ck_err(api->transact(self, acc, put_records, NULL, err));
    ck_assert_str_eq(records(acc, "test", ""), "a=1 ab=2 b=3 ");
    ck_assert_str_eq(records(acc, "test", "a"), "a=1 ab=2 ");
    ck_assert_str_eq(records(acc, "test.more", ""), "ab=4 ");
    ck_assert_str_eq(records(acc, "tes", ""), "t=5 ");
    ck_fails(DENIED, api->transact(self, acc, put_and_refuse, NULL, err));
    ck_assert_str_eq(records(acc, "test", "a"), "a=1 ab=2 ");
    ck_err(api->view(self, acc, read_only, NULL, err));
    ck_err(api->transact(self, acc, limits, NULL, err));
}

IN_STORE(keeps_records_of_modules)
{
    struct store_account *acc = open_account("mjl"), *other = open_account("other");

    use_records(acc);
    use_records(NULL);
    ck_assert_str_eq(records(other, "test", ""), "");
    (void)check_account(acc);
    api->close(acc);
    api->close(other);
    store_restart();
    acc = open_account("mjl");
    ck_assert_str_eq(records(acc, "test", ""), "a=1 ab=2 b=3 ");
    ck_assert_str_eq(records(NULL, "test", "b"), "b=3 ");
    api->close(acc);
    ck_err(api->remove(self, "mjl", err));
    acc = open_account("mjl");
    ck_assert_str_eq(records(acc, "test", ""), "");
    ck_assert_str_eq(records(NULL, "test", "b"), "b=3 ");
    api->close(acc);
}

/* --- hooks ------------------------------------------------------------------------------------- */

static char hooked[400];

static int on_change(struct store_tx *tx, const struct store_change_event *ev, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(sizeof(hooked) - 1);

    moxd_buf_adds(&b, hooked);
    moxd_buf_addf(&b, "%s %s", ev->account, ev->origin);
    if (ev->old)
        moxd_buf_addf(&b, " old=%s/%u:%x", ev->old_mailbox->name, ev->old->uid, ev->old->flags);
    if (ev->now)
        moxd_buf_addf(&b, " now=%s/%u:%x", ev->now_mailbox->name, ev->now->uid, ev->now->flags);
    moxd_buf_adds(&b, ";");
    snprintf(hooked, sizeof(hooked), "%s", moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    if (ev->now && (ev->now->flags & STORE_PHISHING))
        return moxd_err_set(err, MOXD_ERR_DENIED, "refused by a hook");
    return ev->store->tx_put(tx, "hook", MOXD_STR("last"), MOXD_STR("seen"), err);
}

static const struct moxd_hook_ref hook_refs[] = { { (moxd_any_fn *)on_change, NULL }, { 0 } };

IN_STORE(runs_hooks_in_the_transaction)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_entry *e;
    struct store_copied *c;
    struct store_uids out;
    size_t n;

    hooked[0] = '\0';
    store_instance.hooks = hook_refs;
    struct store_account *acc = open_account("mjl");
    uint32_t box = add_text(acc, "INBOX", "x", 0).mailbox_id;
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED };
    ck_err(api->set_flags(acc, box, NULL, &fc, a, &e, &n, NULL, err));
    ck_err(api->move(acc, box, NULL, mailbox_of(acc, "Trash", a).id, a, &c, &n, NULL, err));
    ck_err(api->expunge(acc, mailbox_of(acc, "Trash", a).id, NULL, a, &out, NULL, err));
    ck_assert_str_eq(hooked, "mjl test now=INBOX/1:0;mjl  old=INBOX/1:0 now=INBOX/1:8;"
                             "mjl  old=INBOX/1:8 now=Trash/1:8;mjl  old=Trash/1:8;");
    ck_assert_str_eq(records(acc, "hook", ""), "last=seen ");

    struct store_draft *d = draft_of("x", 1);
    struct store_add add = { .acc = acc, .mailbox = box, .flags = STORE_PHISHING };
    ck_fails(DENIED, api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, 0);
    store_instance.hooks = NULL;
    wait_erased(acc);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_account", survives_a_restart, refuses_bad_account_names, closes_the_oldest,
          opens_once_for_many, removes_everything, uidvalidity_never_repeats,
          finishes_a_removal_after_a_crash, removes_files_that_a_crash_left,
          keeps_records_of_modules, runs_hooks_in_the_transaction)
