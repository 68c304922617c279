#include "acl.h"
#include <moxd/enc.h>

static const char table[] = "imap.acl";
enum { RECORD_MAX = 64 * 1024 - 1 }; /* of a table of the store */

/* What happens to a list, in a transaction, on a worker. */
struct job {
    const struct store_v1 *store;
    struct moxd_arena *a;
    unsigned char key[4]; /* id of the mailbox */
    struct moxd_imap_acl acl;
    bool write; /* change it */
    bool whole; /* with all of acl, else: */
    struct moxd_str id;
    enum moxd_imap_store_mode mode;
    unsigned rights;
};

static struct moxd_str key_of(const struct job *job)
{
    return moxd_str((const char *)job->key, sizeof(job->key));
}

static int load(struct store_tx *tx, struct job *job, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(RECORD_MAX);
    int r = store_tx_find(job->store, tx, table, key_of(job), &b, err);

    job->acl = (struct moxd_imap_acl){ 0 };
    if (r > 0)
        r = moxd_imap_acl_decode(job->a, moxd_buf_str(&b), &job->acl, err);
    moxd_buf_fini(&b);
    return r;
}

static int save(struct store_tx *tx, const struct job *job, struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(RECORD_MAX);
    int r;

    if (job->acl.n == 0)
        return job->store->tx_del(tx, table, key_of(job), err);
    moxd_imap_acl_encode(&job->acl, &b);
    r = b.overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "too many rights")
                   : job->store->tx_put(tx, table, key_of(job), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return r;
}

static unsigned changed(const struct job *job)
{
    unsigned had = moxd_imap_acl_get(&job->acl, job->id);

    if (job->mode == MOXD_IMAP_STORE_ADD)
        return had | job->rights;
    return job->mode == MOXD_IMAP_STORE_REMOVE ? had & ~job->rights : job->rights;
}

/* May run again: it begins with what is stored. */
static int run(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *job = arg;

    if (job->whole)
        return save(tx, job, err);
    if (load(tx, job, err) < 0)
        return -1;
    if (!job->write)
        return 0;
    if (moxd_imap_acl_set(&job->acl, job->a, job->id, changed(job), err) < 0)
        return -1;
    return save(tx, job, err);
}

static int submit(struct imap_session *s, struct job *job, uint32_t mailbox, struct moxd_err *err)
{
    const struct imap *im = s->im;

    job->store = im->store;
    job->a = s->a;
    moxd_put_be32(job->key, mailbox);
    if (job->write)
        return im->store->transact(im->store_self, s->acc, run, job, err);
    return im->store->view(im->store_self, s->acc, run, job, err);
}

int imap_acl_read(struct imap_session *s, uint32_t mailbox, struct moxd_imap_acl *out,
                  struct moxd_err *err)
{
    struct job job = { .write = false };

    if (submit(s, &job, mailbox, err) < 0)
        return -1;
    *out = job.acl;
    return 0;
}

int imap_acl_change(struct imap_session *s, uint32_t mailbox, struct moxd_str id,
                    enum moxd_imap_store_mode mode, unsigned rights, struct moxd_err *err)
{
    struct job job = { .write = true, .id = id, .mode = mode, .rights = rights };

    return submit(s, &job, mailbox, err);
}

int imap_acl_write(struct imap_session *s, uint32_t mailbox, const struct moxd_imap_acl *acl,
                   struct moxd_err *err)
{
    struct job job = { .write = true, .whole = true, .acl = *acl };

    return submit(s, &job, mailbox, err);
}

void imap_acl_forget(struct imap_session *s, uint32_t mailbox)
{
    static const struct moxd_imap_acl none;
    struct moxd_imap_acl acl;
    struct moxd_err err = { 0 };

    if (imap_acl_read(s, mailbox, &acl, &err) < 0 ||
        (acl.n > 0 && imap_acl_write(s, mailbox, &none, &err) < 0))
        moxd_error(&s->log, "rights are left behind", moxd_kve(&err));
}

/* --- new mailboxes ------------------------------------------------------------------------------------ */

static struct moxd_str parent_of(struct moxd_str name)
{
    ptrdiff_t slash = moxd_str_rchr(name, '/');

    return moxd_str_sub(name, 0, slash < 0 ? 0 : (size_t)slash);
}

void imap_acl_find_heritage(struct imap_session *s, struct moxd_str name,
                            struct imap_acl_heritage *out)
{
    struct store_mailbox mb;
    struct moxd_err err = { 0 };

    *out = (struct imap_acl_heritage){ 0 };
    for (name = parent_of(name); name.n > 0; name = parent_of(name)) {
        if (s->im->store->mailbox(s->acc, name, 0, s->a, &mb, NULL) < 0)
            continue;
        out->existing = name.n;
        if (imap_acl_read(s, mb.id, &out->acl, &err) < 0)
            moxd_error(&s->log, "rights cannot be read", moxd_kve(&err));
        return;
    }
}

void imap_acl_inherit(struct imap_session *s, struct moxd_str name,
                      const struct imap_acl_heritage *from)
{
    struct store_mailbox mb;
    struct moxd_err err = { 0 };

    for (; from->acl.n > 0 && name.n > from->existing; name = parent_of(name))
        if (s->im->store->mailbox(s->acc, name, 0, s->a, &mb, &err) < 0 ||
            imap_acl_write(s, mb.id, &from->acl, &err) < 0)
            moxd_error(&s->log, "rights cannot be inherited", moxd_kve(&err));
}
