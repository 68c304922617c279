/* MIME header fields: Content-Type, Content-Disposition and their parameters (RFC 2045 5, RFC 2183,
 * RFC 2231), transfer encodings. Tolerant of what real mail contains. Pure. */
#ifndef MOXMAIL_MIME_H
#define MOXMAIL_MIME_H

#include <moxd/arena.h>
#include <moxd/buf.h>

enum {
    MOXD_PARAMS_MAX = 64,         /* parameters or continuations of one field; more are left out */
    MOXD_PARAM_VALUE_MAX = 16384, /* bytes of one decoded value; a longer one is cut */
};

struct moxd_param {
    struct moxd_str name;  /* as written, without *, *0 and the like */
    struct moxd_str value; /* RFC 2231 continuations joined; extended values decoded to UTF-8 */
    bool ext;              /* was written name* or name*0* (RFC 2231 4) */
};

struct moxd_params {
    struct moxd_param *v;
    size_t n;
};

/* The transfer encodings of RFC 2045 6. */
enum moxd_cte {
    MOXD_CTE_7BIT,
    MOXD_CTE_8BIT,
    MOXD_CTE_BINARY,
    MOXD_CTE_QP,
    MOXD_CTE_BASE64,
    MOXD_CTE_OTHER, /* unknown: the bytes cannot be decoded */
};

/* Parses `type "/" subtype *(";" parameter)`. The views point into value or the arena. Comments and
 * broken parameters are passed over. -1 when there is no type and subtype: RFC 2045 5.2. */
int moxd_content_type_parse(struct moxd_arena *a, struct moxd_str value, struct moxd_str *type,
                            struct moxd_str *subtype, struct moxd_params *params) MOXD_CHECKED;
/* Parses `type *(";" parameter)` (RFC 2183 2). -1 when there is no type. */
int moxd_disposition_parse(struct moxd_arena *a, struct moxd_str value, struct moxd_str *type,
                           struct moxd_params *params) MOXD_CHECKED;
/* The parameter of that name in any case, an extended one before a plain one; NULL when absent. */
const struct moxd_param *moxd_param_find(const struct moxd_params *params, const char *name);
/* Appends the value as readable UTF-8: also decodes encoded words, which do not belong into
 * parameters (RFC 2047 5) but are common there. */
void moxd_param_text(struct moxd_buf *out, const struct moxd_param *p);

/* Content-Transfer-Encoding: absent (p is NULL) or empty is 7bit (RFC 2045 6.1). */
enum moxd_cte moxd_cte_parse(struct moxd_str value);
/* "7BIT", ...; NULL for MOXD_CTE_OTHER. */
const char *moxd_cte_name(enum moxd_cte cte);

/* Content-Language (RFC 3282 2): cuts the next tag off *rest, comments passed over; false at the
 * end. */
bool moxd_language_next(struct moxd_str *rest, struct moxd_str *tag);

#endif
