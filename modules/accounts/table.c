/* The lookup tables of one generation of domains.conf. */
#include "table.h"

static int by_domain_key(const void *a, const void *b)
{
    return strcmp(((const struct accounts_domain *)a)->key,
                  ((const struct accounts_domain *)b)->key);
}

static int by_entry_key(const void *a, const void *b)
{
    return strcmp(((const struct accounts_entry *)a)->key, ((const struct accounts_entry *)b)->key);
}

const struct accounts_domain *accounts_find_domain(const struct accounts_table *t, const char *key)
{
    struct accounts_domain want = { .key = key };

    return t->ndomains ? bsearch(&want, t->domains, t->ndomains, sizeof(want), by_domain_key)
                       : NULL;
}

static const struct accounts_entry *find_key(const struct accounts_table *t, const char *key)
{
    struct accounts_entry want = { .key = key };

    return t->nentries ? bsearch(&want, t->entries, t->nentries, sizeof(want), by_entry_key) : NULL;
}

const struct accounts_entry *accounts_find_entry(const struct accounts_table *t,
                                                 const char *localpart, const char *domain)
{
    char key[ACCOUNTS_ADDRESS_MAX];
    int n = snprintf(key, sizeof(key), "%s@%s", localpart, domain);

    return n > 0 && (size_t)n < sizeof(key) ? find_key(t, key) : NULL;
}

const struct accounts_entry *accounts_find_catchall(const struct accounts_table *t,
                                                    const char *domain)
{
    return find_key(t, domain);
}

static int by_owner_name(const void *a, const void *b)
{
    return strcmp(((const struct accounts_owner *)a)->name,
                  ((const struct accounts_owner *)b)->name);
}

const struct accounts_owner *accounts_find_owner(const struct accounts_table *t, const char *name)
{
    struct accounts_owner want = { .name = name };

    return t->nowners ? bsearch(&want, t->owners, t->nowners, sizeof(want), by_owner_name) : NULL;
}

const char *accounts_canonical(const struct accounts_domain *d, struct moxd_str localpart,
                               struct moxd_arena *a)
{
    return moxd_arena_cstr(a, moxd_localpart_canonical(localpart, &d->rules, a));
}

int accounts_parse_address(const struct accounts_table *t, struct moxd_arena *a, const char *text,
                           const char *default_domain, struct moxd_address *out, bool *catchall,
                           struct moxd_err *err)
{
    struct moxd_str s = moxd_cstr(text);
    int r;

    *catchall = moxd_str_starts(s, MOXD_STR("@"));
    *out = (struct moxd_address){ 0 };
    if (*catchall)
        r = moxd_domain_parse(moxd_str_from(s, 1), MOXD_ADDRESS_UTF8, a, &out->domain, err);
    else if (moxd_str_chr(s, '@') >= 0 || !default_domain)
        r = moxd_address_parse(s, MOXD_ADDRESS_UTF8, a, out, err);
    else
        r = moxd_localpart_parse(s, MOXD_ADDRESS_UTF8, a, &out->localpart, err) < 0
                ? -1
                : moxd_domain_parse(moxd_cstr(default_domain), MOXD_ADDRESS_UTF8, a, &out->domain,
                                    err);
    if (r < 0)
        return moxd_err_wrap(err, "address \"%s\"", text);
    if (!accounts_find_domain(t, out->domain.ascii.p))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "address \"%s\": the domain is not configured",
                            text);
    return 0;
}

static void add_domain(struct accounts_build *b, const struct accounts_domain_conf *dc)
{
    struct accounts_table *t = b->t;
    struct moxd_domain parsed;
    struct moxd_err err = { 0 };
    struct accounts_domain *d;

    if (moxd_domain_parse(moxd_cstr(dc->head.label), MOXD_ADDRESS_UTF8, t->a, &parsed, &err) < 0) {
        accounts_problem(b, dc->head.pos, NULL, &err);
        return;
    }
    d = moxd_arena_push(t->a, &t->domains, &t->ndomains, &t->domains_cap, sizeof(*d));
    *d = (struct accounts_domain){
        .key = parsed.ascii.p,
        .name = parsed.utf8.p,
        .conf = dc,
        .rules = { dc->separators.v, dc->separators.n, dc->case_sensitive },
    };
}

