/* The database of an account with any records whatever: reading and changing it fails or succeeds, and
 * rebuilding it makes everything agree. The input is a list of records: table, length of the rest of
 * the key, two bytes of length of the value, key, value. */
#include "fuzz.h"

#include "env.h"
#include "ops.h"
#include "restore.h"
#include "thread.h"
#include "verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    RECORDS_MAX = 300,
    LOG_BYTES = 32 << 20, /* in memory */
    BOXES = 4,            /* mailboxes and messages with these numbers are looked at */
    IDS = 8,
    UIDVALIDITY = 1000,
};

const long fuzz_mutations = 500;
static struct store_env env;

/* What an environment in memory holds it finds by offsets, which LeakSanitizer does not follow. */
const char *__lsan_default_suppressions(void) __attribute__((visibility("default")));
const char *__lsan_default_suppressions(void)
{
    return "leak:libdb-5.3.so";
}

static void must(int rc)
{
    if (rc == 0)
        return;
    fprintf(stderr, "fuzz_store_account: %s\n", db_strerror(rc));
    abort();
}

/* One environment in memory for all inputs; a directory without bodies. */
static void open_env(void)
{
    static char dir[] = "/tmp/moxd-fuzz-XXXXXX";

    if (mkdtemp(dir) == NULL || (env.dir_fd = open(dir, O_RDONLY | O_DIRECTORY)) < 0 ||
        rmdir(dir) < 0)
        abort();
    env.dir = dir;
    pthread_mutex_init(&env.mu, NULL);
    must(db_env_create(&env.db, 0));
    must(env.db->log_set_config(env.db, DB_LOG_IN_MEMORY, 1));
    must(env.db->set_lg_bsize(env.db, LOG_BYTES));
    must(env.db->open(env.db, NULL,
                      DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_LOCK | DB_INIT_MPOOL |
                          DB_THREAD | DB_PRIVATE,
                      0600));
}

static void open_btree(struct store_btree *bt)
{
    *bt = (struct store_btree){ .env = &env, .id = 1, .name = (char *)(uintptr_t) "fuzz" };
    bt->meta.next_id = bt->meta.low_id = 1;
    store_ids_init(&bt->ids, 1);
    must(db_create(&bt->db, env.db, 0));
    must(bt->db->open(bt->db, NULL, NULL, NULL, DB_BTREE, DB_CREATE | DB_AUTO_COMMIT, 0600));
}

static void close_btree(struct store_btree *bt)
{
    must(bt->db->close(bt->db, DB_NOSYNC));
    store_ids_fini(&bt->ids);
}

/* --- records ----------------------------------------------------------------------------------- */

struct input {
    const uint8_t *p;
    size_t n;
};

static bool next_record(struct input *in, struct store_key *key, struct moxd_str *val)
{
    if (in->n < 4)
        return false;
    size_t rest = in->p[1], n = (size_t)in->p[2] << 8 | in->p[3];
    if (in->n - 4 < rest || in->n - 4 - rest < n)
        return false;
    key->p[0] = in->p[0];
    memcpy(key->p + 1, in->p + 4, rest);
    key->n = rest + 1;
    *val = moxd_str((const char *)in->p + 4 + rest, n);
    in->p += 4 + rest + n;
    in->n -= 4 + rest + n;
    return true;
}

static int op_fill(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct input in = *(struct input *)arg;
    struct store_key key;
    struct moxd_str val;

    for (int i = 0; i < RECORDS_MAX && next_record(&in, &key, &val); i++)
        if (store_put(tx, &key, val, err) < 0)
            return -1;
    /* The counters are written last by every transaction; those of the input are to stay. */
    tx->meta = tx->bt->meta;
    return 0;
}

static void write_tx(struct store_btree *bt, store_fn *fn, void *arg)
{
    struct store_batch *batch;
    struct moxd_err err = { 0 };

    if (store_tx_write(&bt, 1, fn, arg, &batch, &err) == 0)
        store_batch_free(batch);
    else
        moxd_assert(err.kind != MOXD_ERR_NONE);
}

