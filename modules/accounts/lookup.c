/* accounts/1: looking addresses and accounts up. Nothing here suspends. */
#include "accounts.h"

static const struct accounts_table *table_of(struct moxd_instance *self)
{
    return MOXD_CONTAINER(self, struct accounts, m)->table;
}

static const char *copy(struct moxd_arena *a, const char *s)
{
    return s ? moxd_arena_strdup(a, s) : NULL;
}

static void fill_account(const struct accounts_table *t, const struct accounts_owner *o,
                         struct moxd_arena *a, struct accounts_account *out)
{
    const struct accounts_account_conf *ac = o->conf;
    const char **v = moxd_arena_calloc(a, o->naddresses + 1, sizeof(*v));
    const struct accounts_entry *e = accounts_entry_at(t, o->first);
    size_t n = 0;

    for (; e; e = accounts_entry_at(t, e->next))
        v[n++] = copy(a, e->address);
    moxd_assert(n == o->naddresses);
    *out = (struct accounts_account){
        .name = copy(a, ac->head.label),
        .full_name = copy(a, ac->full_name),
        .domain = copy(a, ac->domain),
        .login_disabled = copy(a, ac->login_disabled),
        .addresses = v,
        .naddresses = n,
        .conf = &ac->head,
    };
}

static const char *const *copy_list(struct moxd_arena *a, const char *const *v)
{
    size_t n = 0;
    const char **out;

    while (v[n])
        n++;
    out = moxd_arena_calloc(a, n + 1, sizeof(*out));
    for (size_t i = 0; i < n; i++)
        out[i] = copy(a, v[i]);
    return out;
}

/* P-CORE-19: "550" or "550 text". */
static void refusal(const struct accounts_address_conf *conf, struct moxd_arena *a,
                    struct accounts_target *out)
{
    struct moxd_str text = moxd_cstr(conf->smtp_error ? conf->smtp_error : ""), code;

    if (text.n == 0)
        return;
    code = moxd_str_cut(&text, ' ');
    out->refuse_code = moxd_str_eqs(code, "421") ? 421 : 550;
    if (text.n > 0)
        out->refuse_text = moxd_arena_cstr(a, text);
    else
        out->refuse_text = out->refuse_code == 421 ? "mail for this address is not accepted for now"
                                                   : "no such address here";
}

static int found(const struct accounts_entry *e, enum accounts_match match, struct moxd_arena *a,
                 struct accounts_target *out)
{
    *out = (struct accounts_target){ .match = e->alias ? ACCOUNTS_ALIAS : match,
                                     .address = copy(a, e->address),
                                     .mailbox = "INBOX" };
    if (e->alias) {
        out->alias = out->address;
        out->members = copy_list(a, e->members);
        out->alias_post_public = e->alias->post_public;
        out->conf = &e->alias->head;
        return 0;
    }
    out->account = copy(a, e->account->head.label);
    out->mailbox = copy(a, e->conf->mailbox);
    out->conf = &e->conf->head;
    refusal(e->conf, a, out);
    return 0;
}

static bool is_postmaster(struct moxd_str localpart)
{
    return moxd_str_caseeqs(localpart, "postmaster");
}

/* The account for postmaster where there is no such address: configured, or the first one. */
static int postmaster(const struct accounts_table *t, const char *domain, struct moxd_arena *a,
                      struct accounts_target *out)
{
    const struct accounts_account_conf *first =
        t->dynamic->accounts.n ? t->dynamic->accounts.v[0] : NULL;
    const char *name = t->own->postmaster ? t->own->postmaster : first ? first->head.label : NULL;

    if (!name || !accounts_find_owner(t, name))
        return -1;
    *out = (struct accounts_target){
        .match = ACCOUNTS_POSTMASTER,
        .account = copy(a, name),
        .mailbox = "INBOX",
        .address = moxd_arena_printf(a, "postmaster@%s", domain),
    };
    return 0;
}

static int fallback(const struct accounts_table *t, struct moxd_arena *a,
                    struct accounts_target *out)
{
    const struct accounts_domain *d;
    const struct accounts_entry *e;
    struct moxd_address ad;
    bool catchall;

    if (!t->own->fallback ||
        accounts_parse_address(t, a, t->own->fallback, NULL, &ad, &catchall, NULL) < 0)
        return -1;
    d = accounts_find_domain(t, ad.domain.ascii.p);
    e = accounts_find_entry(t, accounts_canonical(d, ad.localpart, a), d->key);
    return e ? found(e, ACCOUNTS_FALLBACK, a, out) : -1;
}

