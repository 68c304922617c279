/* The structure of messages: offsets, defaults, broken input, sections, the stored form. */
#include "message.h"

#include <errno.h>
#include <stdarg.h>

/* The bytes of a section that is given as a path of numbers ending in 0, and a kind. */
static struct moxd_str section(struct message *t, enum moxd_section_kind kind, ...)
{
    uint32_t path[10];
    size_t n = 0;
    va_list ap;
    va_start(ap, kind);
    for (int k; (k = va_arg(ap, int)) != 0;)
        path[n++] = (uint32_t)k;
    va_end(ap);
    uint64_t start, end;
    if (moxd_msg_section(t->m, path, n, kind, &start, &end))
        return moxd_str("<none>", 6);
    return message_bytes(t, start, end);
}

/* RFC 9051 6.4.5.1's example, shortened. */
static const char nested[] = "Subject: outer\r\n"
                             "Content-Type: multipart/mixed; boundary=o\r\n"
                             "\r\n"
                             "preamble\r\n"
                             "--o\r\n"
                             "\r\n"
                             "one\r\n"
                             "--o\r\n"
                             "Content-Type: application/octet-stream\r\n"
                             "\r\n"
                             "two\r\n"
                             "--o \t\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: inner\r\n"
                             "Content-Type: multipart/alternative; boundary=\"i i\"\r\n"
                             "\r\n"
                             "--i i\r\n"
                             "\r\n"
                             "3.1\r\n"
                             "--i i\r\n"
                             "Content-Type: text/html\r\n"
                             "\r\n"
                             "3.2\r\n"
                             "\r\n"
                             "--i i--\r\n"
                             "epilogue\r\n"
                             "--o\r\n"
                             "Content-Type: message/rfc822\r\n"
                             "\r\n"
                             "Subject: plain\r\n"
                             "\r\n"
                             "4.1\r\n"
                             "--o--\r\n"
                             "epilogue\r\n";

START_TEST(sections_of_nested_message)
{
    struct message t;
    message_open(&t, nested);
    ck_assert_uint_eq(t.m->nparts, 9);
    ck_assert_uint_eq(t.m->flags, 0);
    ck_str(section(&t, MOXD_SECTION_BODY, 0), nested);
    ck_str(section(&t, MOXD_SECTION_HEADER, 0),
           "Subject: outer\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_TEXT, 0), strstr(nested, "preamble"));
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 0), "one");
    ck_str(section(&t, MOXD_SECTION_MIME, 1, 0), "\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 2, 0), "two");
    ck_str(section(&t, MOXD_SECTION_MIME, 2, 0), "Content-Type: application/octet-stream\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_HEADER, 3, 0),
           "Subject: inner\r\nContent-Type: multipart/alternative; boundary=\"i i\"\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 3, 1, 0), "3.1");
    ck_str(section(&t, MOXD_SECTION_BODY, 3, 2, 0), "3.2\r\n");
    ck_str(section(&t, MOXD_SECTION_MIME, 3, 2, 0), "Content-Type: text/html\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_MIME, 4, 0), "Content-Type: message/rfc822\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 4, 0), "Subject: plain\r\n\r\n4.1");
    ck_str(section(&t, MOXD_SECTION_TEXT, 4, 0), "4.1");
    ck_str(section(&t, MOXD_SECTION_BODY, 4, 1, 0), "4.1");
    message_close(&t);
}
END_TEST

START_TEST(sections_that_do_not_exist)
{
    struct message t;
    message_open(&t, nested);
    ck_str(section(&t, MOXD_SECTION_MIME, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_BODY, 5, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 1, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_TEXT, 1, 0), "<none>"); /* only of a message */
    ck_str(section(&t, MOXD_SECTION_HEADER, 2, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_BODY, 3, 3, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_BODY, 4, 2, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_BODY, 4, 1, 1, 0), "<none>");
    message_close(&t);
}
END_TEST

START_TEST(part_one_of_a_simple_message)
{
    struct message t;
    message_open(&t, "Subject: x\r\n\r\nhello\r\nworld");
    const struct moxd_part *p = &t.m->parts[0];
    ck_assert_uint_eq(t.m->nparts, 1);
    ck_assert(moxd_part_is(p, "TEXT", "PLAIN"));
    ck_assert_int_eq(p->cte, MOXD_CTE_7BIT);
    ck_assert_uint_eq(p->lines, 1);
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 0), "hello\r\nworld");
    ck_str(section(&t, MOXD_SECTION_MIME, 1, 0), "Subject: x\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 1, 0), "<none>");
    ck_str(section(&t, MOXD_SECTION_TEXT, 0), "hello\r\nworld");
    message_close(&t);
}
END_TEST

