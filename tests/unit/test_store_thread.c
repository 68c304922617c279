/* Threads: which message belongs to which, what is muted, accounts that had none. */
#include "thread_unit.h"

/* proves: THR-01, THR-02, THR-11 */
IN_STORE(links_by_references)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    ck_assert_uint_eq(add_mail(acc, MAIL("<a@x>", .subject = "Plan")), 1);
    ck_place(1, "1:");
    ck_assert_uint_eq(add_mail(acc, MAIL("<b@x>", .reply = "<a@x>", .subject = "Re: Plan")), 2);
    ck_place(2, "1: 1");
    /* The parent is the last reference; an ancestor does when it is not there. */
    add_mail(acc, MAIL("<c@x>", "<a@x> <b@x>", "<b@x>", "Re: [list] plan"));
    ck_place(3, "1: 2 1");
    add_mail(acc, MAIL("<e@x>", "<a@x> <b@x> <d@x>", .subject = "Fwd: Plan"));
    ck_place(4, "1: 2 1!");
    add_mail_to(acc, "Sent", MAIL("<f@x>", "<a@x>", "<c@x>", "RE: Plan")); /* References lacks it */
    ck_place(5, "1: 3 2 1");
    /* Another subject is another thread, and so is a parent that nobody has. */
    add_mail(acc, MAIL("<g@x>", "<a@x>", .subject = "Re: Lunch"));
    ck_place(6, "6:!");
    add_mail(acc, MAIL("<h@x>", "<late@x>", .subject = "Re: Plan"));
    ck_place(7, "7:!");
    add_mail(acc, MAIL("<late@x>", .subject = "Quite new"));
    add_mail(acc, MAIL("<late@x>", "<a@x>", .subject = "Plan"));
    ck_place(7, "7:!"); /* earlier messages stay where they are */
    ck_place(9, "1: 1");
    ck_assert_str_eq(members(acc, 1, a), "1 2 3 4 5 9");
    ck_assert_str_eq(members(acc, 6, a), "6");
    ck_assert_str_eq(members(acc, 5, a), "1 2 3 4 5 9");
    ck_assert_str_eq(members(acc, 4711, a), "");
    ck_assert_uint_eq(thread_of(acc, 4711, a).id, 0);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: THR-02 */
IN_STORE(links_by_subject)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    int64_t now = 1000 * DAY;

    add_mail(acc, MAIL("<a@x>", .subject = "Report", .received = now));
    add_mail(acc, MAIL("<b@x>", .subject = "Re: report", .received = now + 28 * DAY));
    ck_place(2, "1: 1");
    add_mail(acc, MAIL("<c@x>", .subject = "Report", .received = now + 29 * DAY)); /* the latest */
    ck_place(3, "1: 2 1");
    add_mail(acc, MAIL("<d@x>", .subject = "Report", .received = now + 58 * DAY)); /* too late */
    ck_place(4, "4:");
    add_mail(acc, MAIL("<e@x>", .subject = "Report", .received = now + 1 * DAY)); /* in between */
    ck_place(5, "1: 1");
    add_mail(acc, MAIL("<f@x>", .subject = "Report", .received = now - 1)); /* nothing before */
    ck_place(6, "6:");
    /* Not with references, not without a subject. */
    add_mail(acc, MAIL("<g@x>", "<z@x>", .subject = "Report", .received = now + 30 * DAY));
    ck_place(7, "7:!");
    add_mail(acc, MAIL("<h@x>", .subject = "Re:", .received = now));
    add_mail(acc, MAIL("<i@x>", .received = now + 1));
    ck_place(8, "8:");
    ck_place(9, "9:");
    add_mail(acc, MAIL("<j@x>", .reply = "<i@x>", .subject = "Re: ", .received = now + 2));
    ck_place(10, "9: 9");
    close_account(acc);
    moxd_arena_free(a);
}

/* What comes back is shown with what was sent, whatever its subject. proves in part: P-SMTP-18 */
IN_STORE(reports_are_with_their_messages)
{
    static const char type[] = "multipart/report; report-type=delivery-status; boundary=b";
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_mail_to(acc, "Sent", MAIL("<a@x>", .subject = "Plan"));
    add_mail(acc, MAIL("<dsn1@x>", "<a@x>", .subject = "Undelivered mail", .type = type));
    ck_place(2, "1: 1");
    add_mail(acc, MAIL("<b@x>", "<dsn1@x>", .subject = "Re: Undelivered mail"));
    ck_place(3, "1: 2 1");
    add_mail(acc, MAIL("<dsn2@x>", "<z@x>", .subject = "Undelivered mail", .type = type));
    ck_place(4, "4:!");
    add_mail(acc, MAIL("<c@x>", "<a@x>", .subject = "Lunch", .type = "multipart/mixed"));
    ck_place(5, "5:!");
    /* Without a reference they are as other messages. */
    add_mail(acc, MAIL("<dsn3@x>", .subject = "Returned mail", .type = type));
    ck_place(6, "6:");
    add_mail(acc, MAIL("<dsn4@x>", .subject = "Returned mail", .type = type));
    ck_place(7, "6: 6");
    close_account(acc);
    moxd_arena_free(a);
}

