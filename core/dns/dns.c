#include "dns/dns_priv.h"
#include "dns/kept.h"
#include "dns/rdata.h"
#include "fiber/fiber_priv.h"

#include <ev.h>
#include <moxd/loop.h>

enum { RCODE_OK = 0, RCODE_NXDOMAIN = 3, CLASS_IN = 1 };

static struct {
    struct ub_ctx *ctx;
    FILE *log;
    ev_io io;
} dns;

struct query {
    struct core_fiber *f;
    struct ub_result *result; /* NULL: none */
    int error;
    bool done;
};

static void on_answers(struct ev_loop *ev, ev_io *w, int events)
{
    (void)ev, (void)w, (void)events;
    ub_process(dns.ctx);
}

static void close_log(void)
{
    if (dns.log != NULL)
        fclose(dns.log);
    dns.log = NULL;
}

int moxd_dns_setup(const struct moxd_dns_opts *opts, struct moxd_err *err)
{
    moxd_assert(dns.ctx == NULL && moxd_on_loop());
    dns.log = core_dns_log_open();
    dns.ctx = core_dns_context(opts, dns.log, err);
    if (dns.ctx == NULL) {
        close_log();
        return -1;
    }
    ev_io_init(&dns.io, on_answers, ub_fd(dns.ctx), EV_READ);
    ev_io_start(moxd_loop_ev(), &dns.io);
    return 0;
}

void moxd_dns_fini(void)
{
    if (dns.ctx == NULL)
        return;
    ev_io_stop(moxd_loop_ev(), &dns.io);
    core_dns_context_free(dns.ctx);
    dns.ctx = NULL;
    core_dns_kept_clear();
    close_log();
}

/* On the loop's stack. */
static void on_answer(void *arg, int error, struct ub_result *result)
{
    struct query *q = arg;

    q->done = true;
    q->error = error;
    q->result = result;
    core_wake(q->f);
}

/* A bogus answer can carry data and any code: that is looked at first. */
static enum moxd_dns_status status_of(const struct query *q)
{
    const struct ub_result *r = q->result;

    if (q->error == UB_SYNTAX)
        return MOXD_DNS_NXDOMAIN; /* no name of this form exists */
    if (q->error != 0 || r == NULL)
        return MOXD_DNS_TEMP;
    if (r->bogus)
        return MOXD_DNS_BOGUS;
    if (r->rcode == RCODE_NXDOMAIN)
        return MOXD_DNS_NXDOMAIN;
    if (r->rcode != RCODE_OK)
        return MOXD_DNS_TEMP;
    return r->havedata ? MOXD_DNS_OK : MOXD_DNS_NODATA;
}

/* Malformed records are left out. */
static void take_records(const struct ub_result *r, enum moxd_dns_type type, struct moxd_arena *a,
                         struct moxd_dns_answer *out)
{
    size_t n = 0;

    while (r->data[n] != NULL)
        n++;
    out->rr = moxd_arena_calloc(a, n, sizeof(*out->rr));
    for (size_t i = 0; i < n; i++) {
        struct moxd_str data = moxd_str(r->data[i], (size_t)r->len[i]);
        if (core_rdata_decode(type, data, a, &out->rr[out->n]) == 0)
            out->n++;
    }
    if (out->n == 0)
        out->status = MOXD_DNS_NODATA;
}

static void take_answer(const struct query *q, enum moxd_dns_type type, struct moxd_arena *a,
                        struct moxd_dns_answer *out)
{
    const struct ub_result *r = q->result;

    out->status = status_of(q);
    if (r == NULL)
        return;
    out->secure = r->secure && !r->bogus;
    out->ttl = r->ttl > 0 ? (uint32_t)r->ttl : 0;
    if (r->why_bogus != NULL)
        out->why_bogus = moxd_arena_strdup(a, r->why_bogus);
    if (r->canonname != NULL)
        out->canonical = core_dns_canonical(r->canonname, a);
    if (out->status == MOXD_DNS_OK)
        take_records(r, type, a, out);
}

/* Cancelled queries are not heard of again. */
static int wait_for_answer(struct query *q, int id, int64_t deadline)
{
    int r = q->done ? MOXD_OK : core_wait(deadline);

    if (!q->done)
        ub_cancel(dns.ctx, id);
    return q->done ? MOXD_OK : r;
}

static int resolve(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline) MOXD_SUSPENDS;
static int resolve(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline)
{
    struct query q = { .f = core_self_checked() };
    int id = 0, r = MOXD_OK;

    q.error = ub_resolve_async(dns.ctx, name, (int)type, CLASS_IN, &q, on_answer, &id);
    if (q.error == 0)
        r = wait_for_answer(&q, id, deadline);
    if (r == MOXD_OK)
        take_answer(&q, type, a, out);
    ub_resolve_free(q.result);
    return r;
}

int moxd_dns_query(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline)
{
    const char *canonical = core_dns_canonical(name, a);

    moxd_assert(dns.ctx != NULL && moxd_on_loop());
    *out = (struct moxd_dns_answer){ .status = MOXD_DNS_TEMP, .canonical = canonical };
    if (core_dns_kept_find(canonical, type, a, out))
        return MOXD_OK;
    int r = resolve(name, type, a, out, deadline);
    if (r == MOXD_OK)
        core_dns_kept_add(canonical, type, out);
    return r;
}
