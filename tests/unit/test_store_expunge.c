/* Expunging many messages at once, what is left of them until nobody asks for it any more, and records as
 * they were written before. */
#include "store_unit.h"

#include "expunged.h"
#include "restore.h"

enum { MANY = 3 * STORE_EXPUNGED_MAX };

static void wake(void *arg)
{
    (void)arg;
}

static struct store_add add_numbered(struct store_account *acc, unsigned i, unsigned flags)
{
    char text[200];

    snprintf(text, sizeof(text), "Message-ID: <%u@x.example>\r\nSubject: one\r\n%s\r\n%u\r\n", i,
             i > 0 ? "References: <0@x.example>\r\n" : "", i);
    return add_text(acc, "INBOX", text, flags);
}

/* --- counting records -------------------------------------------------------------------------- */

struct count {
    enum store_table table;
    size_t n;
};

static int count_one(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct count *c = arg;
    (void)val;
    c->n += key.n > 1;
    return 0;
}

static int count_table(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct count *c = arg;
    struct store_key all = store_key_table(c->table);
    return store_scan(tx, &all, store_key_str(&all), count_one, c, err);
}

static size_t records(struct store_account *acc, enum store_table table)
{
    struct count c = { .table = table };
    ck_err(store_read(acc, count_table, &c, err));
    return c.n;
}

/* --- as it is now ------------------------------------------------------------------------------ */

/* proves: P-STORE-02 P-STORE-04 */
IN_STORE(many_leave_at_once)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_watch *w = api->watch(acc, wake, NULL);
    struct store_add *add = moxd_arena_calloc(a, MANY, sizeof(*add));
    struct store_uids out;
    uint64_t *ids;
    size_t n;

    for (unsigned i = 0; i < MANY; i++)
        add[i] = add_numbered(acc, i, i == 7 ? 0 : STORE_DELETED); /* a gap */
    ck_err(api->note_set(acc, add[3].id, "n", MOXD_STR("v"), err));
    ck_err(api->expunge(acc, add[0].mailbox_id, NULL, a, &out, NULL, err));
    ck_assert_str_eq(uids_text(out, a), "1:7,9:60");

    /* Two tombstones and three records are all that was written. */
    ck_assert_uint_eq(records(acc, STORE_T_GONE), 2);
    ck_assert_uint_eq(records(acc, STORE_T_EXPUNGED), 3);
    ck_assert_uint_eq(check_account(acc).expunged, MANY - 1);

    /* Whoever was not yet told can read; others find nothing, by no way. */
    ck_assert_uint_gt(strlen(body_text(acc, add[MANY - 1].id, a)), 0);
    ck_err(api->thread_messages(acc, add[7].id, a, &ids, &n, err));
    ck_assert_uint_eq(n, 1);
    ck_err(api->thread_messages(acc, add[9].id, a, &ids, &n, err));
    ck_assert_uint_eq(n, 0);
    ck_err(api->by_message_id(acc, moxd_cstr("<9@x.example>"), a, &ids, &n, err));
    ck_assert_uint_eq(n, 0);
    ck_fails(NOTFOUND, api->note_set(acc, add[9].id, "n", MOXD_STR("v"), err));

    api->unwatch(w);
    wait_erased(acc);
    static const enum store_table tables[] = { STORE_T_ID, STORE_T_DATA, STORE_T_HEADER,
                                               STORE_T_STRUCTURE };
    for (size_t i = 0; i < MOXD_NELEMS(tables); i++)
        ck_assert_uint_eq(records(acc, tables[i]), 1);
    ck_assert_uint_eq(records(acc, STORE_T_NOTE), 0);
    ck_assert_uint_eq(records(acc, STORE_T_EXPUNGED), 0);
    ck_assert_uint_eq(records(acc, STORE_T_THREAD), 2);
    close_account(acc);
    moxd_arena_free(a);
}

/* A mailbox with all that is in it. */
IN_STORE(messages_go_with_their_mailbox)
{
    struct store_account *acc = open_account("mjl");

    for (unsigned i = 0; i < MANY; i++)
        (void)add_text(acc, "Archive", "x", 0);
    ck_err(api->mailbox_delete(acc, moxd_cstr("Archive"), err));
    wait_erased(acc);
    ck_assert_uint_eq(records(acc, STORE_T_ID), 0);
    ck_assert_uint_eq(records(acc, STORE_T_DATA), 0);
    ck_assert_uint_eq(records(acc, STORE_T_GONE), 0);
    close_account(acc);
}

/* --- bodies that several share ----------------------------------------------------------------- */

static struct store_copied copy_to(struct store_account *acc, uint32_t from, const char *name,
                                   struct moxd_arena *a)
{
    struct store_copied *v;
    size_t n;

    ck_err(api->copy(acc, from, NULL, mailbox_of(acc, name, a).id, a, &v, &n, err));
    ck_assert_uint_eq(n, 1);
    return v[0];
}

static void expunge_all(struct store_account *acc, uint32_t mailbox, struct moxd_arena *a)
{
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED };
    struct store_entry *v;
    struct store_uids modified, out;
    size_t n;

    ck_err(api->set_flags(acc, mailbox, NULL, &fc, a, &v, &n, &modified, err));
    ck_err(api->expunge(acc, mailbox, NULL, a, &out, NULL, err));
    wait_erased(acc);
    (void)check_account(acc);
}

