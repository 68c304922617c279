/* Mailboxes as one file: separators, quoting, flags, whatever pieces they come in.
 *
 * proves in part: IMPEX-06 */
#include "unit.h"

#include <moxmail/mbox.h>

/* Everything that comes out, as text: "<time>" at the start of a message, "[flags keywords]" at its end. */
static void read_all(struct moxd_str in, size_t piece, struct moxd_buf *out)
{
    struct moxd_mbox m = { 0 };
    struct moxd_buf have = MOXD_BUF_INIT(1 << 20);
    size_t at = 0;
    enum moxd_mbox_event ev;

    moxd_buf_reset(out);
    do {
        size_t n = piece < in.n - at ? piece : in.n - at;
        struct moxd_str rest;

        moxd_buf_add(&have, in.p + at, n);
        at += n;
        rest = moxd_buf_str(&have);
        while ((ev = moxd_mbox_next(&m, &rest, at == in.n)) != MOXD_MBOX_MORE) {
            if (ev == MOXD_MBOX_START)
                moxd_buf_addf(out, "<%lld>", (long long)m.time);
            else if (ev == MOXD_MBOX_DATA)
                moxd_buf_addstr(out, m.data);
            else if (ev == MOXD_MBOX_END)
                moxd_buf_addf(out, "[%u %" MOXD_STRF "]", m.flags,
                              MOXD_STRA(moxd_buf_str(&m.keywords)));
            else
                break;
        }
        if (ev == MOXD_MBOX_BAD)
            moxd_buf_adds(out, "BAD");
        ck_assert_uint_lt(rest.n, MOXD_MBOX_LOOK);
        moxd_buf_consume(&have, have.n - rest.n);
    } while (at < in.n && ev != MOXD_MBOX_BAD);
    moxd_buf_fini(&have);
    moxd_mbox_fini(&m);
}

static void check(const char *in, const char *want)
{
    struct moxd_buf out = MOXD_BUF_INIT(1 << 20);

    for (size_t piece = 1; piece <= strlen(in); piece++) {
        read_all(moxd_cstr(in), piece, &out);
        ck_assert_msg(moxd_str_eqs(moxd_buf_str(&out), want), "pieces of %zu: %s", piece,
                      moxd_buf_cstr(&out));
    }
    moxd_buf_fini(&out);
}

#define FROM "From a@example.org Mon Nov 24 18:22:48 1986\n"
#define AT "<533240568>"

START_TEST(messages_are_cut_at_separators)
{
    check(FROM "Subject: 1\n\none\n\n" FROM "Subject: 2\n\ntwo\n",
          AT "Subject: 1\n\none\n[0 ]" AT "Subject: 2\n\ntwo\n[0 ]");
    check("\n" FROM "A: 1\r\n\r\none\r\n\r\n\r\n" FROM "B: 2\r\n\r\n",
          AT "A: 1\r\n\none\r\n\n[0 ]" AT "B: 2\r\n[0 ]");
    check(FROM "A: 1\n\nFrom here it is text\n\nFrom Mon to Fri\nthat is all",
          AT "A: 1\n\nFrom here it is text\n\nFrom Mon to Fri\nthat is all[0 ]");
    check(FROM "A: 1\n\nx\n" FROM, AT "A: 1\n\nx\n" FROM "[0 ]");
    check("Subject: no mbox\n\n", "BAD");
    check("", "");
}
END_TEST

START_TEST(quotes_go)
{
    check(FROM ">From a\nA: 1\n\n>From x\n>>From y\n> From z\n>Fromm\n",
          AT "From a\nA: 1\n\nFrom x\n>From y\n> From z\n>Fromm\n[0 ]");
}
END_TEST

START_TEST(flags_are_read_and_taken_out)
{
    check(FROM "Status: RO\nA: 1\nX-Status: AFDT\nx-keywords: one\n  $Two\nX-UID: 7\n\nStatus: O\n",
          AT "A: 1\n\nStatus: O\n[31  one    $Two ]");
    check(
        FROM
        "X-Mozilla-Status: 1007\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: $label1   \nA: 1\n\n",
        AT "A: 1\n[39  $label1    ]");
    check(FROM "X-Mozilla-Status: 0009\nA: 1\n b\n\n", AT "A: 1\n b\n[65 ]");
    check(FROM "X-IMAP: 1 2\nA: 1\n\n", AT "A: 1\n[128 ]");
    check(FROM "A: 1\nKeywords: kept\nStatus-of-it: kept\n\n",
          AT "A: 1\nKeywords: kept\nStatus-of-it: kept\n[0 ]");
}
END_TEST

