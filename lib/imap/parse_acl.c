/* SETACL, DELETEACL, LISTRIGHTS (RFC 4314 7): a mailbox, an identifier, rights. */
#include "parser.h"
#include <moxmail/imap_acl.h>

int mail_imap_acl_identifier(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    return mail_imap_space(p) < 0 || mail_imap_astring(p, &c->mailbox) < 0 || mail_imap_space(p) < 0
               ? -1
               : mail_imap_astring(p, &c->arg);
}

/* mod-rights = astring: "+rights", "-rights" or "rights". */
int mail_imap_acl_change(struct imap_parser *p, struct moxd_imap_cmd *c)
{
    struct moxd_str s;

    if (mail_imap_acl_identifier(p, c) < 0 || mail_imap_space(p) < 0 ||
        mail_imap_astring(p, &s) < 0)
        return -1;
    if (moxd_str_starts(s, MOXD_STR("+")))
        c->store_mode = MOXD_IMAP_STORE_ADD;
    else if (moxd_str_starts(s, MOXD_STR("-")))
        c->store_mode = MOXD_IMAP_STORE_REMOVE;
    c->arg2 = moxd_str_from(s, c->store_mode != MOXD_IMAP_STORE_SET);
    return moxd_imap_rights_parse(c->arg2, &c->rights, p->err);
}