static int unknown_domain(const struct accounts_table *t, struct moxd_str localpart,
                          const char *key, struct moxd_arena *a, struct accounts_target *out,
                          struct moxd_err *err)
{
    /* ACCT-07, RFC 5321 4.5.1: postmaster at the host itself. */
    if (t->hostname && strcmp(t->hostname, key) == 0 && is_postmaster(localpart) &&
        postmaster(t, key, a, out) == 0)
        return 0;
    if (fallback(t, a, out) == 0)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_INVALID, 550, "5.7.1",
                             "not a domain of this server, and relaying is not allowed");
}

/* The address itself; postmaster in any case, whatever the rules of the domain (RFC 5321 4.5.1). */
static const struct accounts_entry *find(const struct accounts_table *t,
                                         const struct accounts_domain *d, struct moxd_str localpart,
                                         struct moxd_arena *a)
{
    const struct accounts_entry *e =
        accounts_find_entry(t, accounts_canonical(d, localpart, a), d->key);

    return !e && is_postmaster(localpart) ? accounts_find_entry(t, "postmaster", d->key) : e;
}

/* ACCT-06: the catchall only when nothing else matches. */
static int in_domain(const struct accounts_table *t, const struct accounts_domain *d,
                     struct moxd_str localpart, struct moxd_arena *a, struct accounts_target *out,
                     struct moxd_err *err)
{
    bool separator = moxd_localpart_has_separator(localpart, &d->rules);
    const struct accounts_entry *e = find(t, d, localpart, a);

    if (e)
        return found(e, separator ? ACCOUNTS_SEPARATOR : ACCOUNTS_EXACT, a, out);
    if (is_postmaster(localpart) && postmaster(t, d->name, a, out) == 0)
        return 0;
    e = accounts_find_catchall(t, d->key);
    if (e)
        return found(e, ACCOUNTS_CATCHALL, a, out);
    if (fallback(t, a, out) == 0)
        return 0;
    return moxd_err_smtp_set(err, MOXD_ERR_NOTFOUND, 550, "5.1.1", "no such address here");
}

/* Also in domains that are disabled: *own is the domain, NULL where it is not ours or missing. */
static int find_target(const struct accounts_table *t, struct moxd_str localpart,
                       struct moxd_str domain, struct moxd_arena *a,
                       const struct accounts_domain **own, struct accounts_target *out,
                       struct moxd_err *err)
{
    struct moxd_domain parsed;

    *own = NULL;
    /* RFC 5321 4.1.1.3: <Postmaster> without a domain. */
    if (domain.n == 0) {
        if (is_postmaster(localpart) &&
            postmaster(t, t->hostname ? t->hostname : "localhost", a, out) == 0)
            return 0;
        return moxd_err_smtp_set(err, MOXD_ERR_NOTFOUND, 550, "5.1.2", "the domain is missing");
    }
    if (moxd_domain_parse(domain, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &parsed, err) < 0)
        return -1;
    *own = accounts_find_domain(t, parsed.ascii.p);
    return *own ? in_domain(t, *own, localpart, a, out, err)
                : unknown_domain(t, localpart, parsed.ascii.p, a, out, err);
}

static int resolve(struct moxd_instance *self, struct moxd_str localpart, struct moxd_str domain,
                   struct moxd_arena *a, struct accounts_target *out, struct moxd_err *err)
{
    const struct accounts_domain *own = NULL;
    int rc = find_target(table_of(self), localpart, domain, a, &own, out, err);

    if (own && own->conf->disabled)
        return moxd_err_smtp_set(err, MOXD_ERR_TEMP, 450, "4.2.1",
                                 "mail for this domain is not accepted for now");
    return rc;
}

/* Only addresses that are configured log in: no separators, no catchalls. */
static int login(struct moxd_instance *self, struct moxd_str username, struct moxd_arena *a,
                 struct accounts_account *out, struct moxd_err *err)
{
    const struct accounts_table *t = table_of(self);
    const struct accounts_domain *d;
    const struct accounts_entry *e = NULL;
    struct moxd_address ad;

    if (moxd_address_parse(username, MOXD_ADDRESS_UTF8, a, &ad, NULL) == 0 &&
        (d = accounts_find_domain(t, ad.domain.ascii.p)) &&
        !moxd_localpart_has_separator(ad.localpart, &d->rules))
        e = accounts_find_entry(t, accounts_canonical(d, ad.localpart, a), d->key);
    if (!e || !e->account)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no account with that address");
    fill_account(t, accounts_find_owner(t, e->account->head.label), a, out);
    return 0;
}

static int get(struct moxd_instance *self, const char *account, struct moxd_arena *a,
               struct accounts_account *out, struct moxd_err *err)
{
    const struct accounts_table *t = table_of(self);
    const struct accounts_owner *o = accounts_find_owner(t, account);

