/* Damaged data: what is refused, who is not concerned, how it comes back. */
#include "store_unit.h"

#include "pages.h"
#include "quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { FILL = 1500 };

static uint64_t damaged_id;

/* Two accounts with enough messages for many pages, closed cleanly. */
static void fill(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);

    (void)arg;
    store_start();
    struct store_account *x = open_account("damaged"), *y = open_account("whole");
    struct store_draft *d = draft_of("0123456789", 10);
    struct store_add *adds = moxd_arena_calloc(a, FILL, sizeof(*adds));
    for (int i = 0; i < FILL; i++)
        adds[i] = (struct store_add){ .acc = i % 2 ? x : y, .mailbox_name = "INBOX" };
    ck_err(api->add(self, d, adds, FILL, NULL, err));
    api->draft_free(d);
    damaged_id = api->account_id(x);
    api->close(x);
    api->close(y);
    store_down(&store_instance);
    moxd_arena_free(a);
}

static int open_damaged(void)
{
    char path[120], file[STORE_FILE_NAME];

    store_env_account_file(damaged_id, file);
    snprintf(path, sizeof(path), "%s/db/%s", store_dir, file);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    return fd;
}

/* What disks and power cuts do to a page; the last is a write that was lost, which only recovery can
 * know of. */
enum damage { GARBLED, ZEROED, MISPLACED, CUT_OFF, STALE };

enum { COPIED = 40 }; /* pages */
static char copy[COPIED][STORE_PAGE_SIZE];

static void copy_pages(void)
{
    int fd = open_damaged();
    ck_assert_int_eq(pread(fd, copy, sizeof(copy), 0), sizeof(copy));
    close(fd);
}

static void damage(enum damage how, off_t page)
{
    char data[STORE_PAGE_SIZE];
    off_t at = page * STORE_PAGE_SIZE;
    int fd = open_damaged();

    ck_assert_int_eq(
        pread(fd, data, sizeof(data), how == MISPLACED ? at + 5 * STORE_PAGE_SIZE : at),
        sizeof(data));
    if (how == GARBLED)
        memcpy(data + 1000, "spoiled!", 8);
    else if (how == ZEROED)
        memset(data, 0, sizeof(data));
    else if (how == STALE)
        memcpy(data, copy[page], sizeof(data));
    if (how == CUT_OFF)
        ck_assert_int_eq(ftruncate(fd, at), 0);
    else
        ck_assert_int_eq(pwrite(fd, data, sizeof(data), at), sizeof(data));
    close(fd);
}

/* Reads all of the damaged account, if it was not set aside yet: the process ends before this does. */
static void read_damaged(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_entry *e;
    struct moxd_err err = { 0 };
    struct store_report report = { .arena = a };
    struct store_account *acc;
    uint64_t modseq;
    size_t n;

    store_start();
    /* Work of others goes on at the same time; what was acknowledged must be there later. */
    acc = open_account("whole");
    add_text(acc, "INBOX", "acknowledged", 0);
    *(bool *)arg = api->open(self, "damaged", &acc, &err) < 0;
    if (*(bool *)arg)
        _exit(EXIT_FAILURE);
    for (uint32_t box = 1; box < 7; box++)
        (void)api->entries(acc, box, NULL, a, &e, &n, &modseq, &err);
    for (uint64_t id = 1; id <= FILL; id++) {
        struct store_body *b;
        struct store_thread *t;
        (void)api->body_open(acc, id, &b, &err);
        (void)api->threads(acc, &id, 1, a, &t, &err);
    }
    _exit(store_read(acc, store_op_verify, &report, &err) < 0 ? 2 : EXIT_SUCCESS);
}

static void sets_aside(bool at_start)
{
    bool *set_aside = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert_ptr_ne(set_aside, MAP_FAILED);
    ck_assert_int_eq(in_fiber_status(read_damaged, set_aside), EXIT_FAILURE << 8);
    ck_assert_int_eq(*set_aside, at_start);
    munmap(set_aside, 1);
}

