/* Header fields, MIME parameters, message ids, base subjects, line ends, fields that we write. */
#include "message.h"

#include <moxmail/collate.h>
#include <moxmail/header_write.h>
#include <moxmail/newline.h>
#include <moxmail/thread.h>

static const char header[] = "Received: one\r\n two\r\nFrom : a@x\r\njunk line\r\n: no name\r\n"
                             "from:b@x\nSubject:\r\n\r\nFrom: in the body\r\n";

START_TEST(fields_in_memory)
{
    static const char *const names[] = { "Received", "From", "", "", "from", "Subject" };
    static const char *const values[] = { " one\r\n two", " a@x", "junk line",
                                          ": no name",    "b@x",  "" };
    struct moxd_str rest = moxd_cstr(header);
    struct moxd_field f;
    for (size_t i = 0; i < MOXD_NELEMS(names); i++) {
        ck_assert(moxd_field_next(&rest, &f));
        ck_str(f.name, names[i]);
        ck_str(f.value, values[i]);
    }
    ck_assert(!moxd_field_next(&rest, &f));
    ck_str(rest, "\r\nFrom: in the body\r\n");
    ck_assert(moxd_header_find(moxd_cstr(header), "SUBJECT", &f));
    ck_assert(!moxd_header_find(moxd_cstr(header), "To", &f));
    ck_assert_uint_eq(moxd_header_end(moxd_cstr(header)),
                      (size_t)(strstr(header, "From: in") - header));
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("A: b")), 4);
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("")), 0);
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("\r\nx")), 2);
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("no field\r\nA: b\r\n\r\n")), 0);
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("From me\nA: b\njunk\n\nx")), 19);
    ck_assert_uint_eq(moxd_header_end(MOXD_STR("From me\njunk\n\nx")), 8);
}
END_TEST

/* proves: SMTPIN-09 */
START_TEST(from_is_counted)
{
    ck_assert_uint_eq(moxd_header_count(moxd_cstr(header), "From"), 2);
    ck_assert_uint_eq(moxd_header_count(MOXD_STR("X: y\r\n\r\nFrom: b\r\n"), "From"), 0);
    ck_assert_uint_eq(moxd_header_count(MOXD_STR("From: a\r\n From: b\r\n"), "From"), 1);
    ck_assert_uint_eq(moxd_header_count(MOXD_STR("From: a\r\njunk\r\nFROM\t: b"), "From"), 2);
}
END_TEST

static void check_filter(const char *text, const char *name, bool not, const char *want)
{
    struct moxd_str s = moxd_cstr(text), n = moxd_cstr(name);
    struct moxd_reader r = moxd_reader_mem(&s);
    struct moxd_buf out = MOXD_BUF_INIT(100000);
    uint64_t count = 0;
    ck_assert_int_eq(moxd_header_filter(&r, 0, s.n, &n, 1, not, moxd_sink_buf(&out), NULL), 0);
    ck_assert_int_eq(moxd_header_filter(&r, 0, s.n, &n, 1, not, moxd_sink_count(&count), NULL), 0);
    ck_str(moxd_buf_str(&out), want);
    ck_assert_uint_eq(count, out.n);
    moxd_buf_fini(&out);
}

START_TEST(header_fields_by_name)
{
    const char *text = "A: 1\r\nB: 2\r\n\tmore\r\na : 3\r\nC: 4\r\n\r\n";
    check_filter(text, "a", false, "A: 1\r\na : 3\r\n\r\n");
    check_filter(text, "B", false, "B: 2\r\n\tmore\r\n\r\n");
    check_filter(text, "b", true, "A: 1\r\na : 3\r\nC: 4\r\n\r\n");
    check_filter(text, "X", false, "\r\n");
    check_filter("A: 1\r\n", "X", false, "");
    check_filter("A: 1\r\njunk\r\n", "", false, "");
}
END_TEST

