/* BODY and BODYSTRUCTURE: RFC 9051 7.5.2. */
#include <moxmail/imap_fmt.h>

#include "envelope.h"

#include <moxmail/imap_syntax.h>

struct writer {
    struct moxd_buf *b;
    const struct moxd_msg *m;
    bool extended;
    bool utf8;
    size_t addresses; /* that may still be written */
};

static void add_string(struct writer *w, struct moxd_str s)
{
    moxd_imap_put_string(w->b, s, w->utf8);
}

static void add_nstring(struct writer *w, struct moxd_str s)
{
    moxd_buf_addc(w->b, ' ');
    moxd_imap_put_string(w->b, s, w->utf8);
}

/* Media types are case-insensitive; IMAP shows them in capitals. */
static void add_upper(struct writer *w, struct moxd_str s)
{
    size_t from = w->b->n;
    add_string(w, s);
    for (size_t i = from; i < w->b->n; i++)
        w->b->p[i] = moxd_upper(w->b->p[i]);
}

/* utf-8''percent-encoded (RFC 2231 4), for clients that may not get UTF-8. */
static void add_percent(struct writer *w, struct moxd_str s)
{
    moxd_buf_adds(w->b, "\"utf-8''");
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (moxd_is_alpha(c) || moxd_is_digit(c) || (c && strchr("-._~", c)))
            moxd_buf_addc(w->b, c);
        else
            moxd_buf_addf(w->b, "%%%02X", (unsigned char)c);
    }
    moxd_buf_addc(w->b, '"');
}

/* An extended parameter keeps its asterisk and is decoded to UTF-8 (RFC 9051 7.5.2), where the
 * session allows UTF-8. */
static void add_param(struct writer *w, const struct moxd_param *p)
{
    struct moxd_buf name = MOXD_BUF_INIT(p->name.n + 1);
    if (p->ext) {
        moxd_buf_addstr(&name, p->name);
        moxd_buf_addc(&name, '*');
    }
    add_string(w, p->ext ? moxd_buf_str(&name) : p->name);
    moxd_buf_fini(&name);
    moxd_buf_addc(w->b, ' ');
    if (p->ext && !w->utf8)
        add_percent(w, p->value);
    else
        add_string(w, p->value);
}

static void add_params(struct writer *w, const struct moxd_params *params, bool default_charset)
{
    if (params->n == 0 && !default_charset) {
        moxd_buf_adds(w->b, " NIL");
        return;
    }
    moxd_buf_adds(w->b, " (");
    for (size_t i = 0; i < params->n; i++) {
        if (i > 0)
            moxd_buf_addc(w->b, ' ');
        add_param(w, &params->v[i]);
    }
    if (default_charset)
        moxd_buf_adds(w->b, &" \"CHARSET\" \"US-ASCII\""[params->n ? 0 : 1]);
    moxd_buf_addc(w->b, ')');
}

/* body-fld-dsp SP body-fld-lang SP body-fld-loc */
static void add_extension(struct writer *w, const struct moxd_part *p)
{
    if (p->disposition.p) {
        moxd_buf_adds(w->b, " (");
        add_string(w, p->disposition);
        add_params(w, &p->dparams, false);
        moxd_buf_addc(w->b, ')');
    } else {
        moxd_buf_adds(w->b, " NIL");
    }
    struct moxd_str rest = p->language, tag;
    const char *sep = " (";
    for (; moxd_language_next(&rest, &tag); sep = " ") {
        moxd_buf_adds(w->b, sep);
        add_string(w, tag);
    }
    moxd_buf_adds(w->b, sep[1] ? " NIL" : ")");
    add_nstring(w, p->location);
}

static void add_encoding(struct writer *w, const struct moxd_part *p)
{
    const char *name = moxd_cte_name(p->cte);
    moxd_buf_addc(w->b, ' ');
    add_string(w, name ? moxd_cstr(name) : p->cte_text);
}

/* body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP body-fld-octets */
static void add_fields(struct writer *w, const struct moxd_part *p, bool text)
{
    bool charset = moxd_param_find(&p->params, "charset");
    add_params(w, &p->params, text && !charset);
    add_nstring(w, p->id);
    add_nstring(w, p->description);
    add_encoding(w, p);
    moxd_buf_addc(w->b, ' ');
    moxd_buf_addu(w->b, p->end - p->body);
}

static void add_body(struct writer *w, const struct moxd_part *p);

/* body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart] */
static void add_multipart(struct writer *w, const struct moxd_part *p)
{
    const struct moxd_part *parts = w->m->parts;
    moxd_buf_addc(w->b, '(');
    for (const struct moxd_part *c = p + 1;; c = &parts[c->next]) {
        add_body(w, c);
        if (c->next == 0)
            break;
    }
    moxd_buf_addc(w->b, ' ');
    add_upper(w, p->subtype);
    if (w->extended) {
        add_params(w, &p->params, false);
        add_extension(w, p);
    }
    moxd_buf_addc(w->b, ')');
}

static void add_type(struct writer *w, const struct moxd_part *p)
{
    bool opaque = p->flags & MOXD_PART_OPAQUE;
    moxd_buf_addc(w->b, '(');
    add_upper(w, opaque ? MOXD_STR("application") : p->type);
    moxd_buf_addc(w->b, ' ');
    add_upper(w, opaque ? MOXD_STR("octet-stream") : p->subtype);
}

/* body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part] */
static void add_single(struct writer *w, const struct moxd_part *p)
{
    bool text = moxd_str_caseeqs(p->type, "text");
    add_type(w, p);
    add_fields(w, p, text);
    if (p->kind == MOXD_PART_MESSAGE) {
        moxd_buf_addc(w->b, ' ');
        mail_put_envelope(w->b, p[1].envelope, w->utf8, &w->addresses);
        moxd_buf_addc(w->b, ' ');
        add_body(w, p + 1);
    }
    if (text || p->kind == MOXD_PART_MESSAGE) {
        moxd_buf_addc(w->b, ' ');
        moxd_buf_addu(w->b, p->lines);
    }
    if (w->extended) {
        add_nstring(w, p->md5);
        add_extension(w, p);
    }
    moxd_buf_addc(w->b, ')');
}

/* Recursion ends with the tree: MOXD_MSG_DEPTH_MAX. */
static void add_body(struct writer *w, const struct moxd_part *p)
{
    if (p->kind == MOXD_PART_MULTIPART)
        add_multipart(w, p);
    else
        add_single(w, p);
}

void moxd_imap_put_body(struct moxd_buf *b, const struct moxd_msg *m, const struct moxd_part *p,
                        bool extended, bool utf8)
{
    struct writer w = { b, m, extended, utf8, MOXD_IMAP_ADDRESSES_MAX };
    add_body(&w, p);
}
