/* Summaries of headers: what they know, and that it is what the header says. */
#include "message.h"

#include <moxmail/summary.h>

#include "tests/message_check.h"

struct made {
    struct moxd_arena *a;
    struct moxd_buf form;
    struct moxd_summary s;
};

static struct made make(struct moxd_str header)
{
    struct made m = { .a = moxd_arena_new(0), .form = MOXD_BUF_INIT(1 << 20) };

    moxd_summary_make(header, &m.form);
    ck_assert_int_eq(moxd_summary_read(&m.s, moxd_buf_str(&m.form)), 0);
    return m;
}

static void made_fini(struct made *m)
{
    moxd_buf_fini(&m->form);
    moxd_arena_free(m->a);
}

/* The fields with these names; NULL when the summary does not know. */
static const char *ask(struct made *m, const char *x, const char *y)
{
    struct moxd_str names[] = { moxd_cstr(x), moxd_cstr(y) };
    struct moxd_buf out = MOXD_BUF_INIT(100000);
    struct moxd_summary_query q;

    moxd_summary_query(&q, names, 2, m->a);
    if (!moxd_summary_knows(&m->s, &q))
        return NULL;
    moxd_summary_filter(&m->s, &q, &out);
    const char *text = moxd_arena_strdup(m->a, moxd_buf_cstr(&out));
    moxd_buf_fini(&out);
    return text;
}

static const char header[] = "Received: one\r\n two\r\nSubject: a\r\n b\r\nFROM : a@x\r\nDate:\r\n"
                             "Subject:c\nTo: x@y\r\n z\r\n\r\n";

/* proves: P-STORE-09 */
START_TEST(knows_fields_and_names)
{
    struct made m = make(moxd_cstr(header));

    ck_assert_uint_eq(m.s.header_size, strlen(header));
    ck_assert_str_eq(ask(&m, "subject", "x"), "Subject: a\r\n b\r\nSubject:c\n\r\n");
    ck_assert_str_eq(ask(&m, "DATE", "From"), "FROM : a@x\r\nDate:\r\n\r\n");
    ck_assert_str_eq(ask(&m, "To", "Cc"), "To: x@y\r\n z\r\n\r\n");
    ck_assert_str_eq(ask(&m, "DKIM-Signature", "X-Label"), "\r\n");
    ck_assert_ptr_null(ask(&m, "From", "received"));
    made_fini(&m);
    m = make(MOXD_STR("A: \303\274\r\nSubject: \377\r\n\r\n"));
    ck_assert(m.s.international);
    ck_assert_str_eq(ask(&m, "Subject", "to"), "Subject: \377\r\n\r\n");
    made_fini(&m);
    m = make(MOXD_STR("A: b\nSubject: x"));
    ck_assert(!m.s.international);
    ck_assert_str_eq(ask(&m, "Subject", "to"), "Subject: x");
    made_fini(&m);
    m = make(MOXD_STR(""));
    ck_assert_str_eq(ask(&m, "Subject", "a"), "");
    made_fini(&m);
    ck_assert_uint_eq(check_summary(moxd_cstr(header)), 6);
}
END_TEST

/* Fields that are too long, or too many of them, count as unknown, all of that name. */
START_TEST(leaves_out_what_is_large)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&b, "Cc: short\r\nFrom: me\r\nCc: ");
    for (int i = 0; i < MOXD_SUMMARY_FIELD_MAX; i++)
        moxd_buf_addc(&b, 'x');
    moxd_buf_adds(&b, "\r\nSubject: y\r\n");
    struct made m = make(moxd_buf_str(&b));
    ck_assert_ptr_null(ask(&m, "cc", "cc"));
    ck_assert_str_eq(ask(&m, "from", "subject"), "From: me\r\nSubject: y\r\n");
    made_fini(&m);
    ck_assert_uint_eq(check_summary(moxd_buf_str(&b)), 4);

    for (int i = 0; i < 100; i++)
        moxd_buf_adds(&b, "References: <a@b>\r\n <cccccccccccccccccccccccccccccccccccccccccccccccc"
                          "ccccccccccccccccccccccccccccccccccccccccccc@d>\r\n");
    moxd_buf_adds(&b, "Message-ID: <m@x>\r\nSender: s@x\r\n");
    m = make(moxd_buf_str(&b));
    ck_assert_ptr_null(ask(&m, "references", "references"));
    ck_assert_uint_lt(m.form.n, 200);
    made_fini(&m);
    check_summary(moxd_buf_str(&b));
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(many_names_are_not_known)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20), form = MOXD_BUF_INIT(1 << 20);
    struct moxd_summary s;

    for (int i = 0; i < 2 * MOXD_SUMMARY_MARKS_MAX; i++)
        moxd_buf_addf(&b, "X-%d: y\r\n", i);
    moxd_summary_make(moxd_buf_str(&b), &form);
    ck_assert_uint_lt(form.n, 10);
    ck_assert_int_eq(moxd_summary_read(&s, moxd_buf_str(&form)), -1);
    moxd_buf_fini(&form);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(refuses_damage)
{
    struct made m = make(moxd_cstr(header));
    struct moxd_summary_query q;
    struct moxd_summary s;
    struct moxd_field f;

    ck_assert_int_eq(moxd_summary_read(&s, MOXD_STR("")), -1);
    moxd_summary_query_envelope(&q, m.a);
    for (size_t i = 0; i < m.form.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            m.form.p[i] ^= (char)(1 << bit);
            if (moxd_summary_read(&s, moxd_buf_str(&m.form)) == 0)
                for (struct moxd_str rest = s.fields; moxd_summary_next(&rest, &q, &f);)
                    ck_assert_uint_le(f.value.n, m.form.n);
            m.form.p[i] ^= (char)(1 << bit);
        }
    m.form.p[0]++; /* of another version */
    ck_assert_int_eq(moxd_summary_read(&s, moxd_buf_str(&m.form)), -1);
    made_fini(&m);
}
END_TEST

UNIT_MAIN("summary", knows_fields_and_names, leaves_out_what_is_large, many_names_are_not_known,
          refuses_damage)
