/* Records of attempts to log in: read and written, forgotten when too old or too many. proves: P-STORE-11 */
#include "store_unit.h"

#include "logins.h"

static const struct logins_conf conf = { .keep = 30 * 86400 * MOXD_SEC, .max_failed = 5 };
static struct logins logins_instance;

static struct logins_attempt attempt(const char *remote, const char *result)
{
    return (struct logins_attempt){
        .field = { "mjl", "mjl@mox.example", remote, "imap", "PLAIN", result, "", "TLSv1.3" },
        .first = moxd_wall() / MOXD_SEC,
        .last = moxd_wall() / MOXD_SEC,
        .count = 1,
    };
}

static void logins_ready(void)
{
    logins_instance = (struct logins){ .conf = &conf, .store = api, .store_self = self };
}

static int put_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct logins_attempt *at = arg;

    return logins_put(&logins_instance, tx, at, err) < 0 ||
                   logins_prune(&logins_instance, tx, err) < 0
               ? -1
               : 0;
}

static void put(struct store_account *acc, const char *remote, const char *result)
{
    struct logins_attempt at = attempt(remote, result);

    ck_err(api->transact(self, acc, put_run, &at, err));
}

struct list_arg {
    struct moxd_arena *a;
    struct logins_attempt *v;
    size_t n;
};

static int list_run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct list_arg *l = arg;

    return logins_each(&logins_instance, tx, l->a, &l->v, &l->n, err);
}

/* "remote count;" of each, the last one first. */
static const char *listed(struct store_account *acc, struct moxd_arena *a)
{
    struct list_arg l = { .a = a };
    const char *text = "";

    ck_err(api->view(self, acc, list_run, &l, err));
    for (size_t i = 0; i < l.n; i++)
        text = moxd_arena_printf(a, "%s%s %llu;", text, l.v[i].field[LOGINS_REMOTE],
                                 (unsigned long long)l.v[i].count);
    return text;
}

static void another_second(void)
{
    moxd_clock_step(MOXD_SEC);
}

IN_STORE(old_ones_are_forgotten)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    logins_ready();
    put(acc, "192.0.2.1", "ok");
    moxd_clock_step(20 * 86400 * MOXD_SEC);
    put(acc, "192.0.2.2", "badcreds");
    put(acc, "192.0.2.2", "badcreds");
    ck_assert_str_eq(listed(acc, a), "192.0.2.2 2;192.0.2.1 1;");
    moxd_clock_step(9 * 86400 * MOXD_SEC);
    put(acc, "192.0.2.3", "ok");
    ck_assert_str_eq(listed(acc, a), "192.0.2.3 1;192.0.2.2 2;192.0.2.1 1;");
    moxd_clock_step(86401 * MOXD_SEC);
    put(acc, "192.0.2.3", "ok");
    ck_assert_str_eq(listed(acc, a), "192.0.2.3 2;192.0.2.2 2;");
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(of_failed_ones_the_last_are_kept)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    static const char *const remotes[] = { "1", "2", "3", "4", "5", "6", "7" };

    logins_ready();
    for (size_t i = 0; i < MOXD_NELEMS(remotes); i++) {
        put(acc, remotes[i], "badcreds");
        if (i == 1)
            put(acc, "good", "ok");
        another_second();
    }
    ck_assert_str_eq(listed(acc, a), "7 1;6 1;5 1;4 1;3 1;good 1;");
    put(acc, "3", "badcreds"); /* one that is there is not one more */
    another_second();
    put(acc, "8", "badcreds");
    ck_assert_str_eq(listed(acc, a), "8 1;3 2;7 1;6 1;5 1;good 1;");
    close_account(acc);
    moxd_arena_free(a);
}

START_TEST(records_are_read_as_written)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf text = MOXD_BUF_INIT(LOGINS_VALUE_MAX);
    struct logins_attempt at = attempt("2001:db8::1", "ok"), back;
    unsigned char key[LOGINS_KEY], other[LOGINS_KEY];

    at.field[LOGINS_CLIENT] = "K-9 \"Mail\" \\ 5";
    at.count = 12345678901;
    logins_write(&at, &text);
    ck_assert_int_eq(logins_parse(moxd_buf_str(&text), a, &back, NULL), 0);
    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        ck_assert_str_eq(back.field[i], at.field[i]);
    ck_assert_int_eq(back.last, at.last);
    ck_assert_uint_eq(back.count, at.count);
    logins_key(&at, key);
    logins_key(&back, other);
    ck_assert_mem_eq(key, other, sizeof(key));
    back.field[LOGINS_CLIENT] = "";
    logins_key(&back, other);
    ck_assert_mem_ne(key, other, sizeof(key));
    static const char *const bad[] = { "", "[]", "{", "\"x\"", "{\"first\":1}x" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_int_lt(logins_parse(moxd_cstr(bad[i]), a, &back, NULL), 0);
    moxd_buf_fini(&text);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("logins", records_are_read_as_written, old_ones_are_forgotten,
          of_failed_ones_the_last_are_kept)
