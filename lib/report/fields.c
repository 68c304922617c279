/* Fields of TXT records. */
#include "report/fields.h"

enum { NAME_MAX_ = 32 };

static struct moxd_str trim(struct moxd_str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = moxd_str_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

bool mail_record_begins(struct moxd_str txt, const char *version)
{
    ptrdiff_t end = moxd_str_chr(txt, ';');

    if (end < 0)
        return false;
    txt.n = (size_t)end;
    while (txt.n > 0 && (txt.p[txt.n - 1] == ' ' || txt.p[txt.n - 1] == '\t'))
        txt.n--;
    return moxd_str_eqs(txt, version);
}

/* (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") */
bool mail_record_is_name(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) &&
            (i == 0 || s.p[i] == '\0' || !strchr("_-.", s.p[i])))
            return false;
    return s.n > 0 && s.n <= NAME_MAX_;
}

/* Printable; the blanks that the list of addresses may have (RFC 8460 3) are looked at by who reads it. */
static bool is_value(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] > '~')
            return false;
    return s.n > 0;
}

int mail_record_next(struct moxd_str *rest, struct moxd_str *name, struct moxd_str *value)
{
    struct moxd_str field = trim(moxd_str_cut(rest, ';'));

    if (field.n == 0)
        return rest->n == 0 && !rest->p ? 0 : trim(*rest).n == 0 ? 0 : -1;
    ptrdiff_t eq = moxd_str_chr(field, '=');
    if (eq < 0)
        return -1;
    *name = moxd_str_sub(field, 0, (size_t)eq);
    *value = moxd_str_from(field, (size_t)eq + 1);
    return mail_record_is_name(*name) && is_value(*value) ? 1 : -1;
}
