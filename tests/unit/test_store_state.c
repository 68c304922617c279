/* The store's interface as a protocol of ids and states uses it (RFC 8620 5, RFC 8621 2 and 4): objects by id, counts
 * of mailboxes, what was created, changed and gone since a state. IMAP has UIDs and sequences for the same
 * things: here nothing of IMAP is used.
 * proves in part: STORE-22 (there is no other front end yet that shares the operations) */
#include "store_unit.h"

struct box {
    uint32_t total, unseen, deleted;
    uint64_t size;
};

static struct box count(struct store_account *acc, uint32_t mailbox, struct moxd_arena *a)
{
    struct box b = { 0 };
    struct store_msg *v;
    size_t n;

    ck_err(api->messages(acc, mailbox, NULL, a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        b.total++;
        b.unseen += !(v[i].flags & STORE_SEEN);
        b.deleted += (v[i].flags & STORE_DELETED) != 0;
        b.size += v[i].size;
    }
    return b;
}

/* What is counted is what is there, in every mailbox and in the account. */
static void counts_agree(struct store_account *acc)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_usage usage;
    struct store_mailbox *v;
    struct store_quota all = { 0 };
    size_t n;

    ck_err(api->mailboxes(acc, a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct box b = count(acc, v[i].id, a);

        ck_assert_uint_eq(v[i].total, b.total);
        ck_assert_uint_eq(v[i].unseen, b.unseen);
        ck_assert_uint_eq(v[i].deleted, b.deleted);
        ck_assert_uint_eq(v[i].size, b.size);
        all.messages += b.total;
        all.size += b.size;
    }
    ck_err(api->usage(acc, &usage, err));
    ck_assert_uint_eq(usage.used.messages, all.messages);
    ck_assert_uint_eq(usage.used.size, all.size);
    moxd_arena_free(a);
}

static void flag_one(struct store_account *acc, const struct store_add *m, unsigned flags,
                     const char *keyword)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD,
                                    .flags = flags,
                                    .keywords = { &keyword, keyword ? 1 : 0 } };
    struct store_entry *e;
    size_t n;

    ck_err(api->set_flags(acc, m->mailbox_id, UIDS({ m->uid, m->uid }), &fc, a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    moxd_arena_free(a);
    counts_agree(acc);
}

/* What happened to messages since a state, in all mailboxes: ids of those that came and of those that were changed,
 * and how many went. */
struct since {
    uint64_t created[8], updated[8];
    size_t ncreated, nupdated, ngone, nmailboxes;
};

static void look_at(struct store_account *acc, const struct store_mailbox *m, uint64_t state,
                    struct moxd_arena *a, struct since *out)
{
    struct store_uids gone;
    struct store_entry *e;
    struct store_msg *v;
    size_t n, one;

    out->nmailboxes += m->createseq > state;
    ck_err(api->changed_since(acc, m->id, NULL, state, a, &e, &n, &gone, err));
    for (size_t i = 0; i < n; i++) {
        ck_err(api->messages(acc, m->id, UIDS({ e[i].uid, e[i].uid }), a, &v, &one, err));
        ck_assert_uint_eq(one, 1);
        ck_assert_uint_le(v->createseq, v->modseq);
        if (v->createseq > state)
            out->created[out->ncreated++] = v->id;
        else
            out->updated[out->nupdated++] = v->id;
    }
    for (size_t i = 0; i < gone.n; i++)
        out->ngone += gone.v[i].last - gone.v[i].first + 1;
}

static struct since since(struct store_account *acc, uint64_t state)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct since out = { 0 };
    struct store_mailbox *v;
    size_t n;

    ck_err(api->mailboxes(acc, a, &v, &n, err));
    for (size_t i = 0; i < n; i++)
        look_at(acc, &v[i], state, a, &out);
    moxd_arena_free(a);
    return out;
}