/* CORE-23: such an address would never be found. */
static bool separator_in(struct accounts_build *b, const struct accounts_domain *d,
                         const struct moxd_address *ad, struct moxd_pos pos)
{
    if (!moxd_localpart_has_separator(ad->localpart, &d->rules))
        return false;
    if (b->out)
        moxd_problem(b->out, pos, "leave the separator and what follows it out",
                     "the localpart contains a catchall separator of domain \"%s\"", d->name);
    return true;
}

static struct accounts_entry *add_entry(struct accounts_build *b, const struct moxd_address *ad,
                                        struct moxd_pos pos)
{
    struct accounts_table *t = b->t;
    const struct accounts_domain *d = accounts_find_domain(t, ad->domain.ascii.p);
    struct moxd_address canonical = *ad;
    struct accounts_entry *e;

    if (separator_in(b, d, ad, pos))
        return NULL;
    canonical.localpart = moxd_cstr(accounts_canonical(d, ad->localpart, t->a));
    e = moxd_arena_push(t->a, &t->entries, &t->nentries, &t->entries_cap, sizeof(*e));
    e->key = moxd_arena_printf(t->a, "%s@%s", canonical.localpart.p, d->key);
    e->address = moxd_address_text(&canonical, true, t->a).p;
    e->pos = pos;
    return e;
}

static void add_address(struct accounts_build *b, const struct accounts_account_conf *ac,
                        const struct accounts_address_conf *conf)
{
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    struct accounts_entry *e;
    bool catchall;

    if (accounts_parse_address(b->t, b->t->a, conf->head.label, ac->domain, &ad, &catchall, &err) <
        0) {
        accounts_problem(b, conf->head.pos, "add the domain, or correct the address", &err);
        return;
    }
    if (b->out && !strchr(conf->head.label, '@'))
        moxd_problem_warning(b->out, conf->head.pos,
                             "address \"%s\" without a domain is deprecated: write \"%s@%s\"",
                             conf->head.label, conf->head.label, ac->domain);
    e = add_entry(b, &ad, conf->head.pos);
    if (!e)
        return;
    e->account = ac;
    e->conf = conf;
    if (catchall) {
        e->key = ad.domain.ascii.p;
        e->address = moxd_arena_printf(b->t->a, "@%s", ad.domain.utf8.p);
    }
}

static void add_account(struct accounts_build *b, const struct accounts_account_conf *ac)
{
    struct moxd_domain d;
    struct moxd_err err = { 0 };

    if (accounts_check_name(moxd_cstr(ac->head.label), &err) < 0)
        accounts_problem(b, ac->head.pos, NULL, &err);
    if (b->out && ac->domain &&
        (moxd_domain_parse(moxd_cstr(ac->domain), MOXD_ADDRESS_UTF8, b->t->a, &d, &err) < 0 ||
         !accounts_find_domain(b->t, d.ascii.p)))
        moxd_problem(b->out, ac->head.pos, "add the domain to domains.conf",
                     "account \"%s\": domain \"%s\" is not configured", ac->head.label, ac->domain);
    struct accounts_owner *o =
        moxd_arena_push(b->t->a, &b->t->owners, &b->t->nowners, &b->t->owners_cap, sizeof(*o));
    *o = (struct accounts_owner){ .name = ac->head.label, .conf = ac };
    for (size_t i = 0; i < ac->addresses.n; i++)
        add_address(b, ac, ac->addresses.v[i]);
}

static void add_alias(struct accounts_build *b, const struct accounts_domain *d,
                      const struct accounts_alias_conf *al)
{
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    struct accounts_entry *e;

    if (moxd_localpart_parse(moxd_cstr(al->head.label), MOXD_ADDRESS_UTF8, b->t->a, &ad.localpart,
                             &err) < 0 ||
        moxd_domain_parse(moxd_cstr(d->key), 0, b->t->a, &ad.domain, &err) < 0) {
        accounts_problem(b, al->head.pos, NULL, &err);
        return;
    }
    e = add_entry(b, &ad, al->head.pos);
    if (e)
        e->alias = al;
}

