#include "place.h"

enum {
    VISIBLE = MOXD_IMAP_RIGHT_L | MOXD_IMAP_RIGHT_R | MOXD_IMAP_RIGHT_I | MOXD_IMAP_RIGHT_K |
              MOXD_IMAP_RIGHT_X | MOXD_IMAP_RIGHT_A,
};

/* --- names ---------------------------------------------------------------------------------------- */

const char *imap_place_name(struct imap_session *s, const char *owner, const char *name)
{
    return owner ? moxd_arena_printf(s->a,
                                     IMAP_OTHERS "/%s"
                                                 "/%s",
                                     owner, name)
                 : name;
}

static int no_mailbox(struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such mailbox");
}

/* "account/mailbox" of another one. */
static int other_place(struct imap_session *s, struct moxd_str rest, struct imap_place *out,
                       struct moxd_err *err)
{
    ptrdiff_t slash = moxd_str_chr(rest, '/');
    struct moxd_str owner = moxd_str_sub(rest, 0, slash < 0 ? rest.n : (size_t)slash);

    if (slash < 0 || (size_t)slash + 1 == rest.n)
        return moxd_err_set(err, MOXD_ERR_INVALID, "the name of an account is no mailbox");
    if (s->im->store->canonical_name(moxd_str_from(rest, (size_t)slash + 1), s->a, &out->name,
                                     err) < 0 ||
        imap_open_other(s, owner, &out->acc, err) < 0)
        return -1;
    out->owner = s->im->store->account_name(out->acc);
    return 0;
}

int imap_place_of(struct imap_session *s, struct moxd_str name, struct imap_place *out,
                  struct moxd_err *err)
{
    struct moxd_str others = MOXD_STR(IMAP_OTHERS);

    *out = (struct imap_place){ .acc = s->acc, .name = name };
    if (!moxd_str_starts(name, others))
        return 0;
    name = moxd_str_from(name, others.n);
    if (name.n == 0 || moxd_str_eqs(name, "/"))
        return moxd_err_set(err, MOXD_ERR_INVALID, "mailboxes of others are below this name");
    return name.p[0] == '/' ? other_place(s, moxd_str_from(name, 1), out, err) : 0;
}

int imap_place_in(struct imap_session *s, struct moxd_str wire, struct imap_place *out,
                  struct moxd_err *err)
{
    struct moxd_str name;

    return imap_name_in(s, wire, &name, err) < 0 ? -1 : imap_place_of(s, name, out, err);
}

/* --- mailboxes ------------------------------------------------------------------------------------ */

int imap_place_look(struct imap_session *s, unsigned any, unsigned all, struct imap_place *p,
                    struct moxd_err *err)
{
    struct moxd_imap_acl acl;

    if (s->im->store->mailbox(p->acc, p->name, 0, s->a, &p->mb, err) < 0)
        return -1;
    p->rights = MOXD_IMAP_RIGHTS_ALL;
    if (!p->owner)
        return 0;
    if (imap_acl_read(s, p->acc, p->mb.id, &acl, err) < 0)
        return -1;
    p->rights = moxd_imap_acl_rights(&acl, moxd_cstr(s->who.account));
    p->mb.name = imap_place_name(s, p->owner, p->mb.name);
    p->mb.special_use = 0; /* its owner's */
    if ((p->rights & all) == all && (!any || (p->rights & any)))
        return 0;
    if (!(p->rights & VISIBLE))
        return no_mailbox(err);
    return moxd_err_set(err, MOXD_ERR_DENIED, "you do not have the right to do that");
}

int imap_place_find(struct imap_session *s, struct moxd_str wire, unsigned any, unsigned all,
                    struct imap_place *out, struct moxd_err *err)
{
    if (imap_place_in(s, wire, out, err) < 0)
        return -1;
    return imap_place_look(s, any, all, out, err);
}

int imap_find(struct imap_session *s, struct moxd_str wire, unsigned all, struct imap_place *out)
{
    struct moxd_err err = { 0 };

    if (imap_place_find(s, wire, 0, all, out, &err) == 0)
        return 0;
    return imap_fail(s, &err) < 0 ? -1 : 1;
}

/* At the top of another account nobody else makes anything. */
int imap_place_may_create(struct imap_session *s, const struct imap_place *p, struct moxd_err *err)
{
    struct moxd_str name = p->name;
    struct moxd_err why = { 0 };
    ptrdiff_t slash;

    while (p->owner && (slash = moxd_str_rchr(name, '/')) > 0) {
        struct imap_place above = { .acc = p->acc, .owner = p->owner };

        above.name = name = moxd_str_sub(name, 0, (size_t)slash);
        if (imap_place_look(s, 0, MOXD_IMAP_RIGHT_K, &above, &why) == 0)
            return 0;
        /* The nearest that exists decides, also if it is hidden from this user. */
        if (above.mb.id != 0 || why.kind != MOXD_ERR_NOTFOUND) {
            if (err)
                *err = why;
            return -1;
        }
    }
    return p->owner ? no_mailbox(err) : 0;
}

unsigned imap_flags_of_rights(unsigned rights)
{
    unsigned flags = 0;

    if (rights & MOXD_IMAP_RIGHT_S)
        flags |= STORE_SEEN;
    if (rights & MOXD_IMAP_RIGHT_T)
        flags |= STORE_DELETED;
    if (rights & MOXD_IMAP_RIGHT_W)
        flags |= (STORE_FLAGS_ALL & ~(unsigned)(STORE_SEEN | STORE_DELETED)) | STORE_FLAG_KEYWORDS;
    return flags;
}