static void others_are_served(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc;
    struct store_quarantine *q;
    struct moxd_err why = { 0 };
    size_t n;

    (void)arg;
    store_start();
    acc = open_account("whole");
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, FILL / 2 + 1);
    add_text(acc, "INBOX", "again", 0);
    close_account(acc);
    ck_assert_int_lt(api->open(self, "damaged", &acc, &why), 0);
    ck_assert_int_eq(why.kind, MOXD_ERR_TEMP);
    ck_assert_ptr_nonnull(strstr(why.priv, "moxctl store restore damaged"));
    ck_err(store_quarantine_list(store_instance.env->dir_fd, a, &q, &n, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(q[0].id, damaged_id);
    ck_assert_uint_gt(strlen(q[0].reason), 0);
    store_down(&store_instance);
    moxd_arena_free(a);
}

START_TEST(damaged_page_sets_one_account_aside)
{
    for (enum damage how = GARBLED; how < STALE; how++) {
        store_dir_make();
        moxd_loop_main(fill, NULL);
        damage(how, 20);
        sets_aside(false);
        moxd_loop_main(others_are_served, NULL);
        store_dir_remove();
    }
}
END_TEST

/* Changes every message of both accounts. */
static void change(unsigned flag)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_flag_change fc = { STORE_FLAGS_ADD, flag };
    static const char *const names[] = { "damaged", "whole" };
    struct store_entry *e;
    size_t n;

    for (int i = 0; i < 2; i++) {
        struct store_account *acc = open_account(names[i]);
        ck_err(
            api->set_flags(acc, mailbox_of(acc, "INBOX", a).id, NULL, &fc, a, &e, &n, NULL, err));
        close_account(acc);
    }
    moxd_arena_free(a);
}

/* The second change is one that recovery has to make again on every page. */
static void change_and_die(void *arg)
{
    (void)arg;
    store_start();
    change(STORE_SEEN);
    store_restart();
    change(STORE_FLAGGED);
    _exit(0);
}

START_TEST(damage_that_recovery_meets_sets_one_account_aside)
{
    static const bool at_start[] = { [GARBLED] = true, [MISPLACED] = true, [STALE] = true };

    for (enum damage how = GARBLED; how <= STALE; how++) {
        store_dir_make();
        moxd_loop_main(fill, NULL);
        copy_pages();
        ck_assert_int_eq(in_fiber_status(change_and_die, NULL), 0);
        for (off_t page = how == CUT_OFF ? COPIED - 1 : 3; page < COPIED; page++)
            damage(how, page);
        sets_aside(how < MOXD_NELEMS(at_start) && at_start[how]);
        /* In a process that may leak: Berkeley DB does after a panic. */
        ck_assert_int_eq(in_fiber_status(others_are_served, NULL), 0);
        store_dir_remove();
    }
}
END_TEST

static void first_page_is_refused(void *arg)
{
    struct store_account *acc;

    (void)arg;
    store_start();
    ck_fails(TEMP, api->open(self, "damaged", &acc, err));
    acc = open_account("whole");
    add_text(acc, "INBOX", "x", 0);
    close_account(acc);
    store_down(&store_instance);
}

START_TEST(damaged_first_page_sets_one_account_aside)
{
    store_dir_make();
    moxd_loop_main(fill, NULL);
    int fd = open_damaged();
    ck_assert_int_eq(pwrite(fd, "spoiled!", 8, 100), 8);
    close(fd);
    moxd_loop_main(first_page_is_refused, NULL);
    moxd_loop_main(others_are_served, NULL);
    store_dir_remove();
}
END_TEST

/* --- a database that is no more ---------------------------------------------------------------- */

static void fill_large(void *arg)
{
    static char body[9000];

    memset(body, 'b', sizeof(body));
    store_start();
    struct store_account *acc = open_account("mjl");
    struct store_draft *d = draft_of(body, sizeof(body));
    struct store_add add = { .acc = acc, .mailbox_name = "INBOX" };
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    damaged_id = api->account_id(acc);
    api->close(acc);
    store_down(&store_instance);
    (void)arg;
}

/* The body is still there, and comes back. */
static void is_restored(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_restored out;
    struct store_account *acc;
    char done[STORE_PATH_MAX];

    (void)arg;
    store_start();
    ck_fails(TEMP, api->open(self, "mjl", &acc, err));
    ck_fails(TEMP, api->open(self, "mjl", &acc, err));
    ck_err(store_account_restore(&store_instance, "mjl", &out, done, sizeof(done), err));
    ck_assert_uint_eq(out.found, 1);
    acc = open_account("mjl");
    ck_assert_uint_eq(mailbox_of(acc, "Restored", a).total, 1);
    close_account(acc);
    store_down(&store_instance);
    moxd_arena_free(a);
}

