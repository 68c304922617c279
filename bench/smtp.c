/* bench/smtp [-c CONNECTIONS] [-s SIZE | -m FILE] [-n MESSAGES] [-f SENDER] [-r RECIPIENT]... [-p] HOST PORT
 *
 * Sends messages to an SMTP server and tells how many a second it acknowledged, and how long each took
 * from MAIL to the reply to its data. -m: a message as it goes over the wire, with CRLF and dots doubled. -p pipelines MAIL, RCPT and DATA (RFC 2920), as good servers do.
 * Connections take recipients in turn. One thread for each connection. */
#include <errno.h>
#include <moxd/clock.h>
#include <moxd/str.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECIPIENTS_MAX = 1000, CONNECTIONS_MAX = 1000, LINE_MAX_ = 4096, MESSAGE_MAX = 1 << 20 };

struct bench {
    const char *host, *port, *sender, *file;
    unsigned connections, nrecipients;
    size_t size;
    unsigned messages; /* of all connections */
    bool pipeline;
    const char *recipients[RECIPIENTS_MAX];
    char *body; /* with its end */
    size_t body_n;
};
struct client {
    const struct bench *b;
    unsigned index, messages;
    int fd;
    char in[LINE_MAX_];
    size_t have;
    int64_t *took; /* of each message, ns */
    pthread_t thread;
};

MOXD_NORETURN static void die(const char *what, const char *detail)
{
    fprintf(stderr, "bench/smtp: %s: %s\n", what, detail);
    exit(1);
}

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
        ssize_t k = write(c->fd, p, n);
        if (k <= 0)
            die("write", strerror(errno));
        p += k;
        n -= (size_t)k;
    }
}

/* The next reply's code; only its last line counts. */
static int reply(struct client *c)
{
    for (;;) {
        char *end = memchr(c->in, '\n', c->have);
        if (!end) {
            ssize_t k = read(c->fd, c->in + c->have, sizeof(c->in) - c->have);
            if (k <= 0)
                die("read", k < 0 ? strerror(errno) : "the server closed");
            c->have += (size_t)k;
            continue;
        }
        int code = atoi(c->in);
        bool last = c->in[3] != '-';
        c->have -= (size_t)(end + 1 - c->in);
        memmove(c->in, end + 1, c->have);
        if (last)
            return code;
    }
}

static void expect(struct client *c, int code)
{
    int got = reply(c);
    char text[64];

    if (got == code)
        return;
    snprintf(text, sizeof(text), "%d instead of %d", got, code);
    die("reply", text);
}

static void say(struct client *c, const char *text, int code)
{
    put(c, text, strlen(text));
    expect(c, code);
}

static void send_message(struct client *c, unsigned i)
{
    const struct bench *b = c->b;
    const char *rcpt = b->recipients[(c->index + i) % b->nrecipients];
    char text[600];

    if (b->pipeline) {
        int n = snprintf(text, sizeof(text),
                         "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", b->sender, rcpt);
        put(c, text, (size_t)n);
        expect(c, 250);
        expect(c, 250);
        expect(c, 354);
    } else {
        snprintf(text, sizeof(text), "MAIL FROM:<%s>\r\n", b->sender);
        say(c, text, 250);
        snprintf(text, sizeof(text), "RCPT TO:<%s>\r\n", rcpt);
        say(c, text, 250);
        say(c, "DATA\r\n", 354);
    }
    put(c, b->body, b->body_n);
    expect(c, 250);
}

static void *client_run(void *arg)
{
    struct client *c = arg;

    c->fd = dial(c->b->host, c->b->port);
    expect(c, 220);
    say(c, "EHLO bench.example\r\n", 250);
    for (unsigned i = 0; i < c->messages; i++) {
        int64_t start = moxd_mono();
        send_message(c, i);
        c->took[i] = moxd_mono() - start;
    }
    say(c, "QUIT\r\n", 221);
    close(c->fd);
    return NULL;
}

