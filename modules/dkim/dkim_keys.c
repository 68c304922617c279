/* Private keys: read when they are first needed, looked at again in each generation of domains.conf. */
#include "dkim.h"

#include <fcntl.h>
#include <moxd/offload.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct dkim_kept {
    char *path;
    struct moxd_dkim_private *key;
    uint64_t generation; /* when the file was looked at */
};

static int read_file(int fd, struct moxd_buf *out, const char *path, struct moxd_err *err)
{
    struct stat st;
    ssize_t n = 1;

    if (fd < 0 || fstat(fd, &st) < 0)
        return moxd_err_sys(err, "%s", path);
    if (!S_ISREG(st.st_mode))
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: not a regular file", path);
    if (st.st_size > DKIM_KEY_FILE_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "%s: too large for a key", path);
    while (n > 0 && out->n < DKIM_KEY_FILE_MAX) {
        char *room = moxd_buf_room(out, DKIM_KEY_FILE_MAX - out->n);
        n = read(fd, room, DKIM_KEY_FILE_MAX - out->n);
        if (n > 0)
            moxd_buf_grew(out, (size_t)n);
    }
    return n < 0 ? moxd_err_sys(err, "%s", path) : 0;
}

/* Without O_NONBLOCK a named pipe would stop us for ever. */
struct moxd_dkim_private *dkim_key_load(const char *path, struct moxd_err *err)
{
    MOXD_CLEANUP(moxd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct moxd_buf pem = MOXD_BUF_INIT(DKIM_KEY_FILE_MAX);
    struct moxd_dkim_private *key = NULL;

    if (read_file(fd, &pem, path, err) == 0) {
        key = moxd_dkim_private_parse(moxd_buf_str(&pem), err);
        if (key == NULL)
            (void)moxd_err_wrap(err, "%s", path);
    }
    moxd_buf_wipe(&pem);
    return key;
}

/* --- the cache ------------------------------------------------------------------------------------- */

/* Where the path is or belongs. */
static size_t place(const struct dkim *d, const char *path)
{
    size_t lo = 0, hi = d->nkept;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(d->kept[mid]->path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct dkim_kept *find(const struct dkim *d, const char *path)
{
    size_t i = place(d, path);
    return i < d->nkept && strcmp(d->kept[i]->path, path) == 0 ? d->kept[i] : NULL;
}

static void free_kept(struct dkim_kept *k)
{
    moxd_dkim_private_unref(k->key);
    free(k->path);
    free(k);
}

void dkim_keys_free(struct dkim *d)
{
    for (size_t i = 0; i < d->nkept; i++)
        free_kept(d->kept[i]);
    free(d->kept);
    d->kept = NULL;
    d->nkept = d->kept_cap = 0;
}

static void keep(struct dkim *d, const char *path, struct moxd_dkim_private *key)
{
    struct dkim_kept *k = find(d, path);

    if (k == NULL) {
        if (d->nkept == DKIM_KEPT_KEYS)
            dkim_keys_free(d);
        size_t i = place(d, path);
        if (d->nkept == d->kept_cap) {
            d->kept_cap = d->kept_cap ? 2 * d->kept_cap : 16;
            d->kept = moxd_xreallocarray(d->kept, d->kept_cap, sizeof(struct dkim_kept *));
        }
        memmove(d->kept + i + 1, d->kept + i, (d->nkept - i) * sizeof(struct dkim_kept *));
        d->nkept++;
        k = d->kept[i] = moxd_xcalloc(1, sizeof(*k));
        k->path = moxd_xstrdup(path);
    }
    moxd_dkim_private_unref(k->key);
    k->key = moxd_dkim_private_ref(key);
    k->generation = d->generation;
}

struct load {
    const char *path;
    struct moxd_dkim_private *key;
    struct moxd_err err;
};

static void load(void *arg)
{
    struct load *l = arg;
    l->key = dkim_key_load(l->path, &l->err);
}

struct moxd_dkim_private *dkim_key_get(struct dkim *d, const char *path, struct moxd_err *err)
{
    const struct dkim_kept *k = find(d, path);
    struct load l = { .path = path };

    if (k && k->generation == d->generation)
        return moxd_dkim_private_ref(k->key);
    (void)moxd_offload(MOXD_LANE_FSYNC, load, &l);
    if (l.key == NULL) {
        *err = l.err;
        return NULL;
    }
    keep(d, path, l.key);
    return l.key;
}