static void lose(bool remove_it)
{
    char path[120], file[STORE_FILE_NAME];

    store_dir_make();
    moxd_loop_main(fill_large, NULL);
    store_env_account_file(damaged_id, file);
    snprintf(path, sizeof(path), "%s/db/%s", store_dir, file);
    ck_assert_int_eq(remove_it ? unlink(path) : truncate(path, 0), 0);
    moxd_loop_main(is_restored, NULL);
    store_dir_remove();
}

START_TEST(lost_database_is_not_made_anew)
{
    lose(true);
    lose(false);
}
END_TEST

/* A body that is gone concerns its message only. */
IN_STORE(missing_body_concerns_one_message)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *big = moxd_arena_alloc(a, 9001), path[STORE_PATH_MAX];
    struct store_body *b;
    struct store_copied *c;
    size_t n;

    memset(big, 'b', 9000);
    struct store_add gone = add_text(acc, "INBOX", big, 0), cut = add_text(acc, "INBOX", big, 0);
    struct store_add good = add_text(acc, "INBOX", big, 0);
    store_file_path(acc->id, gone.id, path);
    ck_assert_int_eq(unlinkat(store_instance.env->dir_fd, path, 0), 0);
    store_file_path(acc->id, cut.id, path);
    ck_assert_int_eq(fchmodat(store_instance.env->dir_fd, path, 0600, 0), 0);
    int fd = openat(store_instance.env->dir_fd, path, O_WRONLY);
    ck_assert_int_eq(ftruncate(fd, 8999), 0);
    close(fd);

    ck_fails(CORRUPT, api->body_open(acc, gone.id, &b, err));
    ck_fails(CORRUPT, api->body_open(acc, cut.id, &b, err));
    ck_assert_str_eq(body_text(acc, good.id, a), big);
    ck_fails(CORRUPT, api->copy(acc, gone.mailbox_id, NULL, gone.mailbox_id, a, &c, &n, err));
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, 3);
    struct store_report r = { .arena = a };
    ck_err(store_read(acc, store_op_verify, &r, err));
    ck_assert_uint_eq(r.n, 2);

    /* They can be expunged like others. */
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED };
    struct store_entry *e;
    struct store_uids out;
    ck_err(api->set_flags(acc, gone.mailbox_id, UIDS({ 1, 2 }), &fc, a, &e, &n, NULL, err));
    ck_err(api->expunge(acc, gone.mailbox_id, NULL, a, &out, NULL, err));
    wait_erased(acc);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- full disk --------------------------------------------------------------------------------- */

IN_STORE(adds_nothing_below_the_reserve)
{
    struct store_account *acc = open_account("mjl");
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_draft *d = draft_of("x", 1);
    struct store_add add = { .acc = acc, .mailbox_name = "INBOX", .flags = STORE_DELETED };
    struct store_copied *c;
    struct store_uids out;
    size_t n;

    ck_err(api->add(self, d, &add, 1, NULL, err));
    store_instance.env->conf.reserve = UINT64_C(1) << 60;
    ck_fails(FULL, api->add(self, d, &add, 1, NULL, err));
    ck_fails(FULL, api->copy(acc, add.mailbox_id, NULL, add.mailbox_id, a, &c, &n, err));
    /* What frees space goes on. */
    ck_err(api->expunge(acc, add.mailbox_id, NULL, a, &out, NULL, err));
    wait_erased(acc);
    store_instance.env->conf.reserve = 0;
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    close_account(acc);
    moxd_arena_free(a);
}

/* What a full disk does, on a small one of our own: needs the right to mount. */
static struct full {
    unsigned acknowledged;
    enum moxd_err_kind refused;
} * full;

static void fill_disk(void *arg)
{
    struct moxd_err err = { 0 };
    char body[3000];

    (void)arg;
    memset(body, 'x', sizeof(body));
    store_start();
    struct store_account *acc = open_account("mjl");
    for (;;) {
        struct store_draft *d = draft_of(body, full->acknowledged % 3 ? 3000 : 100);
        struct store_add add = { .acc = acc,
                                 .mailbox_name = "INBOX",
                                 .prefix = moxd_str(body, full->acknowledged % 5 ? 10 : 2999) };
        if (api->add(self, d, &add, 1, NULL, &err) < 0)
            break;
        full->acknowledged++;
        api->draft_free(d);
    }
    full->refused = err.kind;
    _exit(7);
}

