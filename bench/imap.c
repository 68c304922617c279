/* bench/imap [-taq] [-c CONNECTIONS] [-n TIMES] [-m MAILBOX] [-u USER]... WHAT HOST PORT
 *
 * WHAT is one of
 *     append SIZE       appends a message of that size to the mailbox, TIMES in all
 *     run COMMAND       runs a command in the selected mailbox, TIMES in all
 *     idle              every connection goes idle in the mailbox; waits for the end of its standard input. At a line
 *                       there, it waits until each was told of a message, and says how long that took
 * and tells how many a second there were and how long each took. -t: TLS, -a: TLS by ALPN, -q: QRESYNC is enabled.
 * Connections take users in turn; their password is in BENCH_PASSWORD. One thread for each connection. */
#include "bench_util.h"

#include <errno.h>
#include <moxd/buf.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { USERS_MAX = 100, CONNECTIONS_MAX = 20000, IN_MAX = 64 * 1024, STACK = 256 * 1024 };

struct bench {
    const char *host, *port, *mailbox, *what, *arg, *password;
    unsigned connections, times, nusers;
    const char *users[USERS_MAX];
    SSL_CTX *tls;
    bool qresync;
    size_t message_n; /* bytes of a message to append */
};
struct client {
    struct bench *b;
    unsigned index, times;
    int fd;
    SSL *ssl;
    char *in;
    size_t have, at;
    uint64_t bytes; /* received */
    int64_t *took;  /* of each time, ns */
    pthread_t thread;
};

MOXD_NORETURN static void die(const char *what, const char *detail)
{
    fprintf(stderr, "bench/imap: %s: %s\n", what, detail);
    exit(1);
}

/* --- a connection ---------------------------------------------------------------------------------- */

static int dial(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *ai;
    int on = 1, r = getaddrinfo(host, port, &hints, &ai);

    if (r != 0)
        die(host, gai_strerror(r));
    int fd = socket(ai->ai_family, ai->ai_socktype, 0);
    if (fd < 0 || connect(fd, ai->ai_addr, ai->ai_addrlen) < 0)
        die("connect", strerror(errno));
    freeaddrinfo(ai);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void put(struct client *c, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = c->ssl ? SSL_write(c->ssl, p, (int)n) : write(c->fd, p, n);
        if (k <= 0)
            die("write", strerror(errno));
        p += k;
        n -= (size_t)k;
    }
}

static void fill(struct client *c)
{
    ssize_t k = c->ssl ? SSL_read(c->ssl, c->in, IN_MAX) : read(c->fd, c->in, IN_MAX);

    if (k <= 0)
        die("read", k < 0 ? strerror(errno) : "the server closed");
    c->at = 0;
    c->have = (size_t)k;
    c->bytes += (uint64_t)k;
}

/* The start of the next line, cut; *literal is the size of the literal that follows it. */
static void line(struct client *c, char *out, size_t cap, size_t *literal)
{
    char tail[24] = "";
    const char *lf;
    size_t n = 0;

    do {
        if (c->at == c->have)
            fill(c);
        const char *p = c->in + c->at;
        size_t left = c->have - c->at;
        lf = memchr(p, '\n', left);
        size_t k = lf ? (size_t)(lf - p) : left, keep = k < cap - 1 - n ? k : cap - 1 - n;
        memcpy(out + n, p, keep);
        n += keep;
        size_t end = k < sizeof(tail) - 1 ? k : sizeof(tail) - 1;
        memmove(tail, tail + end, sizeof(tail) - 1 - end);
        memcpy(tail + sizeof(tail) - 1 - end, p + k - end, end);
        c->at += k + (lf != NULL);
    } while (!lf);
    out[n] = '\0';
    const char *open = memrchr(tail, '{', sizeof(tail) - 1);
    *literal = open && tail[sizeof(tail) - 3] == '}' ? (size_t)atol(open + 1) : 0;
}

static void skip(struct client *c, size_t n)
{
    while (n > 0) {
        if (c->at == c->have)
            fill(c);
        size_t k = c->have - c->at < n ? c->have - c->at : n;
        c->at += k;
        n -= k;
    }
}

/* Reads on to the line that begins so. */
static void await(struct client *c, const char *start, const char *good)
{
    char text[300];
    size_t literal;

    do {
        line(c, text, sizeof(text), &literal);
        skip(c, literal);
    } while (strncmp(text, start, strlen(start)) != 0);
    if (strncmp(text, good, strlen(good)) != 0)
        die("reply", text);
}

static void say(struct client *c, const char *text)
{
    put(c, text, strlen(text));
    await(c, "a ", "a OK");
}

