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

#define FROM "From a@example.org Thu Nov 24 18:22:48 1986\n"
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
    check(FROM "A: 1\n\n>From x\n>>From y\n> From z\n>Fromm\n",
          AT "A: 1\n\nFrom x\n>From y\n> From z\n>Fromm\n[0 ]");
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
          separators_have_many_forms, long_lines_go_through)
