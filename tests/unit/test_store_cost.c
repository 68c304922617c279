/* What commands cost, in records of the database that are read and written: not more for what was expunged
 * before, and for one message not more in a large mailbox than in a small one. */
#include "store_unit.h"

enum { SMALL = 100, LARGE = 1000 };

struct cost {
    uint64_t read, written;
};

static struct cost now(void)
{
    const struct store_env_stats *st = &store_instance.env->stats;
    return (struct cost){ atomic_load(&st->records_read), atomic_load(&st->records_written) };
}

static struct cost since(struct cost start)
{
    struct cost end = now();
    return (struct cost){ end.read - start.read, end.written - start.written };
}

struct mailbox {
    struct store_account *acc;
    uint32_t id;
    struct moxd_arena *a;
};

/* The same texts again and again would be one thread. */
static void add_many(struct mailbox *m, unsigned n, unsigned flags)
{
    static unsigned number;
    char text[100];

    for (unsigned i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "Message-ID: <%u@x>\r\nSubject: %u\r\n\r\nx", number, number);
        number++;
        m->id = add_text(m->acc, "Archive", text, flags).mailbox_id;
    }
}

static uint32_t last_uid(struct mailbox *m)
{
    return mailbox_of(m->acc, "Archive", m->a).uidnext - 1;
}

/* --- commands ---------------------------------------------------------------------------------- */

static void list_all(struct mailbox *m)
{
    struct store_entry *v;
    size_t n;
    ck_err(api->entries(m->acc, m->id, NULL, m->a, &v, &n, NULL, err));
}

static void select_it(struct mailbox *m)
{
    struct store_mailbox mb;
    struct store_entry *v;
    uint64_t modseq;
    size_t n;
    ck_err(api->select(m->acc, MOXD_STR("Archive"), 0, m->a, &mb, &v, &n, &modseq, err));
}

static void flag_last(struct mailbox *m)
{
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_FLAGGED };
    struct store_uid_range r = { last_uid(m), last_uid(m) };
    struct store_uids uids = { &r, 1 };
    struct store_entry *v;
    size_t n;
    ck_err(api->set_flags(m->acc, m->id, &uids, &fc, m->a, &v, &n, NULL, err));
}

