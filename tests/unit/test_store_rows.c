/* Mailboxes as pages list them, and what pages do with messages: by id, in whatever mailboxes they are. */
#include "thread_unit.h"

/* Rows as "id" with a ">" for each level in front, "*" when unseen, "+hidden/unseen" behind. */
static const char *page(struct store_account *acc, struct store_rows *rows, struct moxd_arena *a)
{
    char *s = moxd_arena_strdup(a, "");

    rows->arena = a;
    if (rows->mailbox == 0)
        rows->mailbox = mailbox_of(acc, "INBOX", a).id;
    if (rows->max == 0)
        rows->max = 1000;
    ck_err(api->rows(acc, rows, err));
    for (size_t i = 0; i < rows->n; i++) {
        const struct store_row *r = &rows->v[i];

        s = moxd_arena_printf(a, "%s%s%.*s%llu%s", s, i > 0 ? " " : "", (int)r->depth, ">>>>>>>>",
                              (unsigned long long)r->id, r->flags & STORE_SEEN ? "" : "*");
        if (r->hidden > 0)
            s = moxd_arena_printf(a, "%s+%u/%u", s, r->hidden, r->hidden_unseen);
    }
    return s;
}
#define ck_rows(mode_, want)                                                                       \
    ck_assert_str_eq(page(acc, &(struct store_rows){ .mode = STORE_ROWS_##mode_ }, a), want)

static void seen(struct store_account *acc, uint64_t id, enum store_flag_mode mode)
{
    struct store_flag_change fc = { .mode = mode, .flags = STORE_SEEN };
    ck_err(api->flag_ids(acc, &id, 1, &fc, err));
}

/* Two threads, 1 (2 (4) 3) and 5 (6), and 7 alone; 6 came last. */
static void two_threads(struct store_account *acc)
{
    add_mail(acc, MAIL("<a@x>", .subject = "Plan", .received = 1 * DAY));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "Re: Plan", .received = 2 * DAY));
    add_mail(acc, MAIL("<c@x>", "<a@x>", .subject = "Re: Plan", .received = 3 * DAY));
    add_mail(acc, MAIL("<d@x>", "<a@x> <b@x>", .subject = "Re: Plan", .received = 4 * DAY));
    add_mail(acc, MAIL("<e@x>", .subject = "Lunch", .received = 2 * DAY + 1));
    add_mail(acc, MAIL("<f@x>", "<e@x>", .subject = "Re: Lunch", .received = 9 * DAY));
    add_mail(acc, MAIL("<g@x>", .subject = "Alone", .received = 5 * DAY));
    for (uint64_t id = 1; id <= 7; id++)
        seen(acc, id, STORE_FLAGS_ADD);
}

/* proves: THR-05, THR-07 */
IN_STORE(modes_open_threads)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    ck_rows(ON, "");
    two_threads(acc);
    ck_rows(OFF, "6 7 4 3 5 2 1");
    ck_rows(ON, "5 >6 7 1 >2 >>4 >3"); /* open, unless they are collapsed */
    ck_rows(UNREAD, "5+1/0 7 1+3/0");
    /* One that is unseen opens its thread in mode "unread", wherever in it it is. */
    seen(acc, 3, STORE_FLAGS_REMOVE);
    ck_rows(UNREAD, "5+1/0 7 1 >2 >>4 >3*");
    ck_rows(OFF, "6 7 4 3* 5 2 1");
    /* Collapsed: one row in mode "on"; nothing to the others. */
    set(acc, 1, STORE_THREAD_COLLAPSED, STORE_THREAD_COLLAPSED);
    ck_rows(ON, "5 >6 7 1+3/1");
    ck_rows(UNREAD, "5+1/0 7 1 >2 >>4 >3*");
    ck_rows(OFF, "6 7 4 3* 5 2 1");
    add_mail(acc, MAIL("<h@x>", "<a@x> <d@x>", .subject = "Re: Plan", .received = 10 * DAY));
    ck_rows(ON, "1+4/2 5 >6 7"); /* what comes is collapsed too, and brings the thread up */
    set(acc, 1, STORE_THREAD_COLLAPSED, 0);
    ck_rows(ON, "1 >2 >>4 >>>8* >3* 5 >6 7");
    set(acc, 2, STORE_THREAD_COLLAPSED, STORE_THREAD_COLLAPSED); /* a part of it */
    ck_rows(ON, "1 >2+2/1 >3* 5 >6 7");
    close_account(acc);
    moxd_arena_free(a);
}

