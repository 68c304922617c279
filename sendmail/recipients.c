/* Whom mail goes to and comes from. */
#include "sendmail.h"

#include <moxmail/header_address.h>
#include <string.h>

static bool is_there(const struct sendmail_rcpts *r, const char *to)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->v[i].to, to) == 0)
            return true;
    return false;
}

static int add(struct sendmail *sm, const struct moxd_address *ad)
{
    struct sendmail_rcpts *r = &sm->rcpts;
    const char *to = moxd_address_text(ad, false, sm->a).p;

    if (is_there(r, to))
        return EX_OK;
    if (r->n == (size_t)sm->conf->max_recipients)
        return sendmail_fail(sm, EX_DATAERR, "more recipients than max-recipients, %zu", r->n);
    struct smtpclient_rcpt *rcpt = moxd_arena_push(sm->a, &r->v, &r->n, &r->cap, sizeof(*r->v));
    *rcpt = (struct smtpclient_rcpt){ .to = to, .notify = sm->o.notify };
    r->utf8 = r->utf8 || moxd_address_needs_utf8(ad);
    return EX_OK;
}

/* Local users have no mailboxes here: their mail goes to somebody who reads it. */
static int add_local(struct sendmail *sm, struct moxd_str name)
{
    struct moxd_address ad;

    if (!sm->conf->default_recipient)
        return sendmail_fail(sm, EX_NOUSER,
                             "\"%.*s\" has no domain: default-recipient in %s says who gets mail "
                             "for local users",
                             (int)name.n, name.p, sm->o.config ? sm->o.config : SENDMAIL_CONF);
    if (moxd_address_parse(moxd_cstr(sm->conf->default_recipient), MOXD_ADDRESS_UTF8, sm->a, &ad,
                           NULL) < 0)
        return sendmail_fail(sm, EX_CONFIG, "default-recipient is no address");
    return add(sm, &ad);
}

/* "root", "www-data": a name of this machine; the reader of addresses finds it bad, because there is no domain. */
static bool is_local(const struct moxd_hdraddr *ha)
{
    if (ha->domain.n > 0 || ha->localpart.n == 0 || ha->localpart.n > MOXD_LOCALPART_MAX)
        return false;
    for (size_t i = 0; i < ha->localpart.n; i++)
        if (!moxd_is_alpha(ha->localpart.p[i]) && !moxd_is_digit(ha->localpart.p[i]) &&
            !memchr("._+-", ha->localpart.p[i], 4))
            return false;
    return true;
}

/* Mail programs complete the names of local users; no other machine takes that mail. */
static bool is_here(const struct sendmail *sm, struct moxd_str domain)
{
    return sm->conf->default_recipient && (moxd_str_caseeqs(domain, "localhost") ||
                                           moxd_str_caseeqs(domain, "localhost.localdomain") ||
                                           moxd_str_caseeqs(domain, sendmail_own_name(sm)));
}

static int add_mailbox(struct sendmail *sm, const struct moxd_hdraddr *ha)
{
    struct moxd_err err = { 0 };
    struct moxd_address ad;

    if (is_local(ha) || (!ha->bad && is_here(sm, ha->domain)))
        return add_local(sm, ha->localpart);
    if (ha->bad ||
        moxd_address_make(ha->localpart, ha->domain, MOXD_ADDRESS_UTF8, sm->a, &ad, &err) < 0)
        return sendmail_fail(sm, EX_DATAERR, "\"%.*s@%.*s\" is no address: %s",
                             (int)ha->localpart.n, ha->localpart.p ? ha->localpart.p : "",
                             (int)ha->domain.n, ha->domain.p ? ha->domain.p : "",
                             err.pub[0] ? err.pub : "it cannot be read");
    return add(sm, &ad);
}

int sendmail_rcpts_add(struct sendmail *sm, struct moxd_str list)
{
    struct moxd_hdraddr_iter it;
    struct moxd_hdraddr ha;
    int rc = EX_OK;

    moxd_hdraddr_init(&it, list);
    while (rc == EX_OK && moxd_hdraddr_next(&it, &ha))
        if (ha.kind == MOXD_HDRADDR_MAILBOX)
            rc = add_mailbox(sm, &ha);
    moxd_hdraddr_fini(&it);
    return rc;
}

int sendmail_rcpts_args(struct sendmail *sm)
{
    int rc = EX_OK;

    for (int i = 0; i < sm->o.nto && rc == EX_OK; i++) {
        struct moxd_str arg = moxd_cstr(sm->o.to[i]);
        if (arg.n > SENDMAIL_ARGUMENT_MAX)
            return sendmail_fail(sm, EX_USAGE, "a recipient has more than %d bytes",
                                 SENDMAIL_ARGUMENT_MAX);
        size_t before = sm->rcpts.n;
        rc = sendmail_rcpts_add(sm, arg);
        if (rc == EX_OK && sm->rcpts.n == before && moxd_str_trim(arg).n == 0)
            rc = sendmail_fail(sm, EX_USAGE, "a recipient is empty");
    }
    return rc;
}

static bool matches(const char *allowed, const struct moxd_address *ad, struct moxd_arena *a)
{
    struct moxd_address one;
    struct moxd_domain domain;

    if (allowed[0] == '@')
        return moxd_domain_parse(moxd_cstr(allowed + 1), MOXD_ADDRESS_UTF8, a, &domain, NULL) ==
                   0 &&
               moxd_domain_eq(&domain, &ad->domain);
    return moxd_address_parse(moxd_cstr(allowed), MOXD_ADDRESS_UTF8, a, &one, NULL) == 0 &&
           moxd_address_eq(&one, ad);
}

bool sendmail_may_be_from(const struct sendmail *sm, const struct moxd_address *ad)
{
    const struct sendmail_conf *conf = sm->conf;

    if (matches(conf->from, ad, sm->a))
        return true;
    for (size_t i = 0; i < conf->from_allowed.n; i++)
        if (matches(conf->from_allowed.v[i], ad, sm->a))
            return true;
    return false;
}