START_TEST(numbers_inside_a_top_level_message)
{
    struct message t;
    message_open(&t, "Content-Type: message/rfc822\r\n\r\n"
                     "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                     "--b\r\n\r\none\r\n--b--\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 1, 0), "one");
    ck_str(section(&t, MOXD_SECTION_HEADER, 1, 0),
           "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    ck_str(section(&t, MOXD_SECTION_TEXT, 1, 0), "--b\r\n\r\none\r\n--b--\r\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 2, 0), "<none>");
    message_close(&t);
}
END_TEST

START_TEST(path_of_each_part_finds_it)
{
    static const char *const paths[] = { "", "1", "2", "3", "3", "3.1", "3.2", "4", "4.1" };
    struct message t;
    message_open(&t, nested);
    for (uint32_t i = 0; i < t.m->nparts; i++) {
        struct moxd_buf b = MOXD_BUF_INIT(100);
        moxd_msg_path(t.m, &t.m->parts[i], &b);
        ck_assert_str_eq(moxd_buf_cstr(&b), paths[i]);
        moxd_buf_fini(&b);
    }
    message_close(&t);
}
END_TEST

/* proves: STORE-02 */
START_TEST(no_separator_between_header_and_body)
{
    static const struct {
        const char *text, *header, *body;
    } cases[] = {
        { "", "", "" },
        { "\r\n", "\r\n", "" },
        { "Subject: x", "Subject: x", "" },
        { "Subject: x\r\n", "Subject: x\r\n", "" },
        { "Subject: x\r\n\r\n", "Subject: x\r\n\r\n", "" },
        { "no header at all\r\nx: y\r\n", "", "no header at all\r\nx: y\r\n" },
        { " blank first\r\nx: y\r\n", "", " blank first\r\nx: y\r\n" },
        { "\nx", "\n", "x" },
        { "a: b\nc: d\n\nbody\n", "a: b\nc: d\n\n", "body\n" },
        { "From me Mon Jan 1\na: b\n\nbody\n", "From me Mon Jan 1\na: b\n\n", "body\n" },
        { "a: b\r\njunk\r\nc: d\r\n\r\nbody", "a: b\r\njunk\r\nc: d\r\n\r\n", "body" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct message t;
        message_open(&t, cases[i].text);
        ck_str(section(&t, MOXD_SECTION_HEADER, 0), cases[i].header);
        ck_str(section(&t, MOXD_SECTION_TEXT, 0), cases[i].body);
        ck_assert_uint_eq(t.m->parts[0].end, t.m->size);
        message_close(&t);
    }
}
END_TEST

/* proves: SMTPIN-09 */
START_TEST(broken_content_types_are_opaque)
{
    static const char *const broken[] = {
        "text", "text/", "/plain", "=?utf-8?q?x?=", "\"a\"/b", ";"
    };
    for (size_t i = 0; i < MOXD_NELEMS(broken); i++) {
        char text[100];
        struct message t;
        snprintf(text, sizeof(text), "Content-Type: %s\r\n\r\nbody\r\n", broken[i]);
        message_open(&t, text);
        ck_assert(moxd_part_is(&t.m->parts[0], "application", "octet-stream"));
        ck_assert(t.m->parts[0].flags & MOXD_PART_BROKEN_TYPE);
        ck_str(section(&t, MOXD_SECTION_BODY, 1, 0), "body\r\n");
        message_close(&t);
    }
}
END_TEST

START_TEST(containers_that_cannot_be_opened)
{
    static const char *const types[] = { "multipart/mixed", "multipart/mixed; boundary=\"\"",
                                         "message/rfc822\r\nContent-Transfer-Encoding: base64",
                                         "message/global\r\nContent-Transfer-Encoding: x-unknown" };
    for (size_t i = 0; i < MOXD_NELEMS(types); i++) {
        char text[200];
        struct message t;
        snprintf(text, sizeof(text), "Content-Type: %s\r\n\r\n--\r\na: b\r\n\r\nbody\r\n",
                 types[i]);
        message_open(&t, text);
        ck_assert_uint_eq(t.m->nparts, 1);
        ck_assert_int_eq(t.m->parts[0].kind, MOXD_PART_LEAF);
        ck_assert(t.m->parts[0].flags & MOXD_PART_OPAQUE);
        message_close(&t);
    }
}
END_TEST

START_TEST(multipart_without_parts_shows_its_body)
{
    struct message t;
    message_open(&t, "Content-Type: multipart/mixed; boundary=b\r\n\r\nhidden\r\n--c\r\n");
    ck_assert_uint_eq(t.m->nparts, 2);
    ck_assert(moxd_part_is(&t.m->parts[1], "text", "plain"));
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 0), "hidden\r\n--c\r\n");
    ck_assert_uint_eq(t.m->parts[1].lines, 2);
    message_close(&t);
}
END_TEST

