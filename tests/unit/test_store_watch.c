/* Changes of an account as watchers see them, and what waits for watchers. */
#include "store_unit.h"

static unsigned woken;

static void wake(void *arg)
{
    (*(unsigned *)arg)++;
}

/* All pending changes as text, one word each. */
static char *taken(struct store_watch *w, struct moxd_arena *a)
{
    static const char *const names[] = { "add", "flags", "expunge", "mailbox", "unmailbox",
                                         "rename", "subscription", "use", "keywords", "removed" };
    struct store_change *v;
    size_t n;
    char *s = moxd_arena_strdup(a, "");

    ck_err(api->changes(w, a, &v, &n, err));
    for (size_t i = 0; i < n; i++) {
        s = moxd_arena_printf(a, "%s%s%s", s, i > 0 ? " " : "", names[v[i].kind]);
        if (v[i].kind <= STORE_CHANGE_EXPUNGE)
            s = moxd_arena_printf(a, "%s:%u", s, v[i].uid);
        if (v[i].kind <= STORE_CHANGE_FLAGS)
            s = moxd_arena_printf(a, "%s:%x", s, v[i].flags);
        for (size_t k = 0; k < v[i].keywords.n; k++)
            s = moxd_arena_printf(a, "%s,%s", s, v[i].keywords.v[k]);
        if (v[i].old_name)
            s = moxd_arena_printf(a, "%s:%s", s, v[i].old_name);
        if (v[i].name)
            s = moxd_arena_printf(a, "%s:%s%s", s, v[i].name, v[i].subscribed ? "*" : "");
    }
    return s;
}

static void set_flags(struct store_account *acc, uint32_t mailbox, struct store_flag_change fc,
                      struct moxd_arena *a)
{
    struct store_entry *e;
    size_t n;
    ck_err(api->set_flags(acc, mailbox, NULL, &fc, a, &e, &n, NULL, err));
}

/* proves: STORE-06, STORE-16 */
IN_STORE(tells_everything_in_order)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    uint32_t src = mailbox_of(acc, "INBOX", a).id, dst = mailbox_of(acc, "Trash", a).id;
    struct store_copied *c;
    struct store_uids out;
    size_t n;

    woken = 0;
    struct store_watch *w = api->watch(acc, wake, &woken);
    ck_assert(!api->pending(w));
    ck_assert_str_eq(taken(w, a), "");
    add_text(acc, "INBOX", "x", STORE_SEEN);
    ck_assert(api->pending(w));
    ck_assert_uint_eq(woken, 1);
    add_text(acc, "INBOX", "y", 0);
    ck_assert_uint_eq(woken, 1); /* pending already: nobody needs to be woken */
    ck_assert_str_eq(taken(w, a), "add:1:1 add:2:0");
    ck_assert(!api->pending(w));
    set_flags(acc, src, (struct store_flag_change){ STORE_FLAGS_SET, 0, KEYWORDS("k") }, a);
    ck_assert_uint_eq(woken, 2);
    ck_assert_str_eq(taken(w, a), "keywords,k flags:1:0,k flags:2:0,k");
    ck_err(api->copy(acc, src, UIDS({ 2, 2 }), dst, a, &c, &n, err));
    ck_assert_str_eq(taken(w, a), "keywords,k add:1:0,k");
    ck_err(api->move(acc, src, UIDS({ 2, 2 }), dst, a, &c, &n, NULL, err));
    ck_assert_str_eq(taken(w, a), "expunge:2 add:2:0,k");
    set_flags(acc, src, (struct store_flag_change){ STORE_FLAGS_ADD, STORE_DELETED }, a);
    ck_err(api->expunge(acc, src, NULL, a, &out, NULL, err));
    ck_assert_str_eq(taken(w, a), "flags:1:8,k expunge:1");
    api->unwatch(w);
    close_account(acc);
    moxd_arena_free(a);
}

