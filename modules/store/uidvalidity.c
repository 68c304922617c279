/* New UIDVALIDITYs on command, so that mail programs fetch mailboxes afresh (P-IMAP-13). */
#include "cmd.h"

struct bump {
    bool one;
    struct moxd_str name;    /* in stored form; of one */
    struct moxd_arena *arena;
    struct bumped {
        const char *name;
        uint32_t before, now;
    } *v;                    /* out */
    size_t n, cap;
};

static int bump_box(struct store_tx *tx, struct bump *b, struct store_box *box,
                    struct moxd_err *err)
{
    struct bumped *out;

    if (tx->meta.next_uidvalidity == UINT32_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the account has given out all UIDVALIDITYs");
    out = moxd_arena_push(b->arena, &b->v, &b->n, &b->cap, sizeof(*out));
    *out = (struct bumped){ moxd_arena_cstr(b->arena, box->r.name), box->r.uidvalidity,
                            tx->meta.next_uidvalidity };
    box->r.uidvalidity = tx->meta.next_uidvalidity++;
    box->r.highestmodseq = store_tx_modseq(tx);
    struct store_change *c = store_tx_change(tx, STORE_CHANGE_UIDVALIDITY);
    c->mailbox = box->id;
    c->modseq = box->r.highestmodseq;
    c->name = moxd_arena_cstr(tx->batch->arena, box->r.name);
    return store_box_save(tx, box, err);
}

static int op_bump(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct bump *b = arg;
    struct store_op_mailboxes all = { .arena = tx->arena };
    struct store_box box;

    b->v = NULL;
    b->n = b->cap = 0;
    if (b->one)
        return store_box_by_name(tx, b->name, &box, err) < 0 ? -1 : bump_box(tx, b, &box, err);
    if (store_op_mailboxes(tx, &all, err) < 0)
        return -1;
    for (size_t i = 0; i < all.n; i++)
        if (store_box_load(tx, all.v[i].id, &box, err) < 0 || bump_box(tx, b, &box, err) < 0)
            return -1;
    return 0;
}

int store_cmd_bumpuidvalidity(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err)
{
    struct store *s = MOXD_CONTAINER(m, struct store, m);
    struct bump b = { .one = argc > 1, .arena = moxd_ctl_arena(c) };
    struct store_account *acc;
    struct store_name name;
    int rc;

    if (b.one) {
        if (store_name_parse(moxd_cstr(argv[1]), &name, err) < 0)
            return -1;
        b.name = store_name_str(&name);
    }
    if (store_account_open_known(s, argv[0], &acc, err) < 0)
        return -1;
    rc = store_write(acc, op_bump, &b, err);
    store_account_close(acc);
    for (size_t i = 0; rc == 0 && i < b.n; i++)
        rc = moxd_ctl_printf(c, "%s: %u, was %u\n", b.v[i].name, b.v[i].now, b.v[i].before);
    return rc;
}