START_TEST(delimiters)
{
    struct message t;
    /* Missing close of the inner one, the outer's boundary as a prefix, more on the line, LF lines, no
     * final line end, a delimiter right behind another. */
    message_open(&t, "Content-Type: multipart/mixed;\n boundary=\"b\"\n\n"
                     "--b\nContent-Type: multipart/mixed; boundary=bb\n\n"
                     "--bb\n\nx\n-- b\n"
                     "--b more\nContent-Type: text/css\n--b\n--b\n\n--b--");
    ck_assert_uint_eq(t.m->nparts, 6);
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 1, 0), "x\n-- b");
    ck_str(section(&t, MOXD_SECTION_MIME, 2, 0), "Content-Type: text/css\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 2, 0), "");
    ck_str(section(&t, MOXD_SECTION_MIME, 3, 0), "");
    ck_str(section(&t, MOXD_SECTION_MIME, 4, 0), "\n");
    ck_str(section(&t, MOXD_SECTION_BODY, 4, 0), "");
    ck_assert(moxd_part_is(&t.m->parts[3], "text", "css"));
    message_close(&t);
}
END_TEST

START_TEST(digest_holds_messages)
{
    struct message t;
    message_open(&t, "Content-Type: multipart/digest; boundary=b\r\n\r\n"
                     "--b\r\n\r\nSubject: one\r\n\r\n1\r\n"
                     "--b\r\nContent-Type: text/plain\r\n\r\n2\r\n--b--\r\n");
    ck_assert_uint_eq(t.m->nparts, 4);
    ck_assert_int_eq(t.m->parts[1].kind, MOXD_PART_MESSAGE);
    ck_str(t.m->parts[2].envelope->f[MOXD_ENV_SUBJECT], "one");
    ck_assert(moxd_part_is(&t.m->parts[2], "text", "plain"));
    ck_str(section(&t, MOXD_SECTION_BODY, 1, 1, 0), "1");
    ck_assert_int_eq(t.m->parts[3].kind, MOXD_PART_LEAF);
    message_close(&t);
}
END_TEST

/* proves: P-SMTP-08 */
START_TEST(envelope_values)
{
    struct message t;
    message_open(&t,
                 "SUBJECT :  folded\r\n\t=?utf-8?q?w=C3=B6rd?= \r\nTo: a@x\r\nCc:\r\nTo: b@x,\r\n"
                 " c@x\r\nSubject: second\r\nMessage-ID: <1@x>\r\n\r\n");
    const struct moxd_envelope *env = t.m->parts[0].envelope;
    ck_str(env->f[MOXD_ENV_SUBJECT], "folded\t=?utf-8?q?w=C3=B6rd?=");
    ck_str(env->f[MOXD_ENV_TO], "a@x, b@x, c@x");
    ck_str(env->f[MOXD_ENV_MESSAGE_ID], "<1@x>");
    ck_assert_ptr_nonnull(env->f[MOXD_ENV_CC].p); /* there, but empty */
    ck_assert_uint_eq(env->f[MOXD_ENV_CC].n, 0);
    ck_assert_ptr_null(env->f[MOXD_ENV_FROM].p);
    struct moxd_buf b = MOXD_BUF_INIT(100);
    moxd_msg_text(&b, env->f[MOXD_ENV_SUBJECT]);
    ck_assert_str_eq(moxd_buf_cstr(&b), "folded\twörd");
    moxd_buf_fini(&b);
    struct moxd_envelope *same = moxd_envelope_parse(t.a, t.text);
    for (int f = 0; f < MOXD_ENV_N; f++)
        ck_assert(moxd_str_eq(same->f[f], env->f[f]) && !same->f[f].p == !env->f[f].p);
    message_close(&t);
}
END_TEST

