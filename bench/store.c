/* Deliveries per second into the store, all durable, and what they cost; reading 10,000 entries.
 *
 *     bench/store [-d DIR] [-s SECONDS] [-t LARGEST-BODY-IN-DATABASE] [-b BODY] [-f SYNC-THREADS]
 *
 * Fibers add messages to as many accounts (or to one), as sessions would, without a protocol around. */
#include "store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LATENCIES_MAX = 1000000, ENTRIES = 10000 };

static struct store instance;
static const struct store_v1 *const api = &store_api;
static struct moxd_instance *const self = &instance.m;

static struct run {
    unsigned fibers, accounts, left;
    size_t size;
    int64_t end;
    uint64_t done;
    float *latency; /* ms */
    struct store_account **acc;
    struct moxd_waitq over;
} run;

static void die(const char *what, const struct moxd_err *err)
{
    fprintf(stderr, "%s: %s\n", what, err->priv);
    exit(1);
}

static char *message(size_t size)
{
    char *p = moxd_xmalloc(size);
    moxd_random(p, size);
    for (size_t i = 0; i < size; i++)
        p[i] = (char)(' ' + (unsigned char)p[i] % 90);
    return p;
}

/* A header as that of a reply in a thread of ten messages. */
static size_t header(char *p, size_t cap, uint64_t number)
{
    unsigned long long n = number, first = n - n % 10;
    return (size_t)snprintf(p, cap,
                            "From: Ann Example <ann@example.org>\r\nTo: Bob <bob@example.org>\r\n"
                            "Subject: Re: Question %llu\r\nMessage-ID: <%llu.bench@mail.example.org>\r\n"
                            "References: <%llu.bench@mail.example.org> <%llu.bench@mail.example.org>\r\n"
                            "Date: Mon, 3 Mar 2025 10:00:00 +0100\r\nMIME-Version: 1.0\r\n"
                            "Content-Type: text/plain; charset=utf-8\r\n\r\n",
                            first, n, first, n > 0 ? n - 1 : 0);
}

static void deliver(struct store_account *acc, const char *body, size_t size)
{
    static uint64_t number;
    char head[1000];
    size_t n = header(head, sizeof(head), number++);
    struct moxd_err err = { 0 };
    struct store_draft *d = api->draft_new(self);
    struct store_add add = { .acc = acc, .mailbox_name = "INBOX", .origin = "bench",
                             .received = { moxd_wall(), 0 },
                             .prefix = MOXD_STR("Return-Path: <bench@example.org>\r\n"
                                                "Delivered-To: bench@example.org\r\n") };

    if (api->draft_write(d, head, n, &err) < 0 ||
        api->draft_write(d, body, size > n ? size - n : 0, &err) < 0 || api->add(self, d, &add, 1, NULL, &err) < 0)
        die("add", &err);
    api->draft_free(d);
}

