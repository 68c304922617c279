/* SOCKS 5 (RFC 1928), with user name and password (RFC 1929). */
#include "smtpclient.h"

#include <netinet/in.h>

enum {
    SOCKS_VERSION = 5,
    METHOD_NONE = 0,
    METHOD_PASSWORD = 2,
    PASSWORD_VERSION = 1,
    CMD_CONNECT = 1,
    ADDRESS_IPV4 = 1,
    ADDRESS_NAME = 3,
    ADDRESS_IPV6 = 4,
    REPLY_HEAD = 4, /* version, reply, reserved, address type */
    FIELD_MAX = 255,
};

struct proxy {
    struct moxd_str user, password, host;
    unsigned port;
};

static int fail(struct smtpclient_session *s, const char *why)
{
    s->broken = true;
    return smtpclient_ours(s->ra, s->why, SMTPCLIENT_CONNECT, "4.4.1", "proxy %s", why);
}

/* [user:password@]host:port, an IPv6 address in []. */
static int parse(const char *text, struct proxy *out)
{
    struct moxd_str s = moxd_cstr(text);
    ptrdiff_t at = moxd_str_rchr(s, '@');
    uint64_t port = 0;

    *out = (struct proxy){ .port = 0 };
    if (at >= 0) {
        out->password = moxd_str_sub(s, 0, (size_t)at);
        out->user = moxd_str_cut(&out->password, ':');
        s = moxd_str_from(s, (size_t)at + 1);
    }
    ptrdiff_t colon = moxd_str_rchr(s, ':');
    if (colon <= 0 || moxd_str_u64(moxd_str_from(s, (size_t)colon + 1), 65535, &port) < 0)
        return -1;
    out->host = moxd_str_sub(s, 0, (size_t)colon);
    out->port = (unsigned)port;
    return out->user.n > FIELD_MAX || out->password.n > FIELD_MAX ? -1 : 0;
}

static int connect_proxy(struct smtpclient_session *s, const struct proxy *p, int64_t deadline)
{
    const struct sockaddr *source = (const struct sockaddr *)s->t->source;
    struct smtpclient_addresses found;
    struct moxd_err err = { 0 };

    if (smtpclient_addresses(&s->sc->m, moxd_arena_cstr(s->a, p->host), s->a, &found, &err) < 0)
        return fail(s, moxd_arena_printf(s->a, "cannot be found: %s", err.priv));
    for (size_t i = 0; i < found.n && !s->st; i++) {
        moxd_addr_set_port(&found.v[i], p->port);
        if (!source || source->sa_family == found.v[i].ss_family)
            s->st =
                moxd_stream_connect_from(source, (struct sockaddr *)&found.v[i], deadline, &err);
    }
    return s->st ? 0 : fail(s, moxd_arena_printf(s->a, "cannot be reached: %s", err.priv));
}

static MOXD_SUSPENDS int send_all(struct smtpclient_session *s, struct moxd_buf *b)
{
    int rc = b->overflow ? MOXD_IOERR : moxd_stream_write(s->st, b->p, b->n);

    if (rc == 0)
        rc = moxd_stream_flush(s->st);
    moxd_buf_wipe(b);
    return rc;
}

static void add_field(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_addc(b, (char)s.n);
    moxd_buf_addstr(b, s);
}

/* RFC 1929 2. */
static int log_in(struct smtpclient_session *s, const struct proxy *p)
{
    struct moxd_buf b = MOXD_BUF_INIT(2 * FIELD_MAX + 3);
    unsigned char answer[2];

    moxd_buf_addc(&b, PASSWORD_VERSION);
    add_field(&b, p->user);
    add_field(&b, p->password);
    if (send_all(s, &b) < 0 || moxd_stream_readn(s->st, answer, sizeof(answer)) < 0)
        return fail(s, "breaks off");
    return answer[1] == 0 ? 0 : fail(s, "does not accept user name and password");
}

