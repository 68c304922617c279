/* Parameters of MIME fields, with the continuations and character sets of RFC 2231. */
#include "params.h"
#include "chars.h"

#include <moxmail/charset.h>
#include <moxmail/encword.h>

#include "mime_lex.h"

struct segment {
    struct moxd_str base; /* name without the asterisks */
    struct moxd_str value;
    int part; /* continuation number, -1 for a whole value */
    bool ext; /* percent-encoded (RFC 2231 4) */
    bool done;
};

/* name, name*, name*0, name*0* (RFC 2231 7) */
static void split_name(struct segment *seg, struct moxd_str name)
{
    seg->part = -1;
    seg->base = name;
    if (moxd_str_ends(name, MOXD_STR("*"))) {
        seg->ext = true;
        seg->base.n = --name.n;
    }
    ptrdiff_t star = moxd_str_rchr(name, '*');
    uint64_t part;
    if (star < 0 || moxd_str_u64(moxd_str_from(name, (size_t)star + 1), 9999, &part))
        return;
    seg->base.n = (size_t)star;
    seg->part = (int)part;
}

/* One `attribute "=" value`; false when there was none, *s then is past the damage. */
static bool take_segment(struct moxd_arena *a, struct moxd_str *s, struct segment *seg)
{
    mail_skip_cfws(s);
    struct moxd_str name = mail_take_token(s);
    mail_skip_cfws(s);
    bool ok = name.n > 0 && s->n > 0 && s->p[0] == '=';
    if (ok) {
        *s = moxd_str_from(*s, 1);
        mail_skip_cfws(s);
        *seg = (struct segment){ .value = mail_take_value(s, a) };
        split_name(seg, name);
        ok = seg->base.n > 0;
    }
    return ok;
}

static size_t take_segments(struct moxd_arena *a, struct moxd_str s, struct segment *seg)
{
    size_t n = 0;
    while (s.n > 0 && n < MOXD_PARAMS_MAX) {
        /* Parameters that follow without a semicolon are taken too: type/subtype name=x */
        size_t before = s.n;
        if (take_segment(a, &s, &seg[n]))
            n++;
        mail_skip_cfws(&s);
        if (s.n > 0 && (s.p[0] == ';' || s.n == before))
            s = moxd_str_from(s, 1);
    }
    return n;
}

static void add_percent(struct moxd_buf *b, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        bool ok =
            s.p[i] == '%' && i + 2 < s.n && mail_hex(s.p[i + 1]) >= 0 && mail_hex(s.p[i + 2]) >= 0;
        moxd_buf_addc(b, ok ? (char)(mail_hex(s.p[i + 1]) << 4 | mail_hex(s.p[i + 2])) : s.p[i]);
        i += ok ? 2 : 0;
    }
}

/* charset'language' in front of the first extended value (RFC 2231 4). */
static struct moxd_str take_charset(struct moxd_str *value)
{
    struct moxd_str rest = *value, charset = moxd_str_cut(&rest, '\'');
    if (!rest.p)
        return moxd_str(NULL, 0);
    struct moxd_str after = rest;
    moxd_str_cut(&after, '\'');
    if (!after.p)
        return moxd_str(NULL, 0);
    *value = after;
    return charset;
}

static struct segment *find(struct segment *seg, size_t n, struct moxd_str base, int part)
{
    for (size_t i = 0; i < n; i++)
        if (!seg[i].done && seg[i].part == part && moxd_str_caseeq(seg[i].base, base))
            return &seg[i];
    return NULL;
}

/* Joins the segments that belong to `first`; the raw bytes go to b. True when any was extended. */
static bool join(struct segment *seg, size_t n, struct segment *first, struct moxd_str *charset,
                 struct moxd_buf *b)
{
    struct moxd_str base = first->base;
    bool ext = false;
    for (struct segment *s = first; s; s = find(seg, n, base, s->part + 1)) {
        if (s->ext && s == first)
            *charset = take_charset(&s->value);
        if (s->ext)
            add_percent(b, s->value);
        else
            moxd_buf_addstr(b, s->value);
        ext |= s->ext;
        s->done = true;
        if (s->part < 0)
            break;
    }
    return ext;
}

static struct moxd_param assemble(struct moxd_arena *a, struct segment *seg, size_t n,
                                  struct segment *first)
{
    struct moxd_param p = { .name = first->base, .value = first->value };
    if (!first->ext && first->part < 0) {
        first->done = true;
        return p;
    }
    struct moxd_str charset = moxd_str(NULL, 0);
    struct moxd_buf raw = MOXD_BUF_INIT(MOXD_PARAM_VALUE_MAX);
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_PARAM_VALUE_MAX);
    p.ext = join(seg, n, first, &charset, &raw);
    if (p.ext)
        moxd_charset_to_utf8(&text, charset.n ? charset : MOXD_STR("utf-8"), moxd_buf_str(&raw));
    struct moxd_str value = moxd_buf_str(p.ext ? &text : &raw);
    p.value = mail_without_nul(a, value);
    moxd_buf_fini(&raw);
    moxd_buf_fini(&text);
    return p;
}

void mail_params_parse(struct moxd_arena *a, struct moxd_str s, struct moxd_params *out)
{
    struct segment seg[MOXD_PARAMS_MAX];
    size_t n = take_segments(a, s, seg);
    *out = (struct moxd_params){ 0 };
    if (n == 0)
        return;
    out->v = moxd_arena_calloc(a, n, sizeof(*out->v));
    for (size_t i = 0; i < n; i++) {
        struct segment *first = &seg[i];
        if (first->part > 0 && (first = find(seg, n, seg[i].base, 0)) == NULL)
            first = find(seg, n, seg[i].base, 1); /* some count from 1 */
        if (!seg[i].done && first)
            out->v[out->n++] = assemble(a, seg, n, first);
    }
}

const struct moxd_param *moxd_param_find(const struct moxd_params *params, const char *name)
{
    const struct moxd_param *found = NULL;
    for (size_t i = 0; i < params->n; i++) {
        const struct moxd_param *p = &params->v[i];
        if (moxd_str_caseeqs(p->name, name) && (!found || (p->ext && !found->ext)))
            found = p;
    }
    return found;
}

void moxd_param_text(struct moxd_buf *out, const struct moxd_param *p)
{
    if (p->ext)
        moxd_buf_addstr(out, p->value);
    else
        moxd_encword_decode(out, p->value);
}
