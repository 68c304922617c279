/* Content-Type, Content-Disposition, Content-Transfer-Encoding, Content-Language. */
#include <moxmail/mime.h>

#include "mime_lex.h"
#include "params.h"

int moxd_content_type_parse(struct moxd_arena *a, struct moxd_str value, struct moxd_str *type,
                            struct moxd_str *subtype, struct moxd_params *params)
{
    mail_skip_cfws(&value);
    struct moxd_str t = mail_take_token(&value);
    mail_skip_cfws(&value);
    if (t.n == 0 || value.n == 0 || value.p[0] != '/')
        return -1;
    value = moxd_str_from(value, 1);
    mail_skip_cfws(&value);
    struct moxd_str st = mail_take_token(&value);
    if (st.n == 0)
        return -1;
    *type = t, *subtype = st;
    mail_params_parse(a, value, params);
    return 0;
}

int moxd_disposition_parse(struct moxd_arena *a, struct moxd_str value, struct moxd_str *type,
                           struct moxd_params *params)
{
    mail_skip_cfws(&value);
    struct moxd_str t = mail_take_token(&value);
    if (t.n == 0)
        return -1;
    *type = t;
    mail_params_parse(a, value, params);
    return 0;
}

static const char *const cte_names[] = {
    [MOXD_CTE_7BIT] = "7BIT",           [MOXD_CTE_8BIT] = "8BIT",     [MOXD_CTE_BINARY] = "BINARY",
    [MOXD_CTE_QP] = "QUOTED-PRINTABLE", [MOXD_CTE_BASE64] = "BASE64",
};

enum moxd_cte moxd_cte_parse(struct moxd_str value)
{
    mail_skip_cfws(&value);
    struct moxd_str token = mail_take_token(&value);
    if (token.n == 0)
        return MOXD_CTE_7BIT;
    for (size_t i = 0; i < MOXD_NELEMS(cte_names); i++)
        if (moxd_str_caseeqs(token, cte_names[i]))
            return (enum moxd_cte)i;
    if (moxd_str_caseeqs(token, "8-bit")) /* a common misspelling */
        return MOXD_CTE_8BIT;
    return moxd_str_caseeqs(token, "7-bit") ? MOXD_CTE_7BIT : MOXD_CTE_OTHER;
}

const char *moxd_cte_name(enum moxd_cte cte)
{
    return cte < MOXD_CTE_OTHER ? cte_names[cte] : NULL;
}

bool moxd_language_next(struct moxd_str *rest, struct moxd_str *tag)
{
    for (;;) {
        mail_skip_cfws(rest);
        if (rest->n == 0)
            return false;
        *tag = mail_take_token(rest);
        if (tag->n > 0)
            return true;
        *rest = moxd_str_from(*rest, 1);
    }
}
