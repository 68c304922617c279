/* Where a copy goes besides, and who hears of failures. */
#include "forward.h"

#include <moxmail/address.h>

static void add(struct forward_plan *p, const char *to, struct moxd_arena *a)
{
    p->rcpts[p->n++] = (struct queue_rcpt){ .to = moxd_arena_strdup(a, to), .notify = "FAILURE" };
}

/* RFC 5321 3.9.2: of a list somebody who looks after it; the first member here when nobody is named. */
static const char *owner(const struct forward *f, const struct smtp_copy *ev,
                         const struct forward_conf *conf)
{
    struct moxd_arena *a = ev->message->mail->arena;
    struct accounts_target to = { 0 };
    struct moxd_address ad;

    if (conf->owner)
        return moxd_arena_strdup(a, conf->owner);
    if (moxd_address_parse(moxd_cstr(ev->list), MOXD_ADDRESS_UTF8, a, &ad, NULL) == 0 &&
        f->accounts->resolve(f->accounts_self, ad.localpart, ad.domain.ascii, a, &to, NULL) == 0 &&
        to.members && to.members[0])
        return to.members[0];
    return ev->address;
}

struct forward_plan forward_plan_conf(const struct forward *f, const struct smtp_copy *ev)
{
    const struct forward_conf *conf = ev->conf ? moxd_conf_ext(ev->conf, "forward") : NULL;
    struct moxd_arena *a = ev->message->mail->arena;
    struct forward_plan p = { .n = 0 };

    if (!conf || conf->to.n == 0)
        return p;
    p.keep_copy = ev->account && conf->keep_copy;
    p.unauthenticated = conf->unauthenticated;
    p.rcpts = moxd_arena_calloc(a, conf->to.n, sizeof(*p.rcpts));
    for (size_t i = 0; i < conf->to.n; i++)
        if (ev->account || !forward_is_author(ev->message, conf->to.v[i]))
            add(&p, conf->to.v[i], a);
    p.from = ev->account ? ev->address : owner(f, ev, conf);
    return p;
}

struct forward_plan forward_plan_onward(const struct smtp_copy *ev)
{
    struct moxd_arena *a = ev->message->mail->arena;
    struct forward_plan p = { .from = ev->address };
    size_t n = 0;

    if (!ev->onward)
        return p;
    while (ev->onward->to[n])
        n++;
    p.keep_copy = ev->onward->keep_copy;
    p.unauthenticated = ev->onward->unauthenticated;
    p.rcpts = moxd_arena_calloc(a, n + 1, sizeof(*p.rcpts));
    for (size_t i = 0; i < n; i++)
        add(&p, ev->onward->to[i], a);
    return p;
}