/* proves in part: THR-05 */
IN_STORE(a_thread_is_one_item)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t sent = mailbox_of(acc, "Sent", a).id;
    uint64_t root = 1;

    two_threads(acc);
    ck_err(api->move_ids(acc, &root, 1, sent, false, err));
    /* The root is elsewhere: the oldest stands for the thread, also when it is collapsed. */
    ck_rows(ON, "5 >6 7 2 >3 >4");
    set(acc, 1, STORE_THREAD_COLLAPSED, STORE_THREAD_COLLAPSED);
    ck_rows(ON, "5 >6 7 2+2/0");
    ck_rows(UNREAD, "5+1/0 7 2+2/0");
    ck_assert_str_eq(page(acc, &(struct store_rows){ .mode = STORE_ROWS_ON, .mailbox = sent }, a), "1");
    struct store_rows none = { .mailbox = 4711, .max = 1, .arena = a };
    ck_fails(NOTFOUND, api->rows(acc, &none, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* proves in part: THR-07 */
IN_STORE(pages_follow_each_other)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_rows rows = { .mode = STORE_ROWS_ON, .max = 1 };

    two_threads(acc);
    ck_assert_str_eq(page(acc, &rows, a), "5 >6");
    ck_assert_uint_eq(rows.threads, 3);
    ck_assert_str_eq(page(acc, &rows, a), "7");
    add_mail(acc, MAIL("<new@x>", .subject = "New", .received = 20 * DAY)); /* moves nothing below it */
    ck_assert_str_eq(page(acc, &rows, a), "1 >2 >>4 >3");
    ck_assert_uint_eq(rows.after, 0);
    rows = (struct store_rows){ .mode = STORE_ROWS_OFF, .max = 3, .oldest_first = true };
    ck_assert_str_eq(page(acc, &rows, a), "1 2 5");
    ck_assert_uint_eq(rows.v[0].thread, 0);
    ck_assert_str_eq(page(acc, &rows, a), "3 4 7");
    ck_assert_str_eq(page(acc, &rows, a), "6 8*");
    ck_assert_uint_eq(rows.after, 0);
    close_account(acc);
    moxd_arena_free(a);
}

/* Far apart by their ids they are looked up one by one, with the same result; and a chain may be long. A message knows
 * its nearest 99 ancestors and the root: 201 does not know 101. */
IN_STORE(few_among_many_and_long_chains)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_mail(acc, MAIL("<0@x>", .subject = "Chain", .received = DAY));
    for (int i = 1; i < 300; i++) {
        char *id = moxd_arena_printf(a, "<%d@x>", i), *parent = moxd_arena_printf(a, "<%d@x>", i - 1);
        add_mail_to(acc, i % 100 == 0 ? "INBOX" : "Archive",
                    MAIL(id, .reply = parent, .subject = "Chain", .received = DAY + i));
    }
    ck_rows(ON, "1* >101* >201*");
    struct store_rows rows = { .mode = STORE_ROWS_ON, .mailbox = mailbox_of(acc, "Archive", a).id };
    (void)page(acc, &rows, a);
    ck_assert_uint_eq(rows.n, 297);
    ck_assert_uint_eq(rows.threads, 1);
    ck_assert_uint_eq(rows.v[296].id, 300);
    close_account(acc);
    moxd_arena_free(a);
}

/* A viewer's own \Seen opens threads. */
IN_STORE(viewers_have_their_own)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl"), *as;
    uint64_t id = 3;
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_SEEN };

    two_threads(acc);
    as = api->as(acc, 4711);
    ck_assert_str_eq(page(as, &(struct store_rows){ .mode = STORE_ROWS_OFF }, a),
                     "6* 7* 4* 3* 5* 2* 1*");
    ck_err(api->flag_ids(as, &id, 1, &fc, err));
    ck_err(api->mark_read(as, mailbox_of(acc, "INBOX", a).id, true, err));
    ck_assert_str_eq(page(as, &(struct store_rows){ .mode = STORE_ROWS_UNREAD }, a), "5+1/0 7 1+3/0");
    api->close(as);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- by id -------------------------------------------------------------------------------------- */

/* proves: STORE-22 */
IN_STORE(changes_by_id)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, archive = mailbox_of(acc, "Archive", a).id;
    uint32_t junk = mailbox_of(acc, "Junk", a).id;

    for (int i = 0; i < 4; i++) /* 1 3 5 7 */
        add_text(acc, "INBOX", "A: 1\r\n\r\n", 0), add_text(acc, "Sent", "A: 1\r\n\r\n", 0);
    uint64_t ids[] = { 7, 2, 1, 99, 3, 1 };
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD, .flags = STORE_FLAGGED,
                                    .keywords = KEYWORDS("work") };
    ck_err(api->flag_ids(acc, ids, 6, &fc, err));
    ck_assert_uint_eq(fc.modseq, api->modseq(acc)); /* one change */
    ck_assert_str_eq(entries_text(acc, inbox, NULL, a), "1 4 work;2 4 work;3 0;4 4 work;");
    ck_assert_str_eq(entries_text(acc, mailbox_of(acc, "Sent", a).id, NULL, a), "1 4 work;2 0;3 0;4 0;");
    ck_err(api->flag_ids(acc, ids, 6, &fc, err));
    ck_assert_uint_eq(fc.modseq, 0); /* nothing to change */

    /* To Archive: read, when that is asked for; to where they are: nothing. */
    ck_err(api->move_ids(acc, ids, 2, archive, true, err));
    ck_assert_str_eq(entries_text(acc, archive, NULL, a), "1 5 work;2 5 work;");
    ck_err(api->move_ids(acc, ids, 2, archive, true, err));
    ck_assert_str_eq(entries_text(acc, archive, NULL, a), "1 5 work;2 5 work;");
    ck_err(api->move_ids(acc, ids + 2, 1, inbox, true, err));
    ck_assert_str_eq(entries_text(acc, inbox, UIDS({ 1, 1 }), a), "1 4 work;");
    /* To Junk: as IMAP's MOVE, P-STORE-13. */
    ck_err(api->move_ids(acc, ids + 4, 1, junk, false, err));
    ck_assert_str_eq(entries_text(acc, junk, NULL, a), "1 44 work;");
    ck_fails(NOTFOUND, api->move_ids(acc, ids, 2, 4711, true, err));

    ck_err(api->discard_ids(acc, ids, 6, err));
    ck_assert_str_eq(entries_text(acc, inbox, NULL, a), "3 0;");
    ck_assert_uint_eq(mailbox_of(acc, "Archive", a).total, 0);
    wait_erased(acc);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves in part: STORE-22 */
