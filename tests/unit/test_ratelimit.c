/* Networks, windows of time, and the table of what is counted. proves: RATE-01, RATE-02 */
#include "unit.h"

#include "ratelimit.h"

#include <stdio.h>

static struct moxd_network net(const char *text)
{
    struct moxd_network n;

    ck_assert_msg(ratelimit_net_parse(moxd_cstr(text), &n) == 0, "%s", text);
    return n;
}

static void expect_net(const struct moxd_network *n, const char *text)
{
    char name[MOXD_NETWORK_TEXT];

    ck_assert_str_eq(moxd_network_text(n, name), text);
}

START_TEST(networks_of_an_address)
{
    static const struct {
        const char *ip, *of[RATELIMIT_WIDTHS];
    } cases[] = {
        { "192.0.2.77", { "192.0.2.77", "192.0.2.64/26", "192.0.0.0/21" } },
        { "255.255.255.255", { "255.255.255.255", "255.255.255.192/26", "255.255.248.0/21" } },
        { "2001:db8:1:2:3:4:5:6", { "2001:db8:1:2::/64", "2001:db8:1::/48", "2001:db8::/32" } },
        { "::ffff:192.0.2.77", { "192.0.2.77", "192.0.2.64/26", "192.0.0.0/21" } },
    };

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_network ip = net(cases[i].ip);

        for (size_t w = 0; w < RATELIMIT_WIDTHS; w++) {
            struct moxd_network n = ratelimit_net_of(&ip, w);

            expect_net(&n, cases[i].of[w]);
            ck_assert(moxd_network_has(&n, &ip));
        }
    }
}
END_TEST

START_TEST(networks_as_text)
{
    static const char *const bad[] = {
        "",        "192.0.2", "192.0.2.1/33", "192.0.2.1/31", "192.0.2.1/", "2001:db8::/28",
        "::1/129", "a/8",     "1.2.3.4/-1",   "1.2.3.4/8/8",  "/8"
    };
    struct moxd_network n, ip = net("10.1.2.3"), v6 = net("2001:db8::1");

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(ratelimit_net_parse(moxd_cstr(bad[i]), &n) < 0, "%s", bad[i]);
    n = net("10.0.0.0/8");
    expect_net(&n, "10.0.0.0/8");
    ck_assert(moxd_network_has(&n, &ip));
    ck_assert(!moxd_network_has(&n, &v6));
    n = net("0.0.0.0/0");
    ck_assert(moxd_network_has(&n, &ip));
    ck_assert(!moxd_network_has(&n, &v6));
    n = net("2001:db8::/32");
    ck_assert(moxd_network_has(&n, &v6));
    ck_assert(!moxd_network_has(&n, &ip));
    n = net("10.1.2.4");
    ck_assert(!moxd_network_has(&n, &ip));
}
END_TEST

#define MINUTE (60 * MOXD_SEC)

/* A burst is allowed, going on like that is not: the short window is empty again when the long one is full. */
START_TEST(windows_slide)
{
    struct ratelimit_window w = { 0 };
    int64_t t = 1000 * MOXD_SEC;

    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t), 0);
    for (int i = 0; i < 6; i++)
        ratelimit_window_add(&w, MINUTE, t, 1);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t), 6);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + MINUTE - 1), 6);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + MINUTE), 6);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + MINUTE + MINUTE / 2), 3);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + 2 * MINUTE), 0);
    ratelimit_window_add(&w, MINUTE, t + MINUTE + MINUTE / 2, 1);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + MINUTE + MINUTE / 2), 4);
    ratelimit_window_add(&w, MINUTE, t + 100 * MINUTE, 1);
    ck_assert_uint_eq(ratelimit_window_count(&w, MINUTE, t + 100 * MINUTE), 1);
}
END_TEST

START_TEST(two_windows_allow_bursts_only)
{
    struct ratelimit_window minute = { 0 }, day = { 0 };
    int64_t t = 1000 * MOXD_SEC;

    for (int i = 0; i < 50; i++, t += 10 * MINUTE) {
        ratelimit_window_add(&minute, MINUTE, t, 1);
        ratelimit_window_add(&day, 24 * 60 * MINUTE, t, 1);
        ck_assert_uint_lt(ratelimit_window_count(&minute, MINUTE, t), 10);
    }
    ck_assert_uint_eq(ratelimit_window_count(&day, 24 * 60 * MINUTE, t), 50);
}
END_TEST

static bool count_one(void *arg, const struct ratelimit_network *n)
{
    (void)n;
    ++*(size_t *)arg;
    return true;
}