static void fill(struct store_btree *bt, struct input *in)
{
    struct store_batch *batch;

    bt->id = 0; /* so that no counters are written */
    if (store_tx_write(&bt, 1, op_fill, in, &batch, NULL) < 0)
        abort();
    bt->id = 1;
}

/* --- what a server does with them -------------------------------------------------------------- */

static void read_all(struct store_btree *bt, struct moxd_arena *a)
{
    struct store_op_mailboxes boxes = { .arena = a };
    struct store_op_subscriptions subs = { .arena = a };
    struct store_op_erasables erasables = { .arena = a };

    (void)!store_tx_read(bt, store_op_mailboxes, &boxes, NULL);
    (void)!store_tx_read(bt, store_op_subscriptions, &subs, NULL);
    (void)!store_tx_read(bt, store_op_erasables, &erasables, NULL);
    for (uint32_t box = 1; box <= BOXES; box++) {
        struct store_op_entries entries = { .mailbox = box, .arena = a, .since = box % 2 };
        struct store_op_messages messages = { .mailbox = box, .arena = a };
        (void)!store_tx_read(bt, store_op_entries, &entries, NULL);
        (void)!store_tx_read(bt, store_op_messages, &messages, NULL);
    }
    for (uint64_t id = 0; id < IDS; id++) {
        struct moxd_buf data = MOXD_BUF_INIT(SIZE_MAX / 2);
        struct store_op_body body = { .id = id, .data = &data };
        struct store_op_ids thread = { .message = id, .arena = a };
        (void)!store_tx_read(bt, store_op_body, &body, NULL);
        (void)!store_tx_read(bt, store_op_thread_messages, &thread, NULL);
        moxd_buf_fini(&data);
    }
    uint64_t ids[] = { 1, 2, 3 };
    struct store_op_threads threads = { .ids = ids, .n = MOXD_NELEMS(ids), .arena = a };
    struct store_op_ids same = { .message_id = MOXD_STR("<a@example.org>"), .arena = a };
    (void)!store_tx_read(bt, store_op_threads, &threads, NULL);
    (void)!store_tx_read(bt, store_op_by_message_id, &same, NULL);
}

/* --- threads ----------------------------------------------------------------------------------- */

static void head_of(struct store_btree *bt, uint64_t id, struct store_head *head)
{
    struct moxd_buf data = MOXD_BUF_INIT(SIZE_MAX / 2);
    struct store_op_body body = { .id = id, .data = &data };

    if (store_tx_read(bt, store_op_body, &body, NULL) == 0)
        store_head_parse(head, moxd_buf_str(&data));
    moxd_buf_fini(&data);
}

/* One step of the passes, as upgrade.c makes them. */
static void thread_step(struct store_btree *bt, struct moxd_arena *a)
{
    struct store_op_fill fill = { 0 };
    struct store_op_link link = { 0 };

    if (bt->meta.thread_pass != STORE_THREADS_FILL) {
        write_tx(bt, store_op_link, &link);
        return;
    }
    if (store_tx_read(bt, store_op_fill_find, &fill, NULL) < 0)
        return;
    fill.heads = moxd_arena_calloc(a, STORE_FILL_PORTION, sizeof(*fill.heads));
    for (size_t i = 0; i < fill.n; i++)
        head_of(bt, fill.ids[i], &fill.heads[i]);
    write_tx(bt, store_op_fill, &fill);
}

static void thread_steps(struct store_btree *bt, struct moxd_arena *a)
{
    enum { STEPS = 2 * RECORDS_MAX / STORE_FILL_PORTION + 2 };

    for (int i = 0; i < STEPS && store_threads_unfinished(&bt->meta); i++)
        thread_step(bt, a);
}

static void erase_all(struct store_btree *bt, struct moxd_arena *a)
{
    struct store_op_erasables all = { .arena = a };

    if (store_tx_read(bt, store_op_erasables, &all, NULL) < 0)
        return;
    for (size_t i = 0; i < all.n; i++) {
        struct store_op_erase one = { .v = { all.v[i] }, .n = 1 };
        (void)!store_tx_read(bt, store_op_erase_files, &one, NULL);
        write_tx(bt, store_op_erase, &one);
    }
}

