/* proves: P-IMAP-02 */
#include "unit.h"

#include <moxd/buf.h>
#include <moxmail/imap_syntax.h>
#include <moxmail/imap_url.h>

static struct moxd_arena *arena;
static struct moxd_imap_cmd cmd;

static int parse(const char *text, struct moxd_err *err)
{
    moxd_arena_free(arena);
    arena = moxd_arena_new(0);
    return moxd_imap_parse(moxd_cstr(text), arena, &cmd, err);
}

/* Commands as their pieces, and what they say: M message, U URL, E end, then the literal: D data, L URL,
 * "." the end; "!" refused. */
static const struct {
    const char *pieces[4];
    const char *said;
} commands[] = {
    { { "a APPEND x {3}", "" }, "MD E." },
    { { "a APPEND x {3}", " (\\Seen) {3}", " \"17-Jul-1996 02:44:25 -0700\" {4+}", "" },
      "MD EMD EMD E." },
    { { "a APPEND x UTF8 (~{3}", ")" }, "MD E." },
    { { "a APPEND x UTF8 (~{3}", "" }, "MD !" },
    { { "a APPEND x {3}", ")" }, "MD !" },
    { { "a APPEND x {3}", " junk" }, "MD !" },
    { { "a APPEND x CATENATE (URL a URL {3}", " TEXT {3}", " UTF8 (~{3}", ") URL b)" },
      "MUL D D UE." },
    { { "a APPEND x CATENATE (TEXT {3}", ") {4}", " CATENATE (URL a)", NULL }, "MD EMD EMUE." },
    { { "a APPEND x CATENATE (TEXT {3}", "" }, "MD !" },
    { { "a REPLACE 1 x {3}", "" }, "MD E." },
    { { "a REPLACE 1 x {3}", " {4}" }, "MD !" },
};

static void say(struct moxd_buf *b, const struct moxd_imap_append *ap)
{
    for (size_t i = 0; i < ap->n; i++)
        moxd_buf_addc(b, "MUE"[ap->v[i].kind]);
    moxd_buf_addc(b, ".DL"[ap->literal]);
}

static void check_pieces(const char *const *p, const char *said)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    ck_assert_int_eq(parse(*p, NULL), 0);
    say(&b, &cmd.append);
    for (p++; *p && cmd.append.literal != MOXD_IMAP_LITERAL_NONE; p++) {
        moxd_buf_addc(&b, ' ');
        if (moxd_imap_append_next(moxd_cstr(*p), arena, &cmd.append, NULL) < 0) {
            moxd_buf_addc(&b, '!');
            break;
        }
        say(&b, &cmd.append);
    }
    ck_assert_str_eq(moxd_buf_cstr(&b), said);
    moxd_buf_fini(&b);
}

START_TEST(pieces)
{
    for (size_t i = 0; i < MOXD_NELEMS(commands); i++)
        check_pieces(commands[i].pieces, commands[i].said);
}
END_TEST

START_TEST(too_much)
{
    struct moxd_err err = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    int n = 1;

    ck_assert_int_eq(parse("a APPEND x {3}", &err), 0);
    while (moxd_imap_append_next(MOXD_STR(" {3}"), arena, &cmd.append, &err) == 0)
        n++;
    ck_assert_int_eq(n, MOXD_IMAP_APPEND_MESSAGES_MAX);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_adds(&b, "a APPEND x CATENATE (URL a");
    for (int i = 0; i < MOXD_IMAP_APPEND_PARTS_MAX; i++)
        moxd_buf_adds(&b, " URL a");
    moxd_buf_adds(&b, ")");
    ck_assert_int_eq(parse(moxd_buf_cstr(&b), &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_fini(&b);
}
END_TEST

static const struct {
    const char *text;
    const char *mailbox; /* NULL: relative */
    uint32_t uidvalidity, uid;
    const char *section;
    uint64_t offset, count;
} urls[] = {
    { "/INBOX/;UID=20", "INBOX", 0, 20, "[]", 0, 0 },
    { "/a/b;uidvalidity=7/;uid=20", "a/b", 7, 20, "[]", 0, 0 },
    { "/Gr%c3%bc%C3%9fe/;UID=1/;section=HEADER",
      "Gr\xc3\xbc\xc3\x9f"
      "e",
      0, 1, "[HEADER]", 0, 0 },
    { "/a%20b%3B/;UID=1/;SECTION=1.2.MIME/;PARTIAL=5", "a b;", 0, 1, "[1.2.MIME]", 5, 0 },
    { "/a/;UID=1/;SECTION=HEADER.FIELDS%20(To%20Cc)", "a", 0, 1, "[HEADER.FIELDS (To Cc)]", 0, 0 },
    { "/a/;UID=1/;PARTIAL=0.1024", "a", 0, 1, "[]", 0, 1024 },
    { ";UID=3/;SECTION=2", NULL, 0, 3, "[2]", 0, 0 },
};

START_TEST(good_urls)
{
    arena = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(urls); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(1000);
        struct moxd_imap_url url;

        ck_assert_int_eq(moxd_imap_url_parse(moxd_cstr(urls[i].text), arena, &url, NULL), 0);
        ck_assert(moxd_str_eq(url.mailbox, moxd_cstr(urls[i].mailbox)));
        ck_assert((url.mailbox.p == NULL) == (urls[i].mailbox == NULL));
        ck_assert_uint_eq(url.uidvalidity, urls[i].uidvalidity);
        ck_assert_uint_eq(url.uid, urls[i].uid);
        moxd_imap_put_section(&b, &url.section);
        ck_assert_str_eq(moxd_buf_cstr(&b), urls[i].section);
        ck_assert(url.partial == (urls[i].offset > 0 || urls[i].count > 0));
        ck_assert_uint_eq(url.offset, urls[i].offset);
        ck_assert_uint_eq(url.count, urls[i].count);
        moxd_buf_fini(&b);
    }
}
END_TEST

START_TEST(bad_urls)
{
    static const char *const bad[] = {
        "",
        "/",
        "/INBOX",
        "/INBOX;UID=1",
        "/INBOX/;UID=0",
        "/INBOX/;UID=1x",
        "INBOX/;UID=1",
        "//server/INBOX/;UID=1",
        "imap://server/INBOX/;UID=1",
        "/INBOX/;UID=1;URLAUTH=anonymous",
        "/INBOX;UIDVALIDITY=0/;UID=1",
        "/INBOX;UIDVALIDITY=1;UID=1",
        "/IN BOX/;UID=1",
        "/%ff/;UID=1",
        "/%0/;UID=1",
        "/a%00/;UID=1",
        "/a/;UID=1/;SECTION=",
        "/a/;UID=1/;SECTION=FOO",
        "/a/;UID=1/;SECTION=1]",
        "/a/;UID=1/;PARTIAL=1.0",
        "/a/;UID=1/;PARTIAL=",
        "/a/;UID=1/..",
        "/a/;UID=1/;SECTION=1;PARTIAL=1",
        "/a?SUBJECT%20x",
        "/INBOX/;UID=1 ",
    };
    struct moxd_imap_url url;

    arena = moxd_arena_new(0);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(moxd_imap_url_parse(moxd_cstr(bad[i]), arena, &url, NULL) < 0, "%s", bad[i]);
}
END_TEST

UNIT_MAIN("imap_append", pieces, too_much, good_urls, bad_urls)
