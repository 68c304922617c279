/* Steps of a message through the server, for administrators who ask what became of it: recorded as bytes, read
 * back, shown as a line or as JSON. A step has a time, a kind ("hook", "attempt") and named values; what is known
 * of kinds is how to show them. Pure. */
#ifndef MOXMAIL_STEP_H
#define MOXMAIL_STEP_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_STEP_VALUES_MAX = 24, /* of a step; more are left out */
    MOXD_STEP_NAME_MAX = 32,   /* bytes of a kind or a name */
    MOXD_STEP_TEXT_MAX =
        1000, /* bytes of a value; the rest is left out: what others say can be long */
};
struct moxd_step_value {
    const char *name; /* lower-case letters; MOXD_STEP_NAME_MAX bytes at most */
    bool is_number;
    int64_t number;       /* durations in ns: "took", "in" */
    struct moxd_str text; /* any bytes */
};
#define moxd_sv(name_, cstr) ((struct moxd_step_value){ .name = (name_), .text = moxd_cstr(cstr) })
#define moxd_svn(name_, str) ((struct moxd_step_value){ .name = (name_), .text = (str) })
#define moxd_svi(name_, n)                                                                         \
    ((struct moxd_step_value){ .name = (name_), .is_number = true, .number = (n) })

struct moxd_step {
    int64_t at; /* wall ns */
    const char *kind;
    const struct moxd_step_value *v;
    size_t n;
};

/* Appends the record of a step; values with empty texts are left out. A buffer that is full keeps what it has. */
void moxd_step_put(struct moxd_buf *b, const struct moxd_step *s);
/* Cuts the next record off *rest: 1, with *out in the arena; 0 at the end; -1, CORRUPT. */
int moxd_step_next(struct moxd_str *rest, struct moxd_arena *a, struct moxd_step *out,
                   struct moxd_err *err) MOXD_CHECKED;
/* A value by name; empty, or 0, when it is not there. */
struct moxd_str moxd_step_text(const struct moxd_step *s, const char *name);
int64_t moxd_step_number(const struct moxd_step *s, const char *name);

/* Appends one line without its time and end: "spf.on_mail  next  1.203 ms". No control characters, always UTF-8. */
void moxd_step_show(struct moxd_buf *b, const struct moxd_step *s);
/* Appends a JSON object: "at" (RFC 3339), "kind", and the values by name. */
void moxd_step_json(struct moxd_buf *b, const struct moxd_step *s);
/* What both do with bytes of others: control characters and broken UTF-8 become "?"; a JSON string with its quotes. */
void moxd_step_clean(struct moxd_buf *b, struct moxd_str text);
void moxd_step_json_string(struct moxd_buf *b, struct moxd_str text);
/* "12.345 s", "3m20s", "2d4h": a time that has passed. */
void moxd_step_duration(struct moxd_buf *b, int64_t ns);

#endif