static uint64_t id_in(struct store_account *acc, uint32_t mailbox, struct moxd_arena *a)
{
    struct store_entry *v;
    size_t n;

    ck_err(api->entries(acc, mailbox, NULL, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    return v[0].id;
}

static int rebuild(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return store_op_rebuild(tx, arg, err);
}

/* The original goes first, then a copy of it, then a copy of the copy; and the other way round. */
IN_STORE(copies_share_bodies)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 } };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box[] = { mailbox_of(acc, "INBOX", a).id, mailbox_of(acc, "Archive", a).id,
                       mailbox_of(acc, "Sent", a).id };

    for (size_t i = 0; i < MOXD_NELEMS(orders); i++) {
        (void)add_text(acc, "INBOX", "shared", 0);
        (void)copy_to(acc, box[0], "Archive", a);
        (void)copy_to(acc, box[1], "Sent", a);
        ck_assert_uint_eq(records(acc, STORE_T_DATA), 1);
        for (int k = 0; k < 3; k++) {
            for (int left = k; left < 3; left++)
                ck_assert_str_eq(body_text(acc, id_in(acc, box[orders[i][left]], a), a), "shared");
            expunge_all(acc, box[orders[i][k]], a);
        }
        ck_assert_uint_eq(records(acc, STORE_T_DATA), 0);
        ck_assert_uint_eq(records(acc, STORE_T_SHARED), 0);
    }
    close_account(acc);
    moxd_arena_free(a);
}

/* What a database that is made anew knows of them. */
IN_STORE(rebuilding_keeps_shared_bodies)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_watch *w = api->watch(acc, wake, NULL);
    struct store_add add = add_text(acc, "INBOX", "shared", STORE_DELETED);
    struct store_add own = add_text(acc, "Drafts", "own", STORE_DELETED);
    struct store_restored out = { 0 };
    struct store_rebuild op = { .out = &out };
    uint32_t archive = mailbox_of(acc, "Archive", a).id, drafts = own.mailbox_id;
    struct store_uids uids;

    (void)copy_to(acc, add.mailbox_id, "Archive", a);
    ck_err(api->expunge(acc, add.mailbox_id, NULL, a, &uids, NULL, err));
    ck_err(api->expunge(acc, drafts, NULL, a, &uids, NULL, err));
    ck_err(store_write(acc, rebuild, &op, err));
    ck_assert_uint_eq(out.found + out.dropped, 0);
    ck_assert_uint_eq(check_account(acc).expunged, 2);
    ck_assert_str_eq(body_text(acc, id_in(acc, archive, a), a), "shared");
    store_instance.stopping = true; /* nothing is erased before it is opened again */
    api->unwatch(w);
    api->close(acc);
    store_restart();
    acc = open_account("mjl");
    wait_erased(acc);
    ck_assert_uint_eq(records(acc, STORE_T_DATA), 1);
    ck_assert_str_eq(body_text(acc, id_in(acc, archive, a), a), "shared");
    expunge_all(acc, archive, a);
    ck_assert_uint_eq(records(acc, STORE_T_DATA), 0);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- as it was --------------------------------------------------------------------------------- */

/* One tombstone for each message, with its id; what is to be erased by its id. */
static int write_old(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct store_add *add = arg;
    struct store_key gone = store_key_gone(add->mailbox_id, tx->meta.gone_modseq, add->uid);
    struct store_key erase = store_key_u64(STORE_T_ERASE, 4711);
    struct store_key data = store_key_u64(STORE_T_DATA, 4711);
    struct store_erase r = { .size = 4, .where = STORE_IN_DB };
    unsigned char buf[STORE_RECORD_MAX];

    tx->meta.next_id = 5000;
    return store_put(tx, &gone, MOXD_STR("\0\0\0\0\0\0\0\1"), err) |
           store_put(tx, &erase, store_erase_encode(&r, buf), err) |
           store_put(tx, &data, MOXD_STR("body"), err);
}

IN_STORE(old_records_are_read)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_add add = add_text(acc, "INBOX", "x", STORE_DELETED);
    struct store_uids out;
    struct store_entry *v;
    size_t n;

    ck_err(api->expunge(acc, add.mailbox_id, NULL, a, &out, NULL, err));
    wait_erased(acc);
    ck_err(store_write(acc, write_old, &add, err));
    ck_assert_str_eq(body_text(acc, 4711, a), "body");
    ck_err(api->changed_since(acc, add.mailbox_id, NULL, 0, a, &v, &n, &out, err));
    ck_assert_str_eq(uids_text(out, a), "1");
    api->close(acc);
    store_restart();
    acc = open_account("mjl");
    wait_erased(acc);
    ck_assert_uint_eq(records(acc, STORE_T_ERASE), 0);
    ck_assert_uint_eq(records(acc, STORE_T_DATA), 0);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_expunge", many_leave_at_once, messages_go_with_their_mailbox,
          copies_share_bodies, rebuilding_keeps_shared_bodies, old_records_are_read)
