/* Accounts that look into a mailbox of another one: each has a \Seen of its own. */
#include "store_unit.h"

enum { ANNE = 1001, BOB = 1002 }; /* ids of viewers */

struct scene {
    struct moxd_arena *a;
    struct store_account *owner, *anne, *bob;
    uint32_t inbox, trash;
};

static struct scene begin(void)
{
    struct scene sc = { .a = moxd_arena_new(0), .owner = open_account("mjl") };

    sc.anne = api->as(sc.owner, ANNE);
    sc.bob = api->as(sc.owner, BOB);
    sc.inbox = mailbox_of(sc.owner, "INBOX", sc.a).id;
    sc.trash = mailbox_of(sc.owner, "Trash", sc.a).id;
    return sc;
}

static void end(struct scene *sc)
{
    api->close(sc->anne);
    api->close(sc->bob);
    close_account(sc->owner);
    moxd_arena_free(sc->a);
}

/* The highest modseq of what was changed. */
static uint64_t mark(struct scene *sc, struct store_account *acc, enum store_flag_mode mode,
                     unsigned flags, uint32_t uid, unsigned mask)
{
    struct store_flag_change fc = { .mode = mode, .flags = flags };
    struct store_entry *e;
    size_t n;

    ck_err(
        api->set_flags_of(acc, sc->inbox, UIDS({ uid, uid }), &fc, mask, sc->a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    return e[0].modseq;
}

static const unsigned all = STORE_FLAGS_ALL | STORE_FLAG_KEYWORDS;

static const char *flags_of(struct scene *sc, struct store_account *acc, uint32_t mailbox)
{
    return entries_text(acc, mailbox, NULL, sc->a);
}

/* Counts and modseq of INBOX as somebody sees them. */
static struct store_mailbox seen_by(struct scene *sc, struct store_account *acc)
{
    return mailbox_of(acc, "INBOX", sc->a);
}

IN_STORE(each_has_a_seen_of_its_own)
{
    struct scene sc = begin();
    struct store_mailbox mb;

    add_text(sc.owner, "INBOX", "x", STORE_SEEN);
    add_text(sc.owner, "INBOX", "y", STORE_FLAGGED);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 0;2 4;");
    uint64_t before = seen_by(&sc, sc.owner).highestmodseq;
    uint64_t modseq = mark(&sc, sc.anne, STORE_FLAGS_ADD, STORE_SEEN, 2, all);
    ck_assert_uint_gt(modseq, before);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 0;2 5;");
    ck_assert_str_eq(flags_of(&sc, sc.bob, sc.inbox), "1 0;2 4;");
    ck_assert_str_eq(flags_of(&sc, sc.owner, sc.inbox), "1 1;2 4;");
    mb = seen_by(&sc, sc.anne);
    ck_assert_uint_eq(mb.unseen, 1);
    ck_assert_uint_eq(mb.highestmodseq, modseq);
    ck_assert(!mb.subscribed);
    mb = seen_by(&sc, sc.owner);
    ck_assert_uint_eq(mb.unseen, 1);
    ck_assert_uint_eq(mb.highestmodseq, before);
    ck_assert_uint_eq(seen_by(&sc, sc.bob).unseen, 2);
    /* others are shared, and do not change it */
    mark(&sc, sc.bob, STORE_FLAGS_SET, STORE_ANSWERED | STORE_SEEN, 1, all);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 2;2 5;");
    ck_assert_str_eq(flags_of(&sc, sc.owner, sc.inbox), "1 3;2 4;");
    ck_assert_str_eq(flags_of(&sc, sc.bob, sc.inbox), "1 3;2 4;");
    mark(&sc, sc.owner, STORE_FLAGS_SET, 0, 1, all);
    ck_assert_str_eq(flags_of(&sc, sc.bob, sc.inbox), "1 1;2 4;");
    /* nothing to change changes nothing */
    ck_assert_uint_eq(mark(&sc, sc.anne, STORE_FLAGS_ADD, STORE_SEEN, 2, all), modseq);
    mark(&sc, sc.anne, STORE_FLAGS_REMOVE, STORE_SEEN, 2, all);
    ck_assert_uint_eq(seen_by(&sc, sc.anne).unseen, 2);
    end(&sc);
}

IN_STORE(only_flags_of_the_mask_change)
{
    struct scene sc = begin();
    struct store_flag_change fc = { STORE_FLAGS_SET, 0, KEYWORDS("other") };
    struct store_entry *e;
    size_t n;

    add_text(sc.owner, "INBOX", "x", STORE_FLAGGED);
    fc = (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("k") };
    ck_err(api->set_flags(sc.owner, sc.inbox, NULL, &fc, sc.a, &e, &n, NULL, err));
    mark(&sc, sc.anne, STORE_FLAGS_SET, STORE_SEEN | STORE_DELETED, 1, STORE_SEEN);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 5 k;");
    mark(&sc, sc.anne, STORE_FLAGS_SET, STORE_DELETED, 1, STORE_DELETED);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 d k;");
    fc = (struct store_flag_change){ STORE_FLAGS_SET, 0, KEYWORDS("other") };
    ck_err(api->set_flags_of(sc.anne, sc.inbox, NULL, &fc, STORE_FLAG_KEYWORDS, sc.a, &e, &n, NULL,
                             err));
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 d other;");
    fc = (struct store_flag_change){ STORE_FLAGS_ADD, 0, KEYWORDS("third") };
    ck_err(
        api->set_flags_of(sc.anne, sc.inbox, NULL, &fc, STORE_FLAGS_ALL, sc.a, &e, &n, NULL, err));
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 d other;");
    end(&sc);
}

/* Conditions and what was changed since are about what the viewer sees (RFC 7162 3.1.3, 3.1.4). */
IN_STORE(modseqs_are_those_of_the_viewer)
{
    struct scene sc = begin();
    struct store_flag_change fc = { .mode = STORE_FLAGS_ADD,
                                    .flags = STORE_FLAGGED,
                                    .has_unchangedsince = true };
    struct store_entry *e;
    struct store_uids modified;
    size_t n;

    add_text(sc.owner, "INBOX", "x", 0);
    add_text(sc.owner, "INBOX", "y", 0);
    fc.unchangedsince = seen_by(&sc, sc.owner).highestmodseq;
    uint64_t modseq = mark(&sc, sc.anne, STORE_FLAGS_ADD, STORE_SEEN, 1, all);
    ck_err(api->changed_since(sc.anne, sc.inbox, NULL, modseq - 1, sc.a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_uint_eq(e[0].modseq, modseq);
    ck_err(api->changed_since(sc.owner, sc.inbox, NULL, modseq - 1, sc.a, &e, &n, NULL, err));
    ck_assert_uint_eq(n, 0);
    ck_err(api->set_flags(sc.anne, sc.inbox, NULL, &fc, sc.a, &e, &n, &modified, err));
    ck_assert_str_eq(uids_text(modified, sc.a), "1");
    ck_assert_uint_eq(n, 1);
    ck_err(api->set_flags(sc.owner, sc.inbox, UIDS({ 1, 1 }), &fc, sc.a, &e, &n, &modified, err));
    ck_assert_uint_eq(modified.n, 0);
    end(&sc);
}

static void wake(void *arg)
{
    (*(unsigned *)arg)++;
}

static size_t pending(struct store_watch *w, struct moxd_arena *a)
{
    struct store_change *v;
    size_t n;

    ck_err(api->changes(w, a, &v, &n, err));
    return n;
}

IN_STORE(only_its_own_watches_are_told)
{
    struct scene sc = begin();
    unsigned woken[3] = { 0 };
    struct store_watch *owner = api->watch(sc.owner, wake, &woken[0]);
    struct store_watch *anne = api->watch(sc.anne, wake, &woken[1]);
    struct store_watch *bob = api->watch(sc.bob, wake, &woken[2]);
    struct store_change *v;
    size_t n;

    add_text(sc.owner, "INBOX", "x", 0);
    ck_assert(pending(owner, sc.a) == 1 && pending(anne, sc.a) == 1 && pending(bob, sc.a) == 1);
    uint64_t modseq = mark(&sc, sc.anne, STORE_FLAGS_ADD, STORE_SEEN, 1, all);
    ck_assert_uint_eq(api->modseq(sc.bob), modseq);
    ck_assert_uint_eq(woken[0], 1);
    ck_assert_uint_eq(woken[1], 2);
    ck_assert_uint_eq(woken[2], 1);
    ck_assert(!api->pending(owner) && api->pending(anne) && !api->pending(bob));
    ck_err(api->changes(anne, sc.a, &v, &n, err));
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(v[0].kind, STORE_CHANGE_FLAGS);
    ck_assert(v[0].uid == 1 && v[0].modseq == modseq && v[0].flags == STORE_SEEN);
    /* a change of a shared flag with it is one for all, and one more for her */
    mark(&sc, sc.anne, STORE_FLAGS_SET, STORE_FLAGGED, 1, all);
    ck_assert(pending(owner, sc.a) == 1 && pending(anne, sc.a) == 2 && pending(bob, sc.a) == 1);
    api->unwatch(owner);
    api->unwatch(anne);
    api->unwatch(bob);
    end(&sc);
}

IN_STORE(it_goes_with_the_message)
{
    struct scene sc = begin();
    struct store_copied *c;
    struct store_uids out;
    size_t n;

    for (int i = 0; i < 40; i++)
        add_text(sc.owner, "INBOX", "x", 0);
    for (uint32_t uid = 2; uid <= 40; uid += 2)
        mark(&sc, sc.anne, STORE_FLAGS_ADD, STORE_SEEN, uid, all);
    mark(&sc, sc.bob, STORE_FLAGS_ADD, STORE_SEEN, 4, all);
    ck_err(api->copy(sc.anne, sc.inbox, UIDS({ 1, 4 }), sc.trash, sc.a, &c, &n, err));
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.trash), "1 0;2 1;3 0;4 1;");
    ck_assert_str_eq(flags_of(&sc, sc.bob, sc.trash), "1 0;2 0;3 0;4 1;");
    ck_err(api->move(sc.owner, sc.inbox, UIDS({ 3, 5 }), sc.trash, sc.a, &c, &n, NULL, err));
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.trash), "1 0;2 1;3 0;4 1;5 0;6 1;7 0;");
    ck_assert_uint_eq(seen_by(&sc, sc.anne).unseen, 18);
    ck_assert_uint_eq(seen_by(&sc, sc.bob).unseen, 37);
    ck_err(api->move(sc.owner, sc.inbox, UIDS({ 2, 2 }), sc.inbox, sc.a, &c, &n, NULL, err));
    ck_assert_str_eq(entries_text(sc.anne, sc.inbox, UIDS({ 38, 50 }), sc.a),
                     "38 1;39 0;40 1;41 1;");
    mark(&sc, sc.owner, STORE_FLAGS_ADD, STORE_DELETED, 6, all);
    ck_err(api->expunge(sc.anne, sc.inbox, NULL, sc.a, &out, NULL, err));
    ck_assert_str_eq(uids_text(out, sc.a), "6");
    ck_assert_uint_eq(seen_by(&sc, sc.anne).unseen, 18);
    ck_assert_uint_eq(check_account(sc.owner).messages, 46 - 3);
    ck_err(api->mailbox_delete(sc.owner, MOXD_STR("Trash"), err));
    end(&sc);
}