static void check_params(const char *value, const char *want)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_params params;
    struct moxd_str type, subtype;
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    if (moxd_content_type_parse(a, moxd_cstr(value), &type, &subtype, &params) == 0) {
        moxd_buf_addf(&b, "%" MOXD_STRF "/%" MOXD_STRF, MOXD_STRA(type), MOXD_STRA(subtype));
        for (size_t i = 0; i < params.n; i++) {
            const struct moxd_param *p = &params.v[i];
            moxd_buf_addf(&b, ";%" MOXD_STRF "%s=%" MOXD_STRF, MOXD_STRA(p->name),
                          p->ext ? "*" : "", MOXD_STRA(p->value));
        }
    }
    ck_str(moxd_buf_str(&b), want);
    moxd_buf_fini(&b);
}

START_TEST(content_type_parameters)
{
    check_params("text/plain; charset=us-ascii (Plain text)", "text/plain;charset=us-ascii");
    check_params("text/plain; charset=\"us-ascii\"", "text/plain;charset=us-ascii");
    check_params("(c) text (c(c)c) / (\\)) html(;x=y)", "text/html");
    check_params("a/b; name=\"x\\\"y;z\"; n=2", "a/b;name=x\"y;z;n=2");
    check_params("a/b; name=my file (1).txt; n=2", "a/b;name=my file;n=2");
    check_params("a/b; name=x/y=z", "a/b;name=x/y=z");
    check_params("a/b name=x", "a/b;name=x");
    check_params("a/b;;; =x; y; name = \"open", "a/b;name=open");
    check_params("a/b; e=; f=\"\"", "a/b;e=;f=");
    check_params("a/b; x=1; X=2", "a/b;x=1;X=2");
    /* RFC 2231 3, 4, 4.1 */
    check_params("message/external-body; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/\"",
                 "message/external-body;access-type=URL;URL=ftp://cs.utk.edu/");
    check_params("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
                 "application/x-stuff;title*=This is ***fun***");
    check_params("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; "
                 "title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
                 "application/x-stuff;title*=This is even more ***fun*** isn't it!");
    check_params("a/b; n*1*=b; n*0*=iso-8859-1''%E4; n*2=c", "a/b;n*=äbc");
    check_params("a/b; n*0*=utf-8''%C3; n*1*=%A4", "a/b;n*=ä");
    check_params("a/b; n*1=x; n*2=y", "a/b;n=xy");
    check_params("a/b; n*0=x; n*2=z", "a/b;n=x");
    check_params("a/b; n=plain; n*=utf-8''%C3%A4", "a/b;n=plain;n*=ä");
    check_params("a/b; n*=no-quotes%C3%A4%zz%", "a/b;n*=no-quotesä%zz%");
    check_params("a/b; n*=x'y; *=z; *0=q", "a/b;n*=x'y");
    check_params("a/b; n*=utf-8''a%00b", "a/b;n*=a b");
    check_params("nothing", "");
}
END_TEST

START_TEST(parameter_limits)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_params params;
    struct moxd_str type, subtype;
    moxd_buf_adds(&b, "a/b");
    for (int i = 0; i < 5000; i++)
        moxd_buf_addf(&b, "; n*%d=x", i);
    ck_assert_int_eq(moxd_content_type_parse(a, moxd_buf_str(&b), &type, &subtype, &params), 0);
    ck_assert_uint_eq(params.n, 1);
    ck_assert_uint_eq(params.v[0].value.n, MOXD_PARAMS_MAX);
    moxd_buf_fini(&b);
}
END_TEST

static void check_filename(const char *fields, const char *want)
{
    struct message t;
    struct moxd_buf text = MOXD_BUF_INIT(1000), name = MOXD_BUF_INIT(1000);
    moxd_buf_addf(&text, "%s\r\n\r\n", fields);
    message_open(&t, moxd_buf_cstr(&text));
    moxd_part_filename(&t.m->parts[0], &name);
    ck_str(moxd_buf_str(&name), want);
    message_close(&t);
    moxd_buf_fini(&text);
    moxd_buf_fini(&name);
}

START_TEST(file_names)
{
    check_filename("Content-Type: a/b; name=n.txt", "n.txt");
    check_filename("Content-Type: a/b; name=n\r\nContent-Disposition: attachment; filename=f", "f");
    check_filename("Content-Disposition: inline; filename=\"=?utf-8?q?=C3=A4?=\"", "ä");
    check_filename("Content-Disposition: x; filename=p; filename*=utf-8''%E2%82%AC", "€");
    check_filename("Content-Disposition: ; filename=p", "");
    check_filename("Subject: x", "");
}
END_TEST

