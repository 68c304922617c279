/* Looking into messages that are being added: once into each, as far as that goes. */
#include "adding.h"

/* A body for several targets is parsed for each, since each has a prefix of its own; but not more than so
 * many bytes of it again: the rest is done later. */
enum { PARSE_AGAIN_MAX = 1 << 20 };

static void plan_one(struct store_adding *ad, struct store_target *t,
                     const struct store_target *first)
{
    const struct store_op_one *before = t > first ? t[-1].one : NULL;
    uint64_t size = t->one->add->prefix.n + t->src.size;

    if (before != NULL && moxd_str_eq(before->add->prefix, t->one->add->prefix)) {
        t->one->parsed = before->parsed;
        t->one->head = before->head;
        return;
    }
    t->one->head = &t->parsed.head;
    if (t == first || ad->again + size <= PARSE_AGAIN_MAX) {
        ad->again += t == first ? 0 : size;
        t->one->parsed = &t->parsed;
        t->parse = STORE_PARSE_ALL;
    } else if (store_head_has(t->one->add->prefix) || store_head_has(first->one->add->prefix)) {
        t->parse = STORE_PARSE_HEAD;
    } else {
        t->one->head = first->one->head;
    }
}

void store_adding_plan(struct store_adding *ad)
{
    const struct store_target *first = ad->v; /* with this body */

    for (struct store_target *t = ad->v; t < ad->v + ad->n; t++) {
        if (t->draft != first->draft)
            first = t;
        plan_one(ad, t, first);
    }
}

int store_adding_parse(struct store_adding *ad, struct moxd_err *err)
{
    for (struct store_target *t = ad->v; t < ad->v + ad->n && !ad->parsed; t++) {
        struct store_joined joined = { t->one->add->prefix, &t->src };
        struct moxd_reader r = store_joined_reader(&joined);

        if ((t->parse == STORE_PARSE_ALL && store_parse(&r, &t->parsed, err) < 0) ||
            (t->parse == STORE_PARSE_HEAD && store_parse_head(&r, &t->parsed.head, err) < 0))
            return -1;
    }
    ad->parsed = true;
    return 0;
}

void store_adding_unparsed(struct store_adding *ad, bool added)
{
    for (size_t i = 0; i < ad->n; i++) {
        struct store_account *acc = ad->v[i].acc;

        if (ad->ones[i].parsed != NULL)
            continue;
        acc->fill.again = true;
        if (added)
            store_fill_later(acc);
    }
}
