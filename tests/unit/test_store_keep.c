/* Bodies that belong to the server: kept with the records that refer to them, or not at all. */
#include "store_unit.h"

struct keeping {
    uint64_t id;
    bool refuse;
};

static int note_id(struct store_tx *tx, uint64_t id, void *arg, struct moxd_err *err)
{
    struct keeping *k = arg;
    char key[8];

    k->id = id;
    if (k->refuse)
        return moxd_err_set(err, MOXD_ERR_DENIED, "no");
    moxd_put_be64(key, id);
    return api->tx_put(tx, "test", moxd_str(key, 8), MOXD_STR("here"), err);
}

static uint64_t keep(size_t n)
{
    struct keeping k = { 0 };
    char *text = moxd_xmalloc(n);

    memset(text, 'x', n);
    struct store_draft *d = draft_of(text, n);
    ck_err(api->keep(self, d, MOXD_STR("Received: here\r\n"), note_id, &k, err));
    api->draft_free(d);
    free(text);
    return k.id;
}

static uint64_t size_of(uint64_t id)
{
    struct store_body *b;
    char buf[32];

    ck_err(api->kept_open(self, id, &b, err));
    uint64_t size = api->body_size(b);
    ck_err(api->body_read(b, 0, buf, sizeof(buf), err));
    ck_assert(memcmp(buf, "Received: here\r\n", 16) == 0);
    ck_err(api->body_read(b, size - 1, buf, 1, err));
    ck_assert_int_eq(buf[0], 'x');
    api->body_close(b);
    return size;
}

static int unkeep(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return api->tx_unkeep(tx, *(uint64_t *)arg, err);
}

static void drop(uint64_t id)
{
    ck_err(api->transact(self, NULL, unkeep, &id, err));
    while (store_instance.server->erasing)
        ck_assert_int_eq(moxd_yield(), MOXD_OK);
}

static int count(void *arg, uint64_t id)
{
    (void)id;
    ++*(int *)arg;
    return 0;
}

static int files(void)
{
    int n = 0;
    ck_err(store_file_each(store_instance.env, 0, 1, count, &n, err));
    return n;
}

struct peeking {
    uint64_t id;
    struct store_body *b;
};

static int open_here(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct peeking *p = arg;

    return api->tx_kept_open(tx, p->id, &p->b, err);
}

IN_STORE(opened_in_a_view)
{
    uint64_t ids[] = { keep(100), keep(100000) };
    char c;

    for (size_t i = 0; i < MOXD_NELEMS(ids); i++) {
        struct peeking p = { ids[i], NULL };
        ck_err(api->peek(self, NULL, open_here, &p, err));
        uint64_t size = api->body_size(p.b);
        ck_assert_uint_eq(size, i == 0 ? 116 : 100016);
        drop(ids[i]);
        ck_assert_int_eq(api->body_read(p.b, size - 1, &c, 1, NULL), 1);
        ck_assert_int_eq(c, 'x');
        api->body_close(p.b);
        ck_fails(NOTFOUND, api->peek(self, NULL, open_here, &p, err));
    }
}

IN_STORE(kept_small_and_large)
{
    uint64_t small = keep(100), large = keep(100000);

    ck_assert_uint_ne(small, large);
    ck_assert_uint_eq(size_of(small), 116);
    ck_assert_uint_eq(size_of(large), 100016);
    ck_assert_int_eq(files(), 1);
    store_restart();
    ck_assert_uint_eq(size_of(small), 116);
    ck_assert_uint_eq(size_of(large), 100016);
}

IN_STORE(refused_leaves_nothing)
{
    struct keeping k = { .refuse = true };
    char text[6000]; /* more than goes into the database */

    memset(text, 'x', sizeof(text));
    struct store_draft *d = draft_of(text, sizeof(text));
    ck_fails(DENIED, api->keep(self, d, MOXD_STR(""), note_id, &k, err));
    api->draft_free(d);
    ck_assert_int_eq(files(), 0);
    struct store_body *b;
    ck_fails(NOTFOUND, api->kept_open(self, k.id, &b, err));
}

IN_STORE(removed_with_its_file)
{
    uint64_t small = keep(100), large = keep(100000);
    struct store_body *b, *gone;

    ck_err(api->kept_open(self, large, &b, err));
    drop(large);
    drop(small);
    drop(small); /* no error */
    ck_assert_int_eq(files(), 0);
    ck_fails(NOTFOUND, api->kept_open(self, large, &gone, err));
    ck_fails(NOTFOUND, api->kept_open(self, small, &gone, err));
    /* who has it open reads on */
    char c;
    ck_assert_int_eq(api->body_read(b, 100015, &c, 1, NULL), 1);
    api->body_close(b);
}

IN_STORE(ids_are_never_used_again)
{
    uint64_t before = keep(100000);

    drop(before);
    store_restart();
    uint64_t after = keep(100);
    ck_assert_uint_gt(after, before);
    store_restart();
    ck_assert_uint_gt(keep(100), after);
}

/* A file without a record is what a crash between the two leaves. */
IN_STORE(orphans_are_swept)
{
    uint64_t id = keep(100000);
    struct store_source src = { .mem = MOXD_STR("lost"), .fd = -1, .size = 4 };

    ck_err(store_file_create(store_instance.env, 0, id + 1, &src, err));
    ck_assert_int_eq(files(), 2);
    store_restart();
    ck_assert_int_eq(files(), 1);
    ck_assert_uint_eq(size_of(id), 100016);
    ck_assert_uint_gt(keep(100), id + 1);
}

static int third(void *arg, struct moxd_str key, struct moxd_str value)
{
    char *out = arg;

    (void)value;
    out[strlen(out)] = key.p[0];
    return strlen(out) == 3;
}

static int page(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    static const char *const keys[] = { "a", "b", "c", "d", "e", NULL };

    for (size_t i = 0; keys[i]; i++)
        if (api->tx_put(tx, "test", moxd_cstr(keys[i]), MOXD_STR(""), err) < 0)
            return -1;
    return api->tx_from(tx, "test", MOXD_STR(""), MOXD_STR("b"), third, arg, err) < 0 ? -1 : 0;
}

IN_STORE(a_page_of_records)
{
    char out[8] = "";

    ck_err(api->transact(self, NULL, page, out, err));
    ck_assert_str_eq(out, "bcd");
}

UNIT_MAIN("store_keep", opened_in_a_view, kept_small_and_large, refused_leaves_nothing,
          removed_with_its_file, ids_are_never_used_again, orphans_are_swept, a_page_of_records)