IN_STORE(states_tell_what_came_and_changed)
{
    struct store_account *acc = open_account("mjl");
    struct store_add old = add_text(acc, "INBOX", "Subject: old\r\n\r\n", 0);
    struct store_add gone = add_text(acc, "INBOX", "Subject: gone\r\n\r\n", STORE_DELETED);
    uint64_t state = api->modseq(acc);
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_uids out;
    struct store_add new;
    struct since s = since(acc, state);
    uint32_t id;

    ck_assert_uint_eq(s.ncreated + s.nupdated + s.ngone + s.nmailboxes, 0);
    flag_one(acc, &old, STORE_SEEN, "todo");
    ck_err(api->mailbox_create(acc, MOXD_STR("Project"), 0, true, &id, err));
    new = add_text(acc, "Project", "Subject: new\r\n\r\n", STORE_SEEN);
    ck_err(api->expunge(acc, gone.mailbox_id, NULL, a, &out, NULL, err));
    counts_agree(acc);
    s = since(acc, state);
    ck_assert_uint_eq(s.ncreated, 1);
    ck_assert_uint_eq(s.created[0], new.id);
    ck_assert_uint_eq(s.nupdated, 1);
    ck_assert_uint_eq(s.updated[0], old.id);
    ck_assert_uint_eq(s.ngone, 1);
    ck_assert_uint_eq(s.nmailboxes, 1);
    s = since(acc, api->modseq(acc));
    ck_assert_uint_eq(s.ncreated + s.nupdated + s.ngone + s.nmailboxes, 0);
    moxd_arena_free(a);
    close_account(acc);
}

/* An object is found by its id alone, wherever it is; what it is of is told by emailid. */
IN_STORE(ids_lead_to_messages)
{
    struct store_account *acc = open_account("mjl");
    struct store_add m = add_text(acc, "INBOX", "Subject: one\r\n\r\n", 0);
    struct store_add other = add_text(acc, "Archive", "Subject: two\r\n\r\n", 0);
    struct moxd_arena *a = moxd_arena_new(0);
    uint64_t ids[] = { other.id, m.id, 4711 };
    struct store_location *at;
    struct store_copied *copied;
    struct store_msg *before, *after;
    size_t n;

    ck_err(api->places(acc, ids, 3, a, &at, err));
    ck_assert_uint_eq(at[0].mailbox, other.mailbox_id);
    ck_assert_uint_eq(at[1].mailbox, m.mailbox_id);
    ck_assert_uint_eq(at[1].uid, m.uid);
    ck_assert_uint_eq(at[2].mailbox, 0);
    ck_err(api->messages(acc, at[1].mailbox, UIDS({ at[1].uid, at[1].uid }), a, &before, &n, err));
    ck_err(api->copy(acc, at[1].mailbox, UIDS({ at[1].uid, at[1].uid }), other.mailbox_id, a,
                     &copied, &n, err));
    counts_agree(acc);
    ck_err(api->messages(acc, other.mailbox_id, UIDS({ copied[0].dst_uid, copied[0].dst_uid }), a,
                         &after, &n, err));
    ck_assert_uint_ne(after->id, before->id);
    ck_assert_uint_eq(after->emailid, before->emailid);
    ck_err(api->move(acc, at[1].mailbox, UIDS({ at[1].uid, at[1].uid }), other.mailbox_id, a,
                     &copied, &n, NULL, err));
    counts_agree(acc);
    ck_err(api->messages(acc, other.mailbox_id, UIDS({ copied[0].dst_uid, copied[0].dst_uid }), a,
                         &after, &n, err));
    ck_assert_uint_eq(after->emailid, before->emailid);
    ck_err(api->places(acc, &after->id, 1, a, &at, err));
    ck_assert_uint_eq(at[0].uid, copied[0].dst_uid);
    moxd_arena_free(a);
    close_account(acc);
}