    if (!o)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no account \"%s\"", account);
    fill_account(t, o, a, out);
    return 0;
}

static const struct moxd_conf_head *domain_conf(struct moxd_instance *self, struct moxd_str domain)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct accounts_domain *found = NULL;
    struct moxd_domain d;

    if (moxd_domain_parse(domain, MOXD_ADDRESS_UTF8, a, &d, NULL) == 0)
        found = accounts_find_domain(table_of(self), d.ascii.p);
    return found ? &found->conf->head : NULL;
}

static bool is_local_domain(struct moxd_instance *self, struct moxd_str domain)
{
    return domain_conf(self, domain) != NULL;
}

static bool member_of(const struct accounts_table *t, const struct accounts_target *target,
                      const char *account)
{
    const struct accounts_owner *o = accounts_find_owner(t, account);
    const struct accounts_entry *e = o ? accounts_entry_at(t, o->first) : NULL;

    for (; e; e = accounts_entry_at(t, e->next))
        for (size_t i = 0; target->members[i]; i++)
            if (strcmp(e->address, target->members[i]) == 0)
                return true;
    return false;
}

/* What is configured of an alias; NULL: it is none. */
static const struct accounts_alias_conf *alias_conf(const struct accounts_table *t,
                                                    struct moxd_str localpart,
                                                    struct moxd_str domain, struct moxd_arena *a)
{
    const struct accounts_domain *d = NULL;
    struct moxd_domain name;

    if (moxd_domain_parse(domain, MOXD_ADDRESS_UTF8, a, &name, NULL) == 0)
        d = accounts_find_domain(t, name.ascii.p);
    const struct accounts_entry *e =
        d ? accounts_find_entry(t, accounts_canonical(d, localpart, a), d->key) : NULL;
    return e ? e->alias : NULL;
}

static int alias_members(struct moxd_instance *self, const char *account, struct moxd_str localpart,
                         struct moxd_str domain, struct moxd_arena *a, const char *const **out,
                         struct moxd_err *err)
{
    const struct accounts_table *t = table_of(self);
    const struct accounts_alias_conf *alias = alias_conf(t, localpart, domain, a);
    const struct accounts_domain *own;
    struct accounts_target target;

    /* Who is no member does not learn that there is such a list. */
    if (!alias || find_target(t, localpart, domain, a, &own, &target, NULL) < 0 ||
        target.match != ACCOUNTS_ALIAS || !member_of(t, &target, account))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "the account is no member of such an alias");
    if (!alias->list_members)
        return moxd_err_set(err, MOXD_ERR_DENIED,
                            "members of the alias cannot see each other (list-members)");
    *out = copy_list(a, target.members);
    return 0;
}

static bool may_send_as(struct moxd_instance *self, const char *account, struct moxd_str localpart,
                        struct moxd_str domain)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct accounts_table *t = table_of(self);
    const struct accounts_domain *own;
    struct accounts_target target;

    /* In a disabled domain too: who asks tells that from other people's addresses. */
    if (find_target(t, localpart, domain, a, &own, &target, NULL) < 0)
        return false;
    if (target.match == ACCOUNTS_FALLBACK)
        return false;
    if (target.match != ACCOUNTS_ALIAS)
        return strcmp(target.account, account) == 0;
    const struct accounts_alias_conf *alias = alias_conf(t, localpart, domain, a);
    return alias && alias->allow_msg_from && member_of(t, &target, account);
}

static const char *const *aliases(struct moxd_instance *self, struct moxd_arena *a)
{
    const struct accounts_table *t = table_of(self);
    const char **v = moxd_arena_calloc(a, t->nentries + 1, sizeof(*v));
    size_t n = 0;

    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].alias)
            v[n++] = copy(a, t->entries[i].address);
    return v;
}

static const char *const *list(struct moxd_instance *self, struct moxd_arena *a)
{
    const struct accounts_table *t = table_of(self);
    const char **v = moxd_arena_calloc(a, t->dynamic->accounts.n + 1, sizeof(*v));

    for (size_t i = 0; i < t->dynamic->accounts.n; i++)
        v[i] = copy(a, ((struct accounts_account_conf *)t->dynamic->accounts.v[i])->head.label);
    return v;
}

const struct accounts_v1 accounts_v1 = {
    .resolve = resolve,
    .login = login,
    .get = get,
    .is_local_domain = is_local_domain,
    .may_send_as = may_send_as,
    .list = list,
    .domain = domain_conf,
    .alias_members = alias_members,
    .aliases = aliases,
};
