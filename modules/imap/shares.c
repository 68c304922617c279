/* Who shares with whom: a table of the server, with a key "grantee NUL owner" for each account that was ever named by
 * another. It only says where to look; what counts are the lists. It is read once, and kept in memory. */
#include "place.h"
#include <stdlib.h>

static const char table[] = "imap.shared";

struct imap_shares {
    struct moxd_fifolock
        lock; /* of reading and writing the table; the rest changes without suspension */
    bool loaded;
    struct share {
        char *grantee, *owner; /* heap */
    } * v;
    size_t n, cap;
};

static struct imap_shares *shares_of(struct imap *im)
{
    if (!im->shares)
        im->shares = moxd_xcalloc(1, sizeof(*im->shares));
    return im->shares;
}

void imap_shares_free(struct imap *im)
{
    for (size_t i = 0; im->shares && i < im->shares->n; i++) {
        free(im->shares->v[i].grantee);
        free(im->shares->v[i].owner);
    }
    if (im->shares)
        free(im->shares->v);
    free(im->shares);
    im->shares = NULL;
}

static char *copy(struct moxd_str s)
{
    char *p = moxd_xmalloc(s.n + 1);

    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

static void add(struct imap_shares *sh, struct moxd_str grantee, struct moxd_str owner)
{
    if (sh->n == sh->cap) {
        sh->cap = sh->cap ? 2 * sh->cap : 16;
        sh->v = moxd_xreallocarray(sh->v, sh->cap, sizeof(*sh->v));
    }
    sh->v[sh->n++] = (struct share){ copy(grantee), copy(owner) };
}

static bool has(const struct imap_shares *sh, struct moxd_str grantee, const char *owner)
{
    for (size_t i = 0; i < sh->n; i++)
        if (moxd_str_eqs(grantee, sh->v[i].grantee) && strcmp(sh->v[i].owner, owner) == 0)
            return true;
    return false;
}

/* --- the table ------------------------------------------------------------------------------------- */

struct job {
    const struct store_v1 *store;
    struct imap_shares read; /* all of it */
    struct moxd_str key;     /* to be written */
};

static int each(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *job = arg;
    ptrdiff_t nul = moxd_str_chr(key, '\0');

    (void)value;
    if (nul > 0)
        add(&job->read, moxd_str_sub(key, 0, (size_t)nul), moxd_str_from(key, (size_t)nul + 1));
    return 0;
}

/* A view runs once. */
static int run_load(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *job = arg;

    return job->store->tx_each(tx, table, MOXD_STR(""), each, job, err) < 0 ? -1 : 0;
}

static int run_put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct job *job = arg;

    return job->store->tx_put(tx, table, job->key, MOXD_STR(""), err);
}

static int load(struct imap *im, struct imap_shares *sh, struct moxd_err *err)
{
    struct job job = { .store = im->store };
    int r;

    if (sh->loaded)
        return 0;
    r = im->store->view(im->store_self, NULL, run_load, &job, err);
    for (size_t i = 0; r == 0 && i < job.read.n; i++)
        add(sh, moxd_cstr(job.read.v[i].grantee), moxd_cstr(job.read.v[i].owner));
    for (size_t i = 0; i < job.read.n; i++) {
        free(job.read.v[i].grantee);
        free(job.read.v[i].owner);
    }
    free(job.read.v);
    sh->loaded = r == 0;
    return r;
}

