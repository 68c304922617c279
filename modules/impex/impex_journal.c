/* What an import has done so far, on disk in the transactions that do it: what it takes to take everything back, also after a
 * crash (IMPEX-05). Records in the table "impex", by the id of the import:
 *     of the server   id -> account64 name: there is an import
 *     of the account  id -> for each mailbox that it makes: '+' when its name was subscribed, else '-', the name, NUL
 *                     id uid32 -> mailbox32 last32: messages that it added
 * The import is done when those of the account are gone; without them nothing can be taken back. */
#include "impex.h"

#include <moxd/enc.h>

static const char table[] = "impex";

enum {
    ID = IMPEX_JOURNAL_ID,
    BATCH_KEY = ID + 4,
    BATCH_VALUE = 8,
    LEVELS = 32 /* of a name, in the store */
};

static struct moxd_str id_str(const struct impex_journal *j)
{
    return moxd_str(j->id, ID);
}

/* --- of the server -------------------------------------------------------------------------------- */

struct server_job {
    const struct impex_journal *j;
    uint64_t account;
    const char *name; /* NULL: it goes */
};

static int server_put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct server_job *job = arg;
    const struct store_v1 *store = job->j->im->store;
    struct moxd_buf value MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(8 + 1000);
    char account[8];

    if (!job->name)
        return store->tx_del(tx, table, id_str(job->j), err);
    moxd_put_be64(account, job->account);
    moxd_buf_add(&value, account, sizeof(account));
    moxd_buf_adds(&value, job->name);
    return store->tx_put(tx, table, id_str(job->j), moxd_buf_str(&value), err);
}

static int write_server(const struct impex_journal *j, uint64_t account, const char *name,
                        struct moxd_err *err)
{
    struct server_job job = { j, account, name };

    return j->im->store->transact(j->im->store_self, NULL, server_put, &job, err);
}

/* --- of the account ------------------------------------------------------------------------------- */

struct making {
    const struct impex_journal *j;
    struct moxd_buf names;
};

/* The mailbox and those above it that are not there. */
static int find_missing(struct impex_journal *j, struct moxd_str mailbox, struct moxd_buf *out,
                        struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct store_v1 *store = j->im->store;
    const char **subscribed;
    size_t n;

    if (store->subscriptions(j->acc, a, &subscribed, &n, err) < 0)
        return -1;
    for (size_t i = 0; i <= mailbox.n; i++) {
        struct moxd_str name = moxd_str_sub(mailbox, 0, i);
        struct moxd_err why = { 0 };
        struct store_mailbox mb;
        bool was = false;

        if (i < mailbox.n && mailbox.p[i] != '/')
            continue;
        if (store->mailbox(j->acc, name, 0, a, &mb, &why) == 0)
            continue;
        if (why.kind != MOXD_ERR_NOTFOUND) {
            *err = why;
            return -1;
        }
        for (size_t k = 0; k < n; k++)
            was |= moxd_str_eqs(name, subscribed[k]);
        moxd_buf_addc(out, was ? '+' : '-');
        moxd_buf_addstr(out, name);
        moxd_buf_addc(out, '\0');
    }
    return out->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "mailbox name too long") : 0;
}

static int put_head(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct making *mk = arg;

    return mk->j->im->store->tx_put(tx, table, id_str(mk->j), moxd_buf_str(&mk->names), err);
}

int impex_journal_begin(struct impex_journal *j, struct impex *im, struct store_account *acc,
                        struct moxd_str mailbox, struct moxd_err *err)
{
    struct making mk = { j, MOXD_BUF_INIT(60 * 1024) };
    int rc;

    *j = (struct impex_journal){ .im = im, .acc = acc };
    moxd_random(j->id, sizeof(j->id));
    rc = find_missing(j, mailbox, &mk.names, err);
    if (rc == 0)
        rc = write_server(j, im->store->account_id(acc), im->store->account_name(acc), err);
    if (rc == 0)
        rc = im->store->transact(im->store_self, acc, put_head, &mk, err);
    moxd_buf_fini(&mk.names);
    return rc;
}

int impex_journal_note(const struct impex_journal *j, struct store_tx *tx, uint32_t mailbox,
                       uint32_t first, uint32_t last, struct moxd_err *err)
{
    char key[BATCH_KEY], value[BATCH_VALUE];

    memcpy(key, j->id, ID);
    moxd_put_be32(key + ID, first);
    moxd_put_be32(value, mailbox);
    moxd_put_be32(value + 4, last);
    return j->im->store->tx_put(tx, table, moxd_str(key, sizeof(key)),
                                moxd_str(value, sizeof(value)), err);
}

