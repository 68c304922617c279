/* main() of a fuzz target without libFuzzer: runs every seed of a corpus, then mutations of them
 * that are the same on every run. The input that kills the target is left in NAME.crash.
 *
 *     fuzz_x [FILE|DIRECTORY ...]       default: tests/fuzz/corpus/x
 *
 * MOXD_FUZZ_MUTATIONS sets how many mutations are tried (default: what the target says, or 3000). */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    MUTATED_MAX = 64 * 1024, /* longer ones only make it slow */
    CPU_SECONDS = 30,        /* an input that takes longer is a hang, under sanitizers too */
};

struct input {
    char *name;
    uint8_t *data;
    size_t n;
};

static struct input *seeds;
static size_t nseeds;
static char crash_file[256];
static const uint8_t *volatile current;
static volatile size_t current_n;

#pragma weak LLVMFuzzerInitialize
#pragma weak fuzz_mutations
void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void __attribute__((noreturn, format(printf, 1, 2))) bail(const char *fmt, ...)
{
    va_list ap;

    printf("Bail out! ");
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    printf("\n");
    exit(1);
}

/* Called when the process dies: only async-signal-safe functions. */
static void save_input(void)
{
    int fd = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0 || current == NULL)
        return;
    const uint8_t *p = current;
    for (size_t left = current_n; left > 0;) {
        ssize_t k = write(fd, p, left);
        if (k <= 0)
            break;
        p += k;
        left -= (size_t)k;
    }
    close(fd);
}

static void on_signal(int sig)
{
    save_input();
    signal(sig, SIG_DFL);
    raise(sig);
}

static void catch_deaths(void)
{
    static const int sigs[] = { SIGABRT, SIGPROF, SIGSEGV, SIGBUS, SIGILL, SIGFPE };

    if (__sanitizer_set_death_callback != NULL) {
        __sanitizer_set_death_callback(save_input);
        signal(SIGABRT, on_signal);
        signal(SIGPROF, on_signal);
        return;
    }
    for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
        signal(sigs[i], on_signal);
}

static void set_hang_timer(time_t seconds)
{
    struct itimerval t = { .it_value = { .tv_sec = seconds } };

    setitimer(ITIMER_PROF, &t, NULL);
}

/* Runs one input in a block of exactly its size, so that ASan sees a read past its end. */
static void run(const uint8_t *data, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);

    if (copy == NULL)
        bail("out of memory");
    if (n > 0)
        memcpy(copy, data, n);
    current = copy;
    current_n = n;
    LLVMFuzzerTestOneInput(copy, n);
    current = NULL;
    free(copy);
}

static void add_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0)
        bail("%s: %s", path, strerror(errno));
    size_t n = (size_t)st.st_size, have = 0;
    uint8_t *data = malloc(n + 1);
    seeds = realloc(seeds, (nseeds + 1) * sizeof(*seeds));
    if (data == NULL || seeds == NULL)
        bail("out of memory");
    while (have < n) {
        ssize_t k = read(fd, data + have, n - have);
        if (k <= 0)
            bail("%s: short read", path);
        have += (size_t)k;
    }
    close(fd);
    seeds[nseeds++] = (struct input){ strdup(path), data, n };
}

