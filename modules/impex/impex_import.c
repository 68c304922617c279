/* Messages into a mailbox, in batches. An import is all or nothing: one that fails takes back what it added, so that
 * it can be tried again without anything coming twice. A journal says what there is to take back, also after a crash. */
#include "impex.h"

#include <moxd/clock.h>
#include <moxd/log.h>

#define LLU(x) ((unsigned long long)(x))

/* --- account and mailbox ------------------------------------------------------------------------- */

static int find_mailbox(struct impex_import *in, struct moxd_err *err)
{
    const struct store_v1 *store = in->im->store;
    struct moxd_str name = moxd_cstr(in->mailbox);
    struct moxd_err why = { 0 };
    struct store_mailbox mb;

    if (store->mailbox(in->acc, name, 0, moxd_ctl_arena(in->c), &mb, &why) == 0) {
        in->id = mb.id;
        return 0;
    }
    if (why.kind == MOXD_ERR_NOTFOUND)
        return store->mailbox_create(in->acc, name, 0, true, &in->id, err);
    *err = why;
    return -1;
}

/* Takes everything back. */
static void undo(struct impex_import *in)
{
    struct moxd_err err = { 0 };
    uint64_t messages;

    moxd_fiber_shield(); /* also when moxctl is gone, or the server stops */
    if (impex_journal_undo(&in->journal, &messages, &err) < 0)
        moxd_error(&in->im->m.log,
                   "an import that failed could not be taken back; it is tried at the next start",
                   moxd_kvs("account", in->im->store->account_name(in->acc)),
                   moxd_kvs("mailbox", in->mailbox), moxd_kve(&err));
    moxd_fiber_unshield();
}

static int begin(struct impex_import *in, const char *mailbox, struct moxd_err *err)
{
    struct moxd_str name;

    if (in->im->store->canonical_name(moxd_cstr(mailbox), moxd_ctl_arena(in->c), &name, err) < 0 ||
        impex_journal_begin(&in->journal, in->im, in->acc, name, err) < 0)
        return -1;
    in->mailbox = moxd_arena_cstr(moxd_ctl_arena(in->c), name);
    if (find_mailbox(in, err) == 0)
        return 0;
    undo(in);
    return -1;
}

int impex_import_begin(struct impex_import *in, struct impex *im, struct moxd_ctl *c,
                       const char *account, const char *mailbox, struct moxd_err *err)
{
    struct accounts_account found;

    in->im = im;
    in->c = c;
    if (accounts_named(im->accounts, im->accounts_self, account, moxd_ctl_arena(c), &found, err) <
            0 ||
        im->store->open(im->store_self, found.name, &in->acc, err) < 0)
        return -1;
    if (begin(in, mailbox, err) < 0) {
        im->store->close(in->acc);
        return -1;
    }
    in->batch = moxd_arena_new(0);
    return 0;
}

/* --- a batch ------------------------------------------------------------------------------------- */

static void drop_drafts(struct impex_import *in)
{
    for (size_t i = 0; i < in->n; i++)
        in->im->store->draft_free(in->draft[i]);
    in->n = 0;
    in->bytes = 0;
    in->writing = false;
    moxd_arena_reset(in->batch);
}

/* In the transaction that adds the batch: its UIDs follow each other. */
static int note(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct impex_import *in = arg;

    return impex_journal_note(&in->journal, tx, in->id, in->add[0].uid, in->add[in->n - 1].uid,
                              err);
}

static int tell(struct impex_import *in, struct moxd_err *err)
{
    if (in->messages < in->told + IMPEX_TELL_EVERY)
        return 0;
    in->told = in->messages;
    if (moxd_ctl_printf(in->c, "%llu messages\n", LLU(in->messages)) < 0)
        return moxd_err_set(err, MOXD_ERR_CLOSED, "moxctl is gone");
    return 0;
}