/* --- what is there -------------------------------------------------------------------------------- */

struct found {
    const struct impex_journal *j;
    struct moxd_arena *a;
    bool head;
    struct moxd_str names;
    uint32_t mailbox;
    struct store_uid_range *v; /* ascending */
    size_t n, cap;
};

static int take(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct found *f = arg;

    if (key.n == ID) {
        f->head = true;
        f->names = moxd_arena_str(f->a, value);
        return 0;
    }
    if (key.n != BATCH_KEY || value.n != BATCH_VALUE)
        return 0;
    struct store_uid_range *r = moxd_arena_push(f->a, &f->v, &f->n, &f->cap, sizeof(*r));
    *r = (struct store_uid_range){ moxd_get_be32(key.p + ID), moxd_get_be32(value.p + 4) };
    f->mailbox = moxd_get_be32(value.p); /* an import has one */
    return 0;
}

static int read_all(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct found *f = arg;

    return f->j->im->store->tx_each(tx, table, id_str(f->j), take, f, err) < 0 ? -1 : 0;
}

/* --- the end -------------------------------------------------------------------------------------- */

static int del_all(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct found *f = arg;
    const struct store_v1 *store = f->j->im->store;
    char key[BATCH_KEY];

    memcpy(key, f->j->id, ID);
    for (size_t i = 0; i < f->n; i++) {
        moxd_put_be32(key + ID, f->v[i].first);
        if (store->tx_del(tx, table, moxd_str(key, sizeof(key)), err) < 0)
            return -1;
    }
    return store->tx_del(tx, table, id_str(f->j), err);
}

int impex_journal_drop(const struct impex_journal *j, struct moxd_err *err)
{
    return write_server(j, 0, NULL, err);
}

/* Without the record of the account nothing is taken back: one of the server that stays is removed at the next start. */
static int forget(struct found *f, struct moxd_err *err)
{
    const struct impex *im = f->j->im;

    if (im->store->transact(im->store_self, f->j->acc, del_all, f, err) < 0)
        return -1;
    return impex_journal_drop(f->j, err);
}

int impex_journal_commit(const struct impex_journal *j, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct found f = { .j = j, .a = a };

    if (j->im->store->view(j->im->store_self, j->acc, read_all, &f, err) < 0)
        return -1;
    return forget(&f, err);
}

/* A mailbox that was made goes when nobody has put anything into it. */
static int remove_mailbox(const struct impex_journal *j, struct moxd_str name, bool subscribed,
                          struct moxd_err *err)
{
    const struct store_v1 *store = j->im->store;
    struct moxd_err why = { 0 };

    if (store->mailbox_delete_empty(j->acc, name, &why) == 0)
        return subscribed ? 0 : store->subscribe(j->acc, name, false, err);
    if (why.kind == MOXD_ERR_NOTFOUND || why.kind == MOXD_ERR_STATE)
        return 0;
    *err = why;
    return -1;
}

/* Those below first. */
static int remove_mailboxes(const struct found *f, struct moxd_err *err)
{
    struct moxd_str v[LEVELS], rest = f->names;
    size_t n = 0;

    while (rest.n > 0 && n < LEVELS)
        v[n++] = moxd_str_cut(&rest, '\0');
    while (n-- > 0)
        if (v[n].n > 1 && remove_mailbox(f->j, moxd_str_from(v[n], 1), v[n].p[0] == '+', err) < 0)
            return -1;
    return 0;
}

int impex_journal_undo(const struct impex_journal *j, uint64_t *messages, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    const struct store_v1 *store = j->im->store;
    struct found f = { .j = j, .a = a };
    struct moxd_err why = { 0 };

    *messages = 0;
    if (store->view(j->im->store_self, j->acc, read_all, &f, err) < 0)
        return -1;
    struct store_uids uids = { f.v, f.n };
    for (size_t i = 0; i < f.n; i++)
        *messages += f.v[i].last - f.v[i].first + 1;
    if (f.n > 0 && store->discard(j->acc, f.mailbox, &uids, &why) < 0 &&
        why.kind != MOXD_ERR_NOTFOUND) {
        *err = why;
        return -1;
    }
    return remove_mailboxes(&f, err) < 0 ? -1 : forget(&f, err);
}