__attribute__((format(printf, 2, 3))) static void command(struct client *c, const char *fmt, ...)
{
    char text[2000];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say(c, text);
}

static void client_open(struct client *c)
{
    struct bench *b = c->b;

    c->fd = dial(b->host, b->port);
    c->in = malloc(IN_MAX);
    if (b->tls) {
        c->ssl = SSL_new(b->tls);
        SSL_set_fd(c->ssl, c->fd);
        if (SSL_connect(c->ssl) != 1)
            die("TLS", "handshake failed");
    }
    await(c, "* OK", "* OK");
    command(c, "a LOGIN %s \"%s\"\r\n", b->users[c->index % b->nusers], b->password);
}

static void client_close(struct client *c)
{
    if (c->ssl)
        SSL_free(c->ssl);
    close(c->fd);
    free(c->in);
}

/* --- what it does ---------------------------------------------------------------------------------- */

/* Messages that differ, the same ones in each run: words as frequent as in a language. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void put_word(struct moxd_buf *m, uint32_t *seed)
{
    static const char *const syllables[] = { "ba", "ken", "do", "ri", "sto", "la", "mi", "ter",
                                             "un", "ga", "pe", "lo", "sa", "vin", "ho", "ne" };
    uint32_t bits = next_random(seed) % 15, number = next_random(seed) & ((2u << bits) - 1);

    do {
        moxd_buf_adds(m, syllables[number % 16]);
        number /= 16;
    } while (number > 0);
}

static void put_words(struct moxd_buf *m, uint32_t *seed, size_t chars)
{
    for (size_t start = m->n, line = m->n; m->n < start + chars;) {
        if (m->n > start)
            moxd_buf_adds(m, m->n > line + 70 ? "\r\n" : " ");
        if (m->n > line + 70)
            line = m->n;
        put_word(m, seed);
    }
}

static void put_address(struct moxd_buf *m, uint32_t *seed)
{
    char name[8];

    snprintf(name, sizeof(name), "%x", next_random(seed) % 500);
    moxd_buf_addf(m, "Person %s <p%s@d%u.example>", name, name, next_random(seed) % 50);
}

static void make_message(struct moxd_buf *m, uint32_t number, size_t size)
{
    uint32_t seed = number * 2654435761u + 1;

    moxd_buf_addf(m, "Received: from mx%u.example (mx.example [192.0.2.1])\r\n\tby mx.here.example "
                     "with ESMTPS id %08x\r\n\tfor <you@mox.example>; Fri, 21 Nov 2025 08:00:00 "
                     "+0000\r\nFrom: ", number % 50, number);
    put_address(m, &seed);
    moxd_buf_adds(m, "\r\nTo: You <you@mox.example>, ");
    put_address(m, &seed);
    moxd_buf_adds(m, "\r\nSubject: ");
    put_words(m, &seed, 20 + next_random(&seed) % 30);
    moxd_buf_addf(m, "\r\nMessage-ID: <%08x.%u@d%u.example>\r\nDate: Fri, 21 Nov 2025 %02u:%02u:00 "
                     "+0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
                  next_random(&seed), number, number % 50, number % 24, number % 60);
    while (m->n + 2 < size) {
        put_words(m, &seed, size - m->n < 400 ? size - m->n - 2 : 398);
        moxd_buf_adds(m, "\r\n");
    }
}

static void append(struct client *c, uint32_t number)
{
    struct moxd_buf m = MOXD_BUF_INIT(SIZE_MAX / 2);
    char text[200];

    make_message(&m, number, c->b->message_n);
    int n = snprintf(text, sizeof(text), "a APPEND %s {%zu+}\r\n", c->b->mailbox, m.n);
    put(c, text, (size_t)n);
    put(c, moxd_buf_cstr(&m), m.n);
    moxd_buf_fini(&m);
    say(c, "\r\n");
}

static void *client_run(void *arg)
{
    struct client *c = arg;
    bool appends = strcmp(c->b->what, "append") == 0;

    client_open(c);
    if (c->b->qresync)
        command(c, "a ENABLE %s\r\n", "QRESYNC");
    if (!appends)
        command(c, "a SELECT %s\r\n", c->b->mailbox);
    c->bytes = 0;
    for (unsigned i = 0; i < c->times; i++) {
        int64_t start = bench_ns();
        if (appends)
            append(c, c->index + i * c->b->connections);
        else
            command(c, "a %s\r\n", c->b->arg);
        c->took[i] = bench_ns() - start;
    }
    client_close(c);
    return NULL;
}

/* RFC 9051 7.4.1 */
static void await_told(struct bench *b, struct client *clients)
{
    int64_t start = bench_ns();

    for (unsigned i = 0; i < b->connections; i++) {
        char text[300] = "";
        size_t literal;
        while (!strstr(text, " EXISTS"))
            line(&clients[i], text, sizeof(text), &literal);
    }
    printf("told in %.0f ms\n", (double)(bench_ns() - start) / 1e6);
    fflush(stdout);
}