IN_STORE(tells_of_mailboxes)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_watch *w = api->watch(acc, wake, &woken);
    uint32_t id;

    ck_err(api->mailbox_create(acc, MOXD_STR("a/b"), 0, true, &id, err));
    ck_assert_str_eq(taken(w, a), "mailbox:a* mailbox:a/b*");
    ck_err(api->mailbox_rename(acc, MOXD_STR("a"), MOXD_STR("c"), err));
    ck_assert_str_eq(taken(w, a), "rename:a:c* rename:a/b:c/b*");
    ck_err(api->subscribe(acc, MOXD_STR("c"), false, err));
    ck_err(api->set_special_use(acc, id, STORE_USE_JUNK, err));
    ck_assert_str_eq(taken(w, a), "subscription:c use:Junk use:c/b");
    add_text(acc, "c/b", "x", 0);
    ck_err(api->mailbox_delete(acc, MOXD_STR("c/b"), err));
    ck_assert_str_eq(taken(w, a), "add:1:0 unmailbox:c/b");
    api->unwatch(w);
    close_account(acc);
    moxd_arena_free(a);
}

/* Each has its own list; modseqs ascend, and entries say where to begin. */
IN_STORE(watchers_are_independent)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl"), *again = open_account("mjl");
    struct store_watch *one = api->watch(acc, wake, &woken);
    struct store_change *v;
    struct store_entry *e;
    uint64_t modseq;
    size_t n;

    ck_assert_ptr_eq(acc, again);
    add_text(acc, "INBOX", "x", 0);
    struct store_watch *two = api->watch(again, wake, &woken);
    uint32_t box = add_text(again, "INBOX", "y", 0).mailbox_id;
    ck_err(api->entries(acc, box, NULL, a, &e, &n, &modseq, err));
    add_text(acc, "INBOX", "z", 0);
    ck_assert_str_eq(taken(two, a), "add:2:0 add:3:0");
    ck_err(api->changes(one, a, &v, &n, err));
    ck_assert_uint_eq(n, 3);
    ck_assert_uint_eq(v[1].modseq, modseq);
    ck_assert_uint_lt(v[0].modseq, modseq);
    ck_assert_uint_gt(v[2].modseq, modseq);
    api->unwatch(one);
    api->unwatch(two);
    api->close(again);
    close_account(acc);
    moxd_arena_free(a);
}

/* proves: P-STORE-02 */
IN_STORE(bodies_wait_for_watchers)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_add small = add_text(acc, "INBOX", "small", STORE_DELETED);
    char *big = moxd_arena_alloc(a, 5001);
    struct store_uids out;
    struct store_body *b;

    memset(big, 'b', 5000);
    struct store_add large = add_text(acc, "INBOX", big, STORE_DELETED);
    ck_err(api->note_set(acc, large.id, "n", MOXD_STR("v"), err));
    struct store_watch *slow = api->watch(acc, wake, &woken), *fast = api->watch(acc, wake, &woken);
    ck_err(api->expunge(acc, small.mailbox_id, NULL, a, &out, NULL, err));
    (void)taken(fast, a);
    ck_assert_str_eq(body_text(acc, small.id, a), "small");
    ck_assert_str_eq(body_text(acc, large.id, a), big);
    ck_assert_uint_eq(check_account(acc).expunged, 2);
    ck_assert_str_eq(taken(slow, a), "expunge:1 expunge:2");
    wait_erased(acc);
    ck_fails(NOTFOUND, api->body_open(acc, small.id, &b, err));
    ck_fails(NOTFOUND, api->body_open(acc, large.id, &b, err));
    ck_assert_uint_eq(check_account(acc).expunged, 0);

    /* Leaving counts as taking. */
    struct store_add last = add_text(acc, "INBOX", big, STORE_DELETED);
    ck_err(api->expunge(acc, small.mailbox_id, NULL, a, &out, NULL, err));
    api->unwatch(fast);
    ck_assert_str_eq(body_text(acc, last.id, a), big);
    api->unwatch(slow);
    wait_erased(acc);
    ck_fails(NOTFOUND, api->body_open(acc, last.id, &b, err));
    close_account(acc);
    moxd_arena_free(a);
}

/* Erasure that was not reached goes on when the account is opened the next time. */
IN_STORE(erasure_survives_a_restart)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    char *big = moxd_arena_alloc(a, 5001);
    struct store_uids out;

    memset(big, 'b', 5000);
    struct store_add add = add_text(acc, "INBOX", big, STORE_DELETED);
    struct store_watch *w = api->watch(acc, wake, &woken);
    ck_err(api->expunge(acc, add.mailbox_id, NULL, a, &out, NULL, err));
    ck_assert_uint_eq(check_account(acc).files, 1);
    store_instance.stopping = true; /* as if the server went away now */
    api->unwatch(w);
    api->close(acc);
    store_restart();
    acc = open_account("mjl");
    wait_erased(acc);
    struct store_report r = check_account(acc);
    ck_assert_uint_eq(r.files, 0);
    ck_assert_uint_eq(r.expunged, 0);
    api->close(acc);
    moxd_arena_free(a);
}