/* RFC 1928 3. */
static int choose_method(struct smtpclient_session *s, const struct proxy *p)
{
    struct moxd_buf b = MOXD_BUF_INIT(10);
    unsigned char answer[2];

    moxd_buf_addc(&b, SOCKS_VERSION);
    moxd_buf_addc(&b, p->user.n > 0 ? 2 : 1);
    moxd_buf_addc(&b, METHOD_NONE);
    if (p->user.n > 0)
        moxd_buf_addc(&b, METHOD_PASSWORD);
    if (send_all(s, &b) < 0 || moxd_stream_readn(s->st, answer, sizeof(answer)) < 0)
        return fail(s, "breaks off");
    if (answer[0] != SOCKS_VERSION)
        return fail(s, "does not talk SOCKS 5");
    if (answer[1] == METHOD_PASSWORD && p->user.n > 0)
        return log_in(s, p);
    return answer[1] == METHOD_NONE ? 0 : fail(s, "wants another way to log in");
}

/* The bound address is not looked at, but it must be read. */
static int skip_address(struct smtpclient_session *s, unsigned type)
{
    unsigned char junk[FIELD_MAX + 2], n = 0;

    switch (type) {
    case ADDRESS_IPV4:
        n = sizeof(struct in_addr);
        break;
    case ADDRESS_IPV6:
        n = sizeof(struct in6_addr);
        break;
    case ADDRESS_NAME:
        if (moxd_stream_readn(s->st, &n, 1) < 0)
            return fail(s, "breaks off");
        break;
    default:
        return fail(s, "answers with an unknown type of address");
    }
    return moxd_stream_readn(s->st, junk, n + 2u) < 0 ? fail(s, "breaks off") : 0;
}

static void add_target(struct moxd_buf *b, const struct smtpclient_target *t)
{
    unsigned port = moxd_addr_port((const struct sockaddr *)&t->address);

    moxd_buf_addc(b, SOCKS_VERSION);
    moxd_buf_addc(b, CMD_CONNECT);
    moxd_buf_addc(b, 0);
    moxd_buf_addc(b, ADDRESS_NAME);
    add_field(b, moxd_cstr(t->host));
    moxd_buf_addc(b, (char)(port >> 8));
    moxd_buf_addc(b, (char)port);
}

/* RFC 1928 4 and 6. */
static int connect_through(struct smtpclient_session *s)
{
    static const char *const reasons[] = {
        "",
        "failed",
        "does not allow this connection",
        "cannot reach the network",
        "cannot reach the host",
        "says that the host refuses the connection",
        "says that it takes too long",
        "does not know CONNECT",
        "does not know names of hosts",
    };
    struct moxd_buf b = MOXD_BUF_INIT(FIELD_MAX + 10);
    unsigned char answer[REPLY_HEAD];

    if (strlen(s->t->host) > FIELD_MAX)
        return fail(s, "cannot have a name so long");
    add_target(&b, s->t);
    if (send_all(s, &b) < 0 || moxd_stream_readn(s->st, answer, sizeof(answer)) < 0)
        return fail(s, "breaks off");
    if (answer[0] != SOCKS_VERSION)
        return fail(s, "does not talk SOCKS 5");
    if (answer[1] != 0)
        return fail(s, answer[1] < MOXD_NELEMS(reasons) ? reasons[answer[1]] : "failed");
    return skip_address(s, answer[3]);
}

int smtpclient_socks(struct smtpclient_session *s, int64_t deadline)
{
    struct proxy p;
    int64_t before;

    if (parse(s->t->socks, &p) < 0)
        return fail(s, "is not written as [user:password@]host:port");
    before = smtpclient_until(deadline);
    int rc = connect_proxy(s, &p, deadline);
    if (rc == 0)
        rc = choose_method(s, &p);
    if (rc == 0)
        rc = connect_through(s);
    (void)moxd_fiber_ceiling(before);
    return rc;
}
