/* The client's side of SMTP syntax.
 * proves in part: P-QUEUE-11, P-QUEUE-13 */
#include "unit.h"

#include <moxmail/smtp_client.h>
#include <string.h>

static struct moxd_arena *a;

/* Lines with LF between them. */
static struct moxd_smtp_reply reply_of(const char *text)
{
    struct moxd_smtp_reply r = { 0 };
    struct moxd_str rest = moxd_cstr(text);
    struct moxd_err err = { 0 };
    int more = 1;

    a = moxd_arena_new(0);
    while (rest.n > 0) {
        ck_assert_int_eq(more, 1);
        more = moxd_smtp_reply_add(&r, moxd_str_cut(&rest, '\n'), a, &err);
        ck_assert_msg(more >= 0, "%s", err.priv);
    }
    ck_assert_int_eq(more, 0);
    return r;
}

static struct moxd_smtp_offer offer_of(const char *text)
{
    struct moxd_smtp_reply r = reply_of(text);
    struct moxd_smtp_offer offer;

    moxd_smtp_offer_parse(&r, a, &offer);
    return offer;
}

START_TEST(takes_what_is_offered)
{
    struct moxd_smtp_offer o =
        offer_of("250-mx.example STARTTLS is not said here\n"
                 "250-PIPELINING\n250-size 35882577\n250-8bitmime\n"
                 "250-StartTLS\n250-AUTH plain SCRAM-SHA-256 \n"
                 "250-LIMITS MAILMAX=20 RCPTMAX=100 FUTURE=x RCPTDOMAINMAX=1\n"
                 "250-DSN \n250-CHUNKING\n250-SMTPUTF8\n250 REQUIRETLS");

    ck_assert(o.pipelining && o.eightbitmime && o.starttls && o.dsn && o.chunking && o.smtputf8 &&
              o.requiretls && o.has_size);
    ck_assert_uint_eq(o.size, 35882577);
    ck_assert_uint_eq(o.mailmax, 20);
    ck_assert_uint_eq(o.rcptmax, 100);
    ck_assert_uint_eq(o.rcptdomainmax, 1);
    ck_assert_uint_eq(o.nmechanisms, 2);
    ck_assert(moxd_smtp_offers_mechanism(&o, "PLAIN"));
    ck_assert(moxd_smtp_offers_mechanism(&o, "SCRAM-SHA-256"));
    ck_assert(!moxd_smtp_offers_mechanism(&o, "SCRAM"));
    moxd_arena_free(a);
}
END_TEST

START_TEST(passes_over_nonsense)
{
    struct moxd_smtp_offer o = offer_of("250-STARTTLS\n250-SIZE lots\n250-STARTTLSX\n250-\n"
                                        "250-LIMITS RCPTMAX=1234567 MAILMAX=-1 RCPTMAX\n"
                                        "250-AUTH=LOGIN \001 ABCDEFGHIJKLMNOPQRSTU\n250 X");

    ck_assert(!o.starttls); /* the first line greets */
    ck_assert(o.has_size);
    ck_assert_uint_eq(o.size, 0);
    ck_assert_uint_eq(o.rcptmax, 0);
    ck_assert_uint_eq(o.mailmax, 0);
    ck_assert_uint_eq(o.nmechanisms, 1);
    ck_assert(moxd_smtp_offers_mechanism(&o, "LOGIN"));
    moxd_arena_free(a);
}
END_TEST

START_TEST(shows_replies)
{
    struct moxd_smtp_reply r = reply_of("550-5.1.1 no such user\n550-\001\033[2J\376\n550");
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    moxd_smtp_reply_put(&b, &r);
    ck_assert_str_eq(moxd_buf_cstr(&b), "550-5.1.1 no such user\n550-??[2J?\n550");
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

static const struct moxd_smtp_offer all = {
    .has_size = true, .eightbitmime = true, .dsn = true, .smtputf8 = true, .requiretls = true
};
static const struct moxd_smtp_offer none;

static void check_mail(const struct moxd_smtp_mail_out *m, const struct moxd_smtp_offer *offer,
                       const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);

    ck_assert_int_eq(moxd_smtp_mail_put(&b, m, offer, NULL), want ? 0 : -1);
    ck_assert_str_eq(moxd_buf_cstr(&b), want ? want : "");
    moxd_buf_fini(&b);
}

static void check_rcpt(const struct moxd_smtp_rcpt_out *r, const struct moxd_smtp_offer *offer,
                       const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(10000);

    ck_assert_int_eq(moxd_smtp_rcpt_put(&b, r, offer, NULL), want ? 0 : -1);
    ck_assert_str_eq(moxd_buf_cstr(&b), want ? want : "");
    moxd_buf_fini(&b);
}

