/* What an account knows of those who write to it, without a server.
 *
 * proves: REP-01, REP-12
 * proves in part: REP-03, REP-07, REP-11, SMTPIN-10, P-ANALYZE-02 */
#include "store_unit.h"

#include "reputation.h"

static struct reputation rep = { .store = &store_api, .store_self = &store_instance.m };

static const struct moxd_hook_ref hooks[] = {
    { .fn = (moxd_any_fn *)reputation_on_store_change },
    { 0 },
};

static struct store_account *open_noting(void)
{
    store_instance.hooks = hooks;
    return open_account("mjl");
}

static struct smtp_auth_result result(const char *method, const char *value, const char *domain)
{
    return (struct smtp_auth_result){
        .shown = { .method = moxd_cstr(method), .result = moxd_cstr(value) },
        .domain = moxd_cstr(domain),
    };
}

enum how { UNCHECKED, PASS, FAIL };

/* A message comes in by SMTP. */
static struct store_add deliver(struct store_account *acc, const char *mailbox, const char *from,
                                enum how how, int64_t days_ago)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const char *text = moxd_arena_printf(a, "From: %s\r\n\r\nx\r\n", from);
    const struct smtp_conn conn = { .account = NULL };
    const struct smtp_mail mail = { .conn = &conn };
    const struct smtp_auth_result spf = result("spf", how == PASS ? "pass" : "fail", "a.test");
    const struct smtp_auth_result *const results[] = { &spf };
    struct smtp_message msg = { .mail = &mail,
                                .header = moxd_cstr(text),
                                .results = results,
                                .nresults = how == UNCHECKED ? 0 : 1 };
    struct store_draft *d = draft_of(text, strlen(text));
    struct store_add add = { .acc = acc,
                             .mailbox_name = mailbox,
                             .create = true,
                             .origin = "smtp",
                             .origin_data = &msg,
                             .received.ns = moxd_wall() - days_ago * REPUTATION_DAY * MOXD_SEC };

    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    moxd_arena_free(a);
    return add;
}

static struct reputation_who who_of(const char *from, struct moxd_arena *a)
{
    struct reputation_who who;

    ck_assert_msg(reputation_who(moxd_cstr(from), a, &who), "%s", from);
    return who;
}