IN_STORE(mailboxes_are_read_and_emptied)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t top, below, beside;

    ck_err(api->mailbox_create(acc, MOXD_STR("Lists"), 0, true, &top, err));
    ck_err(api->mailbox_create(acc, MOXD_STR("Lists/a/b"), 0, true, &below, err));
    ck_err(api->mailbox_create(acc, MOXD_STR("Lists2"), 0, true, &beside, err));
    add_text(acc, "Lists", "A: 1\r\n\r\n", 0);
    add_text(acc, "Lists", "A: 1\r\n\r\n", STORE_SEEN);
    add_text(acc, "Lists/a/b", "A: 1\r\n\r\n", STORE_FLAGGED);
    add_text(acc, "Lists2", "A: 1\r\n\r\n", 0);
    ck_err(api->mark_read(acc, top, false, err));
    ck_assert_str_eq(entries_text(acc, top, NULL, a), "1 1;2 1;");
    ck_assert_str_eq(entries_text(acc, below, NULL, a), "1 4;");
    ck_err(api->mark_read(acc, top, true, err));
    ck_assert_str_eq(entries_text(acc, below, NULL, a), "1 5;");
    ck_assert_str_eq(entries_text(acc, beside, NULL, a), "1 0;");
    uint64_t before = api->modseq(acc);
    ck_err(api->mark_read(acc, top, true, err));
    ck_assert_uint_eq(api->modseq(acc), before);
    ck_fails(NOTFOUND, api->mark_read(acc, 4711, true, err));

    ck_fails(STATE, api->mailbox_delete_empty(acc, MOXD_STR("Lists2"), err));
    ck_err(api->discard(acc, beside, NULL, err));
    ck_err(api->mailbox_delete_empty(acc, MOXD_STR("Lists2"), err));
    ck_fails(NOTFOUND, api->mailbox_delete_empty(acc, MOXD_STR("Lists2"), err));
    ck_err(api->discard(acc, top, NULL, err));
    ck_fails(STATE, api->mailbox_delete_empty(acc, MOXD_STR("Lists"), err)); /* children */
    wait_erased(acc);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- a record with what is added ------------------------------------------------------------------ */

static int put_uids(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct store_add *adds = arg;
    char text[20];

    if (adds[0].flags & STORE_DRAFT)
        return moxd_err_set(err, MOXD_ERR_STATE, "refused");
    snprintf(text, sizeof(text), "%u-%u", adds[0].uid, adds[1].uid);
    return api->tx_put(tx, "test", MOXD_STR("k"), moxd_cstr(text), err);
}

static int get_uids(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    return api->tx_get(tx, "test", MOXD_STR("k"), arg, err);
}

IN_STORE(records_go_with_what_is_added)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d[] = { draft_of("A: 1\r\n\r\n", 8), draft_of("A: 2\r\n\r\n", 8) };
    struct store_add adds[2] = { { .acc = acc, .mailbox_name = "INBOX" },
                                 { .acc = acc, .mailbox_name = "INBOX" } };
    struct moxd_buf out = MOXD_BUF_INIT(100);

    ck_err(api->add_and(self, d, adds, 2, put_uids, adds, err));
    ck_err(api->view(self, acc, get_uids, &out, err));
    ck_assert_str_eq(moxd_buf_cstr(&out), "1-2");
    adds[0].flags = STORE_DRAFT;
    ck_fails(STATE, api->add_and(self, d, adds, 2, put_uids, adds, err));
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).total, 2);
    api->draft_free(d[0]);
    api->draft_free(d[1]);
    moxd_buf_fini(&out);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store rows", modes_open_threads, a_thread_is_one_item, pages_follow_each_other,
          few_among_many_and_long_chains, viewers_have_their_own, changes_by_id,
          mailboxes_are_read_and_emptied, records_go_with_what_is_added)
