/* Localparts that ask for a failure. */
#include "faults.h"

static const struct {
    const char *end;
    int code;
    bool silence;
} ends[] = {
    { "temperror", 451, false },
    { "permerror", 550, false },
    { "timeout", 451, true },
};

/* "450" and the like at the end, 0: none. */
static int code_at_end(struct moxd_str s)
{
    if (s.n < 3)
        return 0;
    const char *p = s.p + s.n - 3;
    if ((p[0] != '4' && p[0] != '5') || !moxd_is_digit(p[1]) || !moxd_is_digit(p[2]))
        return 0;
    return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

bool faults_word(struct moxd_str localpart, struct faults_word *out)
{
    *out = (struct faults_word){
        .at = moxd_str_casestarts(localpart, MOXD_STR("mailfrom")) ? FAULTS_AT_MAIL
              : moxd_str_casestarts(localpart, MOXD_STR("rcptto")) ? FAULTS_AT_RCPT
                                                                   : FAULTS_AT_DATA,
        .code = code_at_end(localpart),
    };
    for (size_t i = 0; i < MOXD_NELEMS(ends); i++)
        if (moxd_str_caseends(localpart, moxd_cstr(ends[i].end))) {
            out->code = ends[i].code;
            out->silence = ends[i].silence;
        }
    return out->code != 0;
}