static size_t count(const struct ratelimit_table *t)
{
    size_t n = 0;

    ratelimit_table_each(t, count_one, &n);
    return n;
}

/* What is seen least goes first, what has open connections stays. */
START_TEST(table_is_bounded)
{
    struct ratelimit_table *t = ratelimit_table_new(3);
    struct moxd_network a = net("192.0.2.1"), b = net("192.0.2.2"), c = net("192.0.2.3"),
                        d = net("192.0.2.4");
    struct ratelimit_network *open = ratelimit_table_get(t, &a);

    ratelimit_table_open(t, open);
    ratelimit_table_open(t, open);
    ratelimit_table_close(t, open);
    (void)ratelimit_table_get(t, &b);
    (void)ratelimit_table_get(t, &c);
    (void)ratelimit_table_get(t, &b);
    ck_assert_ptr_nonnull(ratelimit_table_get(t, &d));
    ck_assert_uint_eq(count(t), 3);
    ck_assert_ptr_eq(ratelimit_table_find(t, &a), open);
    ck_assert_ptr_nonnull(ratelimit_table_find(t, &b));
    ck_assert_ptr_null(ratelimit_table_find(t, &c));
    ratelimit_table_open(t, ratelimit_table_find(t, &b));
    ratelimit_table_open(t, ratelimit_table_find(t, &d));
    ck_assert_ptr_null(ratelimit_table_get(t, &c));
    ratelimit_table_close(t, open);
    ck_assert_ptr_nonnull(ratelimit_table_get(t, &c));
    ck_assert_ptr_null(ratelimit_table_find(t, &a));
    ratelimit_table_free(t);
}
END_TEST

START_TEST(mail_is_remembered)
{
    struct ratelimit_mail mail = { 0 }, again;
    unsigned char record[RATELIMIT_RECORD];
    int64_t t = 1000000 * MOXD_SEC;
    struct moxd_str s = moxd_str((const char *)record, sizeof(record));

    ratelimit_mail_add(&mail, 3 * 1024 * 1024, t);
    ratelimit_mail_add(&mail, 10, t);
    ratelimit_mail_write(&mail, record);
    ck_assert_int_eq(ratelimit_mail_parse(s, &again), 0);
    ck_assert_mem_eq(&again, &mail, sizeof(mail));
    ck_assert_uint_eq(ratelimit_mail_count(&again, RATELIMIT_MESSAGES, t), 2);
    ck_assert_uint_eq(ratelimit_mail_count(&again, RATELIMIT_DATA_DAY, t), 3 * 1024 + 2);
    ck_assert_uint_eq(ratelimit_mail_count(&again, RATELIMIT_MESSAGES, t + 2 * MINUTE), 0);
    ck_assert_uint_eq(ratelimit_mail_count(&again, RATELIMIT_MESSAGES_DAY, t + 2 * MINUTE), 2);
    ck_assert_uint_eq(ratelimit_mail_count(&again, RATELIMIT_MESSAGES, t - MINUTE), 2);
    ck_assert(!ratelimit_mail_is_past(&again, t + 24 * 60 * MINUTE));
    ck_assert(ratelimit_mail_is_past(&again, t + 48 * 60 * MINUTE));
    ck_assert_int_eq(ratelimit_mail_parse(moxd_str_sub(s, 0, s.n - 1), &again), -1);
    record[0] = 0xff;
    ck_assert_int_eq(ratelimit_mail_parse(s, &again), -1);
}
END_TEST

/* Pages that are not on disk yet, or just being written, do not give way. */
START_TEST(book_is_bounded)
{
    struct ratelimit_book *b = ratelimit_book_new(2);
    struct moxd_network n = net("192.0.2.1");
    struct ratelimit_page *one = ratelimit_book_add(b, "one", &n);

    one->changed = true;
    ck_assert_ptr_nonnull(ratelimit_book_add(b, "two", &n));
    ck_assert_ptr_nonnull(ratelimit_book_add(b, "three", &n));
    ck_assert_ptr_eq(ratelimit_book_find(b, "one", &n), one);
    ck_assert_ptr_null(ratelimit_book_find(b, "two", &n));
    ratelimit_book_find(b, "three", &n)->held = true;
    ck_assert_ptr_null(ratelimit_book_add(b, "four", &n));
    one->changed = false;
    ck_assert_ptr_nonnull(ratelimit_book_add(b, "four", &n));
    ck_assert_ptr_null(ratelimit_book_find(b, "one", &n));
    ratelimit_book_free(b);
}
END_TEST

UNIT_MAIN("ratelimit", mail_is_remembered, book_is_bounded, networks_of_an_address,
          networks_as_text, windows_slide, two_windows_allow_bursts_only, table_is_bounded)
