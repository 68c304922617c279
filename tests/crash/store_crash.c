/* The parent: kills, opens, compares. Prints TAP and how many rounds and acknowledgements there were.
 * MOXD_CRASH_SECONDS says how long; MOXD_CRASH_SEED repeats a run (but for its timing). */
#include "crash.h"
#include "verify.h"

#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20, SECONDS_SANITIZED = 8, LIFE_MAX_MS = 500 };

struct list {
    struct message *v;
    size_t n, cap;
};
static struct {
    const char *dir;
    struct list known;              /* what must be there */
    struct event under_way[FIBERS]; /* begun and not acknowledged; op == OP_COUNT: none */
    uint32_t next_token, rnd;
    uint64_t rounds, acknowledged, half, happened, kills_early;
    size_t problems;
    struct list found;              /* what is there */
} pa;

static void push(struct list *l, struct message m)
{
    if (l->n == l->cap) {
        l->cap = l->cap > 0 ? 2 * l->cap : 256;
        l->v = moxd_xreallocarray(l->v, l->cap, sizeof(*l->v));
    }
    l->v[l->n++] = m;
}

static void problem(const char *what, struct message m)
{
    pa.problems++;
    printf("# %s: token %u account %u mailbox %s flags %x\n", what, m.token, m.account,
           crash_mailbox[m.mailbox], m.flags);
}

/* The same message in the same state; UIDs are not compared. */
static bool same(struct message a, struct message b)
{
    return a.token == b.token && a.account == b.account && a.mailbox == b.mailbox &&
           a.flags == b.flags;
}

static long find(const struct list *l, struct message m)
{
    for (size_t i = 0; i < l->n; i++)
        if (same(l->v[i], m))
            return (long)i;
    return -1;
}

static bool take(struct list *l, struct message m)
{
    long i = find(l, m);
    if (i >= 0)
        l->v[i] = l->v[--l->n];
    return i >= 0;
}

/* --- events of the child ----------------------------------------------------------------------- */

static bool has_before(const struct event *ev)
{
    return ev->op >= OP_FLAG;
}

/* What an operation that happened makes of a list. */
static bool apply(struct list *l, const struct event *ev)
{
    if (has_before(ev) && !ev->keeps && !take(l, ev->before))
        return false;
    for (uint32_t i = 0; i < ev->nafter; i++)
        push(l, ev->after[i]);
    return true;
}

static void on_event(const struct event *ev)
{
    for (uint32_t i = 0; i < ev->nafter; i++)
        if (ev->after[i].token >= pa.next_token)
            pa.next_token = ev->after[i].token + 1;
    if (!ev->acknowledged) {
        pa.under_way[ev->fiber] = *ev;
        return;
    }
    pa.under_way[ev->fiber].op = OP_COUNT;
    pa.acknowledged++;
    if (!apply(&pa.known, ev))
        problem("the test lost track", ev->before);
}

/* Reads events until the child is gone; kills it when its time is over. */
static void follow(pid_t pid, int fd, int64_t end)
{
    struct event ev;
    struct pollfd p = { .fd = fd, .events = POLLIN };
    bool killed = false;

    for (;;) {
        int64_t left = (end - moxd_mono()) / MOXD_MS;
        (void)poll(&p, 1, killed ? -1 : left > 0 ? (int)left : 0);
        if (!killed && moxd_mono() >= end) {
            kill(pid, SIGKILL);
            killed = true;
        }
        if (p.revents == 0)
            continue;
        ssize_t n = read(fd, &ev, sizeof(ev));
        if (n <= 0)
            break;
        moxd_assert(n == (ssize_t)sizeof(ev));
        on_event(&ev);
    }
}

