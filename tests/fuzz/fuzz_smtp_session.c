/* A whole SMTP session: the input is what the client sends. Below the module are fakes; what comes out of
 * it is checked: replies are replies, messages have CRLF line ends, one From and trace fields on top.
 * The first byte chooses the service, pedantic mode, and TLS: then what is before the first byte 1 goes out in
 * the clear, and the rest, if STARTTLS was accepted by then, inside of TLS. */
#include "fuzz.h"

#include "core_modules.h"

#include <fcntl.h>
#include <moxd/accounts.h>
#include <moxd/auth.h>
#include <moxd/loop.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxd/tls.h>
#include <moxmail/header.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAFT_MAX = 1 << 20, REPLY_MAX = 512, INPUT_MAX = 64 * 1024 };

/* --- store --- */
struct store_draft {
    struct moxd_buf b;
};

static struct store_draft *draft_new(struct moxd_instance *self)
{
    struct store_draft *d = moxd_xcalloc(1, sizeof(*d));

    (void)self;
    moxd_buf_init(&d->b, DRAFT_MAX);
    return d;
}

static int draft_write(struct store_draft *d, const char *p, size_t n, struct moxd_err *err)
{
    (void)moxd_yield();
    moxd_buf_add(&d->b, p, n);
    return d->b.overflow ? moxd_err_set(err, MOXD_ERR_FULL, "full") : 0;
}

static uint64_t draft_size(const struct store_draft *d)
{
    return d->b.n;
}

static long draft_read(struct store_draft *d, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    struct moxd_str s = moxd_str_sub(moxd_buf_str(&d->b), (size_t)off, n);

    (void)err;
    memcpy(p, s.p, s.n);
    return (long)s.n;
}

static void draft_free(struct store_draft *d)
{
    moxd_buf_fini(&d->b);
    free(d);
}

static int store_open(struct moxd_instance *self, const char *name, struct store_account **out,
                      struct moxd_err *err)
{
    (void)self, (void)err;
    *out = (struct store_account *)(uintptr_t)name;
    return moxd_yield() == MOXD_OK ? 0 : -1;
}

static void store_close(struct store_account *acc)
{
    (void)acc;
}

static const char *store_name(const struct store_account *acc)
{
    return (const char *)acc;
}