START_TEST(writes_parameters_that_are_offered)
{
    const struct moxd_smtp_mail_out m = { .from = "a@b.example",
                                          .size = 1234,
                                          .body8bit = true,
                                          .smtputf8 = true,
                                          .requiretls = true,
                                          .ret = "HDRS",
                                          .envid = "x+2By" };

    check_mail(&m, &all,
               "MAIL FROM:<a@b.example> SIZE=1234 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS "
               "ENVID=x+2By\r\n");
    check_mail(
        &(struct moxd_smtp_mail_out){ .from = "", .size = 5, .body8bit = true, .ret = "FULL" },
        &none, "MAIL FROM:<>\r\n");
    check_rcpt(
        &(struct moxd_smtp_rcpt_out){ .to = "\"a> b\\\"\"@c.example",
                                      .notify = "SUCCESS,DELAY",
                                      .orcpt = "rfc822;d@e.example" },
        &all, "RCPT TO:<\"a> b\\\"\"@c.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;d@e.example\r\n");
    check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = "\xc3\xbc@c.example", .smtputf8 = true }, &none,
               "RCPT TO:<\xc3\xbc@c.example>\r\n");
}
END_TEST

START_TEST(nothing_is_smuggled_into_commands)
{
    static const char *const bad[] = { "a@b>\r\nDATA", "a@b\n", "a b@c",      "a@b> SIZE=1", "<a@b",
                                       "\"a@b",        "\"a\\", "\xc3\xbc@c", "a\177@b" };
    char longest[5000];

    for (size_t i = 0; i < MOXD_NELEMS(bad); i++) {
        check_mail(&(struct moxd_smtp_mail_out){ .from = bad[i] }, &all, NULL);
        check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = bad[i] }, &all, NULL);
    }
    check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = "a@b", .orcpt = "x y" }, &all, NULL);
    check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = "a@b", .notify = "NEVER\r\nDATA" }, &all, NULL);
    check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = "" }, &all, NULL);
    check_rcpt(&(struct moxd_smtp_rcpt_out){ .to = "\xff@c", .smtputf8 = true }, &all, NULL);
    check_mail(&(struct moxd_smtp_mail_out){ .from = "a@b", .envid = "a=b" }, &all, NULL);
    check_mail(&(struct moxd_smtp_mail_out){ .from = "a@b", .ret = "" }, &all, NULL);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    check_mail(&(struct moxd_smtp_mail_out){ .from = longest }, &all, NULL);
}
END_TEST

static void check_stuff(const char *text, const char *want)
{
    for (size_t cut = 0; cut <= strlen(text); cut++) {
        struct moxd_smtp_stuffing s = { 0 };
        struct moxd_buf b = MOXD_BUF_INIT(1000);
        moxd_smtp_stuff(&s, moxd_str_sub(moxd_cstr(text), 0, cut), &b);
        moxd_smtp_stuff(&s, moxd_str_from(moxd_cstr(text), cut), &b);
        moxd_smtp_stuff_end(&s, &b);
        ck_assert_str_eq(moxd_buf_cstr(&b), want);
        moxd_buf_fini(&b);
    }
}

START_TEST(stuffs_dots)
{
    check_stuff("", ".\r\n");
    check_stuff("a: b\r\n\r\n.\r\n..x\r\ny.\r\n", "a: b\r\n\r\n..\r\n...x\r\ny.\r\n.\r\n");
    check_stuff("no end", "no end\r\n.\r\n");
    check_stuff("lf\n.\ncr\r.\r\r\nx\n\r", "lf\r\n..\r\ncr\r\n..\r\n\r\nx\r\n\r\n.\r\n");
}
END_TEST

static void stuff_pieces(struct moxd_str text, size_t piece, struct moxd_buf *out)
{
    struct moxd_smtp_stuffing s = { 0 };

    for (; text.n > 0; text = moxd_str_from(text, piece < text.n ? piece : text.n))
        moxd_smtp_stuff(&s, moxd_str_sub(text, 0, piece), out);
    moxd_smtp_stuff_end(&s, out);
}

/* Byte for byte no line is seen as a whole. */
START_TEST(stuffs_in_any_pieces)
{
    static const char alphabet[] = "aa.\r\n\r\n\n.";
    char text[60];
    unsigned seed = 1;

    for (int i = 0; i < 5000; i++) {
        size_t n = (size_t)i % sizeof(text);
        for (size_t k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            unsigned r = seed >> 16;
            text[k] = k > 0 && text[k - 1] == '\r' && r % 4 > 0
                          ? '\n'
                          : alphabet[r % (sizeof(alphabet) - 1)];
        }
        struct moxd_buf bytes = MOXD_BUF_INIT(1000), whole = MOXD_BUF_INIT(1000);
        stuff_pieces(moxd_str(text, n), 1, &bytes);
        stuff_pieces(moxd_str(text, n), sizeof(text), &whole);
        ck_assert_str_eq(moxd_buf_cstr(&whole), moxd_buf_cstr(&bytes));
        moxd_buf_fini(&bytes);
        moxd_buf_fini(&whole);
    }
}
END_TEST

UNIT_MAIN("smtp_client", takes_what_is_offered, passes_over_nonsense, shows_replies,
          writes_parameters_that_are_offered, nothing_is_smuggled_into_commands, stuffs_dots,
          stuffs_in_any_pieces)
