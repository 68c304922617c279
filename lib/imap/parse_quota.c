/* SETQUOTA (RFC 9208 7). */
#include "parser.h"

/* setquota-resource = resource-name SP resource-limit */
static int resource(struct imap_parser *p, struct moxd_imap_cmd *c, size_t *cap)
{
    struct moxd_imap_quota *q;

    if (c->nquotas >= MOXD_IMAP_QUOTAS_MAX)
        return mail_imap_limit(p, "resources");
    q = moxd_arena_push(p->a, &c->quotas, &c->nquotas, cap, sizeof(*q));
    return mail_imap_atom(p, &q->resource) < 0 || mail_imap_space(p) < 0
               ? -1
               : mail_imap_number(p, INT64_MAX, &q->limit);
}

int mail_imap_setquota(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    size_t cap = 0;

    if (mail_imap_space(p) < 0 || mail_imap_astring(p, &c->arg) < 0 || mail_imap_space(p) < 0 ||
        mail_imap_expect(p, '(', "a list of resources") < 0)
        return -1;
    if (mail_imap_take(p, ')'))
        return 0;
    do {
        if (resource(p, c, &cap) < 0)
            return -1;
    } while (mail_imap_take(p, ' '));
    return mail_imap_expect(p, ')', "a closing parenthesis");
}
