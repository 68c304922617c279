/* Memory of idle connections: a server whose sessions wait for a line, as those of IMAP do.
 *
 *     bench/idle [connections, default 3000] [tls|plain]
 *
 * The clients are a process of their own. RSS with page tables, without the kernel's socket buffers. */
#include "bench_util.h"

#include <arpa/inet.h>
#include <moxd/loop.h>
#include <moxd/stream.h>
#include <moxd/tls.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int connections = 3000;
static int listener;
static struct sockaddr_in address;
static struct moxd_tls *tls;
static int waiting;

static void check(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(1);
}

static void talk(struct moxd_stream *st)
{
    struct moxd_str line;

    check(moxd_stream_puts(st, "* OK\r\n") == 0 && moxd_stream_flush(st) == 0, "greeting");
    check(moxd_stream_line(st, &line, 1000, NULL) >= 0, "first line");
    check(moxd_stream_puts(st, "a OK\r\n") == 0 && moxd_stream_flush(st) == 0, "reply");
    waiting++;
    while (moxd_stream_line(st, &line, 1000, NULL) >= 0)
        ;
    waiting--;
}

static void session(void *arg)
{
    struct moxd_stream *st = moxd_stream_new((int)(intptr_t)arg);

    moxd_stream_timeouts(st, -1, -1);
    if (tls == NULL || moxd_stream_tls_accept(st, tls, NULL) == 0)
        talk(st);
    moxd_stream_close(st);
}

static void serve(void *arg)
{
    long before = bench_rss();
    int64_t start = bench_ns(), cpu = bench_cpu_ns();

    (void)arg;
    for (int i = 0; i < connections; i++) {
        moxd_wait_fd(listener, MOXD_FD_READ, MOXD_NEVER);
        int fd = accept(listener, NULL, NULL);
        check(fd >= 0, "accept");
        moxd_fiber_spawn("session", session, (void *)(intptr_t)fd);
    }
    while (waiting < connections)
        moxd_yield();
    printf("%d connections in %.1f s, %.0f us of cpu each\n", connections,
           (double)(bench_ns() - start) / 1e9, (double)(bench_cpu_ns() - cpu) / connections / 1e3);
    moxd_sleep(2 * MOXD_SEC);
    printf("idle %s connection: %.1f KiB\n", tls != NULL ? "TLS" : "plain",
           (double)(bench_rss() - before) / connections);
    moxd_loop_stop();
}

static void client(void *arg)
{
    struct moxd_tls_client c = { .name = "localhost" };
    struct moxd_str line;

    for (int i = 0; i < connections; i++) {
        struct moxd_stream *st =
            moxd_stream_connect((struct sockaddr *)&address, sizeof(address), MOXD_NEVER, NULL);
        check(st != NULL, "connect");
        if (*(bool *)arg)
            check(moxd_stream_tls_connect(st, &c) == 0, moxd_stream_error(st));
        check(moxd_stream_line(st, &line, 100, NULL) > 0, "greeting");
        check(moxd_stream_puts(st, "a NOOP\r\n") == 0, "command");
        check(moxd_stream_line(st, &line, 100, NULL) > 0, "reply");
    }
    moxd_park(MOXD_NEVER);
}

static void listen_local(void)
{
    socklen_t len = sizeof(address);

    address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    check(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0, "bind");
    check(listen(listener, 1024) == 0, "listen");
    check(getsockname(listener, (struct sockaddr *)&address, &len) == 0, "getsockname");
}

static void make_tls(void)
{
    const char *names[] = { "localhost", NULL };
    char cert[] = "/tmp/moxd-bench-cert-XXXXXX", key[] = "/tmp/moxd-bench-key-XXXXXX";
    struct moxd_tls_pair pair = { cert, key, mkstemp(cert), mkstemp(key) };
    struct moxd_err err = { 0 };

    if (moxd_tls_selfsigned(cert, key, names, &err) == 0)
        tls = moxd_tls_new(&(struct moxd_tls_opts){ .hostname = "localhost" }, &pair, 1, &err);
    unlink(cert);
    unlink(key);
    check(tls != NULL, err.priv);
}

int main(int argc, char **argv)
{
    bool secure = argc < 3 || strcmp(argv[2], "tls") == 0;
    struct rlimit files;

    connections = argc > 1 ? atoi(argv[1]) : connections;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    listen_local();
    pid_t pid = fork();
    if (pid == 0) {
        moxd_loop_main(client, &secure);
        _exit(0);
    }
    if (secure)
        make_tls();
    moxd_loop_init();
    moxd_fiber_spawn("serve", serve, NULL);
    moxd_loop_run();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 0;
}