static void check_lines(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        moxd_assert(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
        moxd_assert(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
    }
}

static int store_add(struct moxd_instance *self, struct store_draft *d, struct store_add *adds,
                     size_t n, size_t *failed, struct moxd_err *err)
{
    struct moxd_str body = moxd_buf_str(&d->b);

    (void)self, (void)failed, (void)err;
    moxd_assert(n > 0);
    check_lines(body);
    moxd_assert(moxd_header_count(body, "From") == 1);
    for (size_t i = 0; i < n; i++) {
        check_lines(adds[i].prefix);
        moxd_assert(moxd_str_starts(adds[i].prefix, MOXD_STR("Return-Path: <")));
        moxd_assert(moxd_str_ends(adds[i].prefix, MOXD_STR("\r\n")));
        moxd_assert(moxd_header_count(adds[i].prefix, "Received") == 1);
        size_t addresses = moxd_header_count(adds[i].prefix, "Delivered-To");
        moxd_assert(addresses == 1 || addresses == 2); /* of a member, and of the list */
    }
    return moxd_yield() == MOXD_OK ? 0 : -1;
}

/* Full for what is announced as larger than this. */
static int store_may_add(struct store_account *acc, uint64_t size, struct moxd_err *err)
{
    (void)acc;
    if (size > 32 * 1024)
        return moxd_err_smtp_set(err, MOXD_ERR_LIMIT, 452, "4.2.2", "over quota");
    return moxd_yield() == MOXD_OK ? 0 : -1;
}

static const struct store_v1 store = {
    .open = store_open,
    .close = store_close,
    .account_name = store_name,
    .draft_new = draft_new,
    .draft_write = draft_write,
    .draft_size = draft_size,
    .draft_read = draft_read,
    .draft_free = draft_free,
    .add = store_add,
    .may_add = store_may_add,
};

/* --- accounts: anything at mox.example; list-... and all-... are lists --- */
static const char *const members[] = { "mjl@mox.example", "other@mox.example", "nobody@mox.example",
                                       NULL };

static int resolve(struct moxd_instance *self, struct moxd_str localpart, struct moxd_str domain,
                   struct moxd_arena *a, struct accounts_target *out, struct moxd_err *err)
{
    (void)self, (void)a;
    if (!moxd_str_eqs(domain, "mox.example"))
        return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.7.1", "not ours");
    if (moxd_str_eqs(localpart, "nobody"))
        return moxd_err_smtp_set(err, MOXD_ERR_NOTFOUND, 550, "5.1.1", "nobody");
    bool other = moxd_str_eqs(localpart, "other");
    *out = (struct accounts_target){ .match = ACCOUNTS_EXACT,
                                     .account = other ? "other" : "mjl",
                                     .address = other ? members[1] : members[0],
                                     .mailbox = "INBOX" };
    if (moxd_str_starts(localpart, MOXD_STR("list")) || moxd_str_starts(localpart, MOXD_STR("all")))
        *out = (struct accounts_target){ .match = ACCOUNTS_ALIAS,
                                         .address = "list@mox.example",
                                         .alias = "list@mox.example",
                                         .members = members,
                                         .alias_post_public = localpart.p[0] == 'a' };
    return 0;
}

static bool may_send_as(struct moxd_instance *self, const char *account, struct moxd_str localpart,
                        struct moxd_str domain)
{
    (void)self, (void)account;
    return moxd_str_eqs(localpart, "mjl") && moxd_str_eqs(domain, "mox.example");
}

static const struct accounts_v1 accounts = { .resolve = resolve, .may_send_as = may_send_as };

/* --- auth: "ok" is the right response, "more" asks again --- */
struct auth_sasl {
    struct auth_identity id;
};

static const char *const *mechanisms(struct moxd_instance *self, const struct auth_env *env,
                                     bool allow_plain)
{
    static const char *const names[] = { "PLAIN", NULL };

    (void)self, (void)env, (void)allow_plain;
    return names;
}

static int sasl_start(struct moxd_instance *self, struct moxd_str mechanism, struct auth_env *env,
                      bool allow_plain, struct auth_sasl **out, struct moxd_err *err)
{
    (void)self, (void)env, (void)allow_plain;
    if (!moxd_str_eqs(mechanism, "PLAIN"))
        return moxd_err_smtp_set(err, MOXD_ERR_DENIED, 504, "5.5.4", "no");
    *out = moxd_xcalloc(1, sizeof(**out));
    return 0;
}

static enum auth_step sasl_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                                struct moxd_buf *out, struct moxd_err *err)
{
    (void)moxd_yield();
    if (!has_in || moxd_str_eqs(in, "more")) {
        moxd_buf_adds(out, "say ok");
        return AUTH_CONTINUE;
    }
    if (moxd_str_eqs(in, "ok")) {
        s->id = (struct auth_identity){ .account = "mjl", .login = "mjl@mox.example" };
        moxd_buf_adds(out, "fine");
        return AUTH_DONE;
    }
    moxd_err_smtp_set(err, MOXD_ERR_DENIED, 535, "5.7.8", "no");
    return AUTH_FAILED;
}

static const struct auth_identity *sasl_identity(const struct auth_sasl *s)
{
    return &s->id;
}

static void sasl_abort(struct auth_sasl *s)
{
    (void)s;
}

static void sasl_free(struct auth_sasl *s)
{
    free(s);
}

static int key_login(struct moxd_instance *self, struct auth_env *env, bool preauth,
                     struct auth_identity *out, struct moxd_err *err)
{
    (void)self, (void)env, (void)preauth, (void)out, (void)err;
    (void)moxd_yield();
    return 0;
}

static const struct auth_v1 auth = {
    .key_login = key_login,
    .mechanisms = mechanisms,
    .sasl_start = sasl_start,
    .sasl_step = sasl_step,
    .sasl_identity = sasl_identity,
    .sasl_abort = sasl_abort,
    .sasl_free = sasl_free,
};

/* --- modules and configuration --- */
#define FAKE(name_, minor_)                                                                        \
    static const struct moxd_interface name_##_provides[] = { { #name_, 1, minor_, &name_ },       \
                                                              { 0 } };                             \
    static const struct moxd_module name_##_module = { MOXD_MODULE_HEAD(#name_, "1", "fake"),      \
                                                       .provides = name_##_provides,               \
                                                       .instance_size =                            \
                                                           sizeof(struct moxd_instance) };