static int run_child(void)
{
    int fds[2], status;
    /* Now and then so short that it dies in recovery. */
    uint32_t life = crash_random(&pa.rnd, crash_random(&pa.rnd, 4) == 0 ? 30 : LIFE_MAX_MS);

    if (pipe(fds) < 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        crash_child(pa.dir, fds[1], pa.known.v, pa.known.n, pa.next_token, pa.rnd);
        _exit(1);
    }
    close(fds[1]);
    uint64_t before = pa.acknowledged;
    follow(pid, fds[0], moxd_mono() + (int64_t)life * MOXD_MS);
    close(fds[0]);
    if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        printf("# the child ended by itself: status %x\n", status);
        return -1;
    }
    pa.kills_early += pa.acknowledged == before;
    return 0;
}

/* --- looking ----------------------------------------------------------------------------------- */

static const struct store_v1 *const api = &store_api;
static struct store store;

static void check_body(struct store_account *acc, uint64_t id, struct message *m)
{
    struct moxd_err err = { 0 };
    struct store_body *b;
    char head[64] = "", *want, *have;

    crash_check(api->body_open(acc, id, &b, &err), "body", &err);
    (void)api->body_read(b, 0, head, sizeof(head) - 1, NULL);
    if (sscanf(head, "token %u", &m->token) != 1)
        problem("body without a token", *m);
    size_t n = crash_body(m->token, &want);
    have = moxd_xcalloc(1, n + 1);
    for (size_t at = 0; at < n;) {
        long r = api->body_read(b, at, have + at, n - at, NULL);
        if (r <= 0)
            break;
        at += (size_t)r;
    }
    if (api->body_size(b) != n || memcmp(want, have, n) != 0)
        problem("damaged body", *m);
    free(want);
    free(have);
    api->body_close(b);
}

static void look_at_mailbox(struct store_account *acc, uint8_t account, uint8_t mailbox)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_err err = { 0 };
    struct store_mailbox box;
    struct store_entry *e;
    size_t n;

    if (api->mailbox(acc, moxd_cstr(crash_mailbox[mailbox]), 0, a, &box, &err) == 0) {
        crash_check(api->entries(acc, box.id, NULL, a, &e, &n, NULL, &err), "entries", &err);
        for (size_t i = 0; i < n; i++) {
            struct message m = { .uid = e[i].uid, .flags = e[i].flags, .account = account,
                                 .mailbox = mailbox };
            check_body(acc, e[i].id, &m);
            push(&pa.found, m);
        }
    }
    moxd_arena_free(a);
}

static void verify(struct store_account *acc)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct store_report r = { .arena = a };
    struct moxd_err err = { 0 };

    while (acc->erasing)
        (void)moxd_yield();
    crash_check(store_read(acc, store_op_verify, &r, &err), "verify", &err);
    for (size_t i = 0; i < r.n && i < STORE_PROBLEMS_MAX; i++)
        printf("# %s: %s\n", acc->name, r.problems[i]);
    if (r.expunged > 0)
        printf("# %s: %llu expunged messages are not erased\n", acc->name,
               (unsigned long long)r.expunged);
    pa.problems += r.n + r.expunged;
    moxd_arena_free(a);
}

static void look(void *arg)
{
    struct store_options opt;
    struct moxd_err err = { 0 };
    struct store_account *acc;
    char name[20];

    (void)arg;
    crash_options(pa.dir, &opt);
    /* As the server's module makes them: mailboxes that exist from the start. */
    static const struct store_initial initial[] = { { "Archive", 0 }, { "Trash", 0 } };
    opt.initial = initial;
    opt.ninitial = 2;
    crash_check(store_up(&store, &opt, &err), "open", &err);
    for (uint8_t i = 0; i < ACCOUNTS; i++) {
        snprintf(name, sizeof(name), "account%u", i);
        crash_check(api->open(&store.m, name, &acc, &err), "open account", &err);
        verify(acc);
        for (uint8_t k = 0; k < MAILBOXES; k++)
            look_at_mailbox(acc, i, k);
        api->close(acc);
    }
    store_down(&store);
}

/* --- comparing --------------------------------------------------------------------------------- */