IN_STORE(watch_gives_up_when_too_much_is_pending)
{
    enum { MANY = 40000 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_account *acc = open_account("mjl");
    struct store_draft *d = draft_of("", 0);
    struct store_add *adds = moxd_arena_calloc(a, MANY, sizeof(*adds));
    struct store_change *v;
    size_t n;

    woken = 0;
    struct store_watch *w = api->watch(acc, wake, &woken);
    for (int i = 0; i < MANY; i++)
        adds[i] = (struct store_add){ .acc = acc, .mailbox_name = "INBOX" };
    ck_err(api->add(self, d, adds, MANY, NULL, err));
    api->draft_free(d);
    struct store_flag_change fc = { STORE_FLAGS_ADD, STORE_SEEN };
    set_flags(acc, adds[0].mailbox_id, fc, a);
    ck_assert(api->pending(w));
    fc.flags = STORE_FLAGGED;
    set_flags(acc, adds[0].mailbox_id, fc, a);
    ck_assert(api->pending(w));
    ck_assert_uint_eq(woken, 1);
    ck_fails(STATE, api->changes(w, a, &v, &n, err));
    ck_assert(!api->pending(w));
    fc.flags = STORE_SEEN;
    fc.mode = STORE_FLAGS_REMOVE;
    struct store_entry *e;
    ck_err(api->set_flags(acc, adds[0].mailbox_id, UIDS({ 7, 7 }), &fc, a, &e, &n, NULL, err));
    ck_assert_uint_eq(woken, 2);
    ck_assert_str_eq(taken(w, a), "flags:7:4");
    api->unwatch(w);
    close_account(acc);
    moxd_arena_free(a);
}

/* --- several fibers ---------------------------------------------------------------------------- */

static struct {
    struct store_account *acc;
    struct store_watch *watch;
    struct moxd_fid reader;
    unsigned seen, writers;
} race;

enum { WRITERS = 8, EACH = 25 };

static void poke(void *arg)
{
    (void)arg;
    moxd_poke(race.reader);
}

static void writer(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++)
        add_text(race.acc, "INBOX", "x", 0);
    race.writers--;
}

static void reader(void *arg)
{
    uint32_t next = 1;
    uint64_t modseq = 0;

    (void)arg;
    while (race.seen < WRITERS * EACH) {
        struct moxd_arena *a = moxd_arena_new(0);
        struct store_change *v;
        size_t n;
        if (!api->pending(race.watch))
            ck_assert_int_eq(moxd_park(MOXD_NEVER), MOXD_OK);
        ck_err(api->changes(race.watch, a, &v, &n, err));
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_eq(v[i].uid, next++);
            ck_assert_uint_gt(v[i].modseq, modseq);
            modseq = v[i].modseq;
            ck_assert_uint_ge(api->modseq(race.acc), modseq);
        }
        race.seen += (unsigned)n;
        moxd_arena_free(a);
    }
}

/* proves: STORE-16, IMAP-10 */
IN_STORE(reader_misses_nothing_while_many_write)
{
    struct moxd_fid w[WRITERS];

    race.acc = open_account("mjl");
    race.watch = api->watch(race.acc, poke, NULL);
    race.seen = 0;
    race.writers = WRITERS;
    race.reader = moxd_fiber_spawn("reader", reader, NULL);
    for (int i = 0; i < WRITERS; i++)
        w[i] = moxd_fiber_spawn("writer", writer, NULL);
    for (int i = 0; i < WRITERS; i++)
        ck_assert_int_eq(moxd_fiber_join(w[i], MOXD_NEVER), MOXD_OK);
    ck_assert_int_eq(moxd_fiber_join(race.reader, MOXD_NEVER), MOXD_OK);
    ck_assert_uint_eq(race.seen, WRITERS * EACH);
    ck_assert_uint_lt(atomic_load(&store_instance.env->stats.flushes),
                      atomic_load(&store_instance.env->stats.commits));
    api->unwatch(race.watch);
    close_account(race.acc);
}

UNIT_MAIN("store_watch", tells_everything_in_order, tells_of_mailboxes, watchers_are_independent,
          bodies_wait_for_watchers, erasure_survives_a_restart,
          watch_gives_up_when_too_much_is_pending, reader_misses_nothing_while_many_write)