static void after_full_disk(void *arg)
{
    struct moxd_arena *a = moxd_arena_new(0);

    (void)arg;
    store_start();
    struct store_account *acc = open_account("mjl");
    ck_assert_uint_ge(mailbox_of(acc, "INBOX", a).total, full->acknowledged);
    ck_assert_uint_le(mailbox_of(acc, "INBOX", a).total, full->acknowledged + 1);
    add_text(acc, "INBOX", "goes on", 0);
    close_account(acc);
    store_down(&store_instance);
    moxd_arena_free(a);
}

START_TEST(full_disk_loses_nothing_that_was_acknowledged)
{
    full = mmap(NULL, sizeof(*full), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(full, MAP_FAILED);
    store_dir_make();
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("small", store_dir, "tmpfs", 0, "size=12m") < 0) {
        fprintf(stderr, "full_disk: skipped, mounting is not permitted\n");
        store_dir_remove();
        return;
    }
    int status = in_fiber_status(fill_disk, NULL);
    ck_assert(WIFEXITED(status));
    ck_assert(WEXITSTATUS(status) == EXIT_FAILURE || full->refused == MOXD_ERR_FULL);
    ck_assert_uint_gt(full->acknowledged, 100);
    /* As when the parent has removed the ballast file. */
    ck_assert_int_eq(mount("small", store_dir, "tmpfs", MS_REMOUNT, "size=60m"), 0);
    moxd_loop_main(after_full_disk, NULL);
    ck_assert_int_eq(umount(store_dir), 0);
    store_dir_remove();
}
END_TEST

/* --- a log that cannot be flushed -------------------------------------------------------------- */

static bool sync_fails;

static int failing_sync(int fd)
{
    if (!sync_fails)
        return fdatasync(fd);
    errno = EIO;
    return -1;
}

static void flush_fails(void *arg)
{
    struct store_account *acc;
    struct store_draft *d;

    db_env_set_func_fsync(failing_sync);
    store_start();
    acc = open_account("mjl");
    d = draft_of("x", 1);
    struct store_add add = { .acc = acc, .mailbox_name = "INBOX" };
    sync_fails = true;
    if (api->add(self, d, &add, 1, NULL, NULL) == 0)
        *(int *)arg = 1;
    _exit(3);
}

START_TEST(nothing_is_acknowledged_when_a_flush_fails)
{
    int acknowledged = 0;

    store_dir_make();
    int status = in_fiber_status(flush_fails, &acknowledged);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
    store_dir_remove();
}
END_TEST

static void in_use(void *arg)
{
    struct store_options opt = store_test_options();
    static struct store second;

    (void)arg;
    store_start();
    ck_fails(STATE, store_up(&second, &opt, err));
    store_down(&store_instance);
}

START_TEST(directory_belongs_to_one_process)
{
    store_dir_make();
    moxd_loop_main(in_use, NULL);
    store_dir_remove();
}
END_TEST

static int newer_format(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    (void)arg, (void)err;
    tx->meta.format = STORE_FORMAT + 1;
    return 0;
}

static void newer(void *arg)
{
    struct store_options opt = store_test_options();

    (void)arg;
    store_start();
    ck_err(store_write(store_instance.server, newer_format, NULL, err));
    store_down(&store_instance);
    ck_fails(STATE, store_up(&store_instance, &opt, err));
}

START_TEST(data_of_a_newer_version_is_refused)
{
    store_dir_make();
    moxd_loop_main(newer, NULL);
    store_dir_remove();
}
END_TEST

UNIT_MAIN("store_damage", damaged_page_sets_one_account_aside,
          damage_that_recovery_meets_sets_one_account_aside,
          damaged_first_page_sets_one_account_aside, lost_database_is_not_made_anew,
          missing_body_concerns_one_message, adds_nothing_below_the_reserve,
          full_disk_loses_nothing_that_was_acknowledged, nothing_is_acknowledged_when_a_flush_fails,
          directory_belongs_to_one_process, data_of_a_newer_version_is_refused)