static void change_all(struct store_btree *bt, struct moxd_arena *a)
{
    static const char *const kw[] = { "new" };
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED, { kw, 1 } };
    struct store_op_create create = { .name = MOXD_STR("Made/Now"), .subscribe = true };
    struct store_op_rename ren = { MOXD_STR("INBOX"), MOXD_STR("Elsewhere") };
    struct moxd_str gone = MOXD_STR("Elsewhere");
    uint64_t ids[] = { 1, 2, 3 };
    struct store_op_thread_set mute = { ids, MOXD_NELEMS(ids), STORE_THREAD_MUTED,
                                        STORE_THREAD_MUTED };

    thread_steps(bt, a);
    write_tx(bt, store_op_thread_set, &mute);
    write_tx(bt, store_op_create, &create);
    for (uint32_t box = 1; box <= BOXES; box++) {
        struct store_op_flags flags = {
            .mailbox = box, .fc = &fc, .arena = a, .mask = STORE_FLAGS_ALL | STORE_FLAG_KEYWORDS
        };
        struct store_op_copy move = { .mailbox = box, .dst = box % BOXES + 1, .arena = a };
        struct store_op_expunge expunge = { .mailbox = box % 2 + 1, .arena = a };
        write_tx(bt, store_op_flags, &flags);
        if (box != move.dst)
            write_tx(bt, store_op_move, &move);
        write_tx(bt, store_op_expunge, &expunge);
    }
    write_tx(bt, store_op_rename, &ren);
    write_tx(bt, store_op_delete, &gone);
    erase_all(bt, a);
}

/* --- what a restoration does ------------------------------------------------------------------- */

static int op_forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key key = store_key_table(STORE_T_META);

    (void)arg;
    return store_clear(tx, &key, err);
}

static void forget(struct store_btree *bt)
{
    struct store_batch *batch;

    bt->id = 0;
    if (store_tx_write(&bt, 1, op_forget, NULL, &batch, NULL) < 0)
        abort();
    bt->id = 1;
}

static void verify(struct store_btree *bt, struct moxd_arena *a, uint64_t messages,
                   const char *when)
{
    struct store_report report = { .arena = a };
    struct moxd_err err = { 0 };

    if (store_tx_read(bt, store_op_verify, &report, &err) < 0)
        moxd_panic("cannot verify %s: %s", when, err.priv);
    if (report.n > 0)
        moxd_panic("%s: %s", when, report.problems[0]);
    moxd_assert(report.messages == messages);
}

static void rebuild(struct store_btree *bt, struct moxd_arena *a)
{
    struct store_restored out = { 0 };
    struct store_rebuild op = { .before = bt->meta, .out = &out };
    struct store_batch *batch;
    struct moxd_err err = { 0 };

    if (op.before.next_uidvalidity < UIDVALIDITY) /* the clock, of a restoration */
        op.before.next_uidvalidity = UIDVALIDITY;
    forget(bt);
    if (store_tx_write(&bt, 1, store_op_rebuild, &op, &batch, &err) < 0) {
        moxd_assert(err.kind == MOXD_ERR_LIMIT);
        return;
    }
    store_batch_free(batch);
    verify(bt, a, out.messages, "after a rebuild");
    thread_steps(bt, a);
    moxd_assert(!store_threads_unfinished(&bt->meta));
    verify(bt, a, out.messages, "with threads");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct store_report report;
    struct store_btree bt;

    if (env.db == NULL)
        open_env();
    struct moxd_arena *a = moxd_arena_new(0);
    report.arena = a;
    open_btree(&bt);
    fill(&bt, &in);
    if (store_btree_load(&bt, NULL) == 0) {
        store_ids_raise(&bt.ids, bt.meta.next_id);
        read_all(&bt, a);
        (void)!store_tx_read(&bt, store_op_verify, &report, NULL);
        change_all(&bt, a);
        read_all(&bt, a);
    } else {
        bt.meta = (struct store_meta){ .next_id = 1 }; /* as a salvage that finds none */
    }
    rebuild(&bt, a);
    read_all(&bt, a);
    close_btree(&bt);
    moxd_arena_free(a);
    return 0;
}
