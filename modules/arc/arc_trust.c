/* What sealers say that the configuration trusts. Others may say what they want. */
#include "arc.h"

#include <moxmail/address.h>

static struct moxd_str ascii(struct moxd_str name, struct moxd_arena *a)
{
    struct moxd_domain d;

    if (moxd_domain_parse(name, MOXD_ADDRESS_UTF8 | MOXD_ADDRESS_UNDERSCORE, a, &d, NULL) < 0)
        return MOXD_STR("");
    return d.ascii;
}

static bool is_trusted(const struct arc_conf *conf, struct moxd_str sealer)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);

    for (size_t i = 0; i < conf->trusted.n; i++)
        if (moxd_str_caseeq(ascii(moxd_cstr(conf->trusted.v[i]), a), sealer))
            return true;
    return false;
}

/* Where the message came from at first, as the first set says. */
static struct moxd_str origin(const struct moxd_arc_chain *c, struct moxd_arena *a)
{
    struct moxd_authres_field f;

    if (moxd_arc_results(c, 0, a, &f, NULL) < 0)
        return MOXD_STR("");
    for (size_t i = 0; i < f.n; i++)
        for (size_t k = 0; k < f.v[i].nprops; k++)
            if (moxd_str_caseeqs(f.v[i].props[k].name, "remote-ip"))
                return f.v[i].props[k].value;
    return MOXD_STR("");
}

/* RFC 8617 7.2.2. */
static const char *comment(const struct moxd_arc_chain *c, struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(ARC_COMMENT_MAX);
    struct moxd_str ip = origin(c, a);

    moxd_buf_adds(&b, "arc=pass");
    for (size_t i = c->n; i > 0; i--)
        moxd_buf_addf(&b, " as[%zu].d=%" MOXD_STRF " as[%zu].s=%" MOXD_STRF, i,
                      MOXD_STRA(c->sets[i - 1].seal.domain), i,
                      MOXD_STRA(c->sets[i - 1].seal.selector));
    if (ip.n > 0)
        moxd_buf_addf(&b, " remote-ip[1]=%" MOXD_STRF, MOXD_STRA(ip));
    const char *text = moxd_arena_strdup(a, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    return text;
}

void arc_trust(const struct arc *arc, const struct smtp_mail *mail, const struct moxd_arc_chain *c,
               struct arc_msg *out)
{
    if (is_trusted(arc->conf, c->sets[c->n - 1].seal.domain) &&
        moxd_arc_results(c, c->n - 1, mail->arena, &out->results, NULL) == 0)
        out->comment = comment(c, mail->arena);
}

static bool is_about(const struct moxd_authres *r, struct moxd_str author, struct moxd_arena *a)
{
    for (size_t i = 0; i < r->nprops; i++)
        if (moxd_str_caseeqs(r->props[i].ptype, "header") &&
            moxd_str_caseeqs(r->props[i].name, "from"))
            return moxd_str_caseeq(ascii(r->props[i].value, a), author);
    return false;
}

const char *arc_vouched(struct moxd_instance *m, const struct smtp_mail *mail,
                        struct moxd_str author)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct arc_msg *msg = moxd_slot(mail->slots, "smtp-message", m);

    for (size_t i = 0; msg->comment && i < msg->results.n; i++) {
        const struct moxd_authres *r = &msg->results.v[i];
        if (moxd_str_caseeqs(r->method, "dmarc") && moxd_str_caseeqs(r->result, "pass") &&
            is_about(r, author, a))
            return msg->comment;
    }
    return NULL;
}