START_TEST(separators_have_many_forms)
{
    static const struct {
        const char *line;
        int64_t time; /* -1: it is none */
    } lines[] = {
        { "From a@b Thu Nov 24 18:22:48 1986", 533240568 },
        { "From - Thu Nov 24 18:22:48 1986\r\n", 533240568 },
        { "From \"a b\"@c Thu Nov  4 18:22 1986 +0100", 531508920 },
        { "From a Thu Nov 24 18:22:48 -0500 1986", 533258568 },
        { "From a Thu Nov 24 18:22:48 GMT 1986 remote from x", 533240568 },
        { "From  Thu Nov 24 18:22:48 1986", 533240568 },
        { "From a@b", -1 },
        { "From Thu Nov 24 1986", -1 },
        { "From a@b Thu Nov 24 18:22:48 86", -1 },
        { "From a@b Thu Nov 34 18:22:48 1986", -1 },
        { "from a@b Thu Nov 24 18:22:48 1986", -1 },
        { ">From a@b Thu Nov 24 18:22:48 1986", -1 },
    };

    for (size_t i = 0; i < MOXD_NELEMS(lines); i++) {
        int64_t time = -1;
        int rc = moxd_mbox_separator(moxd_cstr(lines[i].line), &time);

        ck_assert_msg(rc == (lines[i].time < 0 ? -1 : 0), "%s", lines[i].line);
        ck_assert_msg(time == lines[i].time, "%s: %lld", lines[i].line, (long long)time);
    }
}
END_TEST

/* --- writing */

/* In pieces of that size, with what was not taken in front of the next. */
static void write_message(struct moxd_str in, size_t piece, const struct moxd_mbox_head *h,
                          struct moxd_buf *out)
{
    struct moxd_buf have = MOXD_BUF_INIT(1 << 20);
    struct moxd_mbox_writer w;

    moxd_mbox_begin(&w, h, out);
    for (size_t at = 0; at < in.n;) {
        size_t n = piece < in.n - at ? piece : in.n - at;

        moxd_buf_add(&have, in.p + at, n);
        at += n;
        struct moxd_str rest = moxd_buf_str(&have);
        moxd_mbox_write(&w, &rest, at == in.n, out);
        ck_assert_uint_lt(rest.n, MOXD_MBOX_LOOK);
        moxd_buf_consume(&have, have.n - rest.n);
    }
    moxd_mbox_end(&w, out);
    moxd_buf_fini(&have);
}

static void comes_back(const char *in, const char *want)
{
    static const char *const keywords[] = { "$forwarded", "a", "b", "c", "d", "e", "f", "g", "h" };
    const struct moxd_mbox_head h = { .sender = MOXD_STR("a@example.org"),
                                      .time = 533240568,
                                      .flags = 31,
                                      .keywords = keywords,
                                      .nkeywords = 9 };
    struct moxd_buf file = MOXD_BUF_INIT(1 << 20), out = MOXD_BUF_INIT(1 << 20);
    struct moxd_buf twice = MOXD_BUF_INIT(1 << 20);
    const char *end = "[31  $forwarded a b c d e f g   h ]";

    moxd_buf_addf(&twice, AT "%s%s" AT "%s%s", want, end, want, end);
    for (size_t piece = 1; piece <= strlen(in) + 1; piece++) {
        moxd_buf_reset(&file);
        write_message(moxd_cstr(in), piece, &h, &file);
        write_message(moxd_cstr(in), piece, &h, &file);
        ck_assert(
            moxd_str_starts(moxd_buf_str(&file), MOXD_STR(FROM "Status: RO\nX-Status: AFTD\n")));
        read_all(moxd_buf_str(&file), 4096, &out);
        ck_assert_msg(moxd_str_eq(moxd_buf_str(&out), moxd_buf_str(&twice)), "pieces of %zu: %s",
                      piece, moxd_buf_cstr(&out));
    }
    moxd_buf_fini(&file);
    moxd_buf_fini(&out);
    moxd_buf_fini(&twice);
}

