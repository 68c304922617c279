/* Messages in the store, as a module sees them. */
#include "store_unit.h"

#include <sys/stat.h>

/* Text of n bytes that is not all the same. */
static char *long_text(size_t n, struct moxd_arena *a)
{
    char *p = moxd_arena_alloc(a, n + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + (i * 7 + i / 100) % 26);
    return p;
}

static bool file_exists(struct store_account *acc, uint64_t id)
{
    char path[STORE_PATH_MAX];
    struct stat st;

    store_file_path(acc->id, id, path);
    if (fstatat(acc->s->env->dir_fd, path, &st, 0) < 0)
        return false;
    ck_assert_uint_eq(st.st_mode & 0777, 0400);
    return true;
}

/* proves: STORE-01, STORE-02, STORE-04, STORE-07 */
IN_STORE(adds_and_reads)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_add add = add_text(acc, "INBOX", "no header, no separator", 0);
    struct store_mailbox m = mailbox_of(acc, "inbox", a);
    struct store_entry *e;
    struct store_msg *msg;
    size_t n;
    uint64_t modseq;

    ck_assert_uint_eq(add.uid, 1);
    ck_assert_uint_gt(add.uidvalidity, 0);
    ck_assert_uint_eq(add.modseq, api->modseq(acc));
    ck_assert_str_eq(body_text(acc, add.id, a), "no header, no separator");
    ck_assert_str_eq(m.name, "INBOX");
    ck_assert_uint_eq(m.id, add.mailbox_id);
    ck_assert_uint_eq(m.total, 1);
    ck_assert_uint_eq(m.unseen, 1);
    ck_assert_uint_eq(m.deleted, 0);
    ck_assert_uint_eq(m.size, 23);
    ck_assert_uint_eq(m.uidnext, 2);
    ck_assert_uint_eq(m.highestmodseq, add.modseq);
    ck_assert_uint_lt(m.createseq, add.modseq);
    ck_err(api->entries(acc, m.id, NULL, a, &e, &n, &modseq, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(e[0].id, add.id);
    ck_assert_uint_eq(e[0].modseq, add.modseq);
    ck_assert_uint_eq(modseq, add.modseq);
    ck_err(api->messages(acc, m.id, UIDS({ 1, 1 }), a, &msg, &n, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(msg[0].size, 23);
    ck_assert_uint_eq(msg[0].createseq, add.modseq);
    ck_assert_int_gt(msg[0].saved, 0);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: STORE-01, STORE-10, STORE-12, P-STORE-01 */
IN_STORE(keeps_bodies_of_all_sizes)
{
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000, 128 * 1024, 128 * 1024 + 1,
                                    400000, 3000000 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    for (size_t i = 0; i < MOXD_NELEMS(sizes); i++)
        for (int with_prefix = 0; with_prefix < 2; with_prefix++) {
            char *text = long_text(sizes[i], a);
            const char *prefix = with_prefix ? "Return-Path: <>\r\n" : "";
            struct store_draft *d = draft_of(text, sizes[i]);
            struct store_add add = { .acc = acc, .mailbox_name = "INBOX",
                                     .prefix = moxd_cstr(prefix) };
            ck_assert_uint_eq(api->draft_size(d), sizes[i]);
            ck_err(api->add(self, d, &add, 1, NULL, err));
            api->draft_free(d);
            ck_assert_int_eq(file_exists(acc, add.id), sizes[i] > 4096);
            ck_assert_str_eq(body_text(acc, add.id, a),
                             moxd_arena_printf(a, "%s%s", prefix, text));
        }
    ck_assert_uint_eq(check_account(acc).files, 12);
    api->close(acc);
    moxd_arena_free(a);
}

IN_STORE(draft_can_be_read_while_it_grows)
{
    struct moxd_arena *a = moxd_arena_new(0);
    char *text = long_text(700000, a), *back = moxd_arena_alloc(a, 700001);
    struct store_draft *d = api->draft_new(self);

    for (size_t at = 0; at < 700000; at += 7000) {
        ck_err(api->draft_write(d, text + at, 7000, err));
        ck_assert_uint_eq(api->draft_size(d), at + 7000);
        ck_assert_int_gt(api->draft_read(d, at + 3500, back, 10, NULL), 0);
        ck_assert_int_eq(back[0], text[at + 3500]);
    }
    for (size_t at = 0; at < 700000;) {
        long n = api->draft_read(d, at, back + at, 700000 - at, NULL);
        ck_assert_int_gt(n, 0);
        at += (size_t)n;
    }
    ck_assert_str_eq(back, text);
    ck_assert_int_eq(api->draft_read(d, 700000, back, 1, NULL), 0);
    api->draft_free(d);
    moxd_arena_free(a);
}

/* proves: STORE-10 */
IN_STORE(adds_to_several_accounts_at_once)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *x = open_account("x"), *y = open_account("y");
    char *text = long_text(20000, a);
    struct store_draft *d = draft_of(text, 20000);
    struct store_add adds[] = {
        { .acc = y, .mailbox_name = "INBOX", .flags = STORE_SEEN },
        { .acc = x, .mailbox_name = "INBOX", .prefix = MOXD_STR("X: 1\r\n") },
        { .acc = y, .mailbox_name = "Lists/c", .create = true },
        { .acc = x, .mailbox_name = "INBOX" },
    };
    struct stat st;
    char path[STORE_PATH_MAX];

    ck_err(api->add(self, d, adds, 4, NULL, err));
    ck_assert_uint_eq(adds[0].uid, 1);
    ck_assert_uint_eq(adds[1].uid, 1);
    ck_assert_uint_eq(adds[2].uid, 1);
    ck_assert_uint_eq(adds[3].uid, 2);
    ck_assert_str_eq(body_text(x, adds[1].id, a), moxd_arena_printf(a, "X: 1\r\n%s", text));
    ck_assert_str_eq(body_text(y, adds[2].id, a), text);
    store_file_path(x->id, adds[3].id, path);
    ck_assert_int_eq(fstatat(x->s->env->dir_fd, path, &st, 0), 0);
    ck_assert_uint_eq(st.st_nlink, 4);
    ck_assert_str_eq(entries_text(y, adds[0].mailbox_id, NULL, a), "1 1;");
    ck_assert_uint_eq(mailbox_of(y, "Lists", a).total, 0);
    ck_assert(mailbox_of(y, "Lists/c", a).subscribed);

    /* Used again, all or nothing: the last target is refused. */
    size_t failed = 99;
    adds[3].mailbox_name = "nowhere";
    ck_fails(NOTFOUND, api->add(self, d, adds, 4, &failed, err));
    ck_assert_uint_eq(failed, 3);
    ck_assert_uint_eq(mailbox_of(x, "INBOX", a).total, 2);
    ck_assert_uint_eq(mailbox_of(y, "INBOX", a).total, 1);
    api->draft_free(d);
    ck_assert_uint_eq(check_account(x).files, 2);
    ck_assert_uint_eq(check_account(y).files, 2);
    api->close(x);
    api->close(y);
    moxd_arena_free(a);
}

IN_STORE(adds_many_drafts)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d[] = { draft_of("one", 3), draft_of("two!", 4) };
    struct store_add adds[] = {
        { .acc = acc, .mailbox_name = "Sent", .keywords = KEYWORDS("$mdnsent2", "custom") },
        { .acc = acc, .mailbox_name = "Sent", .flags = STORE_DRAFT, .received = { 12345, -120 } },
    };
    struct store_msg *v;
    size_t n;

    ck_err(api->add_many(self, d, adds, 2, err));
    ck_err(api->messages(acc, adds[0].mailbox_id, NULL, a, &v, &n, err));
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(v[0].modseq, v[1].modseq);
    ck_assert_uint_eq(v[0].keywords.n, 2);
    ck_assert_str_eq(v[0].keywords.v[1], "custom");
    ck_assert_int_eq(v[1].received.ns, 12345);
    ck_assert_int_eq(v[1].received.zone, -120);
    ck_assert_str_eq(body_text(acc, v[1].id, a), "two!");
    api->draft_free(d[0]);
    api->draft_free(d[1]);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(refuses_bad_adds)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d = draft_of("x", 1);
    char *prefix = long_text(STORE_PREFIX_MAX + 1, a), *kw = long_text(101, a);
    struct store_add good = { .acc = acc, .mailbox_name = "INBOX" }, add;

    add = good, add.mailbox_name = "a//b";
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.mailbox_name = NULL, add.mailbox = 4711;
    ck_fails(NOTFOUND, api->add(self, d, &add, 1, NULL, err));
    add = good, add.flags = STORE_FLAGS_ALL + 1;
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.prefix = moxd_str(prefix, STORE_PREFIX_MAX + 1);
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    add = good, add.keywords = KEYWORDS("b", "a");
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.keywords = KEYWORDS("a", "a");
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.keywords = KEYWORDS("Upper");
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.keywords = KEYWORDS("a b");
    ck_fails(INVALID, api->add(self, d, &add, 1, NULL, err));
    add = good, add.keywords = KEYWORDS(kw);
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    ck_assert_uint_eq(check_account(acc).messages, 0);
    api->draft_free(d);
    api->close(acc);
    moxd_arena_free(a);
}

/* --- copy, move, expunge ----------------------------------------------------------------------- */

IN_STORE(copies)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *text = long_text(9000, a);
    uint32_t src = add_text(acc, "INBOX", "small", STORE_SEEN).mailbox_id;
    uint32_t dst = mailbox_of(acc, "Archive", a).id;
    struct store_copied *v;
    struct store_entry *e;
    size_t n;

    add_text(acc, "INBOX", text, 0);
    (void)flag(acc, src, UIDS({ 2, 2 }),
               (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("x", "y") }, a);
    add_text(acc, "Archive", "first", 0);
    (void)flag(acc, dst, NULL, (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("y") }, a);
    ck_err(api->copy(acc, src, NULL, dst, a, &v, &n, err));
    ck_assert_str_eq(copied_text(v, n, a), "1>2 2>3 ");
    ck_assert_str_eq(entries_text(acc, dst, NULL, a), "1 0 y;2 1;3 0 x y;");
    ck_assert_str_eq(entries_text(acc, src, NULL, a), "1 1;2 0 x y;");
    ck_err(api->entries(acc, dst, NULL, a, &e, &n, NULL, err));
    ck_assert_str_eq(body_text(acc, e[1].id, a), "small");
    ck_assert_str_eq(body_text(acc, e[2].id, a), text);

    /* Into itself; of nothing; to nowhere. */
    ck_err(api->copy(acc, dst, UIDS({ 2, 2 }), dst, a, &v, &n, err));
    ck_assert_str_eq(copied_text(v, n, a), "2>4 ");
    ck_err(api->copy(acc, src, UIDS({ 50, 60 }), dst, a, &v, &n, err));
    ck_assert_uint_eq(n, 0);
    ck_fails(NOTFOUND, api->copy(acc, src, NULL, 4711, a, &v, &n, err));
    ck_fails(NOTFOUND, api->copy(acc, 4711, NULL, dst, a, &v, &n, err));
    ck_assert_uint_eq(check_account(acc).files, 2);
    api->close(acc);
    moxd_arena_free(a);
}

IN_STORE(moves)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *text = long_text(9000, a);
    struct store_add one = add_text(acc, "INBOX", "small", STORE_DELETED);
    struct store_add two = add_text(acc, "INBOX", text, 0);
    uint32_t src = one.mailbox_id, dst = mailbox_of(acc, "Trash", a).id;
    struct store_copied *v;
    struct store_entry *e;
    uint64_t modseq;
    size_t n;

    (void)flag(acc, src, UIDS({ 2, 2 }),
               (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("x") }, a);
    ck_err(api->move(acc, src, UIDS({ 1, 9 }), dst, a, &v, &n, &modseq, err));
    ck_assert_uint_eq(modseq, api->modseq(acc));
    ck_assert_str_eq(copied_text(v, n, a), "1>1 2>2 ");
    ck_assert_str_eq(entries_text(acc, src, NULL, a), "");
    ck_assert_str_eq(entries_text(acc, dst, NULL, a), "1 8;2 0 x;");
    ck_err(api->entries(acc, dst, NULL, a, &e, &n, NULL, err));
    ck_assert_uint_eq(e[0].id, one.id); /* the message stays the same */
    ck_assert_uint_eq(e[1].id, two.id);
    ck_assert_str_eq(body_text(acc, two.id, a), text);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, 0);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).uidnext, 3);
    ck_assert_uint_eq(mailbox_of(acc, "Trash", a).deleted, 1);
    ck_err(api->move(acc, dst, NULL, dst, a, &v, &n, NULL, err)); /* into itself: to its end */
    ck_assert_str_eq(copied_text(v, n, a), "1>3 2>4 ");
    ck_assert_str_eq(entries_text(acc, dst, NULL, a), "3 8;4 0 x;");
    ck_assert_uint_eq(mailbox_of(acc, "Trash", a).total, 2);
    ck_err(api->move(acc, src, NULL, dst, a, &v, &n, &modseq, err));
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(modseq, api->modseq(acc));
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: STORE-08, IMAP-13, IMAP-17, P-STORE-04 */
IN_STORE(expunges)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *text = long_text(9000, a);
    struct store_add adds[6];
    struct store_uids out;
    uint64_t modseq;

    for (int i = 0; i < 6; i++)
        adds[i] = add_text(acc, "INBOX", i % 2 ? text : "small",
                           i == 3 ? 0 : STORE_DELETED | STORE_JUNK);
    uint32_t box = adds[0].mailbox_id;
    struct store_body *b;
    ck_err(api->body_open(acc, adds[5].id, &b, err));
    ck_err(api->expunge(acc, box, UIDS({ 2, 6 }), a, &out, &modseq, err));
    ck_assert_str_eq(uids_text(out, a), "2:3,5:6");
    ck_assert_str_eq(entries_text(acc, box, NULL, a), "1 48;4 0;");
    ck_assert_str_eq(entries_text(acc, box, UIDS({ 2, 2 }, { 5, 20 }), a), "");
    wait_erased(acc);
    ck_fails(NOTFOUND, api->body_open(acc, adds[1].id, &b, err));
    ck_assert(!file_exists(acc, adds[1].id));
    ck_assert(file_exists(acc, adds[3].id));

    /* What was open stays readable. */
    char *back = moxd_arena_alloc(a, 9001);
    ck_assert_int_eq(api->body_read(b, 0, back, 9000, NULL), 9000);
    ck_assert_str_eq(back, text);
    api->body_close(b);

    ck_err(api->expunge(acc, box, NULL, a, &out, &modseq, err));
    ck_assert_str_eq(uids_text(out, a), "1");
    ck_err(api->expunge(acc, box, NULL, a, &out, &modseq, err));
    ck_assert_uint_eq(out.n, 0);
    wait_erased(acc);
    struct store_report r = check_account(acc);
    ck_assert_uint_eq(r.files, 1);
    ck_assert_uint_eq(r.expunged, 0);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).uidnext, 7);
    ck_assert_uint_eq(acc->bt->meta.gone_modseq, modseq);
    api->close(acc);
    moxd_arena_free(a);
}

