/* Checks that need the lookup tables. */
#include "table.h"

void accounts_problem(struct accounts_build *b, struct moxd_pos pos, const char *hint,
                      const struct moxd_err *err)
{
    if (b->out)
        moxd_problem(b->out, pos, hint, "%s", err->priv);
}

void accounts_check_domains(struct accounts_build *b)
{
    struct accounts_table *t = b->t;

    for (size_t i = 1; b->out && i < t->ndomains; i++)
        if (strcmp(t->domains[i - 1].key, t->domains[i].key) == 0)
            moxd_problem(b->out, t->domains[i].conf->head.pos, "remove one of them",
                         "domain \"%s\" is configured twice, also as \"%s\"",
                         t->domains[i].conf->head.label, t->domains[i - 1].conf->head.label);
}

void accounts_check_entries(struct accounts_build *b)
{
    struct accounts_table *t = b->t;

    for (size_t i = 1; b->out && i < t->nentries; i++)
        if (strcmp(t->entries[i - 1].key, t->entries[i].key) == 0)
            moxd_problem(b->out, t->entries[i].pos, "remove one of them",
                         "address \"%s\" is there twice, also at %s:%u", t->entries[i].address,
                         t->entries[i - 1].pos.file, t->entries[i - 1].pos.line);
}

static void check_fallback(struct accounts_build *b)
{
    const struct accounts_static_conf *own = b->t->own;
    const char *hint = "it must be an address in domains.conf";
    struct moxd_address ad;
    struct moxd_err err = { 0 };
    bool catchall;

    if (accounts_parse_address(b->t, b->t->a, own->fallback, NULL, &ad, &catchall, &err) < 0) {
        accounts_problem(b, own->head.pos, hint, &err);
        return;
    }
    const struct accounts_domain *d = accounts_find_domain(b->t, ad.domain.ascii.p);
    const char *localpart = accounts_canonical(d, ad.localpart, b->t->a);
    if (catchall || !accounts_find_entry(b->t, localpart, d->key))
        moxd_problem(b->out, own->head.pos, hint, "fallback: there is no address \"%s\"",
                     own->fallback);
}

void accounts_check_own(struct accounts_build *b)
{
    const struct accounts_static_conf *own = b->t->own;

    if (!b->out)
        return;
    if (own->fallback)
        check_fallback(b);
    if (own->postmaster && !accounts_find_owner(b->t, own->postmaster))
        moxd_problem(b->out, own->head.pos, "name an account of domains.conf",
                     "postmaster: there is no account \"%s\"", own->postmaster);
}
