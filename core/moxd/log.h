/* Logging: logfmt lines with inherited key=value pairs.
 *
 * A context (struct moxd_log) has a component, an optional parent and pairs of its own, e.g. the
 * connection id. `trace` never shows a secret or bulk data: authentication exchanges go to
 * `traceauth`, message data to `tracedata`; at plain trace moxd_log_trace writes "***" for the first
 * and "..." with the size for the second (LOG-02). Loop thread or workers (thread-safe). */
#ifndef MOXD_LOG_H
#define MOXD_LOG_H

#include <moxd/arena.h>
#include <moxd/err.h>

enum moxd_level {
    MOXD_ERROR, MOXD_WARN, MOXD_INFO, MOXD_DEBUG, MOXD_TRACE, MOXD_TRACEAUTH, MOXD_TRACEDATA
};
const char *moxd_level_name(enum moxd_level level);
int moxd_level_parse(struct moxd_str s, enum moxd_level *out) MOXD_CHECKED;

struct moxd_kv {
    const char *key;
    enum { MOXD_KV_STR, MOXD_KV_INT, MOXD_KV_UINT, MOXD_KV_DUR, MOXD_KV_ERR, MOXD_KV_BOOL } type;
    union {
        struct moxd_str s;
        int64_t i;
        uint64_t u;
        const struct moxd_err *err;
    } v;
};
#define moxd_kvs(k, cstr) ((struct moxd_kv){ (k), MOXD_KV_STR, { .s = moxd_cstr(cstr) } })
#define moxd_kvn(k, str) ((struct moxd_kv){ (k), MOXD_KV_STR, { .s = (str) } })
#define moxd_kvi(k, n) ((struct moxd_kv){ (k), MOXD_KV_INT, { .i = (n) } })
#define moxd_kvu(k, n) ((struct moxd_kv){ (k), MOXD_KV_UINT, { .u = (n) } })
#define moxd_kvd(k, ns) ((struct moxd_kv){ (k), MOXD_KV_DUR, { .i = (ns) } })
#define moxd_kve(err_) ((struct moxd_kv){ "err", MOXD_KV_ERR, { .err = (err_) } })
#define moxd_kvb(k, b) ((struct moxd_kv){ (k), MOXD_KV_BOOL, { .i = (b) } })

struct moxd_log {
    const char *component;        /* "smtp": its level is set by loglevels */
    const struct moxd_log *parent;/* must outlive this one; may be NULL */
    struct moxd_kv *kv;           /* inherited by every line; owned by whoever set it */
    size_t nkv;
};
/* moxd_log(log, MOXD_INFO, "connection closed", moxd_kvs("reason", r), moxd_kvu("bytes", n)) */
#define moxd_log(log, level, ...)                                                                  \
    do {                                                                                           \
        if (moxd_log_on((log), (level)))                                                           \
            moxd_log_call((log), (level), __VA_ARGS__, (struct moxd_kv){ 0 });                     \
    } while (0)
#define moxd_log_call(log, level, msg, ...)                                                        \
    moxd_log_write((log), (level), (msg), (const struct moxd_kv[]){ __VA_ARGS__ })
#define moxd_error(log, ...) moxd_log(log, MOXD_ERROR, __VA_ARGS__)
#define moxd_warn(log, ...) moxd_log(log, MOXD_WARN, __VA_ARGS__)
#define moxd_info(log, ...) moxd_log(log, MOXD_INFO, __VA_ARGS__)
#define moxd_debug(log, ...) moxd_log(log, MOXD_DEBUG, __VA_ARGS__)

bool moxd_log_on(const struct moxd_log *log, enum moxd_level level);
/* kv ends with an entry whose key is NULL. Values are quoted and escaped as logfmt needs. */
void moxd_log_write(const struct moxd_log *log, enum moxd_level level, const char *msg,
                    const struct moxd_kv *kv);
/* Protocol trace: one line per call, `prefix` is "C: " or "S: ". `what` is MOXD_TRACE for plain
 * protocol, MOXD_TRACEAUTH for secrets, MOXD_TRACEDATA for bulk: shown in full only when that level
 * is on, replaced when only plain trace is. */
void moxd_log_trace(const struct moxd_log *log, enum moxd_level what, const char *prefix,
                    struct moxd_str data);
/* For what cannot happen (LOG-07): logs when rc < 0, with errno; never changes control flow. */
void moxd_log_check(const struct moxd_log *log, int rc, const char *what);

/* A failed authentication, on any protocol: the one message that programs like fail2ban match
 * (LOG-06): msg="failed authentication attempt" username=... remote=... protocol=... mechanism=...
 * reason=... */
struct moxd_log_auth {
    struct moxd_str username; /* as the peer gave it; empty when it gave none */
    const char *remote_ip;
    const char *protocol;     /* "imap", "submission", "webaccount", "webadmin" */
    const char *mechanism;    /* "PLAIN"; NULL: not known */
    const char *reason;       /* "bad credentials", "unknown user", ...; never a secret */
};
void moxd_log_authfail(const struct moxd_log *log, const struct moxd_log_auth *a);

/* Levels: a default and overrides per component (P-CORE-03). */
void moxd_log_set_level(const char *component, enum moxd_level level); /* NULL: the default */
void moxd_log_clear_level(const char *component);
enum moxd_level moxd_log_level(const char *component);
void moxd_log_levels(void (*each)(void *arg, const char *component, enum moxd_level), void *arg);
/* Server: logfmt to stderr (with time unless under journald). Commands: readable console lines
 * (P-CORE-04). */
void moxd_log_format(bool on);
void moxd_log_fd(int fd); /* default stderr */

#endif
