/* The TXT record at _smtp._tls (RFC 8460 3). */
#include <moxmail/tlsrpt.h>

#include "report/fields.h"

bool moxd_tlsrpt_is_record(struct moxd_str txt)
{
    return mail_record_begins(txt, "v=TLSRPTv1");
}

/* RFC 3986: a scheme, and no blanks; "!" and "," must be encoded, which the list sees to. */
static bool is_uri(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == '!')
            return false;
    return moxd_str_chr(s, ':') > 0;
}

static bool is_known(struct moxd_str uri)
{
    return moxd_str_casestarts(uri, MOXD_STR("mailto:")) ||
           moxd_str_casestarts(uri, MOXD_STR("https://"));
}

static int take_rua(struct moxd_str list, struct moxd_arena *a, struct moxd_tlsrpt_record *out,
                    struct moxd_err *err)
{
    const char **v = moxd_arena_calloc(a, MOXD_TLSRPT_URIS_MAX + 1, sizeof(*v));

    out->rua = v;
    while (list.n > 0) {
        struct moxd_str uri = moxd_str_trim(moxd_str_cut(&list, ','));
        if (!is_uri(uri))
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "rua is no list of URIs");
        if (is_known(uri) && out->nrua < MOXD_TLSRPT_URIS_MAX)
            v[out->nrua++] = moxd_arena_cstr(a, uri);
    }
    return 0;
}

int moxd_tlsrpt_record_parse(struct moxd_str txt, struct moxd_arena *a,
                             struct moxd_tlsrpt_record *out, struct moxd_err *err)
{
    struct moxd_str rest = txt, name, value;
    int rc;

    *out = (struct moxd_tlsrpt_record){ 0 };
    if (txt.n > MOXD_TLSRPT_RECORD_MAX || !moxd_tlsrpt_is_record(txt))
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "it does not begin with v=TLSRPTv1;");
    (void)moxd_str_cut(&rest, ';');
    while ((rc = mail_record_next(&rest, &name, &value)) > 0)
        if (moxd_str_eqs(name, "rua") && !out->rua && take_rua(value, a, out, err) < 0)
            return -1;
    if (rc < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "a field is not of the form name=value");
    if (out->nrua == 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "rua has no mailto: or https: address");
    return 0;
}
