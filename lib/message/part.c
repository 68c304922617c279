/* Parts by their header. */
#include "part.h"

unsigned mail_bytes_flags(struct moxd_str s)
{
    unsigned char all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (unsigned char)s.p[i];
    return (all & 0x80 ? MOXD_PART_8BIT : 0) | (moxd_str_chr(s, '\0') >= 0 ? MOXD_PART_NUL : 0);
}

bool moxd_part_is(const struct moxd_part *p, const char *type, const char *subtype)
{
    return moxd_str_caseeqs(p->type, type) && moxd_str_caseeqs(p->subtype, subtype);
}

static bool is_message(const struct moxd_part *p)
{
    return moxd_part_is(p, "message", "rfc822") || moxd_part_is(p, "message", "global");
}

/* A boundary does not end in blanks (RFC 2046 5.1.1): those were added on the way. */
struct moxd_str mail_part_boundary(const struct moxd_part *p)
{
    const struct moxd_param *param = moxd_param_find(&p->params, "boundary");
    struct moxd_str b = param ? param->value : moxd_str(NULL, 0);
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t'))
        b.n--;
    return b;
}

static bool usable_boundary(const struct moxd_part *p)
{
    struct moxd_str b = mail_part_boundary(p);
    return b.n > 0 && b.n <= MOXD_BOUNDARY_MAX;
}

enum moxd_part_kind mail_part_kind(const struct moxd_part *p)
{
    if (p->flags & MOXD_PART_OPAQUE)
        return MOXD_PART_LEAF;
    if (moxd_str_caseeqs(p->type, "multipart"))
        return MOXD_PART_MULTIPART;
    return is_message(p) ? MOXD_PART_MESSAGE : MOXD_PART_LEAF;
}

static void fill_type(struct moxd_part *p, struct mail_fields *f, struct moxd_arena *a, bool digest)
{
    struct moxd_str v = mail_fields_take(f, a, MAIL_F_TYPE);
    p->type = digest ? MOXD_STR("message") : MOXD_STR("text");
    p->subtype = digest ? MOXD_STR("rfc822") : MOXD_STR("plain");
    if (v.n == 0 || moxd_content_type_parse(a, v, &p->type, &p->subtype, &p->params) == 0)
        return;
    p->flags |= MOXD_PART_BROKEN_TYPE;
    p->type = MOXD_STR("application"), p->subtype = MOXD_STR("octet-stream");
}

void mail_part_fill(struct moxd_part *p, struct mail_fields *f, struct moxd_arena *a, bool digest)
{
    if (p->flags & MOXD_PART_ROOT)
        p->envelope = mail_fields_envelope(f, a);
    fill_type(p, f, a, digest);
    p->cte_text = mail_fields_take(f, a, MAIL_F_CTE);
    p->cte = moxd_cte_parse(p->cte_text);
    struct moxd_str disposition = mail_fields_take(f, a, MAIL_F_DISPOSITION);
    if (disposition.n > 0 && moxd_disposition_parse(a, disposition, &p->disposition, &p->dparams))
        p->disposition = moxd_str(NULL, 0);
    p->id = mail_fields_take(f, a, MAIL_F_ID);
    p->description = mail_fields_take(f, a, MAIL_F_DESCRIPTION);
    p->language = mail_fields_take(f, a, MAIL_F_LANGUAGE);
    p->location = mail_fields_take(f, a, MAIL_F_LOCATION);
    p->md5 = mail_fields_take(f, a, MAIL_F_MD5);
    /* A multipart is never encoded (RFC 2045 6.4), so an encoding there is ignored; a message may
     * be (RFC 6532 3.7), and its structure then is unknown. */
    bool encoded = p->cte > MOXD_CTE_BINARY;
    if ((moxd_str_caseeqs(p->type, "multipart") && !usable_boundary(p)) ||
        (is_message(p) && encoded))
        p->flags |= MOXD_PART_OPAQUE;
}

void moxd_part_filename(const struct moxd_part *p, struct moxd_buf *out)
{
    const struct moxd_param *name = moxd_param_find(&p->dparams, "filename");
    if (!name)
        name = moxd_param_find(&p->params, "name");
    if (name)
        moxd_param_text(out, name);
}

struct moxd_str moxd_part_charset(const struct moxd_part *p)
{
    const struct moxd_param *c = moxd_param_find(&p->params, "charset");
    return c ? c->value : moxd_str(NULL, 0);
}

void moxd_msg_text(struct moxd_buf *out, struct moxd_str value)
{
    if (value.n > 0)
        moxd_field_text(out, value);
}