/* proves in part: P-CTL-03 */
START_TEST(what_is_written_is_read_back)
{
    comes_back("A: 1\r\n\r\none\r\n", "A: 1\n\none\n");
    comes_back("A: 1\r\nFrom a Thu Nov 24 18:22:48 1986\r\n\r\nFrom x\r\n>From y\r\n\r\n"
               "From a Thu Nov 24 18:22:48 1986\r\n > From\r\n",
               "A: 1\nFrom a Thu Nov 24 18:22:48 1986\n\nFrom x\n>From y\n\n"
               "From a Thu Nov 24 18:22:48 1986\n > From\n");
    comes_back("A: 1\r\n\r\n\r\n\r\n", "A: 1\n\n\n\n");
    comes_back("A: 1\r\n\r\nno end", "A: 1\n\nno end\n");
    comes_back("A: no body\r\n", "A: no body\n");
    comes_back("\r\nno header\r\n", "\nno header\n");
    comes_back("A: 1\r\n\r\na\rb\r\n", "A: 1\n\na\rb\n");
    /* what would be taken for our own fields */
    comes_back(
        "Status: RO\r\nX-Keywords: x\r\n y\r\nX-IMAP: 1\r\nX-Mozilla-Status: 0009\r\nA: 1\r\n\r\n"
        "Status: kept\r\n",
        "A: 1\n\nStatus: kept\n");
    comes_back("A: 1\r\nX-IMAP:", "A: 1\n");
    comes_back(" R x\r\n\tT\r\nA: 1\r\n", "A: 1\n");
}
END_TEST

START_TEST(separators_can_be_read)
{
    static const struct {
        const char *sender;
        int64_t time;
        const char *want;
    } cases[] = {
        { "a@b", 533240568, "From a@b Mon Nov 24 18:22:48 1986\nStatus: O\n\n" },
        { "", 0, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: O\n\n" },
        { "a b\nFrom", 0, "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\nStatus: O\n\n" },
        { "-", INT64_MAX, "From - Fri Dec 31 23:59:59 9999\nStatus: O\n\n" },
        { "-", -1, "From - Wed Dec 31 23:59:59 1969\nStatus: O\n\n" },
    };

    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_buf out = MOXD_BUF_INIT(1000);
        struct moxd_mbox_head h = { .sender = moxd_cstr(cases[i].sender), .time = cases[i].time };
        int64_t time;

        write_message(moxd_str("", 0), 1, &h, &out);
        ck_assert_str_eq(moxd_buf_cstr(&out), cases[i].want);
        ck_assert_int_eq(moxd_mbox_separator(moxd_buf_str(&out), &time), 0);
        moxd_buf_fini(&out);
    }
}
END_TEST

/* Lines of any length need no memory. */
START_TEST(long_lines_go_through)
{
    struct moxd_buf in = MOXD_BUF_INIT(1 << 20), out = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&in, FROM "X-Keywords: ");
    for (int i = 0; i < 20000; i++)
        moxd_buf_adds(&in, "k ");
    moxd_buf_adds(&in, "\nA: 1\n\n");
    for (int i = 0; i < 20000; i++)
        moxd_buf_adds(&in, "From ");
    read_all(moxd_buf_str(&in), 4096, &out);
    ck_assert(moxd_str_starts(moxd_buf_str(&out), MOXD_STR(AT "A: 1\n\nFrom From ")));
    ck_assert_uint_lt(out.n, 100000 + MOXD_MBOX_KEYWORDS_MAX + 100);
    ck_assert_uint_gt(out.n, 100000 + 4000);
    moxd_buf_fini(&in);
    moxd_buf_fini(&out);
}
END_TEST

UNIT_MAIN("mbox", messages_are_cut_at_separators, quotes_go, flags_are_read_and_taken_out,
          separators_have_many_forms, what_is_written_is_read_back, separators_can_be_read,
          long_lines_go_through)
