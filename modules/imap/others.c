/* Accounts of others, as this user sees them. */
#include "place.h"
#include <stdlib.h>

struct imap_guests {
    struct store_account **v;
    size_t n, cap;
};

/* --- open while a command runs --------------------------------------------------------------------- */

static struct store_account *opened(const struct imap_session *s, struct moxd_str name)
{
    for (size_t i = 0; s->guests && i < s->guests->n; i++)
        if (moxd_str_eqs(name, s->im->store->account_name(s->guests->v[i])))
            return s->guests->v[i];
    return NULL;
}

static void keep(struct imap_session *s, struct store_account *acc)
{
    struct imap_guests *g = s->guests;

    if (!g)
        g = s->guests = moxd_xcalloc(1, sizeof(*g));
    if (g->n == g->cap) {
        g->cap = g->cap ? 2 * g->cap : 4;
        g->v = moxd_xreallocarray(g->v, g->cap, sizeof(struct store_account *));
    }
    g->v[g->n++] = acc;
}

void imap_close_others(struct imap_session *s)
{
    struct imap_guests *g = s->guests;

    if (!g)
        return;
    s->guests = NULL;
    for (size_t i = 0; i < g->n; i++)
        s->im->store->close(g->v[i]);
    free(g->v);
    free(g);
}

/* Who was never named by an account does not even learn that there is one. An account that is gone is not made
 * anew. */
static int open_known(struct imap_session *s, const char *name, struct store_account **out,
                      struct moxd_err *err)
{
    struct imap *im = s->im;
    struct accounts_account account;
    bool exists = false, shares = false;

    if (imap_shares_has(s, name, &shares, err) < 0)
        return -1;
    if (!shares || im->accounts->get(im->accounts_self, name, s->a, &account, NULL) < 0)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such mailbox");
    if (im->store->exists(im->store_self, name, &exists, err) < 0)
        return -1;
    if (!exists)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such mailbox");
    return im->store->open(im->store_self, name, out, err);
}

int imap_open_other(struct imap_session *s, struct moxd_str name, struct store_account **out,
                    struct moxd_err *err)
{
    const struct store_v1 *store = s->im->store;
    struct store_account *acc;

    if ((*out = opened(s, name)) != NULL)
        return 0;
    if (open_known(s, moxd_arena_cstr(s->a, name), &acc, err) < 0)
        return -1;
    *out = store->as(acc, store->account_id(s->acc));
    store->close(acc);
    keep(s, *out);
    return 0;
}

/* --- all that is shared with this user ------------------------------------------------------------- */

static int load_account(struct imap_session *s, const char *owner, unsigned rights,
                        struct imap_others *out, struct moxd_err *err)
{
    struct imap_acl_all acls;
    struct store_account *acc;
    struct store_mailbox *mbs;
    size_t n;

    if (imap_open_other(s, moxd_cstr(owner), &acc, err) < 0 ||
        imap_acl_all(s, acc, &acls, err) < 0 ||
        (acls.n > 0 && s->im->store->mailboxes(acc, s->a, &mbs, &n, err) < 0))
        return -1;
    for (size_t i = 0; acls.n > 0 && i < n && out->n < IMAP_OTHER_BOXES_MAX; i++) {
        unsigned has = imap_acl_of(&acls, mbs[i].id);
        struct imap_other *o;

        if ((has & rights) != rights)
            continue;
        o = moxd_arena_push(s->a, &out->v, &out->n, &out->cap, sizeof(*o));
        *o = (struct imap_other){ acc, owner, has, mbs[i] };
        o->mb.name = imap_place_name(s, owner, mbs[i].name);
        o->mb.special_use = 0;
    }
    return 0;
}

/* One account that cannot be read does not hide the others. */
int imap_others_load(struct imap_session *s, unsigned rights, struct imap_others *out,
                     struct moxd_err *err)
{
    const char **owners;
    size_t n;

    *out = (struct imap_others){ 0 };
    if (imap_shares_with(s, &owners, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n && i < IMAP_OWNERS_MAX; i++) {
        struct moxd_err why = { 0 };

        if (load_account(s, owners[i], rights, out, &why) == 0)
            continue;
        if (why.kind == MOXD_ERR_CANCELLED)
            return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
        if (why.kind != MOXD_ERR_NOTFOUND)
            moxd_error(&s->log, "shared mailboxes cannot be listed", moxd_kvs("owner", owners[i]),
                       moxd_kve(&why));
    }
    return 0;
}
