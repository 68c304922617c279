#include "unit.h"

#include <moxd/buf.h>
#include <moxmail/imap_syntax.h>

/* proves: IMAP-02, IMAP-04, IMAP-05, LOG-03 */

static struct moxd_arena *arena;
static struct moxd_imap_cmd cmd;
static struct moxd_err err;

static int parse_n(const char *text, size_t n)
{
    if (arena)
        moxd_arena_free(arena);
    arena = moxd_arena_new(0);
    moxd_err_clear(&err);
    return moxd_imap_parse(moxd_str(text, n), arena, &cmd, &err);
}

static int parse(const char *text)
{
    return parse_n(text, strlen(text));
}

START_TEST(accepts)
{
    static const char *const good[] = {
        "a1 NOOP", "a.1 capability", "A LOGIN user pass", "A LOGIN \"us\\\"er\" {4}\r\npa s",
        "A LOGIN {4+}\r\nuser {4+}\r\npass", "a AUTHENTICATE PLAIN", "a AUTHENTICATE PLAIN =",
        "a SELECT inbox", "a SELECT \"a b\"", "a CREATE Foo (USE (\\Sent))",
        "a RENAME a b", "a LIST \"\" *", "a LIST \"\" \"\"", "a LIST (SUBSCRIBED) \"\" (a% b*)",
        "a LIST () \"\" % RETURN (CHILDREN STATUS (MESSAGES UNSEEN))", "a LSUB \"\" %",
        "a STATUS x (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE RECENT)",
        "a APPEND x (\\Seen $Forwarded) \"17-Jul-1996 02:44:25 -0700\" {10}",
        "a APPEND x CATENATE (URL \"/x/;UID=1\")", "a APPEND x CATENATE (URL /x/;UID=1 TEXT {5}",
        "a APPEND x (\\Seen) CATENATE (URL a) \"17-Jul-1996 02:44:25 -0700\" CATENATE (URL b URL {3}",
        "a APPEND x CATENATE (UTF8 (~{10+}", "a REPLACE 4 x (\\Draft) {3}", "a REPLACE * x {3}",
        "a UID REPLACE 4 x CATENATE (URL a)",
        "a APPEND x {10+}", "a APPEND x \" 7-Jul-1996 02:44:25 +0000\" {10}",
        "a APPEND x UTF8 (~{10}", "a APPEND x ~{10}", "a ID NIL", "a ID (\"name\" \"x\" \"os\" NIL)", "a ID ()",
        "a ENABLE IMAP4rev2 CONDSTORE", "a UID EXPUNGE 1:*", "a EXPUNGE",
        "a FETCH 1:* ALL", "a FETCH 1,3:5,* (FLAGS BODY[HEADER.FIELDS (From \"To\")] UID)",
        "a FETCH 1 BODY[1.2.MIME]<0.100>", "a FETCH 1 BODY.PEEK[]", "a FETCH 1 BODY[1.TEXT]",
        "a FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE BODY BODYSTRUCTURE)",
        "a FETCH $ BINARY.PEEK[1]<5.6>", "a UID FETCH 1 BINARY.SIZE[1.2]",
        "a STORE 1 FLAGS \\Seen", "a STORE 1 +FLAGS.SILENT (\\Deleted key)", "a STORE 1 -FLAGS ()",
        "a UID MOVE 1:2 \"to there\"", "a COPY * x",
        "a SEARCH ALL", "a SEARCH RETURN () UNSEEN", "a SEARCH RETURN (MIN MAX COUNT SAVE) 1:*",
        "a SEARCH CHARSET UTF-8 OR LARGER 123 SMALLER 123", "a SEARCH (NOT (SEEN) FROM x)",
        "a SEARCH NOT OR SEEN (FLAGGED NOT DRAFT) UID 5:*", "a SEARCH HEADER Message-ID <x@y>",
        "a SEARCH RETURN (UPDATE (UID BODY.PEEK[]) COUNT) ALL", "a SEARCH RETURN (UPDATE(UID)) ALL",
        "a SEARCH SENTSINCE 1-Feb-2024 BEFORE \"29-Feb-2024\"", "a UID SEARCH KEYWORD $Junk",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        ck_assert_msg(parse(good[i]) == 0, "%s: %s", good[i], err.pub);
}
END_TEST

START_TEST(refuses)
{
    static const char *const bad[] = {
        "", "a", "a ", "+ NOOP", "a+ NOOP", "{1}\r\na NOOP", "a NOOP ", "a  NOOP", "a FOO",
        "a LOGIN user", "a LOGIN us(er pass", "a LOGIN \"user pass", "a LOGIN \"a\\b\" c",
        "a LOGIN {9}\r\nuser x", "a LOGIN {4}\r\nuser{4}\r\npass", "a SELECT", "a SELECT a b",
        "a SELECT a%", "a SELECT \"\xff\"", "a LIST (RECURSIVEMATCH) \"\" *", "a LIST \"\" ()",
        "a LIST \"\" * RETURN (FOO)", "a STATUS x ()", "a STATUS x (FOO)", "a ID foo",
        "a APPEND x", "a APPEND x foo", "a APPEND x CATENATE ()", "a APPEND x CATENATE (URL a",
        "a APPEND x CATENATE (TEXT abc)", "a APPEND x CATENATE (URL a) foo", "a APPEND x ",
        "a APPEND x UTF8 ({3}", "a APPEND x CATENATE (URL ~{3}", "a APPEND x {3}\r\nabc",
        "a REPLACE 1:2 x {3}", "a REPLACE x {3}", "a UID REPLACE * x {3}", "a REPLACE $ x {3}",
        "a REPLACE 1 x CATENATE (URL a) CATENATE (URL b)", "a APPEND x \"32-Jul-1996 02:44:25 -0700\" {10}",
        "a APPEND x \"29-Feb-2023 02:44:25 -0700\" {10}",
        "a UID NOOP", "a UID EXPUNGE", "a EXPUNGE 1", "a FETCH 0 FLAGS", "a FETCH 1 ()",
        "a FETCH 1 (ALL)", "a FETCH 1 BODY[MIME]", "a FETCH 1 BODY[0]", "a FETCH 1 BODY[1.]",
        "a FETCH 1 BODY[]<0.0>", "a FETCH 1 BINARY[TEXT]", "a FETCH 1 BINARY.SIZE[1]<0.1>",
        "a FETCH 1 BODY[HEADER.FIELDS ()]", "a FETCH 1: FLAGS", "a FETCH 4294967296 FLAGS",
        "a STORE 1 FLAGS", "a STORE 1 FLAGS (\\)", "a STORE 1 %FLAGS ()", "a COPY 1",
        "a SEARCH", "a SEARCH ()", "a SEARCH (SEEN", "a SEARCH SEEN)", "a SEARCH NOT",
        "a SEARCH OR SEEN", "a SEARCH FOO", "a SEARCH RETURN (FOO) ALL", "a SEARCH ON 1-Foo-2024",
        "a SEARCH LARGER x", "a SEARCH ON 31-Apr-2024", "a CREATE x (USE \\Sent)",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        ck_assert_msg(parse(bad[i]) < 0, "%s", bad[i]);
        ck_assert_str_ne(err.pub, "");
    }
    ck_assert_int_eq(parse("tag7 FOO"), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_NOTFOUND);
    ck_assert(moxd_str_eqs(cmd.tag, "tag7"));
    ck_assert_int_eq(parse("a FETCH 1 BODY[MIME]"), -1);
    ck_assert_str_eq(err.pub, "expected a section at column 16");
}
END_TEST

START_TEST(literals_and_strings)
{
    ck_assert_int_eq(parse("a LOGIN {4}\r\nu\r\nx {0}\r\n"), 0);
    ck_assert(moxd_str_eq(cmd.arg, MOXD_STR("u\r\nx")));
    ck_assert_uint_eq(cmd.arg2.n, 0);
    ck_assert_int_eq(parse_n("a LOGIN {3}\r\na\0b c", 19), -1);
    ck_assert_int_eq(parse("a LOGIN a\"b c"), -1);
    ck_assert_int_eq(parse("a SELECT \"q\\\\\\\"\""), 0);
    ck_assert(moxd_str_eqs(cmd.mailbox, "q\\\""));
    ck_assert_int_eq(parse("a SELECT a]b"), 0);
}
END_TEST

START_TEST(fetch_items)
{
    ck_assert_int_eq(
        parse("a UID FETCH 3:*,7 (BODY.PEEK[1.2.HEADER.FIELDS.NOT (X Y)]<10.20> BODY[] BODY)"), 0);
    ck_assert(cmd.uid);
    ck_assert_uint_eq(cmd.set.n, 2);
    ck_assert_uint_eq(cmd.set.v[0].a, 3);
    ck_assert_uint_eq(cmd.set.v[0].b, MOXD_IMAP_STAR);
    ck_assert_uint_eq(cmd.nitems, 3);
    struct moxd_imap_item *item = &cmd.items[0];
    ck_assert(item->peek && item->partial);
    ck_assert_uint_eq(item->offset, 10);
    ck_assert_uint_eq(item->count, 20);
    ck_assert_uint_eq(item->sec.nparts, 2);
    ck_assert_uint_eq(item->sec.part[1], 2);
    ck_assert_int_eq(item->sec.text, MOXD_IMAP_TEXT_FIELDS_NOT);
    ck_assert_uint_eq(item->sec.fields.n, 2);
    ck_assert(!cmd.items[1].peek);
    ck_assert_int_eq(cmd.items[2].kind, MOXD_IMAP_ITEM_BODY);
    ck_assert(cmd.items[2].peek);

    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_imap_put_section(&b, &item->sec);
    ck_assert_str_eq(moxd_buf_cstr(&b), "[1.2.HEADER.FIELDS.NOT (X Y)]");
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(search_tree)
{
    ck_assert_int_eq(parse("a SEARCH OR (SEEN FROM x) NOT DRAFT LARGER 123"), 0);
    struct moxd_imap_key *or = cmd.search->child;
    ck_assert_int_eq(cmd.search->kind, MOXD_IMAP_KEY_AND);
    ck_assert_int_eq(or->kind, MOXD_IMAP_KEY_OR);
    ck_assert_int_eq(or->child->kind, MOXD_IMAP_KEY_AND);
    ck_assert_int_eq(or->child->child->kind, MOXD_IMAP_KEY_FLAG);
    ck_assert_int_eq(or->child->child->next->kind, MOXD_IMAP_KEY_HEADER);
    ck_assert_ptr_null(or->child->child->next->next);
    ck_assert_int_eq(or->child->next->kind, MOXD_IMAP_KEY_NOT);
    ck_assert_int_eq(or->child->next->child->kind, MOXD_IMAP_KEY_FLAG);
    ck_assert_ptr_null(or->child->next->next);
    ck_assert_int_eq(or->next->kind, MOXD_IMAP_KEY_LARGER);
    ck_assert_uint_eq(or->next->number, 123);
    ck_assert_ptr_null(or->next->next);
}
END_TEST

START_TEST(sort)
{
    static const char *const good[] = {
        "a SORT (DATE) US-ASCII ALL", "a UID SORT (REVERSE SIZE) \"utf-8\" SEEN 1:2",
        "a SORT RETURN () (ARRIVAL CC DISPLAYFROM DISPLAYTO FROM SUBJECT TO) UTF-8 ALL",
        "a SORT RETURN (MIN COUNT) (reverse displayto) UTF-8 TEXT {1}\r\nx",
        "a THREAD REFERENCES UTF-8 ALL", "a UID THREAD orderedsubject \"us-ascii\" SEEN 1:2",
        "a FETCH 1 (RFC822.PEEK RFC822.TEXT.PEEK)",
        "a SEARCH RETURN (PARTIAL 1:5) ALL", "a UID SEARCH RETURN (PARTIAL -1:-5 COUNT) ALL",
        "a SORT RETURN (CONTEXT UPDATE PARTIAL 500:400 SAVE) (DATE) UTF-8 ALL",
        "a CANCELUPDATE \"x\" \"y\"",
        "a SEARCH OLDER 1 YOUNGER 4294967295", "a FETCH 1 (SAVEDATE)", "a SEARCH SAVEDATESUPPORTED",
        "a SEARCH SAVEDBEFORE 1-Feb-2024 SAVEDON \"1-Feb-2024\" SAVEDSINCE 1-Feb-2024",
    };
    static const char *const bad[] = {
        "a SORT", "a SORT (DATE)", "a SORT (DATE) UTF-8", "a SORT () UTF-8 ALL",
        "a SORT (REVERSE) UTF-8 ALL", "a SORT (DATE REVERSE) UTF-8 ALL",
        "a SORT (REVERSE REVERSE DATE) UTF-8 ALL", "a SORT DATE UTF-8 ALL", "a SORT (DATE) \"\" ALL",
        "a SORT (DATE)  ALL", "a SORT (DATE) RETURN () UTF-8 ALL", "a SORT (FOO) UTF-8 ALL",
        "a THREAD REFS UTF-8 ALL", "a THREAD REFERENCES ALL", "a THREAD REFERENCES UTF-8",
        "a SEARCH RETURN (PARTIAL) ALL", "a SEARCH RETURN (PARTIAL 0:5) ALL",
        "a SEARCH RETURN (PARTIAL 1:*) ALL", "a SEARCH RETURN (PARTIAL -1:5) ALL",
        "a SEARCH RETURN (PARTIAL 1:-5) ALL", "a SEARCH RETURN (PARTIAL 5) ALL",
        "a SEARCH RETURN (PARTIAL 1:4294967296) ALL", "a SEARCH RETURN (PARTIAL \"1:5\") ALL",
        "a SEARCH RETURN (PARTIAL 1:5 ALL) ALL", "a SEARCH RETURN (ALL PARTIAL 1:5) ALL",
        "a SEARCH RETURN (PARTIAL 1:5 PARTIAL 6:9) ALL", "a CANCELUPDATE", "a CANCELUPDATE x",
        "a SEARCH OLDER 0", "a SEARCH YOUNGER 4294967296", "a SEARCH SAVEDON x",
    };

    for (size_t i = 0; i < MOXD_NELEMS(good); i++)
        ck_assert_msg(parse(good[i]) == 0, "%s: %s", good[i], err.pub);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(parse(bad[i]) < 0, "%s", bad[i]);
    ck_assert_int_eq(parse("a UID SORT RETURN (MAX) (DATE REVERSE SIZE REVERSE DATE) UTF-8 SEEN"), 0);
    ck_assert(cmd.uid && cmd.has_search_return);
    ck_assert_uint_eq(cmd.search_return, MOXD_IMAP_RETURN_MAX);
    ck_assert_uint_eq(cmd.nsort, 2);
    ck_assert_int_eq(cmd.sort[0].key, MOXD_IMAP_SORT_DATE);
    ck_assert(!cmd.sort[0].reverse && cmd.sort[1].reverse);
    ck_assert(moxd_str_eqs(cmd.charset, "UTF-8"));
    ck_assert_int_eq(cmd.search->child->kind, MOXD_IMAP_KEY_FLAG);
}
END_TEST

START_TEST(condstore)
{
    static const char *const good[] = {
        "a SELECT x (CONDSTORE)", "a EXAMINE x (condstore QRESYNC (1 2))",
        "a SELECT x (QRESYNC (4294967295 9223372036854775807 1,3:5 (1:2,9 10:11,20)))",
        "a SELECT x (QRESYNC (1 2 (1 10)))", "a STATUS x (HIGHESTMODSEQ)", "a FETCH 1 MODSEQ",
        "a FETCH 1 ALL (CHANGEDSINCE 1)", "a FETCH 1 (FLAGS MODSEQ) (CHANGEDSINCE 5)",
        "a UID FETCH 1:* FLAGS (CHANGEDSINCE 5 VANISHED)", "a UID FETCH 1 UID (VANISHED CHANGEDSINCE 5)",
        "a STORE 1 (UNCHANGEDSINCE 0) FLAGS ()", "a SEARCH MODSEQ 0",
        "a SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338 SEEN", "a SEARCH NOT MODSEQ \"/flags/$x\" priv 1",
        "a UID SEARCH OR MODSEQ \"/FLAGS/x\" SHARED 1 1:5",
    };
    static const char *const bad[] = {
        "a SELECT x ()", "a SELECT x (FOO)", "a SELECT x CONDSTORE", "a SELECT x (QRESYNC)",
        "a SELECT x (QRESYNC (1))", "a SELECT x (QRESYNC (0 1))", "a SELECT x (QRESYNC (1 0))",
        "a SELECT x (QRESYNC (1 9223372036854775808))", "a SELECT x (QRESYNC (1 2 1:*))",
        "a SELECT x (QRESYNC (1 2 $))", "a SELECT x (QRESYNC (1 2 1 ))", "a SELECT x (QRESYNC (1 2 (1)))",
        "a SELECT x (QRESYNC (1 2 (1 *)))", "a SELECT x (QRESYNC (1 2 (1 1:2)))",
        "a SELECT x (QRESYNC (1 2 (2,1 5,6)))", "a SELECT x (QRESYNC (1 2 (1,2 6,5)))",
        "a SELECT x (QRESYNC (1 2 (2:1 5:6)))", "a SELECT x (QRESYNC (1 2 1 (1 1) 1))",
        "a SELECT x (QRESYNC (1 2) QRESYNC (1 2))", "a FETCH 1 FLAGS (CHANGEDSINCE 0)",
        "a FETCH 1 FLAGS (CHANGEDSINCE)", "a FETCH 1 FLAGS (VANISHED)", "a FETCH 1 FLAGS ()",
        "a FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", "a UID FETCH 1 FLAGS (VANISHED)",
        "a FETCH 1 ALLX", "a STORE 1 (UNCHANGEDSINCE 1)FLAGS ()", "a STORE 1 () FLAGS ()",
        "a STORE 1 (UNCHANGEDSINCE 1 UNCHANGEDSINCE 2) FLAGS ()", "a STORE 1 (UNCHANGEDSINCE -1) FLAGS ()",
        "a SEARCH MODSEQ", "a SEARCH MODSEQ x", "a SEARCH MODSEQ \"/flags/x\" 1",
        "a SEARCH MODSEQ \"/flags/\" all 1", "a SEARCH MODSEQ \"/x/y\" all 1", "a SEARCH MODSEQ 9223372036854775808",
    };

    for (size_t i = 0; i < MOXD_NELEMS(good); i++)
        ck_assert_msg(parse(good[i]) == 0 && cmd.condstore, "%s: %s", good[i], err.pub);
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(parse(bad[i]) < 0, "%s", bad[i]);
    ck_assert_int_eq(parse("a SEARCH 1 SEEN"), 0);
    ck_assert(!cmd.condstore && cmd.search_seqs);
    ck_assert_int_eq(parse("a UID SEARCH $ SEEN UID 1"), 0);
    ck_assert(!cmd.search_seqs);
    ck_assert_int_eq(parse("a SELECT x (QRESYNC (7 8 1,3:5 (1:2,9 10:11,20)))"), 0);
    ck_assert(cmd.qresync.given && cmd.qresync.uidvalidity == 7 && cmd.qresync.modseq == 8);
    ck_assert_uint_eq(cmd.qresync.uids.n, 2);
    ck_assert_uint_eq(cmd.qresync.seqs.v[1].a, 9);
    ck_assert_uint_eq(cmd.qresync.seq_uids.v[1].a, 20);
    ck_assert_int_eq(parse("a UID FETCH 1:* FULL (CHANGEDSINCE 5 VANISHED)"), 0);
    ck_assert(cmd.has_changedsince && cmd.vanished && cmd.changedsince == 5 && cmd.nitems == 5);
    ck_assert_int_eq(parse("a STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (x)"), 0);
    ck_assert(cmd.has_unchangedsince && cmd.unchangedsince == 5 && cmd.silent);
}
END_TEST

/* A prefix repeated often must be refused by a limit, not by the stack. */
static void refused_by_limit(const char *head, const char *unit, size_t times)
{
    struct moxd_buf b = MOXD_BUF_INIT(10 << 20);

    moxd_buf_adds(&b, head);
    for (size_t i = 0; i < times; i++)
        moxd_buf_adds(&b, unit);
    ck_assert_int_eq(parse_n(b.p, b.n), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_buf_fini(&b);
}

START_TEST(notify)
{
    static const char *const good[] = {
        "a NOTIFY NONE", "a NOTIFY SET (selected NONE)", "a notify set (inboxes none)",
        "a NOTIFY SET STATUS (personal (MailboxName x-other))",
        "a NOTIFY SET (selected-delayed (MessageNew (UID BODY.PEEK[1]) MessageExpunge))",
        "a NOTIFY SET (subtree (a \"b c\") (SubscriptionChange)) (mailboxes {1}\r\nx NONE)",
    };
    static const char *const bad[] = {
        "a NOTIFY", "a NOTIFY SET", "a NOTIFY NONE x", "a NOTIFY SET STATUS",
        "a NOTIFY SET (selected)", "a NOTIFY SET (selected ())", "a NOTIFY SET (any NONE)",
        "a NOTIFY SET (subtree NONE)", "a NOTIFY SET (mailboxes () NONE)",
        "a NOTIFY SET (personal (MessageNew))", "a NOTIFY SET (personal (MessageExpunge))",
        "a NOTIFY SET (personal (FlagChange))", "a NOTIFY SET (selected (MailboxName))",
        "a NOTIFY SET (selected NONE) (selected-delayed NONE)",
        "a NOTIFY SET (personal (MessageNew (UID) MessageExpunge))",
        "a NOTIFY SET (selected (MessageNew () MessageExpunge))",
        "a NOTIFY SET (selected (MessageNew (UID) MessageNew (UID) MessageExpunge))",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        ck_assert_msg(parse(good[i]) == 0, "%s: %s", good[i], err.pub);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(parse(bad[i]) < 0 && err.kind == MOXD_ERR_SYNTAX, "%s", bad[i]);
    ck_assert_int_eq(parse("a NOTIFY SET STATUS (subtree (a b) (MessageNew MessageExpunge)) "
                           "(selected (MessageNew (FLAGS UID) MessageExpunge FlagChange Other))"),
                     0);
    ck_assert(cmd.notify.status && !cmd.notify.none);
    ck_assert_uint_eq(cmd.notify.ngroups, 2);
    ck_assert_uint_eq(cmd.notify.groups[0].of.names.n, 2);
    ck_assert_uint_eq(cmd.notify.groups[0].events, 3);
    ck_assert_uint_eq(cmd.notify.groups[1].events, 7 | MOXD_IMAP_EVENT_OTHER);
    ck_assert_uint_eq(cmd.nitems, 2);
}
END_TEST

START_TEST(esearch)
{
    static const char *const bad[] = {
        "a ESEARCH", "a ESEARCH IN () ALL", "a ESEARCH IN (personal)", "a ESEARCH IN personal ALL",
        "a ESEARCH IN (selected-delayed) ALL", "a ESEARCH IN (subtree) ALL",
        "a ESEARCH IN (mailboxes ()) ALL", "a ESEARCH IN (personal (depth 1)) ALL",
        "a ESEARCH RETURN (COUNT) IN (personal) ALL", "a NOTIFY SET (subtree-one x NONE)",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        ck_assert_msg(parse(bad[i]) < 0 && err.kind == MOXD_ERR_SYNTAX, "%s", bad[i]);
    ck_assert_int_eq(parse("a ESEARCH UNSEEN"), 0);
    ck_assert(cmd.uid && cmd.nsources == 0 && !cmd.has_search_return);
    ck_assert_int_eq(parse("a UID ESEARCH IN (mailboxes \"x y\" subtree-one (a b) selected) "
                           "RETURN (MIN) CHARSET utf-8 SUBJECT x"),
                     0);
    ck_assert_uint_eq(cmd.nsources, 3);
    ck_assert_int_eq(cmd.sources[0].filter, MOXD_IMAP_FILTER_MAILBOXES);
    ck_assert_uint_eq(cmd.sources[1].names.n, 2);
    ck_assert_int_eq(cmd.sources[2].filter, MOXD_IMAP_FILTER_SELECTED);
    ck_assert_uint_eq(cmd.search_return, MOXD_IMAP_RETURN_MIN);
}
END_TEST

START_TEST(limits)
{
    refused_by_limit("a SEARCH ", "(", 10000);
    refused_by_limit("a SEARCH ", "NOT ", 10000);
    refused_by_limit("a SEARCH SEEN", " SEEN", 10000);
    refused_by_limit("a FETCH 1", ",1", 100000);
    refused_by_limit("a FETCH 1 (UID", " UID", 10000);
    refused_by_limit("a FETCH 1 BODY[1", ".1", 1000);
    refused_by_limit("a FETCH 1 BODY[HEADER.FIELDS (a", " a", 10000);
    refused_by_limit("a STORE 1 FLAGS a", " a", 1000);
    refused_by_limit("a LIST \"\" (a", " a", 1000);
}
END_TEST

START_TEST(dates)
{
    char out[32];

    ck_assert_int_eq(parse("a APPEND x \" 7-Jul-1996 02:44:25 -0730\" {1}"), 0);
    ck_assert(cmd.append.v[0].has_date);
    ck_assert_int_eq(cmd.append.v[0].date.ns / 1000000000, 836734465);
    ck_assert_int_eq(cmd.append.v[0].date.zone, -450);
    ck_assert_str_eq(moxd_imap_date_format(cmd.append.v[0].date, out), "\" 7-Jul-1996 02:44:25 -0730\"");
    /* What nanoseconds in 64 bits cannot hold. */
    ck_assert_int_eq(parse("a APPEND x \" 7-Jul-0996 02:44:25 +0000\" {1}"), -1);
    ck_assert_int_eq(parse("a APPEND x \" 7-Jul-2263 02:44:25 +0000\" {1}"), -1);
}
END_TEST

START_TEST(announcements)
{
    struct moxd_imap_literal lit;

    ck_assert(moxd_imap_literal(MOXD_STR("a APPEND x ~{12}"), &lit));
    ck_assert(lit.binary && lit.sync && lit.size == 12 && lit.start == 11);
    ck_assert(moxd_imap_literal(MOXD_STR("{0+}"), &lit));
    ck_assert(!lit.sync);
    ck_assert(!moxd_imap_literal(MOXD_STR("{}"), &lit));
    ck_assert(!moxd_imap_literal(MOXD_STR("{1}x"), &lit));
    ck_assert(!moxd_imap_literal(MOXD_STR("{99999999999999999999}"), &lit));
    ck_assert(moxd_imap_is_append_data(MOXD_STR("a append x (\\Seen) {12}")));
    ck_assert(moxd_imap_is_append_data(MOXD_STR("a append {1}\r\nx {12}")));
    ck_assert(!moxd_imap_is_append_data(MOXD_STR("a append {12}")));
    ck_assert(!moxd_imap_is_append_data(MOXD_STR("a select x {12}")));
    ck_assert(moxd_imap_is_secret(MOXD_STR("a login x y")));
    ck_assert(moxd_imap_is_secret(MOXD_STR("a AUTHENTICATE PLAIN eA==")));
    ck_assert(moxd_imap_is_secret(MOXD_STR("a  login x y")));
    ck_assert(moxd_imap_is_secret(MOXD_STR("a lgoin x y")));
    ck_assert(!moxd_imap_is_secret(MOXD_STR("a noop")));
    ck_assert(!moxd_imap_is_secret(MOXD_STR("a select {5}")));
}
END_TEST

/* What a command may cost is a multiple of its length, however it is cut into strings. */
START_TEST(many_quoted_strings)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&b, "a FETCH 1 BODY[HEADER.FIELDS (x");
    for (int i = 1; i < MOXD_IMAP_HEADER_FIELDS_MAX; i++)
        moxd_buf_adds(&b, " \"x\\\"y\"");
    moxd_buf_adds(&b, ")]");
    ck_assert_int_eq(parse_n(b.p, b.n), 0);
    ck_assert_str_eq(moxd_arena_cstr(arena, cmd.items[0].sec.fields.v[1]), "x\"y");
    ck_assert_uint_lt(moxd_arena_size(arena), 20 * b.n);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(output_strings)
{
    static const struct {
        const char *in, *out;
        bool utf8;
    } cases[] = { { NULL, "NIL", false }, { "", "\"\"", false }, { "a\"\\b", "\"a\\\"\\\\b\"", false },
                  { "a\r\nb", "{4}\r\na\r\nb", false }, { "\xc3\xa9", "{2}\r\n\xc3\xa9", false },
                  { "\xc3\xa9", "\"\xc3\xa9\"", true }, { "\xff", "{1}\r\n\xff", true } };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(1000);
        moxd_imap_put_string(&b, moxd_cstr(cases[i].in), cases[i].utf8);
        ck_assert_str_eq(moxd_buf_cstr(&b), cases[i].out);
        moxd_buf_fini(&b);
    }
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_imap_put_astring(&b, MOXD_STR("INBOX"), false);
    moxd_imap_put_astring(&b, MOXD_STR("nil"), false);
    moxd_imap_put_astring(&b, MOXD_STR("a b"), false);
    ck_assert_str_eq(moxd_buf_cstr(&b), "INBOX\"nil\"\"a b\"");
    moxd_buf_fini(&b);
}
END_TEST

UNIT_MAIN("imap_syntax", accepts, many_quoted_strings, refuses, literals_and_strings, fetch_items,
          search_tree, sort, condstore, notify, esearch, limits, dates, announcements, output_strings)
