/* The HTTP client against a server in the same loop. */
#include "tls_unit.h"

#include <moxd/dns.h>
#include <moxd/http_client.h>

static const char *const local_data[] = { "a.example. 300 IN A 127.0.0.1",
                                          "x.b.example. 300 IN A 127.0.0.1",
                                          "other.example. 300 IN A 127.0.0.1",
                                          "nothing.example. 300 IN TXT \"x\"", NULL };

/* ---- the server: one answer for each path */

struct server {
    int fd;
    unsigned port;
    struct moxd_tls *tls; /* NULL: plain */
    struct moxd_fid fiber;
    char seen[4096]; /* requests: their first lines, some fields, their bodies */
};

static void answer(struct moxd_stream *st, const struct server *s, const char *path)
{
    if (strncmp(path, "/ok", 3) == 0)
        moxd_stream_puts(st, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                             "Content-Length: 5\r\n\r\nhello");
    else if (strncmp(path, "/large", 6) == 0)
        moxd_stream_printf(st, "HTTP/1.1 200 OK\r\n\r\n%0500d", 0);
    else if (strncmp(path, "/move", 5) == 0)
        moxd_stream_printf(st,
                           "HTTP/1.1 302 x\r\nContent-Length: 0\r\n"
                           "Location: https://x.b.example:%u/ok2\r\n\r\n",
                           s->port);
    else if (strncmp(path, "/loop", 5) == 0)
        moxd_stream_puts(st, "HTTP/1.1 301 x\r\nContent-Length: 0\r\nLocation: /loop\r\n\r\n");
    else if (strncmp(path, "/garbage", 8) == 0)
        moxd_stream_puts(st, "\001\002\003\r\n\r\n");
    else if (strncmp(path, "/hang", 5) == 0)
        moxd_sleep(60 * MOXD_SEC);
    else
        moxd_stream_puts(st, "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n");
    moxd_stream_flush(st);
}

static void serve(struct server *s, struct moxd_stream *st)
{
    struct moxd_str line;
    char path[100] = "";
    uint64_t n = 0;

    if (s->tls && moxd_stream_tls_accept(st, s->tls, NULL) != 0)
        return;
    while (moxd_stream_line(st, &line, 1000, NULL) > 0) {
        if (!*path) {
            sscanf(line.p, "%*s %99s", path);
            strcat(strcat(s->seen, line.p), "\n");
        }
        if (moxd_str_casestarts(line, MOXD_STR("content-length: ")))
            ck_assert_int_eq(moxd_str_u64(moxd_str_from(line, 16), 1000, &n), 0);
        if (moxd_str_casestarts(line, MOXD_STR("x-")))
            strcat(strcat(s->seen, line.p), "\n");
    }
    if (n > 0)
        ck_assert_int_eq(moxd_stream_readn(st, s->seen + strlen(s->seen), n), 0);
    answer(st, s, path);
}

static void accept_all(void *arg)
{
    struct server *s = arg;

    while (moxd_wait_fd(s->fd, MOXD_FD_READ, MOXD_NEVER) > 0) {
        struct moxd_stream *st = moxd_stream_new(accept(s->fd, NULL, NULL));
        serve(s, st);
        moxd_stream_close(st);
    }
}

static void server_start(struct server *s, bool tls)
{
    const struct moxd_dns_opts dns = { .local_data = local_data, .local_only = true };
    const struct moxd_tls_opts opts = { .hostname = "a.example", .lenient_sni = true };
    struct sockaddr_in in;

    *s = (struct server){ .tls = tls ? make_server(&opts) : NULL, .fd = listen_local(&in) };
    s->port = ntohs(in.sin_port);
    ck_assert_int_eq(moxd_dns_setup(&dns, NULL), 0);
    const char *ca[] = { in_dir("a.pem"), in_dir("b.pem") };
    if (tls)
        ck_assert_int_eq(moxd_tls_trust(ca, 2, true, NULL), 0);
    s->fiber = moxd_fiber_spawn("server", accept_all, s);
}

static void server_stop(struct server *s)
{
    moxd_fiber_cancel(s->fiber);
    moxd_fiber_join(s->fiber, MOXD_NEVER);
    close(s->fd);
    moxd_tls_free(s->tls);
    moxd_dns_fini();
}

/* ---- requests */

static struct moxd_arena *a;
static struct moxd_http_response response;
static struct moxd_err err;

static int fetch(const struct server *s, const char *host, const char *path,
                 struct moxd_http_request req)
{
    req.url = moxd_arena_printf(a, "%s://%s:%u%s", s->tls ? "https" : "http", host, s->port, path);
    req.max = req.max ? req.max : 100;
    req.deadline = req.deadline ? req.deadline : moxd_deadline(20 * MOXD_SEC);
    err = (struct moxd_err){ 0 };
    return moxd_http_fetch(&req, a, &response, &err);
}

static void expect(int rc, enum moxd_err_kind kind)
{
    ck_assert_int_lt(rc, 0);
    ck_assert_msg(err.kind == kind, "%s: %s", moxd_err_kind_name(err.kind), err.priv);
}