static void read_body(struct bench *b)
{
    FILE *f = fopen(b->file, "rb");

    if (!f)
        die(b->file, strerror(errno));
    b->body = moxd_xmalloc(MESSAGE_MAX + 3);
    b->body_n = fread(b->body, 1, MESSAGE_MAX, f);
    b->size = b->body_n;
    memcpy(b->body + b->body_n, ".\r\n", 3);
    b->body_n += 3;
    fclose(f);
}

/* A header and lines of 76 characters, `size` bytes in all. */
static void make_body(struct bench *b)
{
    static const char head[] = "From: <bench@remote.example>\r\nTo: <you@mox.example>\r\n"
                               "Subject: a message of the benchmark\r\n"
                               "Message-ID: <bench@remote.example>\r\n"
                               "Date: Fri, 21 Nov 2025 08:00:00 +0000\r\n\r\n";
    size_t n = sizeof(head) - 1;

    b->body = moxd_xmalloc(b->size + sizeof(head) + 100);
    memcpy(b->body, head, n);
    while (n < b->size) {
        memset(b->body + n, 'x', 76);
        memcpy(b->body + n + 76, "\r\n", 2);
        n += 78;
    }
    memcpy(b->body + n, ".\r\n", 3);
    b->body_n = n + 3;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void report(const struct bench *b, const int64_t *took, double seconds)
{
    size_t n = b->messages;

    printf("connections=%u size=%zu messages=%zu seconds=%.2f per_second=%.0f p50_ms=%.2f "
           "p99_ms=%.2f max_ms=%.2f\n",
           b->connections, b->size, n, seconds, (double)n / seconds, (double)took[n / 2] / 1e6,
           (double)took[n * 99 / 100] / 1e6, (double)took[n - 1] / 1e6);
}

static void options(struct bench *b, int argc, char **argv)
{
    int opt;

    while ((opt = getopt(argc, argv, "c:s:n:r:f:m:p")) != -1) {
        if (opt == 'c')
            b->connections = (unsigned)atoi(optarg);
        else if (opt == 's')
            b->size = (size_t)atol(optarg);
        else if (opt == 'n')
            b->messages = (unsigned)atoi(optarg);
        else if (opt == 'r' && b->nrecipients < RECIPIENTS_MAX)
            b->recipients[b->nrecipients++] = optarg;
        else if (opt == 'f')
            b->sender = optarg;
        else if (opt == 'm')
            b->file = optarg;
        else if (opt == 'p')
            b->pipeline = true;
        else
            die("usage", "[-c N] [-s BYTES | -m FILE] [-f SENDER] [-n MESSAGES] [-r RECIPIENT]... [-p] HOST PORT");
    }
    if (argc - optind != 2 || b->connections == 0 || b->connections > CONNECTIONS_MAX)
        die("usage", "HOST PORT, and at least one connection");
    b->host = argv[optind];
    b->port = argv[optind + 1];
    if (b->nrecipients == 0)
        b->recipients[b->nrecipients++] = "mjl@mox.example";
}

int main(int argc, char **argv)
{
    struct bench b = { .connections = 1, .size = 2000, .messages = 1000,
                       .sender = "bench@remote.example" };

    options(&b, argc, argv);
    b.messages -= b.messages % b.connections;
    if (b.file)
        read_body(&b);
    else
        make_body(&b);
    struct client *clients = moxd_xcalloc(b.connections, sizeof(*clients));
    int64_t *took = moxd_xcalloc(b.messages, sizeof(*took)), start = moxd_mono();
    for (unsigned i = 0; i < b.connections; i++) {
        unsigned share = b.messages / b.connections;
        clients[i] = (struct client){
            .b = &b, .index = i, .messages = share, .took = took + (size_t)i * share
        };
        if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]) != 0)
            die("pthread_create", "failed");
    }
    for (unsigned i = 0; i < b.connections; i++)
        pthread_join(clients[i].thread, NULL);
    double seconds = (double)(moxd_mono() - start) / MOXD_SEC;
    qsort(took, b.messages, sizeof(*took), by_time);
    report(&b, took, seconds);
    free(took);
    free(clients);
    free(b.body);
    return 0;
}