/* Members must be addresses of accounts (ALIAS-01). */
static const char *member(struct accounts_build *b, const struct accounts_alias_conf *al, size_t i)
{
    const struct accounts_entry *e = NULL;
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    bool catchall;

    if (accounts_parse_address(b->t, b->t->a, al->members.v[i], NULL, &ad, &catchall, &err) == 0 &&
        !catchall) {
        const struct accounts_domain *d = accounts_find_domain(b->t, ad.domain.ascii.p);

        e = accounts_find_entry(b->t, accounts_canonical(d, ad.localpart, b->t->a), d->key);
    }
    if (e && e->account)
        return e->address;
    if (b->out)
        moxd_problem(b->out, al->members.pos[i], "only addresses of accounts can be members",
                     "alias \"%s\": \"%s\" is not an address of an account", al->head.label,
                     al->members.v[i]);
    return NULL;
}

static void add_members(struct accounts_build *b, struct accounts_entry *e)
{
    const char **v = moxd_arena_calloc(b->t->a, e->alias->members.n + 1, sizeof(*v));
    size_t n = 0;

    if (b->out && e->alias->members.n == 0)
        moxd_problem(b->out, e->pos, "remove the alias or add members", "alias \"%s\" is empty",
                     e->address);
    for (size_t i = 0; i < e->alias->members.n; i++)
        if ((v[n] = member(b, e->alias, i)))
            n++;
    e->members = v;
}

/* Chains the addresses of each account, in the order of their keys. */
static void chain_entries(struct accounts_table *t)
{
    for (size_t i = t->nentries; i > 0; i--) {
        struct accounts_entry *e = &t->entries[i - 1];
        struct accounts_owner want = { .name = e->account ? e->account->head.label : "" }, *o;

        o = t->nowners ? bsearch(&want, t->owners, t->nowners, sizeof(want), by_owner_name) : NULL;
        if (!e->account || !o)
            continue;
        e->next = o->first;
        o->first = i;
        o->naddresses++;
    }
}

static void fill(struct accounts_build *b)
{
    struct accounts_table *t = b->t;

    for (size_t i = 0; i < t->dynamic->domains.n; i++)
        add_domain(b, t->dynamic->domains.v[i]);
    if (t->ndomains)
        qsort(t->domains, t->ndomains, sizeof(*t->domains), by_domain_key);
    accounts_check_domains(b);
    for (size_t i = 0; i < t->dynamic->accounts.n; i++)
        add_account(b, t->dynamic->accounts.v[i]);
    for (size_t i = 0; i < t->ndomains; i++)
        for (size_t k = 0; k < t->domains[i].conf->aliases.n; k++)
            add_alias(b, &t->domains[i], t->domains[i].conf->aliases.v[k]);
    if (t->nentries)
        qsort(t->entries, t->nentries, sizeof(*t->entries), by_entry_key);
    accounts_check_entries(b);
    if (t->nowners)
        qsort(t->owners, t->nowners, sizeof(*t->owners), by_owner_name);
    chain_entries(t);
    for (size_t i = 0; i < t->nentries; i++)
        if (t->entries[i].alias)
            add_members(b, &t->entries[i]);
    accounts_check_own(b);
}

struct accounts_table *accounts_table_new(struct moxd_instance *m, const struct moxd_conf *conf,
                                          struct moxd_problems *out)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct accounts_table *t = moxd_arena_alloc(a, sizeof(*t));
    struct moxd_domain host;

    t->a = a;
    t->own = moxd_conf_module(conf, m);
    t->dynamic = moxd_conf_dynamic(conf, m);
    if (moxd_conf_core()->hostname && moxd_domain_parse(moxd_cstr(moxd_conf_core()->hostname),
                                                        MOXD_ADDRESS_UTF8, a, &host, NULL) == 0)
        t->hostname = host.ascii.p;
    fill(&(struct accounts_build){ t, out });
    return t;
}

void accounts_table_free(struct accounts_table *t)
{
    if (!t)
        return;
    if (t->conf)
        moxd_conf_unref(t->conf);
    moxd_arena_free(t->a);
}
