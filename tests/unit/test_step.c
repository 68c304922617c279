/* Steps of messages: as records, as lines, as JSON. */
#include "unit.h"

#include <moxmail/step.h>

#include <moxd/clock.h>

static struct moxd_buf out;
static const int64_t at = INT64_C(1700000000) * MOXD_SEC;

static const char *show(const char *kind, const struct moxd_step_value *v, size_t n)
{
    moxd_buf_fini(&out);
    moxd_buf_init(&out, 1 << 16);
    moxd_step_show(&out, &(struct moxd_step){ at, kind, v, n });
    return moxd_buf_cstr(&out);
}
#define SHOW(kind, ...)                                                                            \
    show((kind), (const struct moxd_step_value[]){ __VA_ARGS__ },                                  \
         MOXD_NELEMS(((const struct moxd_step_value[]){ __VA_ARGS__ })))

START_TEST(lines)
{
    ck_assert_str_eq(SHOW("connect", moxd_sv("ip", "192.0.2.1"), moxd_sv("tls", "TLSv1.3")),
                     "connected: 192.0.2.1, TLSv1.3");
    ck_assert_str_eq(SHOW("hook", moxd_sv("hook", "spf.on_mail"), moxd_sv("verdict", "next"),
                          moxd_svi("took", 1203000), moxd_sv("detail", "")),
                     "   spf.on_mail                  next       1.203 ms");
    ck_assert_str_eq(SHOW("hook", moxd_sv("hook", "a.on_b"), moxd_sv("verdict", "deny"),
                          moxd_svi("took", 0), moxd_sv("detail", "because")),
                     "   a.on_b                       deny       0.000 ms  because");
    ck_assert_str_eq(SHOW("attempt", moxd_sv("outcome", "retry"), moxd_sv("to", "a@b"),
                          moxd_svi("attempt", 2), moxd_sv("reply", "451 later"),
                          moxd_svi("in", INT64_C(93600) * MOXD_SEC)),
                     "retry: a@b, attempt 2, 451 later, next attempt in 1d2h");
    ck_assert_str_eq(SHOW("later", moxd_sv("x", "y"), moxd_svi("n", -1)), "later x=y n=-1");
}
END_TEST

START_TEST(durations)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        { 0, "0.000 s" },
        { -1, "0.000 s" },
        { 1500 * MOXD_MS, "1.500 s" },
        { 60 * MOXD_SEC, "1m0s" },
        { 200 * MOXD_SEC, "3m20s" },
        { 3600 * MOXD_SEC, "1h0m" },
        { INT64_C(200000) * MOXD_SEC, "2d7h" },
    };

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(100);
        moxd_step_duration(&b, cases[i].ns);
        ck_assert_str_eq(moxd_buf_cstr(&b), cases[i].text);
        moxd_buf_fini(&b);
    }
}
END_TEST

/* What others say must not move a cursor or break JSON. */
START_TEST(hostile_text)
{
    const struct moxd_step_value v[] = {
        moxd_svn("text", MOXD_STR("a\x1b[31m\r\n\0b\xff\xc2\x9b\xc3\xa9\"\\")),
    };
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    ck_assert_str_eq(show("reply", v, 1), "S: a?[31m? ?b??\xc3\xa9\"\\");
    moxd_step_json(&b, &(struct moxd_step){ at, "reply", v, 1 });
    ck_assert_str_eq(
        moxd_buf_cstr(&b),
        "{\"at\":\"2023-11-14T22:13:20Z\",\"ns\":1700000000000000000,\"kind\":\"reply\","
        "\"text\":\"a\\u001b[31m\\u000d\\u000a\\u0000b?\xc2\x9b\xc3\xa9\\\"\\\\\"}");
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(records)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    const struct moxd_step_value v[] = { moxd_sv("from", "a@b"), moxd_sv("empty", ""),
                                         moxd_sv("nothing", NULL), moxd_svi("size", -5) };
    struct moxd_step s;

    moxd_step_put(&b, &(struct moxd_step){ at, "one", v, 4 });
    moxd_step_put(&b, &(struct moxd_step){ at + 1, "two", NULL, 0 });
    struct moxd_str rest = moxd_buf_str(&b);
    ck_assert_int_eq(moxd_step_next(&rest, a, &s, NULL), 1);
    ck_assert_str_eq(s.kind, "one");
    ck_assert_int_eq(s.at, at);
    ck_assert_uint_eq(s.n, 2);
    ck_assert(moxd_str_eqs(moxd_step_text(&s, "from"), "a@b"));
    ck_assert_int_eq(moxd_step_number(&s, "size"), -5);
    ck_assert_uint_eq(moxd_step_text(&s, "none").n, 0);
    ck_assert_int_eq(moxd_step_next(&rest, a, &s, NULL), 1);
    ck_assert_str_eq(s.kind, "two");
    ck_assert_int_eq(moxd_step_next(&rest, a, &s, NULL), 0);
    for (size_t n = 1; n < b.n; n++) { /* cut off anywhere */
        rest = moxd_str(b.p, n);
        while (moxd_step_next(&rest, a, &s, NULL) > 0)
            continue;
    }
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

/* A full buffer keeps whole records, long texts are cut. */
START_TEST(limits)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(1500);
    char text[5000];
    struct moxd_step s;
    const struct moxd_step_value v[] = { moxd_svn("text", moxd_str(text, sizeof(text))) };

    memset(text, 'x', sizeof(text));
    moxd_step_put(&b, &(struct moxd_step){ at, "one", v, 1 });
    size_t n = b.n;
    ck_assert(!b.overflow);
    moxd_step_put(&b, &(struct moxd_step){ at, "two", v, 1 });
    ck_assert(b.overflow);
    ck_assert_uint_eq(b.n, n);
    struct moxd_str rest = moxd_buf_str(&b);
    ck_assert_int_eq(moxd_step_next(&rest, a, &s, NULL), 1);
    ck_assert_uint_eq(moxd_step_text(&s, "text").n, MOXD_STEP_TEXT_MAX);
    ck_assert_int_eq(moxd_step_next(&rest, a, &s, NULL), 0);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("step", lines, durations, hostile_text, records, limits)