static bool concerns(const struct event *ev, uint32_t token)
{
    bool is = has_before(ev) && token == ev->before.token;
    for (uint32_t i = 0; i < ev->nafter; i++)
        is = is || token == ev->after[i].token;
    return is;
}

/* Those of a list that an operation can have touched. */
static struct list concerned(const struct list *l, const struct event *ev)
{
    struct list out = { 0 };
    for (size_t i = 0; i < l->n; i++)
        if (concerns(ev, l->v[i].token))
            push(&out, l->v[i]);
    return out;
}

/* The same messages, as often. Empties a. */
static bool equal(struct list *a, const struct list *b)
{
    bool same_all = a->n == b->n;
    for (size_t i = 0; same_all && i < b->n; i++)
        same_all = take(a, b->v[i]);
    return same_all;
}

/* An operation that was under way has happened when what it makes is what is there. */
static void settle(const struct event *ev)
{
    if (ev->op == OP_COUNT)
        return;
    struct list is = concerned(&pa.found, ev), would = concerned(&pa.known, ev);
    pa.half++;
    if (apply(&would, ev) && equal(&is, &would)) {
        pa.happened++;
        (void)!apply(&pa.known, ev);
    }
    free(is.v);
    free(would.v);
}

static void forget(void)
{
    for (int i = 0; i < FIBERS; i++)
        pa.under_way[i].op = OP_COUNT;
}

static void compare(void)
{
    struct list rest = { 0 };

    for (int i = 0; i < FIBERS; i++)
        settle(&pa.under_way[i]);
    for (size_t i = 0; i < pa.found.n; i++)
        push(&rest, pa.found.v[i]);
    for (size_t i = 0; i < pa.known.n; i++)
        if (!take(&rest, pa.known.v[i]))
            problem("missing", pa.known.v[i]);
    for (size_t i = 0; i < rest.n; i++)
        problem("surplus", rest.v[i]);
    forget();
    free(rest.v);
    free(pa.known.v);
    pa.known = pa.found; /* the same, with UIDs */
    pa.found = (struct list){ 0 };
}

/* --- main -------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static int64_t seconds(void)
{
    const char *s = getenv("MOXD_CRASH_SECONDS"), *sanitized = getenv("MOXD_SANITIZED");
    if (s != NULL)
        return atol(s);
    return sanitized != NULL && sanitized[0] != '\0' ? SECONDS_SANITIZED : SECONDS;
}

int main(void)
{
    char dir[] = "store-crash-XXXXXX";
    const char *seed = getenv("MOXD_CRASH_SEED");
    bool ok = true;

    pa.rnd = seed != NULL ? (uint32_t)strtoul(seed, NULL, 10) : (uint32_t)moxd_mono();
    pa.dir = mkdtemp(dir);
    if (pa.dir == NULL)
        return 1;
    forget();
    printf("1..1\n# seed %u\n", pa.rnd);
    for (int64_t end = moxd_mono() + seconds() * MOXD_SEC; ok && moxd_mono() < end;) {
        moxd_loop_main(look, NULL);
        compare();
        ok = pa.problems == 0 && run_child() == 0;
        pa.rounds += ok;
    }
    if (ok) {
        moxd_loop_main(look, NULL);
        compare();
    }
    ok = ok && pa.problems == 0;
    printf("# %llu rounds, %llu acknowledged, %llu under way when killed, of which %llu had "
           "happened, %llu rounds killed before the first acknowledgement, %zu messages at the end\n", (unsigned long long)pa.rounds,
           (unsigned long long)pa.acknowledged, (unsigned long long)pa.half,
           (unsigned long long)pa.happened,
           (unsigned long long)pa.kills_early, pa.known.n);
    printf("%s 1 - what was acknowledged survives kill -9, once\n", ok ? "ok" : "not ok");
    if (ok)
        (void)nftw(pa.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    else
        printf("# data kept in %s\n", pa.dir);
    free(pa.known.v);
    return ok ? 0 : 1;
}
