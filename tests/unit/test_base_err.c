/* Errors and clocks. */
#include "unit.h"

#include <moxd/clock.h>
#include <moxd/err.h>

#include <errno.h>

START_TEST(sets_both_texts)
{
    struct moxd_err err = { 0 };
    ck_assert_int_eq(moxd_err_set(&err, MOXD_ERR_NOTFOUND, "no %s\r\n250 ok", "box"), -1);
    ck_assert_str_eq(err.pub, "no box  250 ok");
    ck_assert_str_eq(err.priv, "no box\r\n250 ok");
    ck_assert_int_eq(err.kind, MOXD_ERR_NOTFOUND);
    ck_assert_int_eq(moxd_err_smtp_code(&err), 550);
    ck_assert_str_eq(moxd_err_kind_name(err.kind), "notfound");
    ck_assert_int_eq(moxd_err_set(NULL, MOXD_ERR_LIMIT, "x"), -1);
    moxd_err_clear(&err);
    ck_assert_int_eq(err.kind, MOXD_ERR_NONE);
    ck_assert_str_eq(err.pub, "");
}
END_TEST

START_TEST(system_errors_are_private)
{
    struct moxd_err err;
    errno = ENOENT;
    ck_assert_int_eq(moxd_err_sys(&err, "open %s", "/secret"), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_IO);
    ck_assert_int_eq(err.sys, ENOENT);
    ck_assert_str_eq(err.priv, "open /secret: No such file or directory");
    ck_assert_ptr_null(strstr(err.pub, "secret"));
    errno = ENOSPC;
    ck_assert_int_eq(moxd_err_sys(&err, "write"), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_FULL);
    ck_assert_int_eq(moxd_err_smtp_code(&err), 452);
    ck_assert_str_eq(moxd_err_enhanced(&err), "4.3.1");
}
END_TEST

START_TEST(smtp_replies)
{
    struct moxd_err err;
    ck_assert_int_eq(moxd_err_smtp_set(&err, MOXD_ERR_DENIED, 535, "5.7.8", "no"), -1);
    ck_assert_int_eq(moxd_err_smtp_code(&err), 535);
    ck_assert_str_eq(moxd_err_enhanced(&err), "5.7.8");
    ck_assert_int_eq(moxd_err_smtp_set(&err, MOXD_ERR_DENIED, 450, NULL, "later"), -1);
    ck_assert_str_eq(moxd_err_enhanced(&err), "4.0.0");
    for (int k = MOXD_ERR_NONE; k <= MOXD_ERR_INTERNAL; k++) {
        err = (struct moxd_err){ .kind = (enum moxd_err_kind)k };
        ck_assert_int_eq(moxd_err_enhanced(&err)[0] - '0', moxd_err_smtp_code(&err) / 100);
        ck_assert_str_ne(moxd_err_kind_name(err.kind), "unknown");
    }
}
END_TEST

START_TEST(wraps_and_cuts_at_characters)
{
    struct moxd_err err;
    ck_assert_int_eq(moxd_err_set(&err, MOXD_ERR_IO, "inner"), -1);
    ck_assert_int_eq(moxd_err_wrap(&err, "account %d", 7), -1);
    ck_assert_str_eq(err.priv, "account 7: inner");
    ck_assert_str_eq(err.pub, "inner");

    for (size_t lead = 0; lead < 4; lead++) {
        char text[600] = "xxxx";
        for (size_t i = lead; i + 4 < sizeof text - 1; i += 4)
            memcpy(text + i, "\xf0\x9f\x93\xa7", 5);
        ck_assert_int_eq(moxd_err_set(&err, MOXD_ERR_IO, "%s", text), -1);
        ck_assert(moxd_str_is_utf8(moxd_cstr(err.pub)));
        ck_assert(moxd_str_is_utf8(moxd_cstr(err.priv)));
        ck_assert_uint_ge(strlen(err.pub), sizeof err.pub - 4);
        ck_assert_int_eq(moxd_err_wrap(&err, "why"), -1);
        ck_assert(moxd_str_is_utf8(moxd_cstr(err.priv)));
    }
}
END_TEST

START_TEST(clocks_step)
{
    int64_t wall = moxd_wall(), mono = moxd_mono();
    moxd_clock_step(3600 * MOXD_SEC);
    ck_assert_int_ge(moxd_wall() - wall, 3600 * MOXD_SEC);
    ck_assert_int_ge(moxd_mono() - mono, 3600 * MOXD_SEC);
    moxd_clock_reset();
    ck_assert_int_lt(moxd_mono() - mono, 3600 * MOXD_SEC);
    ck_assert_int_eq(moxd_deadline(-1), MOXD_NEVER);
    ck_assert_int_eq(moxd_deadline(MOXD_NEVER), MOXD_NEVER);
    ck_assert_int_ge(moxd_deadline(MOXD_MS), mono + MOXD_MS);
}
END_TEST

UNIT_MAIN("base_err", sets_both_texts, system_errors_are_private, smtp_replies,
          wraps_and_cuts_at_characters, clocks_step)
