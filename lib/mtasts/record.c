/* The TXT record at _mta-sts (RFC 8461 3.1). */
#include <moxmail/mtasts.h>

#include "report/fields.h"

bool moxd_mtasts_is_record(struct moxd_str txt)
{
    return mail_record_begins(txt, "v=STSv1");
}

static bool is_id(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]))
            return false;
    return s.n > 0 && s.n <= MOXD_MTASTS_ID_MAX;
}

int moxd_mtasts_record_parse(struct moxd_str txt, struct moxd_str *id, struct moxd_err *err)
{
    struct moxd_str rest = txt, name, value;
    int rc;

    *id = moxd_str(NULL, 0);
    if (txt.n > MOXD_MTASTS_RECORD_MAX || !moxd_mtasts_is_record(txt))
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "it does not begin with v=STSv1;");
    (void)moxd_str_cut(&rest, ';');
    while ((rc = mail_record_next(&rest, &name, &value)) > 0) {
        if (!moxd_str_eqs(name, "id") || id->p)
            continue;
        if (!is_id(value))
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "id is not 1 to %d letters and digits",
                                MOXD_MTASTS_ID_MAX);
        *id = value;
    }
    if (rc < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "a field is not of the form name=value");
    return id->p ? 0 : moxd_err_set(err, MOXD_ERR_SYNTAX, "it has no id");
}
