#include "place.h"
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

static int submit(struct imap_session *s, struct store_account *acc, struct job *job,
                  uint32_t mailbox, struct moxd_err *err)
{
    const struct imap *im = s->im;

    job->store = im->store;
    if (!job->a)
        job->a = s->a;
    moxd_put_be32(job->key, mailbox);
    if (!job->write)
        return im->store->view(im->store_self, acc, run, job, err);
    if (im->store->transact(im->store_self, acc, run, job, err) < 0)
        return -1;
    imap_rights_changed(s, acc, mailbox);
    return 0;
}

int imap_acl_read_in(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                     struct moxd_arena *a, struct moxd_imap_acl *out, struct moxd_err *err)
{
    struct job job = { .write = false, .a = a };

    if (submit(s, acc, &job, mailbox, err) < 0)
        return -1;
    *out = job.acl;
    return 0;
}

int imap_acl_read(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                  struct moxd_imap_acl *out, struct moxd_err *err)
{
    return imap_acl_read_in(s, acc, mailbox, s->a, out, err);
}

int imap_acl_change(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                    struct moxd_str id, enum moxd_imap_store_mode mode, unsigned rights,
                    struct moxd_err *err)
{
    struct job job = { .write = true, .id = id, .mode = mode, .rights = rights };

    return submit(s, acc, &job, mailbox, err);
}

int imap_acl_write(struct imap_session *s, struct store_account *acc, uint32_t mailbox,
                   const struct moxd_imap_acl *acl, struct moxd_err *err)
{
    struct job job = { .write = true, .whole = true, .acl = *acl };

    return submit(s, acc, &job, mailbox, err);
}

void imap_acl_forget(struct imap_session *s, struct store_account *acc, uint32_t mailbox)
{
    static const struct moxd_imap_acl none;
    struct moxd_imap_acl acl;
    struct moxd_err err = { 0 };

    if (imap_acl_read(s, acc, mailbox, &acl, &err) < 0 ||
        (acl.n > 0 && imap_acl_write(s, acc, mailbox, &none, &err) < 0))
        moxd_error(&s->log, "rights are left behind", moxd_kve(&err));
}

/* --- all of an account ------------------------------------------------------------------------------- */

struct all {
    struct imap_session *s;
    struct imap_acl_all *out;
};

/* A list that cannot be read gives nobody anything. */
static int each(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct all *all = arg;
    struct moxd_imap_acl acl;
    struct imap_acl_rights *r;

    if (key.n != 4 || moxd_imap_acl_decode(all->s->a, value, &acl, NULL) < 0)
        return 0;
    r = moxd_arena_push(all->s->a, &all->out->v, &all->out->n, &all->out->cap, sizeof(*r));
    r->mailbox = moxd_get_be32(key.p);
    r->rights = moxd_imap_acl_rights(&acl, moxd_cstr(all->s->who.account));
    return 0;
}

static int run_all(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct all *all = arg;

    *all->out = (struct imap_acl_all){ 0 };
    return all->s->im->store->tx_each(tx, table, MOXD_STR(""), each, all, err) < 0 ? -1 : 0;
}

int imap_acl_all(struct imap_session *s, struct store_account *acc, struct imap_acl_all *out,
                 struct moxd_err *err)
{
    struct all all = { .s = s, .out = out };

    return s->im->store->view(s->im->store_self, acc, run_all, &all, err);
}

unsigned imap_acl_of(const struct imap_acl_all *all, uint32_t mailbox)
{
    size_t lo = 0, hi = all->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;

        if (all->v[mid].mailbox < mailbox)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < all->n && all->v[lo].mailbox == mailbox ? all->v[lo].rights : 0;
}

/* --- new mailboxes ------------------------------------------------------------------------------------ */

static struct moxd_str parent_of(struct moxd_str name)
{
    ptrdiff_t slash = moxd_str_rchr(name, '/');

    return moxd_str_sub(name, 0, slash < 0 ? 0 : (size_t)slash);
}

void imap_acl_find_heritage(struct imap_session *s, struct store_account *acc, struct moxd_str name,
                            struct imap_acl_heritage *out)
{
    struct store_mailbox mb;
    struct moxd_err err = { 0 };

    *out = (struct imap_acl_heritage){ 0 };
    for (name = parent_of(name); name.n > 0; name = parent_of(name)) {
        if (s->im->store->mailbox(acc, name, 0, s->a, &mb, NULL) < 0)
            continue;
        out->existing = name.n;
        if (imap_acl_read(s, acc, mb.id, &out->acl, &err) < 0)
            moxd_error(&s->log, "rights cannot be read", moxd_kve(&err));
        return;
    }
}

void imap_acl_inherit(struct imap_session *s, struct store_account *acc, struct moxd_str name,
                      const struct imap_acl_heritage *from)
{
    struct store_mailbox mb;
    struct moxd_err err = { 0 };

    for (; from->acl.n > 0 && name.n > from->existing; name = parent_of(name))
        if (s->im->store->mailbox(acc, name, 0, s->a, &mb, &err) < 0 ||
            imap_acl_write(s, acc, mb.id, &from->acl, &err) < 0)
            moxd_error(&s->log, "rights cannot be inherited", moxd_kve(&err));
}