/* A message that is there twice is at one place. proves: THR-01 */
IN_STORE(copies_are_in_the_same_place)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t inbox = mailbox_of(acc, "INBOX", a).id, trash = mailbox_of(acc, "Trash", a).id;
    struct store_copied *c;
    struct store_uids gone;
    struct store_entry *e;
    size_t n;

    add_mail(acc, MAIL("<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S"));
    add_mail_to(acc, "Sent", MAIL("<B@X>", .subject = "S")); /* the own one, without its References */
    ck_place(3, "1: 1");
    ck_err(api->copy(acc, inbox, UIDS({ 2, 2 }), trash, a, &c, &n, err));
    ck_place(4, "1: 1");
    ck_err(api->move(acc, inbox, UIDS({ 2, 2 }), trash, a, &c, &n, NULL, err));
    ck_place(2, "1: 1");
    ck_assert_str_eq(members(acc, 1, a), "1 2 3 4");

    /* What is expunged is no parent any more; the others keep their places. */
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_DELETED };
    ck_err(api->set_flags(acc, inbox, NULL, &fc, a, &e, &n, NULL, err));
    ck_err(api->expunge(acc, inbox, NULL, a, &gone, NULL, err));
    ck_place(2, "1: 1");
    ck_assert_str_eq(members(acc, 2, a), "2 3 4");
    add_mail(acc, MAIL("<c@x>", "<a@x>", .subject = "S"));
    ck_place(5, "5:!");
    add_mail(acc, MAIL("<d@x>", "<b@x>", .subject = "S"));
    ck_place(6, "1: 2 1");
    ck_err(api->mailbox_delete(acc, MOXD_STR("Trash"), err));
    close_account(acc);
    moxd_arena_free(a);
}

/* --- muted and collapsed ----------------------------------------------------------------------- */