static void check_stored(struct message *t)
{
    struct moxd_buf form = MOXD_BUF_INIT(1 << 20), again = MOXD_BUF_INIT(1 << 20);
    struct moxd_msg *m;
    struct moxd_err err = { 0 };
    moxd_msg_encode(t->m, &form);
    ck_assert_uint_eq(moxd_msg_form_flags(moxd_buf_str(&form)), t->m->flags);
    ck_assert_uint_eq(moxd_msg_form_flags(moxd_str(form.p, 1)), MOXD_MSG_INTERNATIONAL);
    ck_assert_int_eq(moxd_msg_decode(t->a, moxd_buf_str(&form), t->text.n, &m, &err), 0);
    moxd_msg_encode(m, &again);
    ck_assert(moxd_str_eq(moxd_buf_str(&form), moxd_buf_str(&again)));
    for (uint32_t i = 0; i < m->nparts; i++) {
        ck_assert_uint_eq(m->parts[i].next, t->m->parts[i].next);
        ck_assert_uint_eq(m->parts[i].number, t->m->parts[i].number);
        ck_assert_uint_eq(m->parts[i].children, t->m->parts[i].children);
    }
    /* Of another size, cut anywhere, or with any byte changed: refused or at least in bounds. */
    ck_assert_int_eq(moxd_msg_decode(t->a, moxd_buf_str(&form), t->text.n + 1, &m, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
    for (size_t i = 0; i < form.n; i++) {
        struct moxd_str cut = moxd_str_sub(moxd_buf_str(&form), 0, i);
        ck_assert_int_eq(moxd_msg_decode(t->a, cut, t->text.n, &m, NULL), -1);
        form.p[i] ^= 0x41;
        if (moxd_msg_decode(t->a, moxd_buf_str(&form), t->text.n, &m, NULL) == 0)
            for (uint32_t k = 0; k < m->nparts; k++)
                ck_assert(m->parts[k].header <= m->parts[k].body &&
                          m->parts[k].body <= m->parts[k].end && m->parts[k].end <= t->text.n);
        form.p[i] ^= 0x41;
    }
    moxd_buf_fini(&form);
    moxd_buf_fini(&again);
}

/* proves: P-STORE-09 */
START_TEST(stored_form)
{
    struct message t;
    message_open(&t, nested);
    check_stored(&t);
    message_close(&t);
    message_open(&t, "");
    check_stored(&t);
    message_close(&t);
}
END_TEST

static ssize_t failing_read(const void *ctx, uint64_t off, void *buf, size_t n)
{
    const int *fail_at = ctx;
    memset(buf, 'x', n);
    errno = EIO;
    if (off + n > (uint64_t)*fail_at)
        return off == (uint64_t)*fail_at ? -1 : (ssize_t)((uint64_t)*fail_at - off);
    return (ssize_t)n;
}

static ssize_t short_read(const void *ctx, uint64_t off, void *buf, size_t n)
{
    (void)ctx, (void)off, (void)n;
    *(char *)buf = 'x';
    return off < 100 ? 1 : 0;
}

START_TEST(reader_errors)
{
    int fail_at = 50000;
    struct moxd_reader r = { failing_read, &fail_at, 100000 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_msg *m;
    struct moxd_err err = { 0 };
    ck_assert_int_eq(moxd_msg_parse(a, &r, &m, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_IO);
    ck_assert_int_eq(err.sys, EIO);
    r = (struct moxd_reader){ short_read, NULL, 1000 };
    ck_assert_int_eq(moxd_msg_parse(a, &r, &m, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
    char c;
    ck_assert_int_eq(moxd_read_at(&r, 1000, &c, 1, &err), -1);
    ck_assert_int_eq(moxd_read_at(&r, 1, &c, SIZE_MAX, &err), -1);
    ck_assert_int_eq(moxd_read_at(&r, 1000, &c, 0, &err), 0);
    moxd_arena_free(a);
}
END_TEST

START_TEST(full_sink)
{
    struct message t;
    struct moxd_buf b = MOXD_BUF_INIT(3);
    struct moxd_err err = { 0 };
    message_open(&t, "A: b\r\n\r\n");
    ck_assert_int_eq(moxd_read_range(&t.r, 0, 8, moxd_sink_buf(&b), &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_fini(&b);
    message_close(&t);
}
END_TEST

UNIT_MAIN("message", sections_of_nested_message, sections_that_do_not_exist,
          part_one_of_a_simple_message, numbers_inside_a_top_level_message,
          path_of_each_part_finds_it, no_separator_between_header_and_body,
          broken_content_types_are_opaque, containers_that_cannot_be_opened,
          multipart_without_parts_shows_its_body, delimiters, digest_holds_messages,
          envelope_values, stored_form, reader_errors, full_sink)
