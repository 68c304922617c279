/* Mailboxes of the store: names, making, renaming, removing, roles, subscriptions. */
#include "store_unit.h"

#include "box.h"

static const char *const normal = "Archive* Drafts* INBOX* Junk* Sent* Trash*";

static uint32_t create(struct store_account *acc, const char *name)
{
    uint32_t id = 0;
    ck_err(api->mailbox_create(acc, moxd_cstr(name), 0, false, &id, err));
    ck_assert_uint_gt(id, 0);
    return id;
}

/* proves: CORE-27, STORE-19, P-IMAP-06 */
IN_STORE(account_starts_with_its_mailboxes)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    ck_assert_str_eq(mailboxes_text(acc, a), normal);
    ck_assert_uint_eq(mailbox_of(acc, "Sent", a).special_use, STORE_USE_SENT);
    ck_assert_uint_eq(mailbox_of(acc, "Junk", a).special_use, STORE_USE_JUNK);
    ck_assert_uint_eq(mailbox_of(acc, "INBOX", a).special_use, 0);
    close_account(acc);

    store_restart();
    acc = open_account("mjl");
    ck_assert_str_eq(mailboxes_text(acc, a), normal);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: STORE-13, P-IMAP-06 */
IN_STORE(creates_missing_parents)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t id;

    create(acc, "a/b/c");
    create(acc, "inbox/x");
    ck_err(api->mailbox_create(acc, MOXD_STR("z/y"), 0, true, &id, err));
    ck_assert_str_eq(mailboxes_text(acc, a),
                     "Archive* Drafts* INBOX* INBOX/x Junk* Sent* Trash* a a/b a/b/c z* z/y*");
    ck_assert_uint_eq(mailbox_of(acc, "InBoX/x", a).total, 0);
    ck_fails(NOTFOUND,
             api->mailbox(acc, MOXD_STR("INBOX/X"), 0, a, &(struct store_mailbox){ 0 }, err));
    ck_fails(EXISTS, api->mailbox_create(acc, MOXD_STR("a/b"), 0, false, &id, err));
    ck_fails(EXISTS, api->mailbox_create(acc, MOXD_STR("Inbox"), 0, false, &id, err));
    ck_fails(INVALID, api->mailbox_create(acc, MOXD_STR("a//b"), 0, false, &id, err));
    ck_fails(INVALID, api->mailbox_create(acc, MOXD_STR("q"), 1 << 20, false, &id, err));
    ck_fails(STATE, api->mailbox_create(acc, MOXD_STR("Sent2"), STORE_USE_SENT, false, &id, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: P-STORE-04 */
IN_STORE(deletes)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t old = create(acc, "a/b"), validity = mailbox_of(acc, "a/b", a).uidvalidity;
    struct store_add add = add_text(acc, "a/b", "x", 0);

    add_text(acc, "a/b", "y", 0);
    ck_fails(INVALID, api->mailbox_delete(acc, MOXD_STR("iNBOX"), err));
    ck_fails(STATE, api->mailbox_delete(acc, MOXD_STR("a"), err));
    ck_fails(NOTFOUND, api->mailbox_delete(acc, MOXD_STR("a/c"), err));
    ck_err(api->mailbox_delete(acc, MOXD_STR("a/b"), err));
    ck_err(api->mailbox_delete(acc, MOXD_STR("a"), err));
    ck_assert_str_eq(mailboxes_text(acc, a), normal);
    wait_erased(acc);
    struct store_body *b;
    ck_fails(NOTFOUND, api->body_open(acc, add.id, &b, err));
    ck_assert_uint_eq(check_account(acc).expunged, 0);

    /* A new one of the name is another one. */
    ck_assert_uint_ne(create(acc, "a/b"), old);
    ck_assert_uint_gt(mailbox_of(acc, "a/b", a).uidvalidity, validity);
    ck_assert_uint_eq(mailbox_of(acc, "a/b", a).total, 0);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: P-IMAP-06 */
IN_STORE(renames_with_children)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *deep = moxd_arena_strdup(a, "p");

    uint32_t b = create(acc, "a/b"), c = create(acc, "a/b/c");
    create(acc, "a/bc");
    struct store_mailbox before = mailbox_of(acc, "a/b", a);
    add_text(acc, "a/b/c", "x", 0);
    ck_err(api->subscribe(acc, MOXD_STR("a/b/c"), true, err));
    ck_err(api->mailbox_rename(acc, MOXD_STR("a/b"), MOXD_STR("new/place"), err));
    ck_assert_str_eq(mailboxes_text(acc, a),
                     "Archive* Drafts* INBOX* Junk* Sent* Trash* a a/bc new new/place "
                     "new/place/c*");
    ck_assert_uint_eq(mailbox_of(acc, "new/place", a).id, b);
    ck_assert_uint_eq(mailbox_of(acc, "new/place", a).uidvalidity, before.uidvalidity);
    ck_assert_uint_gt(mailbox_of(acc, "new/place", a).highestmodseq, before.highestmodseq);
    ck_assert_uint_eq(mailbox_of(acc, "new/place/c", a).id, c);
    ck_assert_uint_eq(mailbox_of(acc, "new/place/c", a).total, 1);
    ck_fails(NOTFOUND, api->mailbox_rename(acc, MOXD_STR("a/b"), MOXD_STR("q"), err));
    ck_fails(EXISTS, api->mailbox_rename(acc, MOXD_STR("a"), MOXD_STR("Sent"), err));
    ck_fails(EXISTS, api->mailbox_rename(acc, MOXD_STR("a"), MOXD_STR("a"), err));
    ck_fails(INVALID, api->mailbox_rename(acc, MOXD_STR("new"), MOXD_STR("new/place/x"), err));
    for (int i = 1; i < STORE_LEVELS_MAX - 1; i++)
        deep = moxd_arena_printf(a, "%s/p", deep);
    ck_fails(INVALID, api->mailbox_rename(acc, MOXD_STR("new"), moxd_cstr(deep), err));
    ck_assert_uint_eq(mailbox_of(acc, "new/place/c", a).id, c);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: IMAP-09 */
IN_STORE(renaming_inbox_moves_its_messages)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    add_text(acc, "INBOX", "gone", STORE_DELETED);
    struct store_add two = add_text(acc, "INBOX", "two", STORE_SEEN);
    add_text(acc, "INBOX", "three", 0);
    create(acc, "INBOX/child");
    struct store_uids out;
    ck_err(api->expunge(acc, two.mailbox_id, NULL, a, &out, NULL, err));
    ck_err(api->mailbox_rename(acc, MOXD_STR("INBOX"), MOXD_STR("old/mail"), err));
    struct store_mailbox inbox = mailbox_of(acc, "INBOX", a), dst = mailbox_of(acc, "old/mail", a);
    ck_assert_uint_eq(inbox.id, two.mailbox_id);
    ck_assert_uint_eq(inbox.total, 0);
    ck_assert_uint_eq(inbox.uidnext, 4);
    ck_assert_uint_eq(dst.total, 2);
    ck_assert_uint_eq(dst.uidnext, 3);
    ck_assert_str_eq(entries_text(acc, dst.id, NULL, a), "1 1;2 0;");
    ck_assert_uint_eq(mailbox_of(acc, "INBOX/child", a).total, 0);
    ck_fails(EXISTS, api->mailbox_rename(acc, MOXD_STR("INBOX"), MOXD_STR("old"), err));
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: STORE-18 */
IN_STORE(subscribes)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    const char **v;
    size_t n;

    uint64_t before = api->modseq(acc);
    ck_err(api->subscribe(acc, MOXD_STR("Sent"), true, err));
    ck_assert_uint_eq(api->modseq(acc), before);
    ck_err(api->subscribe(acc, MOXD_STR("not/there"), true, err));
    ck_err(api->subscribe(acc, MOXD_STR("not/there"), true, err));
    ck_assert_uint_eq(api->modseq(acc), before + 1);
    ck_err(api->subscribe(acc, MOXD_STR("Sent"), false, err));
    ck_err(api->subscribe(acc, MOXD_STR("Sent"), false, err));
    ck_fails(INVALID, api->subscribe(acc, MOXD_STR("#x"), true, err));
    ck_err(api->subscriptions(acc, a, &v, &n, err));
    ck_assert_uint_eq(n, 6);
    ck_assert_str_eq(v[0], "Archive");
    ck_assert_str_eq(v[5], "not/there");
    ck_assert(!mailbox_of(acc, "Sent", a).subscribed);

    /* A subscription outlives its mailbox, and is found by a new one. */
    create(acc, "not/there");
    ck_assert(mailbox_of(acc, "not/there", a).subscribed);
    ck_err(api->mailbox_delete(acc, MOXD_STR("not/there"), err));
    ck_err(api->subscriptions(acc, a, &v, &n, err));
    ck_assert_uint_eq(n, 6);
    close_account(acc);
    moxd_arena_free(a);
}

/* What exists is found before anything is written: the transaction goes on as if it had not been asked. */
static int refused_then_done(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct moxd_err why = { 0 };
    bool changed;

    (void)arg;
    if (store_box_create(tx, MOXD_STR("Sent"), 0, true, NULL, &why) == 0 ||
        why.kind != MOXD_ERR_EXISTS)
        return moxd_err_set(err, MOXD_ERR_INTERNAL, "made twice");
    if (store_subscription(tx, MOXD_STR("Sent"), true, &changed, err) < 0 || changed)
        return -1;
    return store_box_create(tx, MOXD_STR("new/below"), 0, true, NULL, err);
}

/* proves: STORE-17 */
IN_STORE(a_refusal_does_not_spoil_the_transaction)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");

    ck_err(store_write(acc, refused_then_done, NULL, err));
    close_account(acc);
    store_restart();
    acc = open_account("mjl");
    ck_assert_str_eq(mailboxes_text(acc, a),
                     "Archive* Drafts* INBOX* Junk* Sent* Trash* new* new/below*");
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: STORE-06, STORE-19 */
IN_STORE(moves_roles)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t id = create(acc, "Verzonden");

    ck_err(api->set_special_use(acc, id, STORE_USE_SENT | STORE_USE_ARCHIVE, err));
    ck_assert_uint_eq(mailbox_of(acc, "Verzonden", a).special_use,
                      STORE_USE_SENT | STORE_USE_ARCHIVE);
    ck_assert_uint_eq(mailbox_of(acc, "Sent", a).special_use, 0);
    ck_assert_uint_eq(mailbox_of(acc, "Archive", a).special_use, 0);
    uint64_t before = api->modseq(acc);
    ck_err(api->set_special_use(acc, id, STORE_USE_SENT | STORE_USE_ARCHIVE, err));
    ck_assert_uint_eq(api->modseq(acc), before);
    ck_err(api->set_special_use(acc, id, 0, err));
    ck_assert_uint_eq(mailbox_of(acc, "Verzonden", a).special_use, 0);
    ck_fails(INVALID, api->set_special_use(acc, id, 256, err));
    ck_fails(NOTFOUND, api->set_special_use(acc, 4711, STORE_USE_SENT, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* --- names ------------------------------------------------------------------------------------- */

static const char *stored(const char *in)
{
    static struct store_name name;
    struct moxd_err err = { 0 };
    if (store_name_parse(moxd_cstr(in), &name, &err) == 0)
        return name.p;
    ck_assert_int_eq(err.kind, MOXD_ERR_INVALID);
    return "refused";
}

/* proves: P-IMAP-06, P-STORE-05, STORE-13 */
START_TEST(names_are_checked_and_normalized)
{
    char name[1100];

    ck_assert_str_eq(stored("Lists/moxd"), "Lists/moxd");
    ck_assert_str_eq(stored("a&b*c%d\\e\"f"), "a&b*c%d\\e\"f");
    ck_assert_str_eq(stored("inbox"), "INBOX");
    ck_assert_str_eq(stored("iNbOx/Sub"), "INBOX/Sub");
    ck_assert_str_eq(stored("inboxes"), "inboxes");
    ck_assert_str_eq(stored("a/inbox"), "a/inbox");
    ck_assert_str_eq(stored("cafe\xcc\x81"), "caf\xc3\xa9"); /* NFC */
    ck_assert_str_eq(stored("caf\xc3\xa9"), "caf\xc3\xa9");
    ck_assert_str_eq(stored("a#b"), "a#b");
    ck_assert_str_eq(stored("..."), "...");
    ck_assert_str_eq(stored("a/..b"), "a/..b");
    ck_assert_str_eq(stored(""), "refused");
    ck_assert_str_eq(stored("#news"), "refused");
    ck_assert_str_eq(stored("/a"), "refused");
    ck_assert_str_eq(stored("a/"), "refused");
    ck_assert_str_eq(stored("a//b"), "refused");
    ck_assert_str_eq(stored("."), "refused");
    ck_assert_str_eq(stored("a/../b"), "refused");
    ck_assert_str_eq(stored("a/."), "refused");
    ck_assert_str_eq(stored("a\tb"), "refused");
    ck_assert_str_eq(stored("a\x7f"), "refused");
    ck_assert_str_eq(stored("a\xc2\x85"), "refused");     /* C1: NEL */
    ck_assert_str_eq(stored("a\xe2\x80\xa8"), "refused"); /* line separator */
    ck_assert_str_eq(stored("a\xff"), "refused");
    ck_assert_str_eq(stored("a\xc0\xaf"), "refused");
    memset(name, 'x', sizeof(name));
    name[STORE_NAME_MAX] = '\0';
    ck_assert_str_eq(stored(name), name);
    name[STORE_NAME_MAX] = 'x';
    name[STORE_NAME_MAX + 1] = '\0';
    ck_assert_str_eq(stored(name), "refused");
    for (size_t i = 0; i < STORE_LEVELS_MAX; i++)
        memcpy(name + 2 * i, "x/", 3);
    ck_assert_str_eq(stored(name), "refused");
    name[2 * STORE_LEVELS_MAX - 1] = '\0';
    ck_assert_str_eq(stored(name), name);
    memcpy(name + 2 * STORE_LEVELS_MAX - 1, "/x", 3);
    ck_assert_str_eq(stored(name), "refused");
    ck_assert_int_lt(store_name_parse(moxd_str("a\0b", 3), &(struct store_name){ 0 }, NULL), 0);
}
END_TEST

/* Characters that grow when they are normalized do not overflow. */
START_TEST(names_that_grow_stay_in_bounds)
{
    char name[STORE_NAME_MAX + 1];

    for (size_t i = 0; i + 3 <= STORE_NAME_MAX; i += 3)
        memcpy(name + i, "\xef\xac\xac", 4); /* U+FB2C becomes three characters of two bytes */
    ck_assert_str_eq(stored(name), "refused");
    memcpy(name + 30, "", 1);
    ck_assert_uint_eq(strlen(stored(name)), 60);
}
END_TEST

/* --- annotations ----------------------------------------------------------------------------------- */

static uint32_t id_of(struct store_account *acc, const char *name, struct moxd_arena *a)
{
    struct store_mailbox mb;

    ck_err(api->mailbox(acc, moxd_cstr(name), 0, a, &mb, err));
    return mb.id;
}

static uint64_t annotate(struct store_account *acc, uint32_t mailbox, const char *name,
                         const char *value)
{
    struct store_annotation an = { .name = name };
    uint64_t modseq;

    if (value)
        an.value = moxd_cstr(value);
    ck_err(api->annotate(acc, mailbox, &an, 1, &modseq, err));
    return modseq;
}

static size_t annotations(struct store_account *acc, uint32_t mailbox, struct moxd_arena *a,
                          struct store_annotation **v)
{
    size_t n;

    ck_err(api->annotations(acc, mailbox, false, a, v, &n, err));
    return n;
}

static int count_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    (void)key, (void)value;
    ++*(size_t *)arg;
    return 0;
}

/* All records, tombstones too. */
static int count_records(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    *(size_t *)arg = 0;
    return api->tx_each(tx, "store.annotation", MOXD_STR(""), count_record, arg, err);
}

static size_t records(struct store_account *acc)
{
    size_t n;

    ck_err(api->view(self, acc, count_records, &n, err));
    return n;
}

/* proves: P-STORE-04 */
IN_STORE(annotations_have_a_history)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = id_of(acc, "INBOX", a);
    uint64_t first = annotate(acc, box, "/private/comment", "one"), second, gone = 0;
    struct store_annotation *v;
    char name[32];

    ck_assert_uint_eq(first, api->modseq(acc));
    ck_assert_uint_eq(annotate(acc, box, "/private/comment", "one"), 0);
    ck_assert_uint_eq(annotations(acc, box, a, &v), 1);
    ck_assert_uint_eq(v[0].modseq, first);
    ck_assert_uint_eq(v[0].createseq, first);
    second = annotate(acc, box, "/private/comment", "two");
    ck_assert_uint_gt(second, first);
    ck_assert_uint_eq(annotations(acc, box, a, &v), 1);
    ck_assert_uint_eq(v[0].modseq, second);
    ck_assert_uint_eq(v[0].createseq, first);
    gone = annotate(acc, box, "/private/comment", NULL);
    ck_assert_uint_gt(gone, second);
    ck_assert_uint_eq(acc->bt->meta.gone_modseq, gone);
    ck_assert_uint_eq(annotations(acc, box, a, &v), 0);
    ck_assert_uint_eq(records(acc), 1);
    /* What comes back is new. */
    first = annotate(acc, box, "/private/comment", "three");
    ck_assert_uint_eq(annotations(acc, box, a, &v), 1);
    ck_assert_uint_eq(v[0].createseq, first);
    /* Tombstones do not pile up. */
    for (unsigned i = 0; i < 105; i++) {
        snprintf(name, sizeof(name), "/private/%u", i);
        (void)annotate(acc, box, name, "x");
        (void)annotate(acc, box, name, NULL);
    }
    ck_assert_uint_eq(records(acc), 101);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(annotations_have_limits)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t box = id_of(acc, "INBOX", a);
    char *large = moxd_arena_calloc(a, 1, STORE_ANNOTATION_MAX + 1);
    struct store_annotation v[2] = { { .name = "/private/a" }, { .name = "/private/b" } }, *out;
    uint64_t modseq;
    char name[32];

    v[0].value = moxd_cstr("x");
    v[1].value = moxd_str(large, STORE_ANNOTATION_MAX + 1);
    ck_fails(LIMIT, api->annotate(acc, box, v, 2, &modseq, err));
    ck_assert_uint_eq(annotations(acc, box, a, &out), 0);
    ck_fails(NOTFOUND, api->annotate(acc, 12345, v, 1, &modseq, err));
    /* In all mailboxes together, names with them. */
    v[1].value.n = STORE_ANNOTATION_MAX;
    v[1].name = name;
    for (unsigned i = 0; i < 63; i++) {
        snprintf(name, sizeof(name), "/private/%u", i);
        ck_err(api->annotate(acc, 0, v + 1, 1, &modseq, err));
    }
    ck_err(api->annotate(acc, box, v, 1, &modseq, err));
    snprintf(name, sizeof(name), "/private/last");
    ck_fails(LIMIT, api->annotate(acc, box, v + 1, 1, &modseq, err));
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(annotations_go_with_their_mailbox)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_annotation *v;
    uint32_t id;

    ck_err(api->mailbox_create(acc, MOXD_STR("x"), 0, false, &id, err));
    (void)annotate(acc, id, "/private/comment", "mine");
    (void)annotate(acc, id, "/private/gone", "mine");
    (void)annotate(acc, id, "/private/gone", NULL);
    ck_err(api->mailbox_rename(acc, MOXD_STR("x"), MOXD_STR("y"), err));
    ck_assert_uint_eq(annotations(acc, id_of(acc, "y", a), a, &v), 1);
    ck_assert_str_eq(v[0].name, "/private/comment");
    ck_err(api->mailbox_delete(acc, MOXD_STR("y"), err));
    ck_assert_uint_eq(records(acc), 0);
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_mailbox", account_starts_with_its_mailboxes, creates_missing_parents, deletes,
          renames_with_children, renaming_inbox_moves_its_messages, subscribes,
          a_refusal_does_not_spoil_the_transaction, moves_roles, names_are_checked_and_normalized,
          names_that_grow_stay_in_bounds, annotations_have_a_history, annotations_have_limits,
          annotations_go_with_their_mailbox)
