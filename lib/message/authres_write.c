/* Writing Authentication-Results (RFC 8601 2.2). */
#include <moxmail/authres.h>
#include <moxmail/header_write.h>

#include "mime_lex.h"
#include "quote.h"

enum { UNIT_MAX = 4 * MOXD_AUTHRES_VALUE_MAX };

static struct moxd_str cut(struct moxd_str s)
{
    return mail_cut(s, MOXD_AUTHRES_VALUE_MAX);
}

/* token of RFC 2045 5.1. */
static bool is_token(struct moxd_str s)
{
    struct moxd_str rest = s;

    return mail_take_token(&rest).n > 0 && rest.n == 0 && moxd_str_is_ascii(s);
}

static bool is_quoted_string(struct moxd_str s)
{
    if (s.n < 2 || s.p[0] != '"')
        return false;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1 == s.n;
        if (s.p[i] == '\\')
            i++;
    }
    return false;
}

/* [ [ local-part ] "@" ] domain-name */
static bool is_address(struct moxd_str s)
{
    ptrdiff_t at = moxd_str_rchr(s, '@');
    struct moxd_str local = moxd_str_sub(s, 0, at < 0 ? 0 : (size_t)at);

    return at >= 0 && moxd_str_is_utf8(s) && mail_is_dot_atom(moxd_str_from(s, (size_t)at + 1)) &&
           (local.n == 0 || mail_is_dot_atom(local) || is_quoted_string(local));
}

static void add_value(struct moxd_buf *b, struct moxd_str s)
{
    bool whole = s.n <= MOXD_AUTHRES_VALUE_MAX;

    if (is_token(s) && whole)
        moxd_buf_addstr(b, s);
    else if (whole && is_address(s))
        moxd_buf_addstr(b, s);
    else
        mail_put_quoted(b, cut(s));
}

/* A unit is written when the next one, or the end of the method, is known: what ends the method must
 * follow it directly. */
struct units {
    struct moxd_header_writer *w;
    struct moxd_buf b;
};

static void next_unit(struct units *u)
{
    if (u->b.n > 0)
        moxd_hw_word(u->w, moxd_buf_str(&u->b));
    moxd_buf_reset(&u->b);
}

static void write_one(struct moxd_header_writer *w, const struct moxd_authres *r, bool last)
{
    struct units u = { .w = w, .b = MOXD_BUF_INIT(UNIT_MAX) };

    moxd_buf_addf(&u.b, "%" MOXD_STRF "=%" MOXD_STRF, MOXD_STRA(r->method), MOXD_STRA(r->result));
    if (r->comment.n > 0) {
        next_unit(&u);
        mail_put_comment(&u.b, cut(r->comment));
    }
    if (r->reason.n > 0) {
        next_unit(&u);
        moxd_buf_adds(&u.b, "reason=");
        mail_put_quoted(&u.b, cut(r->reason));
    }
    for (size_t i = 0; i < r->nprops; i++) {
        const struct moxd_authres_prop *p = &r->props[i];
        next_unit(&u);
        moxd_buf_addf(&u.b, "%" MOXD_STRF ".%" MOXD_STRF "=", MOXD_STRA(p->ptype),
                      MOXD_STRA(p->name));
        add_value(&u.b, p->value);
    }
    if (!last)
        moxd_buf_addc(&u.b, ';');
    next_unit(&u);
    moxd_buf_fini(&u.b);
}

void moxd_authres_write(struct moxd_buf *b, struct moxd_str id, const struct moxd_authres *v,
                        size_t n)
{
    struct moxd_header_writer w;
    struct moxd_buf first = MOXD_BUF_INIT(UNIT_MAX);

    add_value(&first, id);
    moxd_buf_addc(&first, ';');
    moxd_hw_begin(&w, b, "Authentication-Results");
    moxd_hw_word(&w, moxd_buf_str(&first));
    moxd_buf_fini(&first);
    if (n == 0)
        moxd_hw_word(&w, MOXD_STR("none"));
    for (size_t i = 0; i < n; i++) {
        moxd_hw_fold(&w);
        write_one(&w, &v[i], i + 1 == n);
    }
    moxd_hw_end(&w);
}
