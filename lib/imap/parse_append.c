/* What APPEND and REPLACE bring: append-message (RFC 3502, RFC 4466 3) with CATENATE (RFC 4469 5) and
 * UTF8 (RFC 6855 4). The data of literals does not go through here, so that the text comes in pieces:
 * each ends in the announcement of a literal, or is the last. */
#include "parser.h"

static struct moxd_imap_append_step *add_step(struct imap_parser *p, struct moxd_imap_append *ap,
                                              enum moxd_imap_append_kind kind)
{
    struct moxd_imap_append_step *step =
        moxd_arena_push(p->a, &ap->v, &ap->n, &ap->cap, sizeof(*step));

    step->kind = kind;
    return step;
}

/* The announcement of a literal: the end of the piece. */
static int literal(struct imap_parser *p, struct moxd_imap_append *ap,
                   enum moxd_imap_append_literal what)
{
    struct moxd_imap_literal lit;

    if (!moxd_imap_literal(p->rest, &lit) || lit.start != 0)
        return mail_imap_fail(p, "a literal");
    if (lit.binary ? what == MOXD_IMAP_LITERAL_URL : ap->utf8)
        return mail_imap_fail(p, ap->utf8 ? "UTF8 (~{...})" : "a literal without ~");
    ap->literal = what;
    ap->size = lit.size;
    ap->sync = lit.sync;
    p->rest = moxd_str_from(p->rest, p->rest.n);
    return 0;
}

/* literal / literal8 / "UTF8" SP "(" literal8 ")" */
static int data(struct imap_parser *p, struct moxd_imap_append *ap)
{
    ap->utf8 = mail_imap_take_word(p, "UTF8 (");
    return literal(p, ap, MOXD_IMAP_LITERAL_DATA);
}

/* url = "URL" SP astring */
static int url(struct imap_parser *p, struct moxd_imap_append *ap)
{
    struct moxd_str text;

    if (mail_imap_peek(p, '{'))
        return literal(p, ap, MOXD_IMAP_LITERAL_URL);
    if (mail_imap_astring(p, &text) < 0)
        return -1;
    add_step(p, ap, MOXD_IMAP_APPEND_URL)->url = text;
    return 0;
}

static int part(struct imap_parser *p, struct moxd_imap_append *ap)
{
    if (!ap->catenate)
        return data(p, ap);
    if (ap->parts++ >= MOXD_IMAP_APPEND_PARTS_MAX)
        return mail_imap_limit(p, "parts to catenate");
    if (mail_imap_take_word(p, "URL "))
        return url(p, ap);
    if (mail_imap_take_word(p, "TEXT "))
        return literal(p, ap, MOXD_IMAP_LITERAL_DATA);
    ap->utf8 = mail_imap_take_word(p, "UTF8 (");
    return ap->utf8 ? literal(p, ap, MOXD_IMAP_LITERAL_DATA) : mail_imap_fail(p, "TEXT or URL");
}

/* [SP flag-list] [SP date-time] SP, and the beginning of append-data. */
static int begin(struct imap_parser *p, struct moxd_imap_append *ap)
{
    struct moxd_imap_append_step *step;

    if (ap->messages > 0 && ap->single)
        return mail_imap_end(p);
    if (ap->messages++ >= MOXD_IMAP_APPEND_MESSAGES_MAX)
        return mail_imap_limit(p, "messages");
    step = add_step(p, ap, MOXD_IMAP_APPEND_MESSAGE);
    if (mail_imap_space(p) < 0)
        return -1;
    if (mail_imap_peek(p, '(') &&
        (mail_imap_flag_list(p, &step->flags) < 0 || mail_imap_space(p) < 0))
        return -1;
    if (mail_imap_peek(p, '"')) {
        step->has_date = true;
        if (mail_imap_date_time(p, &step->date) < 0 || mail_imap_space(p) < 0)
            return -1;
    }
    ap->open = true;
    ap->catenate = mail_imap_take_word(p, "CATENATE (");
    return 0;
}

/* After a part: the next one follows, or the message is complete. */
static int close_part(struct imap_parser *p, struct moxd_imap_append *ap)
{
    if (ap->utf8 && mail_imap_expect(p, ')', "a closing parenthesis") < 0)
        return -1;
    ap->utf8 = false;
    if (ap->catenate && mail_imap_take(p, ' '))
        return 0;
    if (ap->catenate && mail_imap_expect(p, ')', "a space or a closing parenthesis") < 0)
        return -1;
    ap->open = false;
    add_step(p, ap, MOXD_IMAP_APPEND_END);
    return 0;
}

int mail_imap_append(struct imap_parser *p, struct moxd_imap_append *ap)
{
    bool between = ap->literal != MOXD_IMAP_LITERAL_NONE;

    ap->literal = MOXD_IMAP_LITERAL_NONE;
    ap->v = NULL;
    ap->n = ap->cap = 0;
    if (between && close_part(p, ap) < 0)
        return -1;
    while (ap->open || ap->messages == 0 || !mail_imap_at_end(p)) {
        if (!ap->open && begin(p, ap) < 0)
            return -1;
        if (part(p, ap) < 0)
            return -1;
        if (ap->literal != MOXD_IMAP_LITERAL_NONE)
            return 0;
        if (close_part(p, ap) < 0)
            return -1;
    }
    return 0;
}

int moxd_imap_append_next(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_append *ap,
                          struct moxd_err *err)
{
    struct imap_parser p = { .rest = text, .total = text.n, .a = a, .err = err };

    return mail_imap_append(&p, ap);
}