IN_FIBER(gets)
{
    const struct moxd_http_request plain = { 0 };
    struct server s;

    a = moxd_arena_new(0);
    server_start(&s, true);
    int rc = fetch(&s, "a.example", "/ok?q", plain);
    ck_assert_msg(rc == 0, "%s", err.priv);
    ck_assert_int_eq(response.status, 200);
    ck_assert_str_eq(response.content_type, "text/plain");
    ck_assert(moxd_str_eqs(response.body, "hello"));
    ck_assert_int_eq(fetch(&s, "127.0.0.1", "/no", plain), 0);
    ck_assert_int_eq(response.status, 404);
    ck_assert_str_eq(response.content_type, "");
    ck_assert_str_eq(s.seen, "GET /ok?q HTTP/1.1\nGET /no HTTP/1.1\n");
    expect(fetch(&s, "a.example", "/large", plain), MOXD_ERR_LIMIT);
    expect(fetch(&s, "a.example", "/garbage", plain), MOXD_ERR_CLOSED);
    expect(fetch(&s, "none.example", "/ok", plain), MOXD_ERR_NOTFOUND);
    expect(fetch(&s, "nothing.example", "/ok", plain), MOXD_ERR_NOTFOUND);
    expect(fetch(&s, "user@a.example", "/ok", plain), MOXD_ERR_INVALID);
    expect(fetch(&s, "a.example", "/hang",
                 (struct moxd_http_request){ .deadline = moxd_deadline(50 * MOXD_MS) }),
           MOXD_ERR_TIMEOUT);
    server_stop(&s);
    moxd_arena_free(a);
}

IN_FIBER(certificates)
{
    const struct moxd_http_request plain = { 0 };
    struct server s;

    a = moxd_arena_new(0);
    server_start(&s, true);
    const char *ca[] = { in_dir("b.pem") };
    expect(fetch(&s, "other.example", "/ok", plain), MOXD_ERR_DENIED); /* not its name */
    ck_assert_int_eq(moxd_tls_trust(ca, 1, true, NULL), 0);
    expect(fetch(&s, "a.example", "/ok", plain), MOXD_ERR_DENIED); /* nobody trusts it */
    ck_assert_int_eq(fetch(&s, "x.b.example", "/ok", plain), 0);   /* by a wildcard */
    ck_assert_str_eq(s.seen, "GET /ok HTTP/1.1\n");
    server_stop(&s);
    moxd_arena_free(a);
}

IN_FIBER(redirects)
{
    struct server s;

    a = moxd_arena_new(0);
    server_start(&s, true);
    ck_assert_int_eq(fetch(&s, "a.example", "/move", (struct moxd_http_request){ 0 }), 0);
    ck_assert_int_eq(response.status, 302);
    ck_assert_int_eq(fetch(&s, "a.example", "/move", (struct moxd_http_request){ .redirects = 1 }),
                     0);
    ck_assert_int_eq(response.status, 200);
    ck_assert_int_eq(fetch(&s, "a.example", "/loop", (struct moxd_http_request){ .redirects = 3 }),
                     0);
    ck_assert_int_eq(response.status, 301);
    ck_assert_str_eq(s.seen, "GET /move HTTP/1.1\nGET /move HTTP/1.1\nGET /ok2 HTTP/1.1\n"
                             "GET /loop HTTP/1.1\nGET /loop HTTP/1.1\nGET /loop HTTP/1.1\n"
                             "GET /loop HTTP/1.1\n");
    server_stop(&s);
    moxd_arena_free(a);
}

IN_FIBER(posts)
{
    const char *const headers[] = { "Content-Type: application/x", "X-A: b", NULL };
    const struct moxd_http_request post = { .headers = headers,
                                            .body = MOXD_STR("{body}"),
                                            .plain = true };
    struct server s;

    a = moxd_arena_new(0);
    server_start(&s, false);
    int rc = fetch(&s, "a.example", "/ok", post);
    ck_assert_msg(rc == 0, "%s", err.priv);
    ck_assert_str_eq(s.seen, "POST /ok HTTP/1.1\nX-A: b\n{body}");
    expect(fetch(&s, "a.example", "/ok", (struct moxd_http_request){ 0 }), MOXD_ERR_INVALID);
    server_stop(&s);
    expect(fetch(&s, "127.0.0.1", "/ok", post), MOXD_ERR_CLOSED);
    moxd_arena_free(a);
}

static void hang(void *arg)
{
    expect(fetch(arg, "a.example", "/hang", (struct moxd_http_request){ 0 }), MOXD_ERR_CANCELLED);
    note("cancelled");
}

IN_FIBER(cancelled)
{
    struct server s;

    a = moxd_arena_new(0);
    server_start(&s, true);
    struct moxd_fid f = moxd_fiber_spawn("client", hang, &s);
    while (!strstr(s.seen, "/hang"))
        ck_assert_int_eq(moxd_sleep(MOXD_MS), MOXD_OK);
    ck_assert(moxd_fiber_cancel(f));
    moxd_fiber_join(f, MOXD_NEVER);
    ck_assert_str_eq(trace, "cancelled");
    server_stop(&s);
    moxd_arena_free(a);
}

int main(void)
{
    const TTest *const tests[] = { gets, certificates, redirects, posts, cancelled };

    return tls_run("http_client", tests, MOXD_NELEMS(tests));
}
