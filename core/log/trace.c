/* Protocol traces: what is shown at which level (LOG-02, LOG-03), and the two messages that must be
 * the same everywhere (LOG-06, LOG-07). */
#include "log/log.h"

#include <errno.h>

enum { CUT_MARGIN = 64 }; /* of a cut value: room for prefix and dots */

/* At plain trace a secret becomes "***", bulk data "..." with its size. */
static void trace_withheld(const struct moxd_log *log, enum moxd_level what, const char *prefix,
                           struct moxd_str data)
{
    struct moxd_kv size[] = { moxd_kvu("size", data.n), { 0 } };
    bool bulk = what == MOXD_TRACEDATA;

    core_log_emit(&(struct core_log_line){ .log = log,
                                           .level = MOXD_TRACE,
                                           .prefix = moxd_cstr(prefix),
                                           .msg = bulk ? MOXD_STR("...") : MOXD_STR("***"),
                                           .kv = bulk ? size : NULL });
}

static void trace_full(const struct moxd_log *log, enum moxd_level what, const char *prefix,
                       struct moxd_str data)
{
    bool cut = data.n > CORE_LOG_VALUE_MAX - CUT_MARGIN;
    struct moxd_kv size[] = { moxd_kvu("size", data.n), { 0 } };

    core_log_emit(
        &(struct core_log_line){ .log = log,
                                 .level = what,
                                 .prefix = moxd_cstr(prefix),
                                 .msg = moxd_str_sub(data, 0, CORE_LOG_VALUE_MAX - CUT_MARGIN),
                                 .kv = cut ? size : NULL,
                                 .more = cut ? "..." : NULL });
}

void moxd_log_trace(const struct moxd_log *log, enum moxd_level what, const char *prefix,
                    struct moxd_str data)
{
    moxd_assert(what == MOXD_TRACE || what == MOXD_TRACEAUTH || what == MOXD_TRACEDATA);
    if (moxd_log_on(log, what))
        trace_full(log, what, prefix, data);
    else if (moxd_log_on(log, MOXD_TRACE))
        trace_withheld(log, what, prefix, data);
}

void moxd_log_check(const struct moxd_log *log, int rc, const char *what)
{
    if (rc < 0)
        moxd_error(log, what, moxd_kvs("err", strerror(errno)));
}

void moxd_log_authfail(const struct moxd_log *log, const struct moxd_log_auth *a)
{
    moxd_log(log, MOXD_INFO, "failed authentication attempt", moxd_kvn("username", a->username),
             moxd_kvs("remote", a->remote_ip), moxd_kvs("protocol", a->protocol),
             moxd_kvs("mechanism", a->mechanism), moxd_kvs("reason", a->reason));
}
