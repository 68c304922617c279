#include "crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const crash_mailbox[MAILBOXES] = { "INBOX", "Archive", "Trash", "Lists/c" };

/* A fiber that has more messages adds no more. */
enum { OWNED_MAX = 40 };

static struct {
    struct store store;
    const char *dir;
    int pipe;
    struct message *v;     /* of all fibers; a fiber touches its own only */
    size_t n, cap;
    uint32_t next_token, seed;
    struct store_account *acc[ACCOUNTS];
} ch;

static const struct store_v1 *const api = &store_api;

void crash_options(const char *dir, struct store_options *out)
{
    *out = (struct store_options){
        .env = { .dir = dir, .cache = 2 << 20, .checkpoint_log = 1 << 20,
                 .checkpoint_seconds = 60 },
        .body_in_db = 4096, .open_accounts = 2,
    };
}

size_t crash_body(uint32_t token, char **out)
{
    static const size_t sizes[] = { 60, 500, 2000, 4000, 6000, 20000, 150000 };
    uint32_t state = token;
    size_t n = sizes[crash_random(&state, MOXD_NELEMS(sizes))];
    char *p = *out = moxd_xmalloc(n + 1);
    int head = snprintf(p, n, "token %u\r\n", token);

    for (size_t i = (size_t)head; i < n; i++)
        p[i] = (char)('a' + crash_random(&state, 26));
    p[n] = '\0';
    return n;
}

/* --- events ------------------------------------------------------------------------------------ */

static void tell(struct event *ev, bool acknowledged)
{
    ev->acknowledged = acknowledged;
    if (write(ch.pipe, ev, sizeof(*ev)) != (ssize_t)sizeof(*ev))
        _exit(1);
}

/* --- messages ---------------------------------------------------------------------------------- */

/* A random one of the fiber's own, or -1. */
static long pick(uint32_t fiber, uint32_t *rnd)
{
    size_t start = ch.n > 0 ? crash_random(rnd, (uint32_t)ch.n) : 0;

    for (size_t i = 0; i < ch.n; i++) {
        size_t k = (start + i) % ch.n;
        if (ch.v[k].token % FIBERS == fiber && ch.v[k].uid != 0)
            return (long)k;
    }
    return -1;
}

static void put(struct message m)
{
    if (ch.n == ch.cap) {
        ch.cap = ch.cap > 0 ? 2 * ch.cap : 256;
        ch.v = moxd_xreallocarray(ch.v, ch.cap, sizeof(*ch.v));
    }
    ch.v[ch.n++] = m;
}

static uint32_t new_token(uint32_t fiber)
{
    ch.next_token += FIBERS;
    return ch.next_token / FIBERS * FIBERS + fiber;
}

static uint32_t mailbox_id(struct message m)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_mailbox box;
    struct moxd_err err = { 0 };

    crash_check(api->mailbox(ch.acc[m.account], moxd_cstr(crash_mailbox[m.mailbox]), 0, a, &box,
                             &err), "mailbox", &err);
    moxd_arena_free(a);
    return box.id;
}

static size_t owned(uint32_t fiber)
{
    size_t n = 0;
    for (size_t i = 0; i < ch.n; i++)
        n += ch.v[i].token % FIBERS == fiber && ch.v[i].uid != 0;
    return n;
}

static size_t copies(uint32_t token)
{
    size_t n = 0;
    for (size_t i = 0; i < ch.n; i++)
        n += ch.v[i].token == token && ch.v[i].uid != 0;
    return n;
}

/* --- operations -------------------------------------------------------------------------------- */

static struct store_draft *draft(uint32_t token)
{
    struct store_draft *d = api->draft_new(&ch.store.m);
    struct moxd_err err = { 0 };
    char *body;
    size_t n = crash_body(token, &body);

    crash_check(api->draft_write(d, body, n, &err), "draft", &err);
    free(body);
    return d;
}

static struct message random_place(uint32_t token, uint32_t *rnd)
{
    return (struct message){ .token = token, .account = (uint8_t)crash_random(rnd, ACCOUNTS),
                             .mailbox = (uint8_t)crash_random(rnd, MAILBOXES),
                             .flags = crash_random(rnd, 8) };
}

static struct store_add add_of(struct message m)
{
    return (struct store_add){ .acc = ch.acc[m.account], .mailbox_name = crash_mailbox[m.mailbox],
                               .create = true, .flags = m.flags, .origin = "crash" };
}

/* One message into one or two accounts, or two messages with one command. */
static void deliver(struct event *ev, uint32_t *rnd)
{
    struct moxd_err err = { 0 };
    uint32_t token = new_token(ev->fiber);
    uint32_t second = ev->op == OP_APPEND ? new_token(ev->fiber) : token;

    ev->nafter = ev->op == OP_DELIVER ? 1 : 2;
    ev->after[0] = random_place(token, rnd);
    ev->after[1] = random_place(second, rnd);
    struct store_draft *d[] = { draft(token), draft(second) };
    struct store_add adds[] = { add_of(ev->after[0]), add_of(ev->after[1]) };
    tell(ev, false);
    if (ev->op == OP_APPEND)
        crash_check(api->add_many(&ch.store.m, d, adds, 2, &err), "append", &err);
    else
        crash_check(api->add(&ch.store.m, d[0], adds, ev->nafter, NULL, &err), "deliver", &err);
    tell(ev, true);
    for (uint32_t i = 0; i < ev->nafter; i++) {
        ev->after[i].uid = adds[i].uid;
        put(ev->after[i]);
    }
    api->draft_free(d[0]);
    api->draft_free(d[1]);
}

