/* Sequence sets, flags, dates, status attributes. */
#include "parser.h"

#include <moxd/clock.h>
#include <moxmail/date.h>

static int seq_number(struct imap_parser *p, uint32_t *out)
{
    if (mail_imap_take(p, '*')) {
        *out = MOXD_IMAP_STAR;
        return 0;
    }
    return mail_imap_nz_number(p, out);
}

static int seq_range(struct imap_parser *p, struct moxd_imap_range *r)
{
    if (seq_number(p, &r->a) < 0)
        return -1;
    r->b = r->a;
    return mail_imap_take(p, ':') ? seq_number(p, &r->b) : 0;
}

int mail_imap_set(struct imap_parser *p, struct moxd_imap_set *out)
{
    size_t cap = 0;

    if (mail_imap_take(p, '$')) {
        out->saved = true;
        return 0;
    }
    do {
        struct moxd_imap_range *r;

        if (out->n >= MOXD_IMAP_SET_MAX)
            return mail_imap_limit(p, "ranges in a set");
        r = moxd_arena_push(p->a, &out->v, &out->n, &cap, sizeof(*out->v));
        if (seq_range(p, r) < 0)
            return -1;
    } while (mail_imap_take(p, ','));
    return 0;
}

int mail_imap_seq_number(struct imap_parser *p, struct moxd_imap_set *out)
{
    out->v = moxd_arena_alloc(p->a, sizeof(*out->v));
    out->n = 1;
    if (seq_number(p, &out->v->a) < 0)
        return -1;
    out->v->b = out->v->a;
    return 0;
}

static int flag(struct imap_parser *p, struct moxd_imap_list *out, size_t *cap)
{
    struct moxd_str start = p->rest, name;

    if (out->n >= MOXD_IMAP_FLAGS_MAX)
        return mail_imap_limit(p, "flags");
    mail_imap_take(p, '\\');
    if (mail_imap_atom(p, &name) < 0)
        return -1;
    mail_imap_list_add(p, out, cap, moxd_str(start.p, start.n - p->rest.n));
    return 0;
}

static int flags_until(struct imap_parser *p, struct moxd_imap_list *out)
{
    size_t cap = 0;

    do {
        if (flag(p, out, &cap) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return 0;
}

int mail_imap_flag_list(struct imap_parser *p, struct moxd_imap_list *out)
{
    if (mail_imap_expect(p, '(', "a list of flags") < 0)
        return -1;
    if (mail_imap_take(p, ')'))
        return 0;
    if (flags_until(p, out) < 0)
        return -1;
    return mail_imap_expect(p, ')', "a closing parenthesis");
}

int mail_imap_flags(struct imap_parser *p, struct moxd_imap_list *out)
{
    return mail_imap_peek(p, '(') ? mail_imap_flag_list(p, out) : flags_until(p, out);
}

/* date = date-text / DQUOTE date-text DQUOTE; date-text = 1*2DIGIT "-" month "-" 4DIGIT */
int mail_imap_date(struct imap_parser *p, int32_t *day)
{
    bool quotes = mail_imap_take(p, '"');
    size_t n = 0;
    int64_t days;

    while (n < p->rest.n && (moxd_is_alpha(p->rest.p[n]) || moxd_is_digit(p->rest.p[n]) ||
                             p->rest.p[n] == '-'))
        n++;
    if (moxd_date_parse_imap_day(moxd_str_sub(p->rest, 0, n), &days) < 0)
        return mail_imap_fail(p, "a date like 1-Feb-1994");
    *day = (int32_t)days;
    p->rest = moxd_str_from(p->rest, n);
    return quotes ? mail_imap_expect(p, '"', "the closing quote") : 0;
}

/* date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE */
int mail_imap_date_time(struct imap_parser *p, struct moxd_imap_date *out)
{
    struct moxd_date d;

    if (mail_imap_expect(p, '"', "a quoted date") < 0)
        return -1;
    ptrdiff_t end = moxd_str_chr(p->rest, '"');
    struct moxd_str text = moxd_str_sub(p->rest, 0, end < 0 ? p->rest.n : (size_t)end);
    if (moxd_date_parse_imap(text, &d) < 0)
        return mail_imap_fail(p, "a date like \"17-Jul-1996 02:44:25 -0700\"");
    if (__builtin_mul_overflow(d.sec, MOXD_SEC, &out->ns))
        return mail_imap_fail(p, "a year from 1678 to 2261");
    out->zone = (int16_t)d.zone;
    p->rest = moxd_str_from(p->rest, text.n);
    return mail_imap_expect(p, '"', "the closing quote");
}

static const struct {
    const char *name;
    unsigned bit;
} status_atts[] = {
    { "MESSAGES", MOXD_IMAP_STATUS_MESSAGES }, { "UIDNEXT", MOXD_IMAP_STATUS_UIDNEXT },
    { "UIDVALIDITY", MOXD_IMAP_STATUS_UIDVALIDITY }, { "UNSEEN", MOXD_IMAP_STATUS_UNSEEN },
    { "DELETED", MOXD_IMAP_STATUS_DELETED }, { "SIZE", MOXD_IMAP_STATUS_SIZE },
    { "DELETED-STORAGE", MOXD_IMAP_STATUS_DELETED_STORAGE },
    { "MAILBOXID", MOXD_IMAP_STATUS_MAILBOXID },
    { "RECENT", MOXD_IMAP_STATUS_RECENT }, { "HIGHESTMODSEQ", MOXD_IMAP_STATUS_HIGHESTMODSEQ },
};

static int status_att(struct imap_parser *p, unsigned *out)
{
    struct moxd_str name;

    if (mail_imap_atom(p, &name) < 0)
        return -1;
    for (size_t i = 0; i < MOXD_NELEMS(status_atts); i++) {
        if (moxd_str_caseeqs(name, status_atts[i].name)) {
            *out |= status_atts[i].bit;
            p->condstore |= status_atts[i].bit == MOXD_IMAP_STATUS_HIGHESTMODSEQ;
            return 0;
        }
    }
    return mail_imap_fail(p, "a STATUS attribute before");
}

int mail_imap_status_atts(struct imap_parser *p, unsigned *out)
{
    if (mail_imap_expect(p, '(', "a list of attributes") < 0)
        return -1;
    do {
        if (status_att(p, out) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}