static unsigned flags_of(struct store_account *acc, uint32_t uid, struct moxd_arena *a)
{
    struct store_entry *e = NULL;
    size_t n = 0;
    ck_err(api->entries(acc, mailbox_of(acc, "INBOX", a).id, UIDS({ uid, uid }), a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    return e->flags;
}

static void nobody(void *arg)
{
    (void)arg;
}

/* proves: THR-04, THR-06
 * proves in part: THR-05 (kept, and expanded unless collapsed; nothing shows it yet) */
IN_STORE(mutes_and_collapses)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint64_t id = 1;

    add_mail(acc, MAIL("<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<c@x>", "<b@x>", .subject = "S"));
    add_mail(acc, MAIL("<d@x>", "<a@x>", .subject = "S"));
    set(acc, 2, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    ck_place(1, "1:");
    ck_place(2, "1: 1m");
    ck_place(3, "1: 2 1m");
    ck_place(4, "1: 1");
    ck_assert_uint_eq(flags_of(acc, 3, a), 0); /* new ones only */
    add_mail(acc, MAIL("<e@x>", "<c@x>", .subject = "S"));
    ck_place(5, "1: 3 2 1m");
    ck_assert_uint_eq(flags_of(acc, 5, a), STORE_SEEN);
    add_mail(acc, MAIL("<f@x>", "<d@x>", .subject = "S"));
    ck_place(6, "1: 4 1");
    ck_assert_uint_eq(flags_of(acc, 6, a), 0);
    set(acc, 1, STORE_THREAD_COLLAPSED, STORE_THREAD_COLLAPSED);
    ck_place(6, "1: 4 1c");
    ck_place(5, "1: 3 2 1mc");
    add_mail(acc, MAIL("<g@x>", "<f@x>", .subject = "S"));
    ck_place(7, "1: 6 4 1c");
    set(acc, 1, STORE_THREAD_MUTED | STORE_THREAD_COLLAPSED, 0);
    ck_place(5, "1: 3 2 1");
    ck_assert_uint_eq(flags_of(acc, 5, a), STORE_SEEN);
    id = 4711;
    ck_err(api->set_thread(acc, &id, 1, STORE_THREAD_MUTED, STORE_THREAD_MUTED, err));
    ck_fails(INVALID, api->set_thread(acc, &id, 1, STORE_THREAD_MISSING, 0, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: THR-04, STORE-06 */
IN_STORE(tells_what_was_muted)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_change *v;
    size_t n;

    add_mail(acc, MAIL("<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S"));
    set(acc, 2, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    uint64_t modseq = api->modseq(acc);
    struct store_watch *w = api->watch(acc, nobody, NULL);
    set(acc, 1, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    ck_err(api->changes(w, a, &v, &n, err));
    ck_assert_uint_eq(n, 1); /* the other one was muted already */
    ck_assert_int_eq(v[0].kind, STORE_CHANGE_THREAD);
    ck_assert_uint_eq(v[0].id, 1);
    ck_assert_uint_eq(v[0].uid, 1);
    ck_assert_uint_eq(v[0].mailbox, mailbox_of(acc, "INBOX", a).id);
    ck_assert_uint_eq(v[0].flags, STORE_THREAD_MUTED);
    ck_assert_uint_gt(v[0].modseq, modseq);
    ck_assert_uint_lt(mailbox_of(acc, "INBOX", a).highestmodseq, v[0].modseq);
    set(acc, 1, STORE_THREAD_MUTED, STORE_THREAD_MUTED);
    ck_assert(!api->pending(w));
    api->unwatch(w);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- message ids ------------------------------------------------------------------------------- */

static const char *with_id(struct store_account *acc, const char *id, struct moxd_arena *a)
{
    uint64_t *ids = NULL;
    size_t n = 0;
    char *s = moxd_arena_strdup(a, "");
    ck_err(api->by_message_id(acc, moxd_cstr(id), a, &ids, &n, err));
    for (size_t i = 0; i < n; i++)
        s = moxd_arena_printf(a, "%s%s%llu", s, i > 0 ? " " : "", (unsigned long long)ids[i]);
    return s;
}

/* proves: THR-03 */
IN_STORE(finds_by_message_id)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_mail(acc, MAIL("<\"Quoted\"@X> (comment)"));
    add_mail(acc, MAIL("bare@x"));
    add_mail(acc, MAIL("<quoted@x>", .subject = "Another"));
    add_mail(acc, MAIL(NULL));
    ck_assert_str_eq(thread_of(acc, 1, a).message_id, "quoted@x");
    ck_assert_str_eq(thread_of(acc, 4, a).message_id, "");
    ck_assert_str_eq(with_id(acc, "<quoted@x>", a), "1 3");
    ck_assert_str_eq(with_id(acc, "BARE@x", a), "2");
    ck_assert_str_eq(with_id(acc, "<>", a), "");
    ck_assert_str_eq(with_id(acc, "<none@x>", a), "");
    close_account(acc);
    moxd_arena_free(a);
}

/* The header may be in the prefix, and the same draft have different ones. */
IN_STORE(looks_into_the_prefix)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d = draft_of("Message-ID: <b@x>\r\n\r\nx", 22);
    struct store_add adds[] = {
        { .acc = acc, .mailbox_name = "INBOX", .prefix = MOXD_STR("Received: x\r\n") },
        { .acc = acc, .mailbox_name = "INBOX", .prefix = MOXD_STR("Message-ID: <a@x>\r\n") },
        { .acc = acc, .mailbox_name = "Sent", .prefix = MOXD_STR("Delivered-To: x\r\n") },
    };

    ck_err(api->add(self, d, adds, 3, NULL, err));
    ck_assert_str_eq(with_id(acc, "a@x", a), "2");
    ck_assert_str_eq(with_id(acc, "b@x", a), "1 3");
    api->draft_free(d);

    /* A header in a file. */
    char *big = moxd_arena_alloc(a, 400001);
    memset(big, 'b', 400000);
    memcpy(big, "Subject: S\r\nX: ", 15);
    memcpy(big + 300000, "\r\nMessage-ID: <c@x>\r\n\r\n", 23);
    add_text(acc, "INBOX", big, 0);
    ck_assert_str_eq(with_id(acc, "c@x", a), "4");
    close_account(acc);
    moxd_arena_free(a);
}

/* --- later ------------------------------------------------------------------------------------- */

/* proves: THR-10 */
IN_STORE(links_an_import_at_its_end)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_mail(acc, MAIL("<a@x>", .subject = "S"));
    add_mail(acc, MAIL("<d@x>", "<a@x> <b@x> <c@x>", .subject = "S", .later = true));
    add_mail(acc, MAIL("<c@x>", "<a@x> <b@x>", .subject = "S", .later = true));
    ck_place(2, "0:");
    add_mail(acc, MAIL("<e@x>", "<a@x> <c@x>", .subject = "S")); /* delivered meanwhile: at once */
    ck_place(4, "1: 1!");
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S", .later = true));
    ck_err(api->link_threads(acc, err));
    ck_place(2, "1: 3 5 1");
    ck_place(3, "1: 5 1");
    ck_place(5, "1: 1");
    ck_place(4, "1: 1!");
    ck_err(api->link_threads(acc, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* References in circles end. */
IN_STORE(survives_circles)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_mail(acc, MAIL("<a@x>", "<c@x>", .subject = "S", .later = true));
    add_mail(acc, MAIL("<b@x>", "<a@x>", .subject = "S", .later = true));
    add_mail(acc, MAIL("<c@x>", "<b@x>", .subject = "S", .later = true));
    add_mail(acc, MAIL("<d@x>", "<d@x>", .subject = "T", .later = true));
    add_mail(acc, MAIL("<d@x>", "<d@x>", .subject = "T", .later = true));
    ck_err(api->link_threads(acc, err));
    ck_place(2, "2:!"); /* the first that was reached again */
    ck_place(3, "2: 2");
    ck_place(1, "2: 3 2");
    ck_place(4, "4:");
    ck_place(5, "4:");
    close_account(acc);
    moxd_arena_free(a);
}

/* Of a long chain the nearest ancestors and the root are kept. proves: THR-01 */
IN_STORE(keeps_the_root)
{
    enum { DEEP = 250 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl"), *other = open_account("other");
    char id[20], parent[20] = "";

    for (int i = 1; i <= DEEP; i++) {
        snprintf(id, sizeof(id), "<%d@x>", i);
        add_mail(acc, MAIL(id, i > 1 ? parent : NULL, .subject = "S"));
        memcpy(parent, id, sizeof(id));
    }
    for (int i = DEEP; i >= 1; i--) { /* the youngest first: more than are linked in one go */
        snprintf(id, sizeof(id), "<%d@x>", i);
        snprintf(parent, sizeof(parent), "<%d@x>", i - 1);
        add_mail(other, MAIL(id, i > 1 ? parent : NULL, .subject = "S", .later = true));
    }
    ck_err(api->link_threads(other, err));
    struct store_thread t = thread_of(acc, DEEP, a);
    ck_assert_uint_eq(t.thread, 1);
    ck_assert_uint_eq(t.nancestors, STORE_ANCESTORS_MAX);
    ck_assert_uint_eq(t.ancestors[0], DEEP - 1);
    ck_assert_uint_eq(t.ancestors[98], DEEP - 99);
    ck_assert_uint_eq(t.ancestors[99], 1);
    set(acc, 20, STORE_THREAD_MUTED, STORE_THREAD_MUTED); /* all below, also the far ones */
    ck_assert_uint_eq(thread_of(acc, 19, a).state, 0);
    ck_assert_uint_eq(thread_of(acc, DEEP, a).state, STORE_THREAD_MUTED);
    close_account(other);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- any order --------------------------------------------------------------------------------- */

/* Message ids of thread and ancestors. */
static const char *named_place(struct store_account *acc, uint64_t id, struct moxd_arena *a)
{
    struct store_thread t = thread_of(acc, id, a);
    char *s = moxd_arena_printf(a, "%s in %s:", t.message_id, thread_of(acc, t.thread, a).message_id);
    for (size_t i = 0; i < t.nancestors; i++)
        s = moxd_arena_printf(a, "%s %s", s, thread_of(acc, t.ancestors[i], a).message_id);
    return s;
}

/* An import in any order gives what deliveries in the right order give. proves: THR-10 */
IN_STORE(order_does_not_matter)
{
    enum { MANY = 60 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl"), *other = open_account("other");
    struct mail mail[MANY];
    uint64_t id[MANY], other_id[MANY];
    int order[MANY];

    srandom(7);
    for (int i = 0; i < MANY; i++) {
        int parent = i > 0 && random() % 5 > 0 ? (int)(random() % i) : -1;
        mail[i] = (struct mail){ .id = moxd_arena_printf(a, "<%d@x>", i), .received = (i + 1) * 30 * DAY,
                                 .subject = "S", .later = true, };
        if (parent >= 0)
            mail[i].refs = moxd_arena_printf(a, "%s %s", mail[parent].refs ? mail[parent].refs : "",
                                             mail[parent].id);
        order[i] = i;
        struct mail now = mail[i];
        now.later = false;
        id[i] = add_mail(acc, now);
    }
    for (int i = MANY - 1; i > 0; i--) {
        int k = (int)(random() % (i + 1)), was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
    for (int i = 0; i < MANY; i++)
        other_id[order[i]] = add_mail(other, mail[order[i]]);
    ck_err(api->link_threads(other, err));
    for (int i = 0; i < MANY; i++)
        ck_assert_str_eq(named_place(other, other_id[i], a), named_place(acc, id[i], a));
    close_account(other);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_thread", links_by_references, links_by_subject, reports_are_with_their_messages, copies_are_in_the_same_place,
          mutes_and_collapses, tells_what_was_muted, finds_by_message_id, looks_into_the_prefix,
          links_an_import_at_its_end, survives_circles, keeps_the_root, order_does_not_matter)
