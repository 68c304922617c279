#include "dns/dns_priv.h"

#include <unistd.h>

#ifndef MOXD_ROOT_KEY_FILE
#define MOXD_ROOT_KEY_FILE "/usr/share/dns/root.key"
#endif

static const struct {
    const char *name, *value;
} options[] = {
    { "module-config:", "validator iterator" },
    /* With it libunbound (1.17.1) follows a chain of CNAMEs that never ends for 10,000 questions, without it for 12. Who
     * writes to us chooses the names that we look up. */
    { "qname-minimisation:", "no" },
    { "msg-cache-size:", "4m" }, /* caches: enough for a mail server, small beside the rest of it */
    { "rrset-cache-size:", "8m" },
    { "key-cache-size:", "2m" },
    { "neg-cache-size:", "1m" },
    { "outgoing-range:", "512" },
    { "num-queries-per-thread:", "1024" },
    { "val-log-level:", "2" }, /* why_bogus says why */
    { "cache-max-ttl:", "86400" },
};

static int fail(struct moxd_err *err, const char *what, const char *value, int code)
{
    return moxd_err_set(err, MOXD_ERR_INVALID, "resolver: %s %s: %s", what, value,
                        ub_strerror(code));
}

static int set_options(struct ub_ctx *ctx, struct moxd_err *err)
{
    for (size_t i = 0; i < MOXD_NELEMS(options); i++) {
        int e = ub_ctx_set_option(ctx, options[i].name, options[i].value);
        if (e != 0)
            return fail(err, options[i].name, options[i].value, e);
    }
    return 0;
}

/* libunbound reads the file when it answers the first query, too late to complain. */
static int set_anchor(struct ub_ctx *ctx, const char *path, struct moxd_err *err)
{
    if (path == NULL)
        path = MOXD_ROOT_KEY_FILE;
    if (access(path, R_OK) != 0)
        return moxd_err_sys(err, "DNSSEC trust anchor %s (Debian package dns-root-data)", path);
    int e = ub_ctx_add_ta_file(ctx, path);
    return e == 0 ? 0 : fail(err, "trust anchor", path, e);
}

static bool is_loopback(const char *server)
{
    return strncmp(server, "127.", 4) == 0 || strncmp(server, "::1", 3) == 0;
}

/* By default the resolver asks no server on this machine. */
static int allow_loopback(struct ub_ctx *ctx, const char *server, struct moxd_err *err)
{
    int e = is_loopback(server) ? ub_ctx_set_option(ctx, "do-not-query-localhost:", "no") : 0;

    return e == 0 ? 0 : fail(err, "server", server, e);
}

static int set_servers(struct ub_ctx *ctx, const struct moxd_dns_opts *opts, struct moxd_err *err)
{
    for (size_t i = 0; opts->forward != NULL && opts->forward[i] != NULL; i++) {
        int e = ub_ctx_set_fwd(ctx, opts->forward[i]);
        if (e != 0)
            return fail(err, "forward to", opts->forward[i], e);
        if (allow_loopback(ctx, opts->forward[i], err) != 0)
            return -1;
    }
    for (size_t i = 0; i < opts->nstubs; i++) {
        const struct moxd_dns_stub *s = &opts->stubs[i];
        int e = ub_ctx_set_stub(ctx, s->zone, s->server, 0);
        if (e != 0)
            return fail(err, "stub", s->zone, e);
        if (allow_loopback(ctx, s->server, err) != 0)
            return -1;
    }
    return 0;
}

/* The first of these calls makes all options final, and reads the trust anchors: an empty change is
 * made when there is no data. */
static int set_data(struct ub_ctx *ctx, const struct moxd_dns_opts *opts, struct moxd_err *err)
{
    int e = ub_ctx_zone_remove(ctx, "moxd.invalid.");

    if (e != 0)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "resolver: cannot start, the trust anchor or "
                            "another setting is damaged: %s",
                            ub_strerror(e));
    if (opts->local_only && (e = ub_ctx_zone_add(ctx, ".", "static")) != 0)
        return fail(err, "local zone", ".", e);
    /* In the one that libunbound has by itself, names below could have no data of their own. */
    if (opts->local_only && (e = ub_ctx_zone_add(ctx, "localhost.", "static")) != 0)
        return fail(err, "local zone", "localhost.", e);
    for (size_t i = 0; opts->local_data != NULL && opts->local_data[i] != NULL; i++) {
        e = ub_ctx_data_add(ctx, opts->local_data[i]);
        if (e != 0)
            return fail(err, "local data", opts->local_data[i], e);
    }
    return 0;
}

/* The log goes first: libunbound has one for the process, and would write to it after its end. */
void core_dns_context_free(struct ub_ctx *ctx)
{
    ub_ctx_debugout(ctx, NULL);
    ub_ctx_delete(ctx);
}

struct ub_ctx *core_dns_context(const struct moxd_dns_opts *opts, FILE *log, struct moxd_err *err)
{
    struct ub_ctx *ctx = ub_ctx_create();

    if (ctx == NULL) {
        moxd_err_set(err, MOXD_ERR_INTERNAL, "resolver: libunbound does not start");
        return NULL;
    }
    ub_ctx_debugout(ctx, log);
    ub_ctx_async(ctx, 1); /* a thread: in process mode a child that died is never noticed */
    if (set_options(ctx, err) == 0 && set_anchor(ctx, opts->trust_anchor_file, err) == 0 &&
        set_servers(ctx, opts, err) == 0 && set_data(ctx, opts, err) == 0)
        return ctx;
    core_dns_context_free(ctx);
    return NULL;
}
