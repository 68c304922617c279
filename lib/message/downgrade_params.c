/* MIME parameters in ASCII (RFC 6857 3.1.4, RFC 2231). */
#include "downgrade.h"

enum { PARAM_LINE = 60 /* characters of a value in one piece (RFC 2231 3) */ };

static bool is_plain(unsigned char c)
{
    return moxd_is_alpha((char)c) || moxd_is_digit((char)c) || c == '-' || c == '.' || c == '_';
}

/* name*0*=utf-8''..., in pieces that fit a line (RFC 2231 3 and 4). */
static void put_extended(struct moxd_header_writer *w, const struct moxd_param *p)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);
    bool split = p->value.n > PARAM_LINE / 3;
    size_t i = 0;

    for (unsigned piece = 0; i < p->value.n; piece++) {
        moxd_buf_reset(&b);
        moxd_buf_addstr(&b, p->name);
        if (split)
            moxd_buf_addf(&b, "*%u", piece);
        moxd_buf_adds(&b, piece == 0 ? "*=utf-8''" : "*=");
        for (size_t end = b.n + PARAM_LINE; i < p->value.n && (!split || b.n < end); i++) {
            unsigned char c = (unsigned char)p->value.p[i];

            moxd_buf_addf(&b, is_plain(c) ? "%c" : "%%%02X", c);
        }
        moxd_hw_word(w, moxd_buf_str(&b));
        if (i < p->value.n)
            mail_downgrade_char(w, ';');
    }
    moxd_buf_fini(&b);
}

static void put_param(struct moxd_header_writer *w, const struct moxd_param *p)
{
    struct moxd_buf b = MOXD_BUF_INIT(MAIL_DOWNGRADE_FIELD_MAX);

    mail_downgrade_char(w, ';');
    if (!moxd_str_is_ascii(p->value)) {
        put_extended(w, p);
        return;
    }
    moxd_buf_addstr(&b, p->name);
    moxd_buf_adds(&b, "=\"");
    for (size_t i = 0; i < p->value.n; i++) {
        if (p->value.p[i] == '"' || p->value.p[i] == '\\')
            moxd_buf_addc(&b, '\\');
        moxd_buf_addc(&b, p->value.p[i]);
    }
    moxd_buf_addc(&b, '"');
    moxd_hw_word(w, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

static void put_params(struct moxd_header_writer *w, const struct moxd_params *params)
{
    for (size_t i = 0; i < params->n; i++)
        if (moxd_str_is_ascii(params->v[i].name))
            put_param(w, &params->v[i]);
}

void mail_downgrade_type(struct moxd_header_writer *w, struct moxd_str value)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str type, subtype;
    struct moxd_params params;

    if (moxd_content_type_parse(a, value, &type, &subtype, &params) < 0 ||
        !moxd_str_is_ascii(type) || !moxd_str_is_ascii(subtype)) {
        mail_downgrade_text(w, value);
        return;
    }
    moxd_hw_wordf(w, "%" MOXD_STRF "/%" MOXD_STRF, MOXD_STRA(type), MOXD_STRA(subtype));
    put_params(w, &params);
}

void mail_downgrade_disposition(struct moxd_header_writer *w, struct moxd_str value)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_str type;
    struct moxd_params params;

    if (moxd_disposition_parse(a, value, &type, &params) < 0 || !moxd_str_is_ascii(type)) {
        mail_downgrade_text(w, value);
        return;
    }
    moxd_hw_word(w, type);
    put_params(w, &params);
}
