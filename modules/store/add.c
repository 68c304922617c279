/* Adding messages: bodies first, then one transaction over all accounts. */
#include "adding.h"

#include <stdlib.h>

/* A file that is there unexpectedly (P-STORE-03) costs an id, not the message. */
enum { ID_ATTEMPTS = 16 };

/* --- accounts ---------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    const struct store_account *x = *(struct store_account *const *)a;
    const struct store_account *y = *(struct store_account *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

static void sort_accounts(struct store_adding *ad, const struct store_add *adds)
{
    size_t n = 0;

    for (size_t i = 0; i < ad->n; i++)
        ad->accs[i] = store_account_base(adds[i].acc);
    qsort(ad->accs, ad->n, sizeof(struct store_account *), by_id);
    for (size_t i = 0; i < ad->n; i++)
        if (n == 0 || ad->accs[n - 1] != ad->accs[i])
            ad->accs[n++] = ad->accs[i];
    ad->naccs = n;
}

static size_t account_index(const struct store_adding *ad, const struct store_account *acc)
{
    size_t i = 0;
    while (ad->accs[i] != acc)
        i++;
    return i;
}

/* --- bodies ------------------------------------------------------------------------------------ */

static void take_id(struct store_target *t)
{
    t->one->id = store_ids_take(&t->acc->bt->ids, 1);
    t->have_id = true;
}

static void drop_id(struct store_target *t)
{
    if (t->have_id)
        store_ids_done(&t->acc->bt->ids, t->one->id);
    t->have_id = false;
}

static int make_file(struct store *s, struct store_target *t, struct moxd_err *err)
{
    const struct store_target *same = t->same;

    if (same != NULL)
        return store_file_link(s->env, same->acc->id, same->one->id, t->acc->id, t->one->id, err);
    return store_file_create(s->env, t->acc->id, t->one->id, &t->src, err);
}

static int make_file_retry(struct store *s, struct store_target *t, struct moxd_err *err)
{
    struct moxd_err local = { 0 };
    int rc;

    for (int i = 0; (rc = make_file(s, t, &local)) < 0 && i < ID_ATTEMPTS; i++) {
        if (local.kind != MOXD_ERR_EXISTS)
            break;
        drop_id(t);
        take_id(t);
    }
    if (rc < 0 && err != NULL)
        *err = local;
    t->have_file = rc == 0;
    return rc;
}

static int files_job(void *arg, struct moxd_err *err)
{
    struct store_adding *ad = arg;

    for (size_t i = 0; i < ad->n; i++) {
        struct store_target *t = &ad->v[i];
        if (t->one->where == STORE_IN_FILE &&
            (make_file_retry(ad->s, t, err) < 0 ||
             store_file_sync(ad->s->env, t->acc->id, t->one->id, t->one->id, err) < 0))
            return -1;
    }
    return store_adding_parse(ad, err);
}

static int remove_files_job(void *arg, struct moxd_err *err)
{
    struct store_adding *ad = arg;

    (void)err;
    for (size_t i = 0; i < ad->n; i++)
        if (ad->v[i].have_file)
            (void)!store_file_remove(ad->s->env, ad->v[i].acc->id, ad->v[i].one->id, NULL);
    return 0;
}

/* --- putting it together ----------------------------------------------------------------------- */

static void prepare(struct store_adding *ad, struct store_target *t, struct store_add *add)
{
    struct store_op_one *one = t->one;

    one->add = add;
    one->tx = account_index(ad, t->acc);
    one->quota = store_quota(t->acc);
    one->viewer = add->acc->viewer;
    one->body_size = t->src.size;
    one->body = t->src.mem;
    one->where = t->src.fd < 0 && t->src.size <= ad->s->opt.body_in_db ? STORE_IN_DB
                                                                       : STORE_IN_FILE;
    for (struct store_target *e = ad->v; e < t && t->same == NULL && one->where == STORE_IN_FILE; e++)
        if (e->draft == t->draft)
            t->same = e;
    take_id(t);
}

static int collect(struct store_adding *ad, struct store_draft **drafts, size_t ndrafts,
                   struct store_add *adds, size_t *failed, struct moxd_err *err)
{
    for (size_t i = 0; i < ad->n; i++) {
        struct store_target *t = &ad->v[i];
        *failed = i;
        t->acc = store_account_base(adds[i].acc);
        t->draft = drafts[ndrafts == 1 ? 0 : i];
        t->one = &ad->ones[i];
        store_parsed_init(&t->parsed);
        if (store_account_check(t->acc, err) < 0 || store_draft_source(t->draft, &t->src, err) < 0)
            return -1;
    }
    sort_accounts(ad, adds);
    for (size_t i = 0; i < ad->n; i++)
        prepare(ad, &ad->v[i], &adds[i]);
    store_adding_plan(ad);
    return 0;
}

