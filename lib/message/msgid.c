/* Message ids: RFC 5322 3.6.4, with its obsolete forms. */
#include <moxmail/thread.h>

#include "chars.h"
#include "mime_lex.h"

bool moxd_msgid_next(struct moxd_str *rest, struct moxd_str *id)
{
    for (;;) {
        ptrdiff_t start = moxd_str_chr(*rest, '<');
        if (start < 0)
            break;
        struct moxd_str s = moxd_str_from(*rest, (size_t)start + 1);
        ptrdiff_t end = moxd_str_chr(s, '>');
        if (end < 0)
            break;
        *rest = moxd_str_from(s, (size_t)end + 1);
        *id = moxd_str_trim(moxd_str_sub(s, 0, (size_t)end));
        /* A '<' without its '>' before another one: the last begins the id. */
        ptrdiff_t again = moxd_str_rchr(*id, '<');
        *id = moxd_str_from(*id, (size_t)(again + 1));
        if (id->n > 0 && id->n <= MOXD_MSGID_MAX)
            return true;
    }
    *rest = moxd_str(NULL, 0);
    return false;
}

struct moxd_str moxd_msgid_of(struct moxd_str value)
{
    struct moxd_str rest = value, id;
    if (moxd_msgid_next(&rest, &id))
        return id;
    value = moxd_str_trim(value);
    return value.n <= MOXD_MSGID_MAX ? value : moxd_str(NULL, 0);
}

/* atext and the dot: what needs no quotes (RFC 5322 3.2.3). */
static bool needs_no_quotes(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 32 || s.p[i] == 127 || strchr("()<>[]:;@\\,\"", s.p[i]))
            return false;
    return s.n > 0;
}

/* At a '"': appends the quoted string, without quotes where it needs none. */
static void add_quoted(struct moxd_buf *out, struct moxd_str *s)
{
    struct moxd_buf text = MOXD_BUF_INIT(MOXD_MSGID_MAX);
    size_t i = 1;
    for (; i < s->n && s->p[i] != '"'; i++) {
        if (s->p[i] == '\\' && i + 1 < s->n)
            i++;
        moxd_buf_addc(&text, s->p[i]);
    }
    struct moxd_str raw = moxd_str_sub(*s, 0, i + 1);
    *s = moxd_str_from(*s, i + 1);
    if (needs_no_quotes(moxd_buf_str(&text)))
        moxd_buf_addstr(out, moxd_buf_str(&text));
    else
        moxd_buf_addstr(out, raw);
    moxd_buf_fini(&text);
}

/* Bytes up to the next one that means something; at least one. */
static size_t plain_length(struct moxd_str s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] != '"' && s.p[n] != '(' && !mail_is_blank(s.p[n]))
        n++;
    return n;
}

void moxd_msgid_canonical(struct moxd_buf *out, struct moxd_str id)
{
    if (id.n > MOXD_MSGID_MAX)
        return;
    for (mail_skip_cfws(&id); id.n > 0; mail_skip_cfws(&id)) {
        if (id.p[0] == '"') {
            add_quoted(out, &id);
            continue;
        }
        size_t n = plain_length(id);
        moxd_buf_addstr(out, moxd_str_sub(id, 0, n));
        id = moxd_str_from(id, n);
    }
}

void moxd_msgid_normalise(struct moxd_buf *out, struct moxd_str id)
{
    size_t start = out->n;

    moxd_msgid_canonical(out, id);
    for (size_t i = start; i < out->n; i++)
        out->p[i] = moxd_lower(out->p[i]);
}