/* What a viewer adds it has seen itself. */
IN_STORE(added_by_a_viewer)
{
    struct scene sc = begin();
    struct store_usage u;
    uint32_t uid = add_text(sc.anne, "INBOX", "x", STORE_SEEN | STORE_DRAFT).uid;

    ck_assert_uint_eq(uid, 1);
    ck_assert_str_eq(flags_of(&sc, sc.anne, sc.inbox), "1 11;");
    ck_assert_str_eq(flags_of(&sc, sc.owner, sc.inbox), "1 10;");
    ck_assert_uint_eq(seen_by(&sc, sc.owner).unseen, 1);
    ck_assert_uint_eq(seen_by(&sc, sc.anne).unseen, 0);
    ck_err(api->usage(sc.anne, &u, err));
    ck_assert_uint_eq(u.used.messages, 1);
    end(&sc);
}

/* A handle outlives others, and is the account itself for its owner. */
IN_STORE(handles)
{
    struct scene sc = begin();
    struct store_account *more = api->as(sc.anne, BOB);
    struct store_account *own = api->as(sc.anne, api->account_id(sc.owner));

    ck_assert_ptr_eq(own, sc.owner);
    ck_assert_uint_eq(api->account_id(more), api->account_id(sc.owner));
    ck_assert_str_eq(api->account_name(more), "mjl");
    ck_assert_ptr_eq(api->ref(more), more);
    api->close(more);
    api->close(own);
    add_text(more, "INBOX", "x", 0);
    mark(&sc, more, STORE_FLAGS_ADD, STORE_SEEN, 1, all);
    ck_assert_str_eq(flags_of(&sc, sc.bob, sc.inbox), "1 1;");
    api->close(more);
    end(&sc);
}

UNIT_MAIN("store_viewer", each_has_a_seen_of_its_own, only_flags_of_the_mask_change,
          modseqs_are_those_of_the_viewer, only_its_own_watches_are_told, it_goes_with_the_message,
          added_by_a_viewer, handles)