static int load_once(struct imap *im, struct moxd_err *err)
{
    struct imap_shares *sh = shares_of(im);
    int r;

    if (sh->loaded)
        return 0;
    if (moxd_fifolock_exclusive(&sh->lock, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    r = load(im, sh, err);
    moxd_fifolock_release(&sh->lock);
    return r;
}

/* --- accounts that are removed ---------------------------------------------------------------------- */

static bool names(const struct share *v, const char *account)
{
    return strcmp(v->grantee, account) == 0 || strcmp(v->owner, account) == 0;
}

static struct moxd_str key_of(struct moxd_arena *a, const char *grantee, const char *owner)
{
    size_t n = strlen(grantee), m = strlen(owner);
    char *key = moxd_arena_alloc(a, n + 1 + m + 1);

    memcpy(key, grantee, n + 1);
    memcpy(key + n + 1, owner, m + 1);
    return moxd_str(key, n + 1 + m);
}

struct forgetting {
    const struct store_v1 *store;
    const struct imap_shares *sh; /* does not change meanwhile: its lock is held */
    const char *account;
    struct moxd_arena *a;
};

static int run_forget(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    const struct forgetting *f = arg;

    for (size_t i = 0; i < f->sh->n; i++) {
        const struct share *v = &f->sh->v[i];

        if (names(v, f->account) &&
            f->store->tx_del(tx, table, key_of(f->a, v->grantee, v->owner), err) < 0)
            return -1;
    }
    return 0;
}

static void forget(struct imap_shares *sh, const char *account)
{
    size_t n = 0;

    for (size_t i = 0; i < sh->n; i++) {
        if (names(&sh->v[i], account)) {
            free(sh->v[i].grantee);
            free(sh->v[i].owner);
        } else {
            sh->v[n++] = sh->v[i];
        }
    }
    sh->n = n;
}

int imap_shares_forget(struct imap *im, const char *account, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct imap_shares *sh = shares_of(im);
    struct forgetting f = { .store = im->store, .sh = sh, .account = account, .a = a };
    int r;

    if (moxd_fifolock_exclusive(&sh->lock, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    r = load(im, sh, err);
    if (r == 0)
        r = im->store->transact(im->store_self, NULL, run_forget, &f, err);
    if (r == 0)
        forget(sh, account);
    moxd_fifolock_release(&sh->lock);
    return r;
}

/* --- asked and told --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int imap_shares_with(struct imap_session *s, const char ***owners, size_t *n, struct moxd_err *err)
{
    const struct imap_shares *sh;
    size_t k = 0;

    *n = 0;
    *owners = NULL;
    if (load_once(s->im, err) < 0)
        return -1;
    sh = s->im->shares;
    if (sh->n == 0)
        return 0;
    *owners = moxd_arena_calloc(s->a, sh->n, sizeof(**owners));
    for (size_t i = 0; i < sh->n; i++)
        if ((strcmp(sh->v[i].grantee, s->who.account) == 0 ||
             strcmp(sh->v[i].grantee, "anyone") == 0) &&
            strcmp(sh->v[i].owner, s->who.account) != 0)
            (*owners)[k++] = moxd_arena_strdup(s->a, sh->v[i].owner);
    qsort(*owners, k, sizeof(**owners), by_name);
    for (size_t i = 0; i < k; i++)
        if (*n == 0 || strcmp((*owners)[*n - 1], (*owners)[i]) != 0)
            (*owners)[(*n)++] = (*owners)[i];
    return 0;
}

int imap_shares_has(struct imap_session *s, const char *owner, bool *out, struct moxd_err *err)
{
    if (load_once(s->im, err) < 0)
        return -1;
    *out = strcmp(owner, s->who.account) != 0 &&
           (has(s->im->shares, moxd_cstr(s->who.account), owner) ||
            has(s->im->shares, MOXD_STR("anyone"), owner));
    return 0;
}

int imap_shares_add(struct imap_session *s, const char *owner, struct moxd_str id,
                    struct moxd_err *err)
{
    struct imap_shares *sh;
    struct job job = { .store = s->im->store };
    int r;

    if (load_once(s->im, err) < 0)
        return -1;
    sh = s->im->shares;
    if (has(sh, id, owner))
        return 0;
    if (moxd_fifolock_exclusive(&sh->lock, MOXD_NEVER) != MOXD_OK)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    job.key = key_of(s->a, moxd_arena_cstr(s->a, id), owner);
    r = s->im->store->transact(s->im->store_self, NULL, run_put, &job, err);
    if (r == 0 && !has(sh, id, owner))
        add(sh, id, moxd_cstr(owner));
    moxd_fifolock_release(&sh->lock);
    return r;
}
