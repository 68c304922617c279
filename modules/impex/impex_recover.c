/* Imports that a crash broke off are taken back when the server starts: their messages go, and the mailboxes that were made for
 * them. It goes on beside everything else; what cannot be done now is tried again at the next start. */
#include "impex.h"

#include <moxd/enc.h>
#include <moxd/log.h>
#include <stdlib.h>

struct impex_broken {
    char id[IMPEX_JOURNAL_ID];
    uint64_t account;
    const char *name;
};

/* --- which there are ------------------------------------------------------------------------------ */

struct listing {
    struct impex *im;
    struct impex_broken *v;
    size_t n, cap;
};

static int take(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct listing *l = arg;

    if (key.n != IMPEX_JOURNAL_ID || value.n <= 8)
        return 0;
    struct impex_broken *b =
        moxd_arena_push(l->im->broken_arena, &l->v, &l->n, &l->cap, sizeof(*b));
    memcpy(b->id, key.p, sizeof(b->id));
    b->account = moxd_get_be64(value.p);
    b->name = moxd_arena_cstr(l->im->broken_arena, moxd_str_from(value, 8));
    return 0;
}

static int list(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct listing *l = arg;

    return l->im->store->tx_each(tx, "impex", moxd_str("", 0), take, l, err) < 0 ? -1 : 0;
}

/* --- one of them ---------------------------------------------------------------------------------- */

/* The account is gone, or another has its name: nothing of the import is left. */
static int is_there(struct impex *im, const struct impex_broken *b, struct store_account **acc,
                    struct moxd_err *err)
{
    bool exists;

    if (im->store->exists(im->store_self, b->name, &exists, err) < 0)
        return -1;
    if (!exists)
        return 0;
    if (im->store->open(im->store_self, b->name, acc, err) < 0)
        return -1;
    if (im->store->account_id(*acc) == b->account)
        return 1;
    im->store->close(*acc);
    return 0;
}

static int take_back(struct impex *im, const struct impex_broken *b, uint64_t *messages,
                     struct moxd_err *err)
{
    struct impex_journal j = { .im = im };
    int rc;

    memcpy(j.id, b->id, sizeof(j.id));
    rc = is_there(im, b, &j.acc, err);
    if (rc == 0)
        return impex_journal_drop(&j, err);
    if (rc > 0) {
        rc = impex_journal_undo(&j, messages, err);
        im->store->close(j.acc);
    }
    return rc;
}

static void recover(void *arg)
{
    struct impex *im = arg;

    for (size_t i = 0; i < im->nbroken; i++) {
        const struct impex_broken *b = &im->broken[i];
        struct moxd_err err = { 0 };
        uint64_t messages = 0;

        if (take_back(im, b, &messages, &err) == 0)
            moxd_info(&im->m.log, "a broken import was taken back", moxd_kvs("account", b->name),
                      moxd_kvu("messages", messages));
        else
            moxd_error(&im->m.log,
                       "a broken import could not be taken back; it is tried at the next start",
                       moxd_kvs("account", b->name), moxd_kve(&err));
    }
    moxd_arena_free(im->broken_arena);
    im->broken_arena = NULL;
}

int impex_start(struct moxd_instance *m, struct moxd_err *err)
{
    struct impex *im = MOXD_CONTAINER(m, struct impex, m);
    struct listing l = { .im = im };

    im->broken_arena = moxd_arena_new(0);
    if (im->store->view(im->store_self, NULL, list, &l, err) < 0)
        return -1;
    im->broken = l.v;
    im->nbroken = l.n;
    for (size_t i = 0; i < l.n; i++)
        moxd_warn(&m->log, "an import was broken off, and is taken back",
                  moxd_kvs("account", l.v[i].name));
    if (l.n > 0) {
        (void)moxd_module_spawn(m, "recover", recover, im);
        return 0;
    }
    moxd_arena_free(im->broken_arena);
    im->broken_arena = NULL;
    return 0;
}
