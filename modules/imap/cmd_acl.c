/* SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 3). The owner of a mailbox has all rights, always. */
#include "place.h"

/* An identifier as it is kept: the name of an account, or "anyone", either with a dash. SYNTAX, NOTFOUND. */
static int identify(struct imap_session *s, struct moxd_str id, struct moxd_str *out,
                    struct moxd_err *err)
{
    const struct accounts_v1 *accounts = s->im->accounts;
    struct moxd_instance *self = s->im->accounts_self;
    bool negative = moxd_str_starts(id, MOXD_STR("-"));
    struct accounts_account account;
    const char *name = "anyone";

    id = moxd_str_from(id, negative);
    if (id.n == 0 || id.n > MOXD_IMAP_IDENTIFIER_MAX)
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "not an identifier");
    if (!moxd_str_eqs(id, name)) {
        if (accounts->login(self, id, s->a, &account, NULL) < 0 &&
            accounts->get(self, moxd_arena_cstr(s->a, id), s->a, &account, NULL) < 0)
            return moxd_err_set(err, MOXD_ERR_NOTFOUND, "nobody is called so here");
        name = account.name;
    }
    *out = moxd_cstr(moxd_arena_printf(s->a, "%s%s", negative ? "-" : "", name));
    return 0;
}

static bool is_negative(struct moxd_str id)
{
    return moxd_str_starts(id, MOXD_STR("-"));
}

static const char *owner_of(const struct imap_session *s, const struct imap_place *p)
{
    return p->owner ? p->owner : s->who.account;
}

static bool is_owner(const struct imap_session *s, const struct imap_place *p, struct moxd_str id)
{
    return moxd_str_eqs(moxd_str_from(id, is_negative(id)), owner_of(s, p));
}

/* The mailbox and the identifier of the command: 0; 1 answered; -1. */
static int find(struct imap_session *s, struct imap_place *p, struct moxd_str *id)
{
    struct moxd_err err = { 0 };
    int r = imap_find(s, s->cmd.mailbox, MOXD_IMAP_RIGHT_A, p);

    if (r != 0)
        return r;
    if (identify(s, s->cmd.arg, id, &err) < 0)
        return imap_fail(s, &err) < 0 ? -1 : 1;
    return 0;
}

/* The grantee is told where to look first: without rights there that does no harm. */
static int give(struct imap_session *s, const struct imap_place *p, struct moxd_str id,
                enum moxd_imap_store_mode mode, unsigned rights, struct moxd_err *err)
{
    bool gives = mode != MOXD_IMAP_STORE_REMOVE && rights && !is_negative(id);

    if (gives && imap_shares_add(s, owner_of(s, p), id, err) < 0)
        return -1;
    return imap_acl_change(s, p->acc, p->mb.id, id, mode, rights, err);
}

static int change(struct imap_session *s, enum moxd_imap_store_mode mode, unsigned rights,
                  const char *text)
{
    struct moxd_err err = { 0 };
    struct imap_place p;
    struct moxd_str id;
    int r = find(s, &p, &id);

    if (r != 0)
        return r < 0 ? -1 : 0;
    if (is_owner(s, &p, id))
        return imap_no(s, "CANNOT", "the owner has all rights");
    if (give(s, &p, id, mode, rights, &err) < 0)
        return imap_fail(s, &err);
    return imap_ok(s, NULL, "%s", text);
}

int imap_cmd_setacl(struct imap_session *s)
{
    return change(s, s->cmd.store_mode, s->cmd.rights, "rights set");
}

int imap_cmd_deleteacl(struct imap_session *s)
{
    return change(s, MOXD_IMAP_STORE_SET, 0, "rights taken away");
}

static void put_entry(struct imap_session *s, struct moxd_str id, unsigned rights)
{
    moxd_buf_addc(&s->out, ' ');
    moxd_imap_put_astring(&s->out, id, imap_utf8(s));
    moxd_buf_addc(&s->out, ' ');
    moxd_imap_rights_put(&s->out, rights);
}

int imap_cmd_getacl(struct imap_session *s)
{
    struct moxd_err err = { 0 };
    struct moxd_imap_acl acl;
    struct imap_place p;
    int r = imap_find(s, s->cmd.mailbox, MOXD_IMAP_RIGHT_A, &p);

    if (r != 0)
        return r < 0 ? -1 : 0;
    if (imap_acl_read(s, p.acc, p.mb.id, &acl, &err) < 0)
        return imap_fail(s, &err);
    moxd_buf_adds(&s->out, "* ACL ");
    imap_name_out(s, &s->out, p.mb.name);
    put_entry(s, moxd_cstr(owner_of(s, &p)), MOXD_IMAP_RIGHTS_ALL);
    for (size_t i = 0; i < acl.n; i++)
        put_entry(s, acl.v[i].id, acl.v[i].rights);
    return imap_send_out(s) < 0 ? -1 : imap_ok(s, NULL, "rights told");
}

/* RFC 4314 3.4: the identifier as it was sent; no right is tied to another. */
int imap_cmd_listrights(struct imap_session *s)
{
    struct imap_place p;
    struct moxd_str id;
    int r = find(s, &p, &id);

    if (r != 0)
        return r < 0 ? -1 : 0;
    moxd_buf_adds(&s->out, "* LISTRIGHTS ");
    imap_name_out(s, &s->out, p.mb.name);
    moxd_buf_addc(&s->out, ' ');
    moxd_imap_put_astring(&s->out, s->cmd.arg, imap_utf8(s));
    moxd_buf_addc(&s->out, ' ');
    if (is_owner(s, &p, id))
        moxd_imap_rights_put(&s->out, MOXD_IMAP_RIGHTS_ALL);
    else
        moxd_buf_adds(&s->out, "\"\" l r s w i p k x t e a c d");
    return imap_send_out(s) < 0 ? -1 : imap_ok(s, NULL, "rights told");
}

/* RFC 4314 4: whoever sees the mailbox may ask. */
int imap_cmd_myrights(struct imap_session *s)
{
    unsigned any = MOXD_IMAP_RIGHT_L | MOXD_IMAP_RIGHT_R | MOXD_IMAP_RIGHT_I | MOXD_IMAP_RIGHT_K |
                   MOXD_IMAP_RIGHT_X | MOXD_IMAP_RIGHT_A;
    struct moxd_err err = { 0 };
    struct imap_place p;

    if (imap_place_find(s, s->cmd.mailbox, any, 0, &p, &err) < 0)
        return imap_fail(s, &err);
    moxd_buf_adds(&s->out, "* MYRIGHTS ");
    imap_name_out(s, &s->out, p.mb.name);
    moxd_buf_addc(&s->out, ' ');
    moxd_imap_rights_put(&s->out, p.rights);
    return imap_send_out(s) < 0 ? -1 : imap_ok(s, NULL, "rights told");
}