/* proves: IMAP-02, IMAP-03 */
IN_STORE(tells_changes_since_a_modseq)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = 0;
    struct store_entry *e;
    struct store_uids gone;
    size_t n;

    for (int i = 0; i < 5; i++)
        box = add_text(acc, "INBOX", "x", 0).mailbox_id;
    uint64_t at = api->modseq(acc);
    ck_err(api->changed_since(acc, box, NULL, at, a, &e, &n, &gone, err));
    ck_assert_uint_eq(n + gone.n, 0);
    (void)flag(acc, box, UIDS({ 4, 4 }), (struct store_flag_change){ STORE_FLAGS_ADD, 1 }, a);
    (void)flag(acc, box, UIDS({ 1, 2 }, { 5, 5 }),
               (struct store_flag_change){ STORE_FLAGS_ADD, STORE_DELETED }, a);
    ck_err(api->expunge(acc, box, UIDS({ 5, 5 }), a, &gone, NULL, err));
    uint64_t later = api->modseq(acc);
    ck_err(api->expunge(acc, box, NULL, a, &gone, NULL, err));
    ck_err(api->changed_since(acc, box, NULL, at, a, &e, &n, &gone, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(e[0].uid, 4);
    ck_assert_str_eq(uids_text(gone, a), "1:2,5");
    ck_err(api->changed_since(acc, box, NULL, later, a, &e, &n, &gone, err));
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(uids_text(gone, a), "1:2");
    ck_err(api->changed_since(acc, box, UIDS({ 1, 3 }), at, a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 0);
    ck_err(api->changed_since(acc, box, UIDS({ 3, 4 }), 0, a, NULL, NULL, &gone, err));
    ck_assert_str_eq(uids_text(gone, a), "1:2,5");
    struct store_mailbox m;
    uint64_t modseq;
    ck_err(api->select(acc, MOXD_STR("inbox"), 0, a, &m, &e, &n, &modseq, err));
    ck_assert(m.id == box && n == 2 && e[1].uid == 4 && modseq == m.highestmodseq);
    ck_fails(NOTFOUND, api->select(acc, MOXD_STR("x"), 0, a, &m, &e, &n, &modseq, err));
    ck_err(api->changed_since(acc, box, NULL, UINT64_MAX, a, &e, &n, &gone, err));
    ck_assert_uint_eq(n + gone.n, 0);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(keeps_what_is_recent)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = 0;

    for (int i = 0; i < 3; i++)
        box = add_text(acc, "INBOX", "x", 0).mailbox_id;
    uint64_t modseq = api->modseq(acc);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).recent, 1);
    ck_err(api->set_recent(acc, box, 3, err));
    ck_err(api->set_recent(acc, box, 2, err)); /* never goes back */
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).recent, 3);
    ck_err(api->set_recent(acc, box, 100, err));
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).recent, 4);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).highestmodseq, modseq);
    ck_fails(NOTFOUND, api->set_recent(acc, 9999, 3, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* A record of a mailbox as it was written before it knew of recent messages. */
START_TEST(reads_old_mailbox_records)
{
    unsigned char buf[STORE_RECORD_MAX], old[STORE_RECORD_MAX];
    struct store_mbox m = { .uidvalidity = 1, .uidnext = 7, .recent = 3, .total = 2,
                            .name = MOXD_STR("x") }, got;
    struct moxd_str s = store_mbox_encode(&m, buf);
    size_t at = 1 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4 + 8; /* of recent */

    ck_assert_int_eq(store_mbox_decode(s, &got), 0);
    ck_assert(got.recent == 3 && got.uidnext == 7 && moxd_str_eqs(got.name, "x"));
    memcpy(old, buf, at);
    memcpy(old + at, buf + at + 4, s.n - at - 4);
    old[0] = 1;
    ck_assert_int_eq(store_mbox_decode(moxd_str((char *)old, s.n - 4), &got), 0);
    ck_assert(got.recent == 7 && got.total == 2 && moxd_str_eqs(got.name, "x"));
}
END_TEST

/* Larger than a bulk read and than a portion. */
IN_STORE(works_on_many_messages)
{
    enum { MANY = 3000 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d = draft_of("hello", 5);
    struct store_add *adds = moxd_arena_calloc(a, MANY, sizeof(*adds));
    struct store_copied *v;
    struct store_entry *e;
    struct store_uids out;
    size_t n;

    for (int i = 0; i < MANY; i++)
        adds[i] = (struct store_add){ .acc = acc, .mailbox_name = "INBOX" };
    ck_err(api->add(self, d, adds, MANY, NULL, err));
    api->draft_free(d);
    uint32_t box = adds[0].mailbox_id, dst = mailbox_of(acc, "Archive", a).id;
    ck_err(api->entries(acc, box, NULL, a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, MANY);
    for (uint32_t i = 0; i < MANY; i++)
        ck_assert_uint_eq(e[i].uid, i + 1);
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED, KEYWORDS("k") };
    ck_err(api->set_flags(acc, box, UIDS({ 1, 10 }, { 500, 2500 }), &fc, a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 2011);
    ck_err(api->copy(acc, box, UIDS({ 400, 1400 }), dst, a, &v, &n, err));
    ck_assert_uint_eq(n, 1001);
    ck_err(api->expunge(acc, box, NULL, a, &out, NULL, err));
    ck_assert_str_eq(uids_text(out, a), "1:10,500:2500");
    ck_err(api->move(acc, box, NULL, dst, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 989);
    ck_assert_uint_eq(mailbox_of(acc, "Archive", a).total, 1990);
    wait_erased(acc);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: P-STORE-06, IMAP-16 */
IN_STORE(stops_when_uids_are_used_up)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = add_text(acc, "INBOX", "x", 0).mailbox_id;
    struct store_draft *d = draft_of("x", 1);
    struct store_add add = { .acc = acc, .mailbox = box };

    /* As if all but one had been given out. */
    struct store_key key = store_key_u32(STORE_T_MAILBOX, box);
    unsigned char buf[STORE_RECORD_MAX];
    DB_TXN *txn;
    struct store_tx tx = { .bt = acc->bt, .val = { .flags = DB_DBT_REALLOC } };
    struct moxd_str val;
    struct store_mbox r;
    ck_assert_int_eq(acc->s->env->db->txn_begin(acc->s->env->db, NULL, &txn, 0), 0);
    tx.txn = txn;
    ck_assert_int_eq(store_get(&tx, &key, &val, NULL), 1);
    ck_assert_int_eq(store_mbox_decode(val, &r), 0);
    r.uidnext = UINT32_MAX - 1;
    ck_assert_int_eq(store_put(&tx, &key, store_mbox_encode(&r, buf), NULL), 0);
    ck_assert_int_eq(txn->commit(txn, 0), 0);
    free(tx.val.data);

    ck_err(api->add(self, d, &add, 1, NULL, err));
    ck_assert_uint_eq(add.uid, UINT32_MAX - 1);
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    ck_assert_str_eq(entries_text(acc, box, NULL, a), "1 0;4294967294 0;");
    ck_assert_str_eq(entries_text(acc, box, UIDS({ 4294967000u, UINT32_MAX }), a),
                     "4294967294 0;");
    api->draft_free(d);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(keeps_notes)
{
    struct store_account *acc = open_account("mjl");
    struct store_add add = add_text(acc, "INBOX", "x", STORE_DELETED);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(STORE_VALUE_MAX), small = MOXD_BUF_INIT(3);
    char *big = long_text(STORE_VALUE_MAX + 1, a);
    uint64_t modseq = api->modseq(acc);
    struct store_uids out;

    ck_fails(NOTFOUND, api->note_get(acc, add.id, "mime", &b, err));
    ck_err(api->note_set(acc, add.id, "mime", MOXD_STR("tree"), err));
    ck_err(api->note_set(acc, add.id, "mime", MOXD_STR("tree2"), err));
    ck_err(api->note_set(acc, add.id, "preview", moxd_str(big, STORE_VALUE_MAX), err));
    ck_err(api->note_get(acc, add.id, "mime", &b, err));
    ck_assert_str_eq(moxd_buf_cstr(&b), "tree2");
    ck_fails(LIMIT, api->note_get(acc, add.id, "mime", &small, err));
    ck_fails(LIMIT, api->note_set(acc, add.id, "big", moxd_str(big, STORE_VALUE_MAX + 1), err));
    ck_fails(NOTFOUND, api->note_set(acc, 4711, "mime", MOXD_STR("tree"), err));
    ck_fails(INVALID, api->note_set(acc, add.id, "", MOXD_STR("tree"), err));
    ck_assert_uint_eq(api->modseq(acc), modseq);
    (void)check_account(acc);
    ck_err(api->expunge(acc, add.mailbox_id, NULL, a, &out, NULL, err));
    wait_erased(acc);
    ck_fails(NOTFOUND, api->note_get(acc, add.id, "mime", &b, err));
    moxd_buf_fini(&b);
    moxd_buf_fini(&small);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: ACCT-08 */
IN_STORE(obeys_the_quota)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = add_text(acc, "INBOX", "0123456789", STORE_DELETED).mailbox_id;
    struct store_draft *d = draft_of("0123456789", 10);
    struct store_add add = { .acc = acc, .mailbox = box };
    struct store_copied *v;
    struct store_uids out;
    size_t n;

    store_instance.opt.quota.size = 29;
    ck_err(api->add(self, d, &add, 1, NULL, err));
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    ck_fails(LIMIT, api->copy(acc, box, UIDS({ 1, 1 }), box, a, &v, &n, err));
    ck_err(api->expunge(acc, box, NULL, a, &out, NULL, err));
    ck_err(api->copy(acc, box, UIDS({ 2, 2 }), box, a, &v, &n, err));
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).size, 20);
    store_instance.opt.quota.size = 9; /* too small for it even when empty */
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    store_instance.opt.quota = (struct store_quota){ .messages = 3 };
    ck_err(api->add(self, d, &add, 1, NULL, err));
    ck_fails(LIMIT, api->add(self, d, &add, 1, NULL, err));
    ck_fails(LIMIT, api->copy(acc, box, UIDS({ 3, 3 }), box, a, &v, &n, err));
    store_instance.opt.quota.messages = 0;
    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store", adds_and_reads, keeps_bodies_of_all_sizes, draft_can_be_read_while_it_grows,
          adds_to_several_accounts_at_once, adds_many_drafts, refuses_bad_adds, copies, moves,
          expunges, tells_changes_since_a_modseq, keeps_what_is_recent, reads_old_mailbox_records,
          works_on_many_messages, stops_when_uids_are_used_up, keeps_notes, obeys_the_quota)
