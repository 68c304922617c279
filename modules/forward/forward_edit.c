/* Changes of domains.conf: the forward block of an address or an alias. */
#include "forward.h"

#include <moxmail/address.h>
#include <strings.h>

static int resolve(const struct forward_edit *e, const char *address, struct accounts_target *out,
                   struct moxd_err *err)
{
    struct moxd_address ad;

    *out = (struct accounts_target){ 0 };
    if (moxd_address_parse(moxd_cstr(address), MOXD_ADDRESS_UTF8, e->a, &ad, err) < 0)
        return moxd_err_wrap(err, "\"%s\"", address);
    return e->f->accounts->resolve(e->f->accounts_self, ad.localpart, ad.domain.ascii, e->a, out,
                                   err);
}

static bool same(const struct forward_edit *e, const char *label, const char *domain,
                 const struct accounts_target *want)
{
    const char *text = strchr(label, '@') ? label : moxd_arena_printf(e->a, "%s@%s", label, domain);
    struct accounts_target to;

    return text[0] != '@' && resolve(e, text, &to, NULL) == 0 && to.match == want->match &&
           strcmp(to.address, want->address) == 0;
}

/* The block of an address or alias below a domain or account. */
static struct moxd_node *find_below(const struct forward_edit *e, struct moxd_node *parent,
                                    const char *kind, const char *domain,
                                    const struct accounts_target *want)
{
    for (struct moxd_node *n = NULL; domain && (n = moxd_node_next(parent, n, kind));)
        if (same(e, moxd_node_label(n), domain, want))
            return n;
    return NULL;
}

static struct moxd_node *find(const struct forward_edit *e, struct moxd_node *root,
                              struct accounts_target *want, struct moxd_err *err)
{
    struct moxd_node *found = NULL;

    if (resolve(e, e->address, want, err) < 0)
        return NULL;
    if (want->match == ACCOUNTS_EXACT) {
        struct moxd_node *account = moxd_node_find(root, "account", want->account);
        if (account)
            found = find_below(e, account, "address", moxd_node_value(account, "domain"), want);
    } else if (want->match == ACCOUNTS_ALIAS) {
        for (struct moxd_node *d = NULL; !found && (d = moxd_node_next(root, d, "domain"));)
            found = find_below(e, d, "alias", moxd_node_label(d), want);
    }
    if (!found)
        (void)moxd_err_set(err, MOXD_ERR_NOTFOUND,
                           "%s is neither an address of an account nor an alias: write it as "
                           "\"moxctl account addresses\" or \"moxctl alias list\" does",
                           e->address);
    return found;
}

static bool has(const char *const *v, size_t n, const char *address)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(v[i], address) == 0)
            return true;
    return false;
}

/* Mail that went round in a circle would be found out (forward_may.c); here its cause is. */
static int check_new(const struct forward_edit *e, const struct accounts_target *from,
                     const char *to, struct moxd_err *err)
{
    struct accounts_target there;
    struct moxd_err why = { 0 };

    if (resolve(e, to, &there, &why) < 0) {
        if (why.kind == MOXD_ERR_INVALID)
            return 0; /* not ours */
        *err = why;
        return -1;
    }
    if (strcmp(there.address, from->address) == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s cannot be forwarded to itself", to);
    if (from->account && there.account && strcmp(there.account, from->account) == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s is of the same account", to);
    if (from->match == ACCOUNTS_ALIAS && there.account)
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "%s is an address here: add it with \"moxctl alias addaddr\"", to);
    return 0;
}

int forward_edit_add(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    const struct forward_edit *e = edit;
    struct accounts_target from;
    struct moxd_node *at = find(e, root, &from, err), *block;
    const char **had, **v;

    if (!at)
        return -1;
    block = moxd_node_find(at, "forward", NULL);
    if (!block)
        block = moxd_node_add_block(at, "forward", NULL);
    size_t n = moxd_node_list(block, "to", &had, e->a);
    v = moxd_arena_calloc(e->a, n + e->n, sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = had[i];
    for (size_t i = 0; i < e->n; i++) {
        if (has(v, n, e->words[i]))
            return moxd_err_set(err, MOXD_ERR_EXISTS, "%s is forwarded to %s already", e->address,
                                e->words[i]);
        if (check_new(e, &from, e->words[i], err) < 0)
            return -1;
        v[n++] = e->words[i];
    }
    moxd_node_set_list(block, "to", v, n);
    return 0;
}

static int not_there(const struct forward_edit *e, const char *to, struct moxd_err *err)
{
    return moxd_err_set(err, MOXD_ERR_NOTFOUND, "%s is not forwarded%s%s", e->address,
                        to ? " to " : "", to ? to : "");
}

/* Without words all of it. */
int forward_edit_rm(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    const struct forward_edit *e = edit;
    struct accounts_target from;
    struct moxd_node *at = find(e, root, &from, err);
    const char **v = NULL;
    size_t kept = 0;

    if (!at)
        return -1;
    struct moxd_node *block = moxd_node_find(at, "forward", NULL);
    if (!block)
        return not_there(e, NULL, err);
    size_t n = moxd_node_list(block, "to", &v, e->a);
    for (size_t i = 0; i < e->n; i++)
        if (!has(v, n, e->words[i]))
            return not_there(e, e->words[i], err);
    for (size_t i = 0; i < n && e->n > 0; i++)
        if (!has(e->words, e->n, v[i]))
            v[kept++] = v[i];
    if (kept > 0)
        moxd_node_set_list(block, "to", v, kept);
    else
        moxd_node_remove(at, block);
    return 0;
}

/* "keep-copy=false": what may be said, and what it may be, is for the check of the result. */
static int set_option(const struct forward_edit *e, struct moxd_node *block, bool alias,
                      const char *word, struct moxd_err *err)
{
    static const char *const names[2][2] = { { "keep-copy", "unauthenticated" },
                                             { "owner", "unauthenticated" } };
    struct moxd_str value = moxd_cstr(word), name = moxd_str_cut(&value, '=');

    for (size_t i = 0; value.p && i < 2; i++)
        if (moxd_str_eqs(name, names[alias][i])) {
            moxd_node_set(block, names[alias][i], moxd_arena_cstr(e->a, value));
            return 0;
        }
    return moxd_err_set(err, MOXD_ERR_INVALID, "\"%s\" is no option here; there are %s", word,
                        alias ? "owner=ADDRESS and unauthenticated=BOOL"
                              : "keep-copy=BOOL and unauthenticated=BOOL");
}

int forward_edit_set(struct moxd_node *root, void *edit, struct moxd_err *err)
{
    const struct forward_edit *e = edit;
    struct accounts_target from;
    struct moxd_node *at = find(e, root, &from, err);

    if (!at)
        return -1;
    struct moxd_node *block = moxd_node_find(at, "forward", NULL);
    if (!block)
        return not_there(e, NULL, err);
    for (size_t i = 0; i < e->n; i++)
        if (set_option(e, block, from.match == ACCOUNTS_ALIAS, e->words[i], err) < 0)
            return -1;
    return 0;
}