/* Keywords are what the interface takes and gives, of a message and of a mailbox. */
IN_STORE(keywords_of_messages_and_mailboxes)
{
    struct store_account *acc = open_account("mjl");
    struct store_add m = add_text(acc, "INBOX", "Subject: one\r\n\r\n", 0);
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_mailbox mb;
    struct store_msg *v;
    size_t n;

    flag_one(acc, &m, 0, "todo");
    flag_one(acc, &m, 0, "$later");
    ck_err(api->messages(acc, m.mailbox_id, NULL, a, &v, &n, err));
    ck_assert_uint_eq(v->keywords.n, 2);
    ck_assert_str_eq(v->keywords.v[0], "$later");
    ck_assert_str_eq(v->keywords.v[1], "todo");
    ck_err(api->mailbox(acc, MOXD_STR(""), m.mailbox_id, a, &mb, err));
    ck_assert_uint_eq(mb.keywords.n, 2);
    ck_assert_str_eq(mb.keywords.v[1], "todo");
    moxd_arena_free(a);
    close_account(acc);
}

/* Email/changes (RFC 8621 4.3) of an account since a state, by message id: "+1 *2 -3", from what there is for
 * CONDSTORE and QRESYNC. */
static char *email_changes(struct store_account *acc, uint64_t since, struct moxd_arena *a)
{
    struct store_mailbox *boxes;
    struct store_msg *v;
    size_t nboxes, n;
    char *s = moxd_arena_strdup(a, "");

    ck_err(api->mailboxes(acc, a, &boxes, &nboxes, err));
    for (size_t i = 0; i < nboxes; i++) {
        if (boxes[i].highestmodseq <= since)
            continue;
        ck_err(api->messages(acc, boxes[i].id, NULL, a, &v, &n, err));
        for (size_t k = 0; k < n; k++)
            if (v[k].modseq > since)
                s = moxd_arena_printf(a, "%s %c%llu", s, v[k].createseq > since ? '+' : '*',
                                      (unsigned long long)v[k].id);
    }
    return s;
}

/* One state for the whole account; a message that moves stays the same one; keywords as JMAP has them: those with
 * a meaning of their own as flags, the others in lower case (RFC 8621 4.1.1).
 * proves: IMAP-18 */
IN_STORE(has_what_jmap_needs)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_add first = add_text(acc, "INBOX", "1", 0),
                     second = add_text(acc, "INBOX", "2", 0);
    struct store_add third = add_text(acc, "INBOX", "3", STORE_DELETED);
    uint64_t state = api->modseq(acc), later;
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD,
                                    .flags = STORE_SEEN | STORE_FORWARDED };
    const char *words[] = { "later" };
    struct store_entry *e;
    struct store_copied *moved;
    struct store_uids gone;
    char *expected;
    size_t n;

    ck_assert_str_eq(email_changes(acc, state, a), "");
    fc.keywords = (struct store_keywords){ words, 1 };
    ck_err(api->set_flags(acc, first.mailbox_id, UIDS({ 1, 1 }), &fc, a, &e, &n, NULL, err));
    expected = moxd_arena_printf(a, " *%llu", (unsigned long long)first.id);
    ck_assert_str_eq(email_changes(acc, state, a), expected);
    later = api->modseq(acc);
    ck_err(api->move(acc, first.mailbox_id, UIDS({ 2, 2 }), mailbox_of(acc, "Archive", a).id, a,
                     &moved, &n, NULL, err));
    struct store_add fourth = add_text(acc, "Sent", "4", 0);
    ck_err(api->expunge(acc, first.mailbox_id, NULL, a, &gone, NULL, err));
    expected = moxd_arena_printf(a, " *%llu +%llu", (unsigned long long)second.id,
                                 (unsigned long long)fourth.id);
    ck_assert_str_eq(email_changes(acc, later, a), expected);
    ck_err(api->changed_since(acc, first.mailbox_id, NULL, later, a, &e, &n, &gone, err));
    ck_assert_str_eq(uids_text(gone, a), "2:3");
    ck_assert_uint_gt(third.id, second.id);
    /* In one letter case only, so that a keyword is one key of an object. */
    words[0] = "Later";
    ck_fails(INVALID,
             api->set_flags(acc, first.mailbox_id, UIDS({ 1, 1 }), &fc, a, &e, &n, NULL, err));
    close_account(acc);
    moxd_arena_free(a);
}

UNIT_MAIN("store_state", states_tell_what_came_and_changed, ids_lead_to_messages,
          keywords_of_messages_and_mailboxes, has_what_jmap_needs)