static void session(void *arg)
{
    struct store_account *acc = arg;
    char *body = message(run.size);

    while (moxd_mono() < run.end) {
        int64_t start = moxd_mono();
        deliver(acc, body, run.size);
        if (run.done < LATENCIES_MAX)
            run.latency[run.done] = (float)(moxd_mono() - start) / 1e6f;
        run.done++;
    }
    free(body);
    if (--run.left == 0)
        moxd_waitq_wake_all(&run.over);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static uint64_t log_syncs(void)
{
    DB_LOG_STAT *st = NULL;
    if (instance.env->db->log_stat(instance.env->db, &st, 0) != 0)
        return 0;
    uint64_t n = st->st_scount;
    free(st);
    return n;
}

static void open_accounts(void)
{
    struct moxd_err err = { 0 };
    char name[20];

    run.acc = moxd_xcalloc(run.accounts, sizeof(struct store_account *));
    for (unsigned i = 0; i < run.accounts; i++) {
        snprintf(name, sizeof(name), "bench%u", i);
        if (api->open(self, name, &run.acc[i], &err) < 0)
            die("open", &err);
    }
}

static void close_accounts(void)
{
    for (unsigned i = 0; i < run.accounts; i++)
        api->close(run.acc[i]);
    free(run.acc);
}

static void report(double seconds, double cpu, uint64_t syncs, uint64_t files)
{
    size_t n = run.done < LATENCIES_MAX ? run.done : LATENCIES_MAX;

    qsort(run.latency, n, sizeof(*run.latency), by_value);
    printf("| %zu | %u | %u | %.0f | %.3f | %.2f | %.2f | %.2f | %.0f |\n", run.size, run.fibers,
           run.accounts, (double)run.done / seconds, (double)syncs / (double)run.done,
           (double)files / (double)run.done, (double)run.latency[n / 2],
           (double)run.latency[n * 99 / 100], cpu / (double)run.done * 1e6);
    fflush(stdout);
}

static void measure(size_t size, unsigned fibers, unsigned accounts, double seconds)
{
    run = (struct run){ .size = size, .fibers = fibers, .accounts = accounts, .left = fibers };
    run.latency = moxd_xcalloc(LATENCIES_MAX, sizeof(*run.latency));
    open_accounts();
    uint64_t syncs = log_syncs(), files = atomic_load(&instance.env->stats.file_syncs);
    double cpu = cpu_seconds();
    int64_t start = moxd_mono();
    run.end = start + (int64_t)(seconds * 1e9);
    for (unsigned i = 0; i < fibers; i++)
        (void)moxd_fiber_spawn("bench", session, run.acc[i % accounts]);
    while (run.left > 0)
        (void)moxd_waitq_wait(&run.over, MOXD_NEVER);
    double took = (double)(moxd_mono() - start) / 1e9;
    report(took, cpu_seconds() - cpu, log_syncs() - syncs,
           atomic_load(&instance.env->stats.file_syncs) - files);
    close_accounts();
    free(run.latency);
}

/* --- reading ----------------------------------------------------------------------------------- */

static uint32_t fill(struct store_account *acc)
{
    struct moxd_err err = { 0 };
    struct store_draft *d = api->draft_new(self);
    struct store_add *adds = moxd_xcalloc(ENTRIES, sizeof(*adds));

    if (api->draft_write(d, "x", 1, &err) < 0)
        die("draft", &err);
    for (size_t i = 0; i < ENTRIES; i++)
        adds[i] = (struct store_add){ .acc = acc, .mailbox_name = "Archive",
                                      .create = true };
    if (api->add(self, d, adds, ENTRIES, NULL, &err) < 0)
        die("add", &err);
    uint32_t mailbox = adds[0].mailbox_id;
    free(adds);
    api->draft_free(d);
    return mailbox;
}

static void measure_entries(void)
{
    enum { ROUNDS = 20 };
    struct moxd_err err = { 0 };
    struct store_account *acc;
    struct store_entry *v;
    size_t n = 0;

    if (api->open(self, "reader", &acc, &err) < 0)
        die("open", &err);
    uint32_t mailbox = fill(acc);
    int64_t start = moxd_mono();
    for (int i = 0; i < ROUNDS; i++) {
        struct moxd_arena *a = moxd_arena_new(0);
        if (api->entries(acc, mailbox, NULL, a, &v, &n, NULL, &err) < 0)
            die("entries", &err);
        moxd_arena_free(a);
    }
    printf("\nentries of %zu messages: %.2f ms\n", n,
           (double)(moxd_mono() - start) / 1e6 / ROUNDS);
    api->close(acc);
}

/* --- starting ---------------------------------------------------------------------------------- */

static double resident_mb(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f == NULL || fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* In a new process: opens what the measurements have left, after a clean stop. */
static void start_main(void *arg)
{
    const struct store_options *opt = arg;
    struct moxd_err err = { 0 };
    struct store_account *acc;
    double before = resident_mb();
    int64_t start = moxd_mono();

    if (store_up(&instance, opt, &err) < 0)
        die("open", &err);
    int64_t up = moxd_mono();
    if (api->open(self, "reader", &acc, &err) < 0)
        die("open", &err);
    printf("start: %.1f ms, first account %.1f ms, resident %.1f MB, of which the store %.1f\n",
           (double)(up - start) / 1e6, (double)(moxd_mono() - up) / 1e6, resident_mb(),
           resident_mb() - before);
    fflush(stdout);
    _exit(0);
}

static void measure_start(void (*fn)(void *), void *arg)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        moxd_loop_main(fn, arg);
    (void)waitpid(pid, &status, 0);
}

/* --- main -------------------------------------------------------------------------------------- */

static struct options {
    const char *dir;
    size_t size; /* 0: the usual ones */
    unsigned threads;
    double seconds;
    uint64_t in_db;
} options = { .seconds = 3, .in_db = 16 << 10 };

static void bench_main(void *arg)
{
    static const size_t sizes[] = { 2048, 50 * 1024 };
    static const unsigned fibers[] = { 1, 10, 50 };
    struct moxd_err err = { 0 };

    if (store_up(&instance, arg, &err) < 0)
        die("open", &err);
    printf("| bytes | fibers | accounts | msg/s | log syncs/msg | file syncs/msg | p50 ms | p99 ms "
           "| CPU us/msg |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < MOXD_NELEMS(sizes) && options.size == 0; i++)
        for (size_t j = 0; j < MOXD_NELEMS(fibers); j++) {
            measure(sizes[i], fibers[j], fibers[j], options.seconds);
            if (fibers[j] == 50)
                measure(sizes[i], 50, 1, options.seconds);
        }
    if (options.size > 0)
        { measure(options.size, 50, 50, options.seconds); measure(options.size, 1, 1, options.seconds); measure(options.size, 50, 1, options.seconds); }
    else
        measure_entries();
    store_down(&instance);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(int argc, char **argv)
{
    char dir[] = "bench-store-XXXXXX";
    int c;

    while ((c = getopt(argc, argv, "d:s:t:b:f:")) != -1) {
        if (c == 'd')
            options.dir = optarg;
        else if (c == 's')
            options.seconds = atof(optarg);
        else if (c == 't')
            options.in_db = strtoull(optarg, NULL, 10);
        else if (c == 'b')
            options.size = strtoul(optarg, NULL, 10);
        else if (c == 'f')
            options.threads = (unsigned)strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    if (options.threads > 0)
        moxd_offload_threads(MOXD_LANE_FSYNC, options.threads);
    bool temporary = options.dir == NULL;
    if (temporary)
        options.dir = mkdtemp(dir);
    if (options.dir == NULL)
        return 1;
    struct store_options opt = {
        .env = { .dir = options.dir, .cache = 16 << 20, .checkpoint_log = 32 << 20,
                 .checkpoint_seconds = 60 },
        .body_in_db = options.in_db, .open_accounts = 1000,
    };
    moxd_loop_main(bench_main, &opt);
    measure_start(start_main, &opt);
    if (temporary)
        nftw(options.dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