static int by_name(const void *a, const void *b)
{
    const struct input *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static void add_path(const char *path)
{
    char sub[4096];
    DIR *dir = opendir(path);

    if (dir == NULL && errno == ENOTDIR) {
        add_file(path);
        return;
    }
    if (dir == NULL)
        bail("%s: %s", path, strerror(errno));
    for (struct dirent *de; (de = readdir(dir)) != NULL;) {
        if (de->d_name[0] == '.')
            continue;
        snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
        add_path(sub);
    }
    closedir(dir);
}

/* splitmix64: the same numbers on every machine. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(uint64_t *state, size_t n)
{
    return n == 0 ? 0 : (size_t)(next_random(state) % n);
}

static size_t insert(uint8_t *buf, size_t n, size_t at, const uint8_t *what, size_t len)
{
    if (n + len > MUTATED_MAX)
        return n;
    memmove(buf + at + len, buf + at, n - at);
    memcpy(buf + at, what, len);
    return n + len;
}

static size_t insert_token(uint8_t *buf, size_t n, uint64_t *rnd)
{
    static const struct {
        const char *s;
        size_t n;
    } tokens[] = {
#define T(s) { s, sizeof(s) - 1 }
        T("\r\n"), T("\n"),    T("\r"),   T("\0"),     T("\r\n.\r\n"),  T("\""), T("\\"),
        T("("),    T(")"),     T("<"),    T(">"),      T("@"),          T(":"),  T(";"),
        T(","),    T("{10}"),  T("{"),    T("="),      T("=?"),         T("?="), T("=?utf-8?q?"),
        T(" "),    T("\t"),    T("\xff"), T("\xc3"),   T("\xe2\x80"),   T("%"),  T("/"),
        T("-"),    T("--"),    T("0"),    T("999999"), T("4294967296"), T("*"),  T("["),
        T("]"),    T("\r\n "),
#undef T
    };
    size_t i = below(rnd, sizeof(tokens) / sizeof(tokens[0]));

    return insert(buf, n, below(rnd, n + 1), (const uint8_t *)tokens[i].s, tokens[i].n);
}

/* One random change; returns the new length. */
static size_t mutate(uint8_t *buf, size_t n, uint64_t *rnd)
{
    static uint8_t piece[1024];
    const struct input *other = &seeds[below(rnd, nseeds)];
    size_t at = below(rnd, n), len = below(rnd, 64);

    switch (n == 0 ? 0 : next_random(rnd) % 7) {
    case 0:
        return insert_token(buf, n, rnd);
    case 1:
        buf[at] ^= (uint8_t)(1U << below(rnd, 8));
        return n;
    case 2:
        buf[at] = (uint8_t)next_random(rnd);
        return n;
    case 3: /* cut a piece out */
        len = len < n - at ? len : n - at;
        memmove(buf + at, buf + at + len, n - at - len);
        return n - len;
    case 4: /* repeat a piece */
        len = len < n - at ? len : n - at;
        memcpy(piece, buf + at, len);
        for (size_t times = 1 + below(rnd, 8); times > 0; times--)
            n = insert(buf, n, at, piece, len);
        return n;
    case 5: /* the rest of another seed */
        len = below(rnd, other->n);
        len = len < sizeof(piece) ? len : sizeof(piece);
        return other->n == 0 ? n : insert(buf, n, at, other->data + other->n - len, len);
    default: /* the end is missing */
        return at;
    }
}

static void run_mutations(long count)
{
    static uint8_t buf[MUTATED_MAX];
    uint64_t rnd = 1;

    for (long i = 0; i < count; i++) {
        const struct input *seed = &seeds[below(&rnd, nseeds)];
        size_t n = seed->n < MUTATED_MAX ? seed->n : MUTATED_MAX;

        memcpy(buf, seed->data, n);
        for (size_t changes = 1 + below(&rnd, 6); changes > 0; changes--)
            n = mutate(buf, n, &rnd);
        if (i % 64 == 0)
            set_hang_timer(CPU_SECONDS);
        run(buf, n);
    }
}

static const char *target_name(const char *argv0)
{
    const char *slash = strrchr(argv0, '/');
    const char *name = slash != NULL ? slash + 1 : argv0;

    return strncmp(name, "lt-", 3) == 0 ? name + 3 : name;
}

static void add_default_corpus(const char *name)
{
    char path[4096];
    const char *srcdir = getenv("MOXD_SRCDIR");

    snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir != NULL ? srcdir : ".",
             strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
    add_path(path);
}

int main(int argc, char **argv)
{
    const char *name = target_name(argv[0]), *env = getenv("MOXD_FUZZ_MUTATIONS");
    long mutations = &fuzz_mutations != NULL ? fuzz_mutations : 3000;

    if (env != NULL)
        mutations = strtol(env, NULL, 10);
    snprintf(crash_file, sizeof(crash_file), "%s.crash", name);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..2\n");
    catch_deaths();
    if (LLVMFuzzerInitialize != NULL)
        LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++)
        add_path(argv[i]);
    if (argc == 1)
        add_default_corpus(name);
    if (nseeds == 0)
        bail("no seeds");
    qsort(seeds, nseeds, sizeof(*seeds), by_name);
    for (size_t i = 0; i < nseeds; i++) {
        set_hang_timer(CPU_SECONDS);
        run(seeds[i].data, seeds[i].n);
    }
    printf("ok 1 - %s: %zu seeds\n", name, nseeds);
    run_mutations(mutations);
    printf("ok 2 - %s: %ld mutations\n", name, mutations);
    for (size_t i = 0; i < nseeds; i++) {
        free(seeds[i].name);
        free(seeds[i].data);
    }
    free(seeds);
    return 0;
}
