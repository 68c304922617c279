/* The two line formats: logfmt for the server (LOG-01), readable lines for commands (P-CORE-04). */
#include "log/log.h"

#include <moxd/clock.h>
#include <stdlib.h>
#include <time.h>

enum { CUT_ROOM = 32 };

/* Calls each(b, pair) for the pairs of all contexts, outermost first, then for those of the line.
 */
static void each_context(struct moxd_buf *b, const struct moxd_log *log, int depth,
                         void (*each)(struct moxd_buf *b, const struct moxd_kv *kv))
{
    if (!log || depth == CORE_LOG_DEPTH_MAX)
        return;
    each_context(b, log->parent, depth + 1, each);
    for (size_t i = 0; i < log->nkv; i++)
        each(b, &log->kv[i]);
}

static void each_pair(struct moxd_buf *b, const struct core_log_line *l,
                      void (*each)(struct moxd_buf *b, const struct moxd_kv *kv))
{
    each_context(b, l->log, 0, each);
    for (const struct moxd_kv *kv = l->kv; kv && kv->key; kv++)
        each(b, kv);
}

static void add_quoted_value(struct moxd_buf *b, const struct moxd_kv *kv)
{
    struct moxd_buf value = MOXD_BUF_INIT(CORE_LOG_VALUE_MAX);

    if (kv->type == MOXD_KV_STR) {
        core_log_quote_if(b, kv->v.s);
        return;
    }
    core_log_value(&value, kv);
    core_log_quote_if(b, moxd_buf_str(&value));
    moxd_buf_fini(&value);
}

static void add_pair(struct moxd_buf *b, const struct moxd_kv *kv)
{
    moxd_buf_addc(b, ' ');
    moxd_buf_adds(b, kv->key);
    moxd_buf_addc(b, '=');
    add_quoted_value(b, kv);
}

/* RFC 3339 in UTC with milliseconds. */
static void add_time(struct moxd_buf *b, int64_t when)
{
    time_t sec = (time_t)(when / MOXD_SEC);
    struct tm tm;
    char text[32];

    if (!gmtime_r(&sec, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
        return;
    moxd_buf_addf(b, "time=%s.%03dZ ", text, (int)(when % MOXD_SEC / MOXD_MS));
}

/* A line over its limit ends in what shows that it was cut. */
static void end_line(struct moxd_buf *b, size_t start)
{
    if (b->overflow) {
        size_t n = b->n > start + CUT_ROOM ? b->n - CUT_ROOM : start;

        while (n > start && ((unsigned char)b->p[n] & 0xc0) == 0x80)
            n--;
        moxd_buf_truncate(b, n);
        b->overflow = false;
        moxd_buf_adds(b, "...\" cut=true");
    }
    moxd_buf_addc(b, '\n');
}

static int journal_priority(enum moxd_level level)
{
    static const int priority[] = { [MOXD_ERROR] = 3, [MOXD_WARN] = 4, [MOXD_INFO] = 6 };

    return (unsigned)level < MOXD_NELEMS(priority) ? priority[level] : 7;
}

/* The message in one piece; it is short, but for protocol traces. */
static void add_message(struct moxd_buf *b, const struct core_log_line *l,
                        void (*quote)(struct moxd_buf *b, struct moxd_str s))
{
    struct moxd_buf msg = MOXD_BUF_INIT(2 * CORE_LOG_VALUE_MAX);

    if (l->prefix.n == 0 && !l->more) {
        quote(b, l->msg);
        return;
    }
    moxd_buf_addstr(&msg, l->prefix);
    moxd_buf_addstr(&msg, l->msg);
    moxd_buf_adds(&msg, l->more ? l->more : "");
    quote(b, moxd_buf_str(&msg));
    moxd_buf_fini(&msg);
}

void core_log_logfmt(struct moxd_buf *b, const struct core_log_line *l, int64_t when, bool priority)
{
    size_t start = b->n;

    if (priority)
        moxd_buf_addf(b, "<%d>", journal_priority(l->level));
    if (when >= 0)
        add_time(b, when);
    moxd_buf_addf(b, "level=%s component=", moxd_level_name(l->level));
    core_log_quote_if(b, moxd_cstr(core_log_component(l->log)));
    moxd_buf_adds(b, " msg=");
    add_message(b, l, core_log_quote);
    each_pair(b, l, add_pair);
    end_line(b, start);
}

/* "(key: value; key: value)": the opening of each pair depends on whether one was written before.
 */
static void add_console_pair(struct moxd_buf *b, const struct moxd_kv *kv)
{
    if (kv->type == MOXD_KV_ERR)
        return;
    moxd_buf_adds(b, b->n > 0 && b->p[b->n - 1] == '(' ? "" : "; ");
    moxd_buf_addf(b, "%s: ", kv->key);
    add_quoted_value(b, kv);
}

static void add_console_err(struct moxd_buf *b, const struct moxd_kv *kv)
{
    if (kv->type != MOXD_KV_ERR)
        return;
    moxd_buf_adds(b, ": ");
    core_log_value(b, kv);
}

/* A plain message as it is; what has quotes or control characters in it, quoted. */
static void quote_console(struct moxd_buf *b, struct moxd_str s)
{
    struct moxd_buf quoted = MOXD_BUF_INIT(CORE_LOG_LINE_MAX);

    core_log_quote(&quoted, s);
    if (moxd_str_eq(moxd_str_sub(moxd_buf_str(&quoted), 1, s.n), s) && quoted.n == s.n + 2)
        moxd_buf_addstr(b, s);
    else
        moxd_buf_addstr(b, moxd_buf_str(&quoted));
    moxd_buf_fini(&quoted);
}

void core_log_console(struct moxd_buf *b, const struct core_log_line *l)
{
    size_t start = b->n;
    bool trace = l->level >= MOXD_TRACE;

    moxd_buf_addf(b, "%s: ", moxd_level_name(l->level));
    add_message(b, l, trace ? core_log_quote : quote_console);
    each_pair(b, l, add_console_err);
    moxd_buf_adds(b, " (");
    each_pair(b, l, add_console_pair);
    if (b->p && b->p[b->n - 1] == '(')
        moxd_buf_truncate(b, b->n - 2);
    else
        moxd_buf_addc(b, ')');
    end_line(b, start);
}