FAKE(store, 5)
FAKE(accounts, 0)
FAKE(auth, 2)

static struct moxd_tls *tls;
static struct core_modules *set;
static struct moxd_conf *conf;
static const char moxd_conf_text[] =
    "hostname = \"mox.example\"\ndata-dir = \"/nowhere\"\nmodules = [\"smtp\"]\n"
    "listener \"x\" {\n  addresses = [\"127.0.0.1\"]\n"
    "  smtp { unknown-recipients-delay = 0s max-message-size = 64k }\n"
    "  submission { allow-plain = true require-starttls = false }\n}\n";

static void set_up(void *arg)
{
    static const struct moxd_module *const all[] = { &store_module, &accounts_module, &auth_module,
                                                     &moxd_module };
    struct moxd_problems *problems = core_problems_new();
    struct moxd_buf text = MOXD_BUF_INIT(10000);
    const struct core_conf_module *mods;
    const struct smtp_v1 *smtp;
    size_t n;

    (void)arg;
    moxd_log_set_level(NULL, MOXD_ERROR);
    moxd_log_set_level("smtp", MOXD_ERROR);
    set = core_modules_new();
    for (size_t i = 0; i < MOXD_NELEMS(all); i++)
        core_modules_add(set, all[i], all[i]->name, (struct moxd_pos){ "moxd.conf", 1, 1 },
                         problems);
    core_modules_resolve(set, problems);
    mods = core_modules_conf(set, &n);
    conf = core_conf_load_text("/nowhere/moxd.conf", moxd_cstr(moxd_conf_text), MOXD_STR(""), mods,
                               n, problems);
    core_problems_write(problems, &text);
    if (!conf || core_modules_init(set, conf, NULL) < 0)
        moxd_panic("set-up: %s", moxd_buf_cstr(&text));
    smtp = moxd_module.provides[0].vtable;
    smtp->offer(core_modules_find(set, "smtp")->m,
                &(struct smtp_offer){ .dsn = true, .hold_max = 1000 });
    moxd_buf_fini(&text);
    core_problems_free(problems);
}

static void make_tls(void)
{
    static const char *const names[] = { "mox.example", NULL };
    char cert[] = "/tmp/fuzz-cert-XXXXXX", key[] = "/tmp/fuzz-key-XXXXXX";
    struct moxd_tls_pair pair = { .cert_path = cert, .key_path = key };

    close(mkstemp(cert)), close(mkstemp(key));
    if (moxd_tls_selfsigned(cert, key, names, NULL) < 0)
        moxd_panic("no certificate");
    pair.cert_fd = open(cert, O_RDONLY | O_CLOEXEC);
    pair.key_fd = open(key, O_RDONLY | O_CLOEXEC);
    tls = moxd_tls_new(&(struct moxd_tls_opts){ .hostname = names[0], .no_tickets = true }, &pair,
                       1, NULL);
    moxd_assert(tls);
    close(pair.cert_fd), close(pair.key_fd);
    unlink(cert), unlink(key);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    moxd_loop_init();
    make_tls();
    moxd_fiber_spawn("set-up", set_up, NULL);
    moxd_loop_run();
    return 0;
}

/* --- a session --- */
static void session(void *arg)
{
    struct moxd_conn *c = arg;

    c->service->session(core_modules_find(set, "smtp")->m, c);
    moxd_stream_close(c->st);
}

struct peer {
    struct moxd_stream *st;
    struct moxd_str input; /* what is still to be sent */
    bool lost;
};