START_TEST(transfer_encoding_names)
{
    ck_assert_int_eq(moxd_cte_parse(moxd_str(NULL, 0)), MOXD_CTE_7BIT);
    ck_assert_int_eq(moxd_cte_parse(MOXD_STR(" (x) Quoted-Printable ;x")), MOXD_CTE_QP);
    ck_assert_int_eq(moxd_cte_parse(MOXD_STR("base64")), MOXD_CTE_BASE64);
    ck_assert_int_eq(moxd_cte_parse(MOXD_STR("8-bit")), MOXD_CTE_8BIT);
    ck_assert_int_eq(moxd_cte_parse(MOXD_STR("x-uuencode")), MOXD_CTE_OTHER);
    ck_assert_str_eq(moxd_cte_name(MOXD_CTE_BINARY), "BINARY");
    ck_assert_ptr_null(moxd_cte_name(MOXD_CTE_OTHER));
}
END_TEST

static void check_ids(const char *value, const char *want)
{
    struct moxd_str rest = moxd_cstr(value), id;
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    while (moxd_msgid_next(&rest, &id)) {
        moxd_msgid_normalise(&b, id);
        moxd_buf_addc(&b, ' ');
    }
    ck_str(moxd_buf_str(&b), want);
    moxd_buf_fini(&b);
}

/* proves: THR-03 */
START_TEST(message_ids)
{
    check_ids("<A@x> (c) <b@Y>\r\n <c@z>", "a@x b@y c@z ");
    check_ids("Your message of \"now\" <\"a.b\"@x>", "a.b@x ");
    check_ids("<\"a b\"@x><no at>", "\"a b\"@x noat ");
    check_ids("<a\r\n b@x(c)>", "ab@x ");
    check_ids("<broken <a@x> <> <open", "a@x ");
    check_ids("nothing", "");
    ck_str(moxd_msgid_of(MOXD_STR(" bare@x ")), "bare@x");
    ck_str(moxd_msgid_of(MOXD_STR("<a@x>junk")), "a@x");
}
END_TEST

static void check_subject(const char *subject, const char *want, bool want_reply)
{
    struct moxd_buf b = MOXD_BUF_INIT(20000);
    bool reply;
    moxd_base_subject(&b, moxd_cstr(subject), &reply);
    ck_str(moxd_buf_str(&b), want);
    ck_assert_int_eq(reply, want_reply);
    moxd_buf_fini(&b);
}

/* proves: THR-03 */
START_TEST(base_subjects)
{
    check_subject("", "", false);
    check_subject("Hello  \tWorld ", "HELLO WORLD", false);
    check_subject("Re: hello", "HELLO", true);
    check_subject("RE : Fw: fwd[2]: hello", "HELLO", true);
    check_subject("Re: [list] Re[3]: hello (fwd) (Fwd) ", "HELLO", true);
    check_subject("[list] hello", "HELLO", false);
    check_subject("[list] [tag]", "[TAG]", false);
    check_subject("[Fwd: Re: hello]", "HELLO", true);
    check_subject("[fwd: [list] hello (fwd)]", "HELLO", true);
    check_subject("Re:", "", true);
    check_subject("really", "REALLY", false);
    check_subject("[a[b] c", "[A[B] C", false);
    check_subject("Re: GR\u00dcSSE", "GRU\u0308SSE", true);
    check_subject("Re: gr\u00fcsse", "GRU\u0308SSE", true);
}
END_TEST

static void check_key(const char *text, const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_casemap(&b, moxd_cstr(text));
    ck_str(moxd_buf_str(&b), want);
    moxd_buf_fini(&b);
}

START_TEST(collation)
{
    check_key("", "");
    check_key("aZ09 _[", "AZ09 _[");
    check_key("\u01c4", "Dz\u030c"); /* the example of RFC 5051 2 */
    check_key("\u00e4b", "A\u0308B");
    check_key("\ufb01\u00df", "fi\u00df");
    check_key("\u0439\u03c2", "\u0418\u0306\u03a3");
    check_key("a\xe4", "a\xe4");
}
END_TEST

