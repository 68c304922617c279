/* AUTH (RFC 4954) and BDAT (RFC 3030). */
#include "smtp.h"

#include <moxd/enc.h>

/* sasl-mech = 1*20mech-char; mech-char = UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE (RFC 4422 3.1) */
static int parse_mechanism(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out)
{
    if (s.n == 0 || s.n > MOXD_SMTP_MECHANISM_MAX)
        return -1;
    char *p = moxd_arena_cstr(a, s);
    for (size_t i = 0; i < s.n; i++) {
        p[i] = moxd_upper(p[i]);
        if (!moxd_is_alpha(p[i]) && !moxd_is_digit(p[i]) && p[i] != '-' && p[i] != '_')
            return -1;
    }
    *out = moxd_str(p, s.n);
    return 0;
}

/* auth-command = "AUTH" SP sasl-mech [SP initial-response] */
int moxd_smtp_parse_auth(struct moxd_str args, struct moxd_arena *a, struct moxd_smtp_auth *out,
                         struct moxd_err *err)
{
    struct moxd_str initial = args, name = moxd_str_cut(&initial, ' ');
    *out = (struct moxd_smtp_auth){ .has_initial = initial.p != NULL };
    if (parse_mechanism(name, a, &out->mechanism) < 0)
        return mail_smtp_fail(err, "usage: AUTH mechanism [initial-response]");
    if (out->has_initial && (initial.n == 0 || moxd_str_chr(initial, ' ') >= 0))
        return mail_smtp_fail(err, "the initial response is one word of base64, or \"=\"");
    if (!moxd_str_eqs(initial, "="))
        out->initial = initial;
    return 0;
}

int moxd_smtp_auth_decode(struct moxd_buf *b, struct moxd_str line, struct moxd_err *err)
{
    if (moxd_str_eqs(line, "*"))
        return moxd_err_smtp_set(err, MOXD_ERR_CANCELLED, 501, "5.7.0", "authentication cancelled");
    if (moxd_b64_decode(b, line) < 0)
        return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.5.2",
                                 "response is not valid base64");
    return 0;
}

/* bdat-cmd = "BDAT" SP chunk-size [ SP "LAST" ] */
int moxd_smtp_parse_bdat(struct moxd_str args, struct moxd_smtp_bdat *out, struct moxd_err *err)
{
    struct moxd_str marker = args, size = moxd_str_cut(&marker, ' ');
    out->last = marker.p != NULL;
    if (moxd_str_u64(size, UINT64_MAX, &out->size) < 0 ||
        (out->last && !moxd_str_caseeqs(marker, "LAST")))
        return mail_smtp_fail(err, "usage: %s", moxd_smtp_verb_usage(MOXD_SMTP_BDAT));
    return 0;
}