static int add_batch(struct impex_import *in, struct moxd_err *err)
{
    const struct store_v1 *store = in->im->store;

    if (in->n == 0)
        return 0;
    if (store->add_and(in->im->store_self, in->draft, in->add, in->n, note, in, err) < 0)
        return -1;
    in->messages += in->n;
    drop_drafts(in);
    return tell(in, err);
}

/* --- messages ------------------------------------------------------------------------------------ */

void impex_message_begin(struct impex_import *in)
{
    moxd_assert(!in->writing && in->n < IMPEX_BATCH);
    in->draft[in->n++] = in->im->store->draft_new(in->im->store_self);
    in->writing = true;
    in->cr = in->nul = false;
}

static int put(struct impex_import *in, const char *p, size_t n, struct moxd_err *err)
{
    struct store_draft *d = in->draft[in->n - 1];

    if (n == 0)
        return 0;
    if (in->im->store->draft_size(d) + n > IMPEX_MESSAGE_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "message %llu has more than %d bytes",
                            LLU(in->messages + in->n), IMPEX_MESSAGE_MAX);
    return in->im->store->draft_write(d, p, n, err);
}

int impex_message_write(struct impex_import *in, struct moxd_str part, struct moxd_err *err)
{
    size_t from = 0;

    moxd_assert(in->writing);
    in->nul |= part.n > 0 && memchr(part.p, '\0', part.n) != NULL;
    for (size_t i = 0; i < part.n; i++) {
        bool bare = part.p[i] == '\n' && !in->cr;

        in->cr = part.p[i] == '\r';
        if (!bare)
            continue;
        if (put(in, part.p + from, i - from, err) < 0 || put(in, "\r", 1, err) < 0)
            return -1;
        from = i;
    }
    return put(in, part.p + from, part.n - from, err);
}

void impex_message_drop(struct impex_import *in)
{
    moxd_assert(in->writing);
    in->im->store->draft_free(in->draft[--in->n]);
    in->writing = false;
}

int impex_message_take(struct impex_import *in, unsigned flags, struct moxd_str keywords,
                       int64_t received, struct moxd_err *err)
{
    struct store_add *add = &in->add[in->n - 1];
    uint64_t size = in->im->store->draft_size(in->draft[in->n - 1]);

    if (in->nul || size == 0) {
        in->left_out++;
        impex_message_drop(in);
        return 0;
    }
    *add = (struct store_add){ .acc = in->acc,
                               .mailbox = in->id,
                               .link_later = true,
                               .flags = flags,
                               .received = { .ns = received },
                               .origin = "import" };
    impex_keywords(keywords, in->batch, &add->flags, &add->keywords);
    in->bytes += size;
    in->writing = false;
    return in->n == IMPEX_BATCH || in->bytes >= IMPEX_BATCH_BYTES ? add_batch(in, err) : 0;
}

/* --- the end ------------------------------------------------------------------------------------- */

static int finish(struct impex_import *in, struct moxd_err *err)
{
    if (add_batch(in, err) < 0)
        return -1;
    if (in->messages > 0 && in->im->store->link_threads(in->acc, err) < 0)
        return -1;
    return impex_journal_commit(&in->journal, err);
}

/* It is done, whether moxctl is still there to hear of it or not. */
static void sum_up(struct impex_import *in)
{
    if (in->left_out > 0)
        (void)moxd_ctl_printf(
            in->c, "%llu messages left out: empty, or with NUL bytes, which no mail has\n",
            LLU(in->left_out));
    (void)moxd_ctl_printf(in->c, "%llu messages imported into %s\n", LLU(in->messages),
                          in->mailbox);
}

int impex_import_end(struct impex_import *in, int rc, struct moxd_err *err)
{
    if (rc == 0)
        rc = finish(in, err);
    drop_drafts(in);
    if (rc == 0)
        sum_up(in);
    else
        undo(in);
    moxd_arena_free(in->batch);
    in->im->store->close(in->acc);
    return rc;
}
