/* Authentication-Results (RFC 8601): what a server found out about who sent a message. Pure. */
#ifndef MOXMAIL_AUTHRES_H
#define MOXMAIL_AUTHRES_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_AUTHRES_MAX = 100,       /* results of one field; more are no field of ours to read */
    MOXD_AUTHRES_PROPS_MAX = 20,  /* properties of one result */
    MOXD_AUTHRES_KEYWORD_MAX = 100, /* bytes of a method, result, ptype or name: the registered ones
                                       have less than 20 */
    MOXD_AUTHRES_VALUE_MAX = 400, /* bytes written of one value: it must fit on a line (RFC 5322
                                     2.1.1), and an address has at most 320 */
};

/* What was looked at: "smtp" "." "mailfrom" "=" "a@example.org". */
struct moxd_authres_prop {
    struct moxd_str ptype, name;
    struct moxd_str value; /* without quotes; a localpart in it is written as RFC 5321 does */
};
/* One method with its result. */
struct moxd_authres {
    struct moxd_str method, result; /* "spf", "pass" */
    struct moxd_str reason;         /* may be empty; so may the comment */
    struct moxd_str comment;        /* without parentheses */
    const struct moxd_authres_prop *props;
    size_t nprops;
};
struct moxd_authres_field {
    struct moxd_str id; /* authserv-id: which server says so */
    uint64_t version;   /* 1 when not told */
    struct moxd_authres *v;
    size_t n; /* 0: "none" */
};

/* Appends the field, "Authentication-Results: ID; ...\r\n", one method per line; with n == 0 it says
 * "none". Methods, results, ptypes and names are keywords (RFC 5321 4.1.2); other text may be anything:
 * it is quoted, cleaned of control characters, and cut at MOXD_AUTHRES_VALUE_MAX bytes. */
void moxd_authres_write(struct moxd_buf *b, struct moxd_str id, const struct moxd_authres *v,
                        size_t n);

/* Parses the value of a field; what *out holds points into `value` or the arena. The comment of a result
 * is the first one behind it. A property without ptype, which others write, is passed over. -1 for what is not of the grammar of RFC 8601 2.2, or over the limits. */
int moxd_authres_parse(struct moxd_str value, struct moxd_arena *a, struct moxd_authres_field *out,
                       struct moxd_err *err) MOXD_CHECKED;
/* Only the server's name and the version, whatever follows. */
int moxd_authres_id(struct moxd_str value, struct moxd_arena *a, struct moxd_str *id,
                    uint64_t *version, struct moxd_err *err) MOXD_CHECKED;

#endif
