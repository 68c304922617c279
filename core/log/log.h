/* Inside of the log: levels, the two line formats, the writer. Not installed. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <moxd/buf.h>
#include <moxd/log.h>

enum core_log_limits {
    CORE_LOG_LINE_MAX = 64 * 1024,  /* bytes of one line; what is longer is cut */
    CORE_LOG_VALUE_MAX = 16 * 1024, /* bytes of one value before escaping */
    CORE_LOG_COMPONENTS = 64,       /* overrides per component */
    CORE_LOG_NAME_MAX = 48,         /* bytes of a component's name */
    CORE_LOG_DEPTH_MAX = 16,        /* contexts above one another */
};

struct core_log_line {
    const struct moxd_log *log;
    enum moxd_level level;
    struct moxd_str prefix, msg; /* written behind one another as the message */
    const struct moxd_kv *kv;    /* ends with a NULL key; may be NULL */
    const char *more;            /* put behind a message that was cut: " ..."; or NULL */
};

/* The component of a context: the nearest one upwards, "core" without. */
const char *core_log_component(const struct moxd_log *log);
/* Appends the line with its LF. `when` is wall time in ns; < 0: without time. `priority` puts
 * <N> of sd-daemon(3) in front, for the journal. */
void core_log_logfmt(struct moxd_buf *b, const struct core_log_line *l, int64_t when,
                     bool priority);
void core_log_console(struct moxd_buf *b, const struct core_log_line *l);
/* Appends one pair's value as text, unquoted. */
void core_log_value(struct moxd_buf *b, const struct moxd_kv *kv);
/* Appends s between quotes, with \" \\ \n \r \t and \xNN for what is not printable UTF-8. */
void core_log_quote(struct moxd_buf *b, struct moxd_str s);
/* As core_log_quote, without quotes where logfmt does not need them. */
void core_log_quote_if(struct moxd_buf *b, struct moxd_str s);
/* Formats and writes the line with one write(2), and counts it. */
void core_log_emit(const struct core_log_line *l);
/* Lines written so far at that level; for metrics. */
uint64_t core_log_lines(enum moxd_level level);

#endif