static bool any_file(const struct store_adding *ad)
{
    for (size_t i = 0; i < ad->n; i++)
        if (ad->ones[i].where == STORE_IN_FILE)
            return true;
    return false;
}

struct running {
    struct store_adding *ad;
    struct store_op_add op;
};

static int op_then(struct store_tx *txs, const struct store_adding *ad, struct moxd_err *err)
{
    moxd_assert(ad->then == NULL || ad->naccs == 1);
    return ad->then == NULL ? 0 : ad->then(txs, ad->then_arg, err);
}

/* What is small is parsed here: a job of its own would take longer. */
static int op_run(struct store_tx *txs, void *arg, struct moxd_err *err)
{
    struct running *r = arg;

    if (store_adding_parse(r->ad, err) < 0 || store_op_add(txs, &r->op, err) < 0)
        return -1;
    return op_then(txs, r->ad, err);
}

static int run(struct store_adding *ad, size_t *failed, struct moxd_err *err)
{
    struct running r = { ad, { .v = ad->ones, .n = ad->n, .replaced = ad->replaced } };
    bool files = any_file(ad);
    int rc = files ? store_offload(MOXD_LANE_FSYNC, files_job, ad, err) : 0;

    if (rc == 0) {
        store_adding_unparsed(ad, false);
        rc = store_write_many(ad->accs, ad->naccs, op_run, &r, err);
        *failed = r.op.failed < ad->n ? r.op.failed : 0;
    }
    if (rc == 0)
        store_adding_unparsed(ad, true);
    /* Not when it was committed and could not be flushed: then only recovery knows. */
    if (rc < 0 && files && !ad->s->flusher.failed)
        (void)!store_offload(MOXD_LANE_FSYNC, remove_files_job, ad, NULL);
    return rc;
}

/* What is done in the same transaction, besides. */
struct besides {
    const struct store_op_replaced *replaced;
    store_fn *then;
    void *then_arg;
};

static int add_messages(struct store *s, struct store_draft **drafts, size_t ndrafts,
                        struct store_add *adds, size_t n, const struct besides *besides,
                        size_t *failed, struct moxd_err *err)
{
    size_t which = 0;

    moxd_assert(n > 0 && (ndrafts == 1 || ndrafts == n));
    struct store_adding ad = {
        .s = s, .n = n, .replaced = besides->replaced,
        .then = besides->then, .then_arg = besides->then_arg,
        .v = moxd_xcalloc(n, sizeof(struct store_target)),
        .ones = moxd_xcalloc(n, sizeof(struct store_op_one)),
        .accs = moxd_xcalloc(n, sizeof(struct store_account *)),
    };
    int rc = store_env_room(s->env, err);
    if (rc == 0)
        rc = collect(&ad, drafts, ndrafts, adds, &which, err);
    if (rc == 0)
        rc = run(&ad, &which, err);
    for (size_t i = 0; i < n; i++) {
        drop_id(&ad.v[i]);
        store_parsed_fini(&ad.v[i].parsed);
    }
    if (rc < 0 && failed != NULL)
        *failed = which;
    free(ad.accs);
    free(ad.ones);
    free(ad.v);
    return rc;
}

int store_add_messages(struct store *s, struct store_draft **drafts, size_t ndrafts,
                       struct store_add *adds, size_t n, size_t *failed, struct moxd_err *err)
{
    return add_messages(s, drafts, ndrafts, adds, n, &(struct besides){ 0 }, failed, err);
}

int store_add_messages_and(struct store *s, struct store_draft **drafts, struct store_add *adds,
                           size_t n, store_fn *fn, void *arg, struct moxd_err *err)
{
    struct besides besides = { .then = fn, .then_arg = arg };

    return add_messages(s, drafts, n, adds, n, &besides, NULL, err);
}

int store_replace_message(struct store *s, struct store_draft *d, struct store_add *add,
                          uint32_t mailbox, uint32_t uid, struct moxd_err *err)
{
    struct store_op_replaced replaced = { mailbox, uid };

    return add_messages(s, &d, 1, add, 1, &(struct besides){ .replaced = &replaced }, NULL, err);
}
