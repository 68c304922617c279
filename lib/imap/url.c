#include "parser.h"
#include <moxmail/imap_url.h>

/* RFC 5092 11: bchar without pct-encoded: what may stand for itself. */
static bool is_bchar(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) || (c != '\0' && strchr("-._~!$'()*+,&=:@/", c));
}

static int hex_digit(char c)
{
    if (moxd_is_digit(c))
        return c - '0';
    c = moxd_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character, decoded: -1 at a character that cannot be part of a component. */
static int take_char(struct imap_parser *p)
{
    int high, low;

    if (p->rest.n == 0)
        return -1;
    if (p->rest.p[0] != '%') {
        char c = p->rest.p[0];

        if (!is_bchar(c))
            return -1;
        p->rest = moxd_str_from(p->rest, 1);
        return (unsigned char)c;
    }
    if (p->rest.n < 3 || (high = hex_digit(p->rest.p[1])) < 0 ||
        (low = hex_digit(p->rest.p[2])) < 0)
        return -1;
    p->rest = moxd_str_from(p->rest, 3);
    return high << 4 | low;
}

/* 1*bchar up to a ";" or the end, decoded. */
static int component(struct imap_parser *p, const char *expected, struct moxd_str *out)
{
    char *copy = moxd_arena_alloc(p->a, p->rest.n + 1);
    size_t n = 0;
    int c;

    while ((c = take_char(p)) >= 0)
        copy[n++] = (char)c;
    if (n == 0 || memchr(copy, '\0', n) || (!mail_imap_at_end(p) && !mail_imap_peek(p, ';')))
        return mail_imap_fail(p, expected);
    *out = moxd_str(copy, n);
    return 0;
}

/* "/" before the ";" that ends a component belongs to what follows. */
static int without_slash(struct imap_parser *p, struct moxd_str *s)
{
    if (s->n < 2 || s->p[s->n - 1] != '/')
        return mail_imap_fail(p, "a slash before");
    s->n--;
    return 0;
}

/* enc-mailbox [";UIDVALIDITY=" nz-number] "/" */
static int mailbox(struct imap_parser *p, struct moxd_imap_url *url)
{
    if (!mail_imap_take(p, '/'))
        return 0;
    if (mail_imap_peek(p, '/'))
        return mail_imap_fail(p, "a URL of this server");
    if (component(p, "a mailbox", &url->mailbox) < 0)
        return -1;
    if (!moxd_str_is_utf8(url->mailbox))
        return mail_imap_fail(p, "a mailbox in UTF-8 before");
    if (!mail_imap_take_word(p, ";UIDVALIDITY="))
        return without_slash(p, &url->mailbox);
    if (mail_imap_nz_number(p, &url->uidvalidity) < 0)
        return -1;
    return mail_imap_expect(p, '/', "a slash");
}

/* enc-section = 1*bchar, decoded a section-spec; the slash before PARTIAL is not part of it. */
static int section(struct imap_parser *p, struct moxd_imap_url *url)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_IMAP_URL_MAX + 2);
    struct moxd_str text;
    struct imap_parser in = *p;
    int r;

    if (component(p, "a section", &text) < 0 ||
        (!mail_imap_at_end(p) && without_slash(p, &text) < 0))
        return -1;
    moxd_buf_addc(&b, '[');
    moxd_buf_addstr(&b, text);
    moxd_buf_addc(&b, ']');
    in.rest = moxd_arena_str(p->a, moxd_buf_str(&b));
    in.total = in.rest.n;
    moxd_buf_fini(&b);
    r = mail_imap_section(&in, false, &url->section);
    return r < 0 ? -1 : mail_imap_end(&in);
}

/* partial-range = number ["." nz-number] */
static int partial(struct imap_parser *p, struct moxd_imap_url *url)
{
    url->partial = true;
    if (mail_imap_number(p, INT64_MAX, &url->offset) < 0)
        return -1;
    if (!mail_imap_take(p, '.'))
        return 0;
    if (mail_imap_number(p, INT64_MAX, &url->count) < 0)
        return -1;
    return url->count > 0 ? 0 : mail_imap_fail(p, "a length above 0");
}

int moxd_imap_url_parse(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_url *out,
                        struct moxd_err *err)
{
    struct imap_parser p = { .rest = text, .total = text.n, .a = a, .err = err };

    *out = (struct moxd_imap_url){ 0 };
    if (text.n > MOXD_IMAP_URL_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "URL longer than %d bytes", MOXD_IMAP_URL_MAX);
    if (mailbox(&p, out) < 0)
        return -1;
    if (!mail_imap_take_word(&p, ";UID="))
        return mail_imap_fail(&p, ";UID=");
    if (mail_imap_nz_number(&p, &out->uid) < 0)
        return -1;
    if (mail_imap_take_word(&p, "/;SECTION=")) {
        if (section(&p, out) < 0)
            return -1;
        if (mail_imap_take_word(&p, ";PARTIAL=") && partial(&p, out) < 0)
            return -1;
    } else if (mail_imap_take_word(&p, "/;PARTIAL=") && partial(&p, out) < 0) {
        return -1;
    }
    return mail_imap_end(&p);
}