static enum reputation_answer ask(struct store_account *acc, const char *mailbox, const char *from,
                                  enum reputation_class class)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct reputation_who who = who_of(from, a);
    enum reputation_answer answer = REPUTATION_ONLY_JUNK;

    ck_err(reputation_ask(&rep, acc, mailbox, &who, class, moxd_wall() / MOXD_SEC, &answer, err));
    moxd_arena_free(a);
    return answer;
}
#define ck_answer(expected, mailbox, from)                                                         \
    ck_assert_int_eq(ask(acc, mailbox, from, REPUTATION_VERIFIED), REPUTATION_##expected)
#define ck_claimed(expected, mailbox, from)                                                        \
    ck_assert_int_eq(ask(acc, mailbox, from, REPUTATION_CLAIMED), REPUTATION_##expected)

static void move(struct store_account *acc, const struct store_add *what, const char *to)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_copied *v;
    size_t n;

    ck_err(api->move(acc, what->mailbox_id, UIDS({ what->uid, what->uid }),
                     mailbox_of(acc, to, a).id, a, &v, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    moxd_arena_free(a);
}

static void set(struct store_account *acc, const struct store_add *what, unsigned flags)
{
    struct moxd_arena *a = moxd_arena_new(0);

    (void)flag(acc, what->mailbox_id, UIDS({ what->uid, what->uid }),
               (struct store_flag_change){ .mode = STORE_FLAGS_SET, .flags = flags }, a);
    moxd_arena_free(a);
}

IN_STORE(who_wrote_is_known)
{
    struct store_account *acc = open_noting();

    ck_answer(FIRST_TIME, "INBOX", "x@a.test");
    ck_answer(FIRST_TIME, "No such mailbox", "x@a.test");
    (void)deliver(acc, "INBOX", "X <x@sub.a.test>", UNCHECKED, 0);
    ck_answer(KNOWN, "INBOX", "\"other name\" <X@Sub.A.test>");
    ck_answer(KNOWN, "inbox", "x@sub.a.test");
    ck_answer(DOMAIN_KNOWN, "INBOX", "y@a.test");
    ck_answer(DOMAIN_KNOWN, "INBOX", "y@else.a.test");
    ck_answer(FIRST_TIME, "INBOX", "x@b.test");
    close_account(acc);
}

/* Public suffixes are nobody's domain. */
IN_STORE(organizations)
{
    struct store_account *acc = open_noting();

    (void)deliver(acc, "INBOX", "x@one.co.uk", UNCHECKED, 0);
    ck_answer(DOMAIN_KNOWN, "INBOX", "y@mail.one.co.uk");
    ck_answer(FIRST_TIME, "INBOX", "x@two.co.uk");
    (void)deliver(acc, "INBOX", "x@[192.0.2.1]", UNCHECKED, 0);
    ck_answer(KNOWN, "INBOX", "x@[192.0.2.1]");
    close_account(acc);
}

IN_STORE(forged_senders_are_others)
{
    struct store_account *acc = open_noting();

    (void)deliver(acc, "INBOX", "x@a.test", PASS, 0);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_claimed(FIRST_TIME, "INBOX", "x@a.test");
    for (int i = 0; i < 2 * REPUTATION_DOMAIN_MAX; i++)
        set(acc, &(struct store_add[]){ deliver(acc, "INBOX", "x@a.test", FAIL, 0) }[0],
            STORE_JUNK);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_claimed(ONLY_JUNK, "INBOX", "x@a.test");
    ck_claimed(FIRST_TIME, "INBOX", "y@a.test");
    close_account(acc);
}

/* The newest two of an address count. */
IN_STORE(users_say_what_is_junk)
{
    struct store_account *acc = open_noting();
    struct store_add one = deliver(acc, "INBOX", "x@a.test", PASS, 3);
    struct store_add two = deliver(acc, "INBOX", "x@a.test", PASS, 2);

    set(acc, &two, STORE_JUNK);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_answer(FIRST_TIME, "INBOX", "y@a.test"); /* half of it is junk */
    move(acc, &one, "Junk");
    ck_answer(ONLY_JUNK, "INBOX", "x@a.test");
    struct store_add three = deliver(acc, "INBOX", "x@a.test", PASS, 1);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    set(acc, &three, STORE_JUNK);
    set(acc, &two, STORE_NOTJUNK);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    close_account(acc);
}

IN_STORE(by_the_mailbox_of_delivery)
{
    struct store_account *acc = open_noting();
    struct store_add one = deliver(acc, "Lists", "x@a.test", PASS, 0);

    ck_answer(FIRST_TIME, "INBOX", "x@a.test");
    ck_answer(KNOWN, "Lists", "x@a.test");
    move(acc, &one, "Archive");
    ck_answer(KNOWN, "Lists", "x@a.test");
    ck_answer(FIRST_TIME, "Archive", "x@a.test");
    close_account(acc);
}

static struct store_add refuse(struct store_account *acc, const char *from)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const char *text = moxd_arena_printf(a, "From: %s\r\n\r\nx\r\n", from);
    struct store_draft *d = draft_of(text, strlen(text));
    struct store_add add = { .acc = acc,
                             .mailbox_name = "Rejects",
                             .create = true,
                             .origin = "smtp",
                             .received.ns = moxd_wall(),
                             .reject = true,
                             .destined = "INBOX" };

    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
    moxd_arena_free(a);
    return add;
}

IN_STORE(rejects_count_when_taken_out)
{
    struct store_account *acc = open_noting();
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_add one = refuse(acc, "x@a.test"), two = refuse(acc, "x@b.test");
    struct store_add three = refuse(acc, "x@c.test");
    struct store_copied *v;
    size_t n;

    ck_claimed(FIRST_TIME, "INBOX", "x@a.test");
    set(acc, &one, STORE_SEEN);
    ck_claimed(FIRST_TIME, "INBOX", "x@a.test");
    move(acc, &one, "Archive");
    ck_claimed(KNOWN, "INBOX", "x@a.test");
    ck_answer(KNOWN, "INBOX", "x@a.test");
    move(acc, &two, "Junk");
    ck_claimed(ONLY_JUNK, "INBOX", "x@b.test");
    ck_err(api->copy(acc, three.mailbox_id, UIDS({ three.uid, three.uid }),
                     mailbox_of(acc, "Archive", a).id, a, &v, &n, err));
    ck_claimed(KNOWN, "INBOX", "x@c.test");
    moxd_arena_free(a);
    close_account(acc);
}

static void append(struct store_account *acc, const char *mailbox, const char *text)
{
    struct store_draft *d = draft_of(text, strlen(text));
    struct store_add add = {
        .acc = acc, .mailbox_name = mailbox, .origin = "imap", .received.ns = moxd_wall()
    };

    ck_err(api->add(self, d, &add, 1, NULL, err));
    api->draft_free(d);
}

/* Only who proves to be that address. */
IN_STORE(whom_the_account_wrote_to)
{
    struct store_account *acc = open_noting();

    append(acc, "Sent", "From: mjl@mox.example\r\nTo: Friend <Friend@a.test>\r\n\r\nx\r\n");
    ck_answer(WROTE, "INBOX", "friend@a.test");
    ck_claimed(FIRST_TIME, "INBOX", "friend@a.test");
    ck_answer(FIRST_TIME, "INBOX", "other@a.test");
    ck_answer(FIRST_TIME, "Sent", "mjl@mox.example");
    close_account(acc);
}

IN_STORE(what_is_brought_along)
{
    struct store_account *acc = open_noting();

    append(acc, "INBOX", "From: x@a.test\r\n\r\nx\r\n");
    append(acc, "INBOX", "Subject: nobody\r\n\r\nx\r\n");
    append(acc, "INBOX", "From: x@b.test, x@c.test\r\n\r\nx\r\n");
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_claimed(FIRST_TIME, "INBOX", "x@a.test");
    ck_answer(FIRST_TIME, "INBOX", "x@b.test");
    close_account(acc);
}

/* What is expunged stays known; what is too old does not. */
IN_STORE(for_how_long)
{
    struct store_account *acc = open_noting();
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_add one = deliver(acc, "INBOX", "x@a.test", PASS, 2 * 365 + 1);
    int64_t now = moxd_wall() / MOXD_SEC;

    (void)deliver(acc, "INBOX", "x@b.test", PASS, 3 * 365 + 1);
    ck_err(api->discard(acc, one.mailbox_id, UIDS({ one.uid, one.uid }), err));
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_answer(FIRST_TIME, "INBOX", "y@a.test");
    ck_answer(FIRST_TIME, "INBOX", "x@b.test");
    ck_err(reputation_tidy(&rep, acc, now, 10, err));
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_err(reputation_tidy(&rep, acc, now + 365 * REPUTATION_DAY, 10, err));
    ck_answer(FIRST_TIME, "INBOX", "x@a.test");
    moxd_arena_free(a);
    close_account(acc);
}

struct counting {
    size_t n;
};

static int count(void *arg, struct moxd_str key, struct moxd_str value)
{
    (void)key;
    ck_assert_uint_le(value.n, 1 + REPUTATION_RING_MAX * 17);
    ((struct counting *)arg)->n++;
    return 0;
}

static int op_count(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    ((struct counting *)arg)->n = 0;
    return api->tx_each(tx, REPUTATION_TABLE, MOXD_STR(""), count, arg, err);
}

static size_t records(struct store_account *acc)
{
    struct counting c = { 0 };

    ck_err(api->view(self, acc, op_count, &c, err));
    return c.n;
}

/* However many messages: two records of one sender; of many senders the old ones go. */
IN_STORE(bounds)
{
    struct store_account *acc = open_noting();
    struct moxd_arena *a = moxd_arena_new(0);

    for (int i = 0; i < 300; i++)
        (void)deliver(acc, "INBOX", "x@a.test", PASS, i % 7);
    ck_assert_uint_eq(records(acc), 2);
    for (int i = 0; i < REPUTATION_TIDY_AT_ONCE; i++)
        (void)deliver(acc, "INBOX", moxd_arena_printf(a, "x@a%d.test", i), UNCHECKED, i);
    ck_assert_uint_eq(records(acc), 2 + 2 * REPUTATION_TIDY_AT_ONCE);
    ck_err(reputation_tidy(&rep, acc, moxd_wall() / MOXD_SEC, 5000, err));
    ck_assert_uint_eq(records(acc), 2 + 2 * REPUTATION_TIDY_AT_ONCE);
    ck_err(reputation_tidy(&rep, acc, moxd_wall() / MOXD_SEC, 300, err));
    ck_assert_uint_le(records(acc), 300);
    ck_answer(KNOWN, "INBOX", "x@a.test");
    ck_answer(KNOWN, "INBOX", "x@a0.test");
    ck_answer(FIRST_TIME, "INBOX", "x@a499.test");
    moxd_arena_free(a);
    close_account(acc);
}

START_TEST(rings)
{
    struct reputation_ring r = { .n = 0 }, back;
    struct moxd_buf b = MOXD_BUF_INIT(1000);

    for (uint64_t i = 1; i <= 9; i++)
        ck_assert(reputation_ring_put(&r, 4,
                                      &(struct reputation_seen){
                                          i, i % 2 ? 100 + (int64_t)i : (int64_t)i + 104, 0 }) ||
                  i > 4);
    ck_assert_uint_eq(r.n, 4);
    for (size_t i = 1; i < r.n; i++)
        ck_assert_int_ge(r.v[i - 1].when, r.v[i].when);
    ck_assert(!reputation_ring_put(&r, 4, &(struct reputation_seen){ 50, 1, 0 }));
    ck_assert(!reputation_ring_put(&r, 4, &r.v[1]));
    ck_assert(
        reputation_ring_put(&r, 4, &(struct reputation_seen){ r.v[1].id, 5, REPUTATION_JUNK }));
    ck_assert_uint_eq(r.n, 4);
    reputation_ring_encode(&r, &b);
    reputation_ring_decode(moxd_buf_str(&b), &back);
    ck_assert_uint_eq(back.n, 4);
    ck_assert_uint_eq(back.v[1].bits, REPUTATION_JUNK);
    for (size_t n = 0; n < b.n; n++) { /* cut off */
        reputation_ring_decode(moxd_str(b.p, n), &back);
        ck_assert_uint_le(back.n, 4);
    }
    memset(b.p, 7, b.n);
    reputation_ring_decode(moxd_buf_str(&b), &back);
    ck_assert_uint_eq(back.n, 0);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(names)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct reputation_who who;
    char local[700], from[800];

    ck_assert(!reputation_who(MOXD_STR(""), a, &who));
    ck_assert(!reputation_who(MOXD_STR("undisclosed:;"), a, &who));
    ck_assert(!reputation_who(MOXD_STR("x@"), a, &who));
    ck_assert(!reputation_who(MOXD_STR("x@a.test, y@a.test"), a, &who));
    who = who_of("\"\"@B\xc3\xbc"
                 "cher.example",
                 a);
    ck_assert(moxd_str_eqs(who.domain, "xn--bcher-kva.example"));
    memset(local, 'x', sizeof(local) - 1);
    local[sizeof(local) - 1] = '\0';
    snprintf(from, sizeof(from), "%s@a.test", local);
    ck_assert(!reputation_who(moxd_cstr(from), a, &who));
    who.localpart = moxd_cstr(local);
    ck_assert_uint_eq(reputation_key(REPUTATION_ADDRESS, REPUTATION_VERIFIED, 1, &who).n, 0);
    moxd_arena_free(a);
}
END_TEST

START_TEST(proofs)
{
    const struct smtp_conn conn = { .account = NULL }, user = { .account = "mjl" };
    const struct smtp_mail mail = { .conn = &conn }, own = { .conn = &user };
    struct moxd_arena *a = moxd_arena_new(0);
    struct reputation_who who = who_of("x@mail.a.test", a);
    struct smtp_auth_result r = result("dkim", "pass", "a.test");
    const struct smtp_auth_result *const results[] = { &r };
    struct smtp_message msg = { .mail = &mail, .results = results, .nresults = 1 };

    ck_assert(reputation_verified(&msg, &who));
    r.unaligned = true;
    ck_assert(!reputation_verified(&msg, &who));
    r = result("dkim", "pass", "b.test");
    ck_assert(!reputation_verified(&msg, &who));
    r = result("spf", "softfail", "mail.a.test");
    ck_assert(!reputation_verified(&msg, &who));
    r = result("spf", "pass", "other.a.test");
    ck_assert(reputation_verified(&msg, &who));
    r = result("dmarc", "pass", "mail.a.test");
    ck_assert(reputation_verified(&msg, &who));
    r = result("iprev", "fail", "");
    ck_assert(reputation_verified(&msg, &who)); /* nothing that is about the author */
    r = result("spf", "fail", "a.test");
    msg.mail = &own;
    ck_assert(reputation_verified(&msg, &who));
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("reputation", who_wrote_is_known, organizations, forged_senders_are_others,
          users_say_what_is_junk, by_the_mailbox_of_delivery, rejects_count_when_taken_out,
          whom_the_account_wrote_to, what_is_brought_along, for_how_long, bounds, rings, names,
          proofs)
