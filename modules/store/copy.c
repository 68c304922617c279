/* Copying messages: bodies in files get another name first, then one transaction. */
#include "store.h"

struct copying {
    struct store_account *acc;
    struct store_op_copy *op;
    uint64_t first;          /* new ids: first, first + 1, ... in the order of the sources */
    size_t linked;           /* sources whose files were dealt with */
};

static int link_job(void *arg, struct moxd_err *err)
{
    struct copying *c = arg;
    const struct store_op_copy *op = c->op;
    struct store_env *env = c->acc->s->env;
    uint64_t id = c->acc->id;
    bool any = false;

    for (; c->linked < op->nsrc; c->linked++) {
        const struct store_op_source *s = &op->src[c->linked];
        if (s->where != STORE_IN_FILE)
            continue;
        any = true;
        if (store_file_link(env, id, s->id, id, s->new_id, err) < 0)
            return -1;
    }
    return any ? store_file_sync(env, id, c->first, c->first + op->nsrc - 1, err) : 0;
}

/* Takes away the new names: all, or those of messages that were gone when the transaction ran. */
static int unlink_job(void *arg, struct moxd_err *err)
{
    struct copying *c = arg;
    const struct store_op_copy *op = c->op;
    size_t copied = 0;

    (void)err;
    for (size_t i = 0; i < c->linked; i++) {
        const struct store_op_source *s = &op->src[i];
        while (copied < op->n && op->v[copied].src_uid < s->uid)
            copied++;
        if (copied < op->n && op->v[copied].src_uid == s->uid)
            continue;
        if (s->where == STORE_IN_FILE)
            (void)!store_file_remove(c->acc->s->env, c->acc->id, s->new_id, NULL);
    }
    return 0;
}

static int copy_found(struct copying *c, struct moxd_err *err)
{
    struct store_op_copy *op = c->op;

    for (size_t i = 0; i < op->nsrc; i++)
        op->src[i].new_id = c->first + i;
    int rc = store_offload(MOXD_LANE_FSYNC, link_job, c, err);
    if (rc == 0)
        rc = store_write(c->acc, store_op_copy, op, err);
    if (rc < 0)
        op->n = 0;
    if (op->n < c->linked && !c->acc->s->flusher.failed)
        (void)!store_offload(MOXD_LANE_FSYNC, unlink_job, c, NULL);
    return rc;
}

int store_copy_messages(struct store_account *acc, struct store_op_copy *op, struct moxd_err *err)
{
    struct copying c = { .acc = acc, .op = op };
    struct store_ids *ids = &store_account_base(acc)->bt->ids;

    op->quota = store_quota(acc);
    if (store_env_room(acc->s->env, err) < 0 ||
        store_read(acc, store_op_copy_find, op, err) < 0)
        return -1;
    op->v = NULL;
    op->n = 0;
    if (op->nsrc == 0)
        return 0;
    c.first = store_ids_take(ids, op->nsrc);
    int rc = copy_found(&c, err);
    store_ids_done(ids, c.first);
    return rc;
}