/* One after the other: thousands of threads would not fit. */
static void idle(struct bench *b, struct client *clients)
{
    char ch;

    for (unsigned i = 0; i < b->connections; i++) {
        struct client *c = &clients[i];
        client_open(c);
        command(c, "a SELECT %s\r\n", b->mailbox);
        put(c, "a IDLE\r\n", 8);
        await(c, "+", "+");
    }
    printf("idle\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &ch, 1) > 0)
        await_told(b, clients);
    for (unsigned i = 0; i < b->connections; i++)
        client_close(&clients[i]);
}

static void report(struct bench *b, struct client *clients, int64_t *took, double seconds)
{
    uint64_t bytes = 0;

    for (unsigned i = 0; i < b->connections; i++)
        bytes += clients[i].bytes;
    printf("connections=%u times=%u seconds=%.2f per_second=%.0f p50_ms=%.2f p99_ms=%.2f "
           "received_mb_per_second=%.1f\n",
           b->connections, b->times, seconds, b->times / seconds,
           (double)bench_percentile(took, b->times, 50) / 1e6,
           (double)bench_percentile(took, b->times, 99) / 1e6, (double)bytes / seconds / 1e6);
}

static void run(struct bench *b, struct client *clients)
{
    int64_t *took = calloc(b->times, sizeof(*took)), start = bench_ns();
    pthread_attr_t attr;
    unsigned given = 0;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK);
    for (unsigned i = 0; i < b->connections; i++) {
        struct client *c = &clients[i];
        c->times = b->times / b->connections + (i < b->times % b->connections);
        c->took = took + given;
        given += c->times;
        if (pthread_create(&c->thread, &attr, client_run, c) != 0)
            die("pthread_create", strerror(errno));
    }
    for (unsigned i = 0; i < b->connections; i++)
        pthread_join(clients[i].thread, NULL);
    report(b, clients, took, (double)(bench_ns() - start) / 1e9);
    free(took);
}

/* --- the command line ------------------------------------------------------------------------------ */

static void options(struct bench *b, int argc, char **argv)
{
    int opt;

    while ((opt = getopt(argc, argv, "taqc:n:m:u:")) != -1) {
        if (opt == 't')
            b->tls = SSL_CTX_new(TLS_client_method());
        else if (opt == 'a' && b->tls)
            SSL_CTX_set_alpn_protos(b->tls, (const unsigned char *)"\4imap", 5);
        else if (opt == 'q')
            b->qresync = true;
        else if (opt == 'c')
            b->connections = (unsigned)atoi(optarg);
        else if (opt == 'n')
            b->times = (unsigned)atoi(optarg);
        else if (opt == 'm')
            b->mailbox = optarg;
        else if (opt == 'u' && b->nusers < USERS_MAX)
            b->users[b->nusers++] = optarg;
        else
            die("usage", "see the top of bench/imap.c");
    }
    argv += optind;
    argc -= optind;
    if (argc < 3)
        die("usage", "see the top of bench/imap.c");
    b->what = argv[0];
    b->arg = argc > 3 ? argv[1] : NULL;
    b->host = argv[argc - 2];
    b->port = argv[argc - 1];
}

int main(int argc, char **argv)
{
    struct bench b = {
        .connections = 1, .times = 1, .mailbox = "INBOX", .password = getenv("BENCH_PASSWORD")
    };
    struct client *clients;

    options(&b, argc, argv);
    if (b.nusers == 0 || !b.password || b.connections < 1 || b.connections > CONNECTIONS_MAX ||
        b.times < 1 || (strcmp(b.what, "idle") != 0) != (b.arg != NULL))
        die("usage", "see the top of bench/imap.c");
    if (strcmp(b.what, "append") == 0)
        b.message_n = (size_t)atol(b.arg);
    clients = calloc(b.connections, sizeof(*clients));
    for (unsigned i = 0; i < b.connections; i++) {
        clients[i].b = &b;
        clients[i].index = i;
    }
    if (strcmp(b.what, "idle") == 0)
        idle(&b, clients);
    else
        run(&b, clients);
    free(clients);
    SSL_CTX_free(b.tls);
    return 0;
}