/* What one other session changed since this one looked. */
static void resynchronize(struct mailbox *m)
{
    uint64_t modseq = mailbox_of(m->acc, "Archive", m->a).highestmodseq;
    struct store_uids gone;
    struct store_entry *v;
    size_t n;

    add_many(m, 1, 0);
    ck_err(api->changed_since(m->acc, m->id, NULL, modseq, m->a, &v, &n, &gone, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(gone.n, 0);
}

static void copy_last(struct mailbox *m)
{
    struct store_uid_range r = { last_uid(m), last_uid(m) };
    struct store_uids uids = { &r, 1 };
    struct store_copied *v;
    size_t n;
    ck_err(api->copy(m->acc, m->id, &uids, mailbox_of(m->acc, "Trash", m->a).id, m->a, &v, &n, err));
    ck_assert_uint_eq(n, 1);
}

static void add_one(struct mailbox *m)
{
    add_many(m, 1, 0);
}

static void expunge_last(struct mailbox *m)
{
    struct store_uids out;
    add_many(m, 1, STORE_DELETED);
    struct store_uid_range r = { last_uid(m), last_uid(m) };
    struct store_uids uids = { &r, 1 };
    ck_err(api->expunge(m->acc, m->id, &uids, m->a, &out, NULL, err));
    ck_assert_uint_eq(out.n, 1);
    wait_erased(m->acc);
}

/* per: records read for each message of the mailbox; the others do not read what they are not about. */
static const struct command {
    const char *name;
    void (*run)(struct mailbox *m);
    unsigned per;
} commands[] = {
    { "list", list_all, 1 },      { "select", select_it, 1 }, { "flag", flag_last, 0 },
    { "resync", resynchronize, 0 }, { "copy", copy_last, 0 },   { "add", add_one, 0 },
    { "expunge", expunge_last, 0 },
};

static void measure(struct mailbox *m, struct cost out[MOXD_NELEMS(commands)])
{
    for (size_t i = 0; i < MOXD_NELEMS(commands); i++) {
        struct cost start = now();
        commands[i].run(m);
        out[i] = since(start);
    }
}

/* A scan fetches some records more than it needs, and blocks of changes are looked through. */
static void compare(const struct cost *before, const struct cost *after, uint64_t more)
{
    for (size_t i = 0; i < MOXD_NELEMS(commands); i++) {
        uint64_t most = before[i].read + commands[i].per * more + 10 + more / 20;
        ck_assert_msg(after[i].read <= most, "%s: %llu records were read, now %llu",
                      commands[i].name, (unsigned long long)before[i].read,
                      (unsigned long long)after[i].read);
        ck_assert_msg(after[i].written <= before[i].written + 2, "%s: %llu records were written, now %llu",
                      commands[i].name, (unsigned long long)before[i].written,
                      (unsigned long long)after[i].written);
    }
}

IN_STORE(large_mailboxes_cost_no_more)
{
    struct mailbox m = { .acc = open_account("mjl"), .a = moxd_arena_new(0) };
    struct cost small[MOXD_NELEMS(commands)], large[MOXD_NELEMS(commands)];

    add_many(&m, SMALL, 0);
    measure(&m, small);
    add_many(&m, LARGE - SMALL, 0);
    measure(&m, large);
    compare(small, large, LARGE - SMALL + 5);
    close_account(m.acc);
    moxd_arena_free(m.a);
}

IN_STORE(expunged_messages_cost_nothing)
{
    struct mailbox m = { .acc = open_account("mjl"), .a = moxd_arena_new(0) };
    struct cost before[MOXD_NELEMS(commands)], after[MOXD_NELEMS(commands)];
    struct store_uids out;

    add_many(&m, SMALL, 0);
    measure(&m, before);
    for (int i = 0; i < 5; i++) {
        add_many(&m, SMALL, STORE_DELETED);
        ck_err(api->expunge(m.acc, m.id, NULL, m.a, &out, NULL, err));
        wait_erased(m.acc);
    }
    measure(&m, after);
    compare(before, after, 5); /* what the first measurement added */
    close_account(m.acc);
    moxd_arena_free(m.a);
}

/* Many changes of a few messages, then many messages with few changes: what is asked for is read. */
IN_STORE(changes_are_found)
{
    struct mailbox m = { .acc = open_account("mjl"), .a = moxd_arena_new(0) };
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_FLAGGED };
    struct store_entry *v;
    size_t n;

    add_many(&m, LARGE, 0);
    uint64_t modseq = mailbox_of(m.acc, "Archive", m.a).highestmodseq;
    const struct store_uids *some = UIDS({ 1, 1 }, { 63, 64 }, { 500, 510 }, { LARGE, LARGE });
    ck_err(api->set_flags(m.acc, m.id, some, &fc, m.a, &v, &n, NULL, err));
    struct cost start = now();
    ck_err(api->changed_since(m.acc, m.id, NULL, modseq, m.a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 15);
    ck_assert_uint_eq(v[0].uid, 1);
    ck_assert_uint_eq(v[1].uid, 63);
    ck_assert_uint_eq(v[2].uid, 64);
    ck_assert_uint_eq(v[14].uid, LARGE);
    ck_assert_uint_lt(since(start).read, LARGE / 2);

    /* Of some messages only, and from before there were blocks. */
    ck_err(api->changed_since(m.acc, m.id, UIDS({ 2, 63 }, { 505, 600 }), modseq, m.a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 7);
    ck_err(api->changed_since(m.acc, m.id, NULL, 0, m.a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, LARGE);
    close_account(m.acc);
    moxd_arena_free(m.a);
}

/* --- accounts of before there were blocks ------------------------------------------------------ */

static int forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct store_key all = store_key_table(STORE_T_CHANGED);
    (void)arg;
    return store_clear(tx, &all, err);
}

IN_STORE(old_accounts_find_changes)
{
    struct mailbox m = { .acc = open_account("mjl"), .a = moxd_arena_new(0) };
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_FLAGGED };
    struct store_entry *v;
    size_t n;

    add_many(&m, 200, 0);
    uint64_t modseq = mailbox_of(m.acc, "Archive", m.a).highestmodseq;
    ck_err(api->set_flags(m.acc, m.id, UIDS({ 1, 1 }), &fc, m.a, &v, &n, NULL, err));
    ck_err(store_write(m.acc, forget, NULL, err));
    api->close(m.acc);
    store_restart();
    m.acc = open_account("mjl");
    ck_err(api->set_flags(m.acc, m.id, UIDS({ 150, 150 }), &fc, m.a, &v, &n, NULL, err));
    ck_err(api->changed_since(m.acc, m.id, NULL, modseq, m.a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 2); /* one of before, one of after */
    ck_err(api->changed_since(m.acc, m.id, NULL, modseq + 1, m.a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(v[0].uid, 150);
    close_account(m.acc);
    moxd_arena_free(m.a);
}

UNIT_MAIN("store_cost", large_mailboxes_cost_no_more, expunged_messages_cost_nothing,
          changes_are_found, old_accounts_find_changes)