/* RFC 5321 4.2: code, then a space or a hyphen; 4.5.3.1.5: at most 512 bytes. */
static void check_reply(struct moxd_str line, bool crlf)
{
    moxd_assert(crlf && line.n >= 3 && line.n + 2 <= REPLY_MAX);
    moxd_assert(line.p[0] >= '2' && line.p[0] <= '5' && moxd_is_digit(line.p[1]) &&
                moxd_is_digit(line.p[2]));
    moxd_assert(line.n == 3 || line.p[3] == ' ' || line.p[3] == '-');
    for (size_t i = 0; i < line.n; i++)
        moxd_assert((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f);
}

static void sender(void *arg)
{
    struct peer *p = arg;

    (void)moxd_stream_write(p->st, p->input.p, p->input.n);
    (void)moxd_stream_flush(p->st);
    shutdown(moxd_stream_fd(p->st), SHUT_WR);
}

static void receiver(void *arg)
{
    struct peer *p = arg;
    struct moxd_str line;
    bool crlf;

    while (moxd_stream_line(p->st, &line, 4 * REPLY_MAX, &crlf) >= 0)
        check_reply(line, crlf);
}

/* Whether STARTTLS was accepted; a client that gets no more replies goes away. */
static bool read_replies(struct peer *p)
{
    struct moxd_str line;
    bool crlf;

    while (moxd_stream_line(p->st, &line, 4 * REPLY_MAX, &crlf) >= 0) {
        check_reply(line, crlf);
        if (moxd_str_starts(line, MOXD_STR("220 2.0.0")))
            return true;
    }
    return false;
}

/* Nothing that came in the clear may be answered inside: the first reply there is to our NOOP, and no
 * transaction is open. */
static void inside_of_tls(struct peer *p)
{
    static const struct moxd_tls_client client = { .name = "mox.example" };
    struct moxd_str line;
    bool crlf;

    moxd_stream_timeouts(p->st, 10 * MOXD_SEC, 10 * MOXD_SEC);
    if (moxd_stream_tls_connect(p->st, &client) < 0)
        return;
    (void)moxd_stream_puts(p->st, "NOOP\r\nRCPT TO:<mjl@mox.example>\r\n");
    if (moxd_stream_flush(p->st) < 0 || moxd_stream_line(p->st, &line, REPLY_MAX, &crlf) < 0)
        return;
    moxd_assert(moxd_str_starts(line, MOXD_STR("250 2.0.0 ok")) ||
                moxd_str_starts(line, MOXD_STR("421")));
    if (moxd_stream_line(p->st, &line, REPLY_MAX, &crlf) < 0)
        return;
    moxd_assert(moxd_str_starts(line, MOXD_STR("503")) || moxd_str_starts(line, MOXD_STR("421")));
    p->lost = false;
}

static void starter(void *arg)
{
    enum { PATIENCE_MS = 5 }; /* of a loop turn, for a reply that may not come */
    struct peer *p = arg;
    struct moxd_str clear = moxd_str_cut(&p->input, '\1');

    p->lost = true;
    moxd_stream_timeouts(p->st, PATIENCE_MS * MOXD_MS, PATIENCE_MS * MOXD_MS);
    (void)moxd_stream_write(p->st, clear.p, clear.n);
    if (moxd_stream_flush(p->st) == 0 && read_replies(p))
        inside_of_tls(p);
    if (p->lost) {
        shutdown(moxd_stream_fd(p->st), SHUT_RDWR);
        return;
    }
    moxd_fiber_spawn("sender", sender, p);
    receiver(p);
}

static const struct moxd_service *service(const char *name)
{
    const struct moxd_service *s = moxd_module.services;

    while (strcmp(s->name, name) != 0)
        s++;
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_core_conf *core = (struct moxd_core_conf *)(uintptr_t)moxd_conf_core();
    const struct moxd_listener_conf *listener = core->listeners.v[0];
    const char *name = size > 0 && (data[0] & 1) ? "submission" : "smtp";
    int fds[2];

    if (size == 0 || size > INPUT_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return 0;
    core->pedantic = data[0] & 2;
    struct moxd_conn c = { .st = moxd_stream_new(fds[0]),
                           .cid = 1,
                           .listener = listener,
                           .conf = moxd_conf_ext(&listener->head, name),
                           .hostname = "mox.example",
                           .remote_ip = "192.0.2.1",
                           .local_ip = "192.0.2.2",
                           .tls = data[0] & 4 ? tls : NULL,
                           .service = service(name) };
    struct peer p = { moxd_stream_new(fds[1]), { (const char *)data + 1, size - 1 }, false };
    c.log = (struct moxd_log){ .component = "smtp" };
    moxd_fiber_spawn("session", session, &c);
    if (data[0] & 4) {
        moxd_fiber_spawn("starter", starter, &p);
    } else {
        moxd_fiber_spawn("sender", sender, &p);
        moxd_fiber_spawn("receiver", receiver, &p);
    }
    moxd_loop_run();
    moxd_stream_close(p.st);
    return 0;
}