/* Others put messages meanwhile: what is at k moves in memory, not in number. */
static void flag(struct event *ev, size_t k, struct moxd_arena *a, uint32_t *rnd)
{
    struct message m = ch.v[k];
    struct store_uids uids = { &(struct store_uid_range){ m.uid, m.uid }, 1 };
    struct store_flag_change fc = { STORE_FLAGS_SET, .flags = crash_random(rnd, 8) };
    struct moxd_err err = { 0 };
    struct store_entry *e;
    size_t n;

    ev->after[0].flags = fc.flags;
    tell(ev, false);
    crash_check(api->set_flags(ch.acc[m.account], mailbox_id(m), &uids, &fc, a, &e, &n, NULL,
                               &err), "flag", &err);
    tell(ev, true);
    ch.v[k].flags = fc.flags;
}

static void move_or_copy(struct event *ev, size_t k, struct moxd_arena *a, uint32_t *rnd)
{
    struct message m = ch.v[k];
    struct store_uids uids = { &(struct store_uid_range){ m.uid, m.uid }, 1 };
    struct store_account *acc = ch.acc[m.account];
    struct store_copied *c = NULL;
    struct moxd_err err = { 0 };
    size_t n;

    ev->keeps = ev->op == OP_COPY;
    ev->after[0].mailbox = (uint8_t)((m.mailbox + 1 + crash_random(rnd, 2)) % 3);
    if (ev->after[0].mailbox == m.mailbox)
        return;
    tell(ev, false);
    uint32_t src = mailbox_id(m), dst = mailbox_id(ev->after[0]);
    if (ev->op == OP_COPY)
        crash_check(api->copy(acc, src, &uids, dst, a, &c, &n, &err), "copy", &err);
    else
        crash_check(api->move(acc, src, &uids, dst, a, &c, &n, NULL, &err), "move", &err);
    tell(ev, true);
    moxd_assert(n == 1);
    ev->after[0].uid = c[0].dst_uid;
    if (ev->op == OP_COPY)
        put(ev->after[0]);
    else
        ch.v[k] = ev->after[0];
}

static void expunge(struct event *ev, size_t k, struct moxd_arena *a)
{
    struct message m = ch.v[k];
    struct store_uids uids = { &(struct store_uid_range){ m.uid, m.uid }, 1 }, out;
    struct moxd_err err = { 0 };

    ev->nafter = 0;
    tell(ev, false);
    crash_check(api->expunge(ch.acc[m.account], mailbox_id(m), &uids, a, &out, NULL, &err),
                "expunge", &err);
    tell(ev, true);
    moxd_assert(out.n == 1);
    ch.v[k].uid = 0;
}

/* --- fibers ------------------------------------------------------------------------------------ */

static void step(uint32_t fiber, uint32_t *rnd, struct moxd_arena *a)
{
    struct event ev = { .fiber = fiber, .op = crash_random(rnd, OP_COUNT) };
    long k = pick(fiber, rnd);

    if (ev.op <= OP_APPEND && owned(fiber) > OWNED_MAX)
        ev.op = OP_EXPUNGE;
    if (k < 0 || ev.op <= OP_APPEND) {
        ev.op = ev.op <= OP_APPEND ? ev.op : OP_DELIVER;
        deliver(&ev, rnd);
        return;
    }
    ev.before = ev.after[0] = ch.v[k];
    ev.nafter = 1;
    if (ev.op == OP_COPY && copies(ev.before.token) >= COPIES_MAX)
        ev.op = OP_MOVE;
    if (ev.op == OP_EXPUNGE && (ev.before.flags & STORE_DELETED) == 0)
        ev.op = OP_FLAG;
    if (ev.op == OP_FLAG)
        flag(&ev, (size_t)k, a, rnd);
    else if (ev.op == OP_EXPUNGE)
        expunge(&ev, (size_t)k, a);
    else
        move_or_copy(&ev, (size_t)k, a, rnd);
}

static void work(void *arg)
{
    uint32_t fiber = (uint32_t)(uintptr_t)arg, rnd = ch.seed + fiber;

    for (;;) {
        struct moxd_arena *a = moxd_arena_new(0);
        step(fiber, &rnd, a);
        moxd_arena_free(a);
    }
}

static void child_main(void *arg)
{
    struct store_options opt;
    struct moxd_err err = { 0 };
    char name[20];

    (void)arg;
    crash_options(ch.dir, &opt);
    crash_check(store_up(&ch.store, &opt, &err), "open", &err);
    for (int i = 0; i < ACCOUNTS; i++) {
        snprintf(name, sizeof(name), "account%d", i);
        crash_check(api->open(&ch.store.m, name, &ch.acc[i], &err), "open account", &err);
    }
    struct moxd_fid last = MOXD_NO_FIBER;
    for (uintptr_t i = 0; i < FIBERS; i++)
        last = moxd_fiber_spawn("crash", work, (void *)i);
    (void)moxd_fiber_join(last, MOXD_NEVER);
}

void crash_child(const char *dir, int pipe, const struct message *v, size_t n, uint32_t next_token,
                 uint32_t seed)
{
    ch.dir = dir;
    ch.pipe = pipe;
    ch.next_token = next_token;
    ch.seed = seed;
    for (size_t i = 0; i < n; i++)
        put(v[i]);
    moxd_loop_main(child_main, NULL);
}
