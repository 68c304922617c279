/* What was found out about mail that is forwarded from here to here: it stands in the field that it got when it came. */
#include "smtp_given.h"

#include <arpa/inet.h>
#include <moxmail/address.h>
#include <moxmail/header.h>

const struct sockaddr_in smtp_given_address = { .sin_family = AF_INET };

static const struct moxd_authres_prop *find_prop(const struct moxd_authres *r, const char *name)
{
    for (size_t i = 0; i < r->nprops; i++)
        if (moxd_str_eqs(r->props[i].name, name))
            return &r->props[i];
    return NULL;
}

/* That the result is about: of an address what is behind the "@"; A-labels. */
static struct moxd_str domain_of(const struct moxd_authres *r, struct moxd_arena *a)
{
    static const char *const names[][2] = {
        { "dkim", "d" }, { "dmarc", "from" }, { "spf", "mailfrom" }, { "spf", "helo" }
    };
    const struct moxd_authres_prop *p = NULL;
    struct moxd_domain d;

    for (size_t i = 0; !p && i < MOXD_NELEMS(names); i++)
        if (moxd_str_eqs(r->method, names[i][0]))
            p = find_prop(r, names[i][1]);
    if (!p)
        return MOXD_STR("");
    struct moxd_str name = p->value;
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '@') {
            name = moxd_str_from(name, i);
            break;
        }
    unsigned flags = MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE;
    return moxd_domain_parse(name, flags, a, &d, NULL) == 0 ? d.ascii : MOXD_STR("");
}

static void add(struct smtp_txn *t, const struct moxd_authres *r)
{
    struct smtp_auth_result result = {
        .shown = *r,
        .domain = domain_of(r, t->arena),
        /* as the module dkim says that the signature had l= */
        .unaligned = moxd_str_starts(r->comment, MOXD_STR("part of the body")),
    };

    smtp_results_add(&t->mail, &result);
}

/* Above our Received there is nothing that is not ours: there were fields of that name that came with the message, but
 * they are below it. */
void smtp_given_results(struct smtp_txn *t)
{
    struct moxd_str rest = t->message.header;
    struct moxd_authres_field ar;
    struct moxd_field f;

    while (moxd_field_next(&rest, &f) && !moxd_str_caseeqs(f.name, "Received")) {
        if (!moxd_str_caseeqs(f.name, "Authentication-Results") ||
            moxd_authres_parse(f.value, t->arena, &ar, NULL) < 0 ||
            !moxd_str_caseeqs(ar.id, t->s->facts.hostname))
            continue;
        for (size_t i = 0; i < ar.n; i++)
            add(t, &ar.v[i]);
        return;
    }
}