START_TEST(newlines)
{
    static const char in[] = "a\nb\r\nc\rd\r\r\n\n\r";
    for (size_t chunk = 1; chunk <= sizeof(in); chunk++) {
        struct moxd_newline nl = { 0 };
        struct moxd_buf out = MOXD_BUF_INIT(1000);
        struct moxd_str rest = moxd_cstr(in);
        while (rest.n > 0) {
            struct moxd_str some = moxd_str_sub(rest, 0, chunk);
            rest = moxd_str_from(rest, some.n);
            moxd_newline_write(&nl, some, rest.n == 0, &out);
        }
        ck_str(moxd_buf_str(&out), "a\r\nb\r\nc\rd\r\r\n\r\n\r");
        ck_assert_uint_eq(nl.bare_lf, 2);
        ck_assert_uint_eq(nl.bare_cr, 3);
        ck_assert_uint_eq(nl.lines, 4);
        ck_assert_uint_eq(nl.longest, 4);
        moxd_buf_fini(&out);
    }
}
END_TEST

START_TEST(written_fields)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    struct moxd_header_writer w;
    moxd_hw_begin(&w, &b, "Received");
    moxd_hw_word(&w, MOXD_STR("from client.example"));
    moxd_hw_wordf(&w, "by %s with %s", "mail.example", "ESMTPS");
    moxd_hw_wordf(&w, "id %d", 123456);
    moxd_hw_word(&w, MOXD_STR("for <someone.with.a.long.name@example.org>;\r\nEvil: header"));
    moxd_hw_end(&w);
    ck_str(moxd_buf_str(&b),
           "Received: from client.example by mail.example with ESMTPS id 123456\r\n"
           "\tfor <someone.with.a.long.name@example.org>;  Evil: header\r\n");
    moxd_buf_reset(&b);
    moxd_hw_begin(&w, &b, "From");
    moxd_hw_phrase(&w, MOXD_STR("Doe, J\"D\""));
    moxd_hw_word(&w, MOXD_STR("<a@x>,"));
    moxd_hw_phrase(&w, MOXD_STR("Plain Name"));
    moxd_hw_word(&w, MOXD_STR("<b@x>,"));
    moxd_hw_phrase(&w, MOXD_STR("Jörg, X"));
    moxd_hw_word(&w, MOXD_STR("<c@x>"));
    moxd_hw_end(&w);
    ck_str(moxd_buf_str(&b), "From: \"Doe, J\\\"D\\\"\" <a@x>, Plain Name <b@x>, "
                             "=?UTF-8?B?SsO2cmcsIFg=?= <c@x>\r\n");
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(written_text_folds)
{
    struct moxd_buf b = MOXD_BUF_INIT(100000), text = MOXD_BUF_INIT(10000);
    struct moxd_buf back = MOXD_BUF_INIT(100000);
    struct moxd_header_writer w;
    for (int i = 0; i < 100; i++)
        moxd_buf_addf(&text, "%sword%d", i ? " " : "", i);
    moxd_hw_begin(&w, &b, "Subject");
    moxd_hw_text(&w, moxd_buf_str(&text));
    moxd_hw_end(&w);
    struct moxd_str rest = moxd_buf_str(&b);
    while (rest.n > 0) {
        struct moxd_str line = moxd_str_trim(moxd_str_cut(&rest, '\n'));
        ck_assert_uint_le(line.n, MOXD_FOLD_COLUMN);
    }
    rest = moxd_buf_str(&b);
    struct moxd_field f;
    ck_assert(moxd_field_next(&rest, &f));
    moxd_field_unfold(&back, f.value);
    for (size_t i = 0; i < back.n; i++)
        back.p[i] = back.p[i] == '\t' ? ' ' : back.p[i];
    ck_assert(moxd_str_eq(moxd_buf_str(&back), moxd_buf_str(&text)));
    moxd_buf_fini(&b);
    moxd_buf_fini(&text);
    moxd_buf_fini(&back);
}
END_TEST

UNIT_MAIN("header", fields_in_memory, from_is_counted, header_fields_by_name,
          content_type_parameters, parameter_limits, file_names, transfer_encoding_names,
          message_ids, base_subjects, collation, newlines, written_fields, written_text_folds)
