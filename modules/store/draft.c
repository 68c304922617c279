/* A body in the making: in memory while small, then in a file that has no name, which cannot outlive
 * the process; where the file system has no such files, in one that is removed at the next start. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* So much is kept in memory before it goes to the file; at most twice as much is collected at once. */
enum { DRAFT_MEMORY = 128 * 1024 };

struct store_draft *store_draft_new(struct moxd_instance *self)
{
    struct store_draft *d = moxd_xcalloc(1, sizeof(*d));

    d->s = MOXD_CONTAINER(self, struct store, m);
    d->fd = -1;
    moxd_buf_init(&d->mem, 2 * DRAFT_MEMORY);
    return d;
}

void store_draft_free(struct store_draft *d)
{
    if (d == NULL)
        return;
    moxd_closep(&d->fd);
    if (d->name[0] != '\0')
        (void)unlinkat(d->s->env->tmp_fd, d->name, 0);
    moxd_buf_fini(&d->mem);
    free(d);
}

uint64_t store_draft_size(const struct store_draft *d)
{
    return d->of != NULL ? d->part_size : d->in_file + d->mem.n;
}

struct store_draft *store_draft_part(struct store_draft *d, uint64_t off, uint64_t n)
{
    struct store_draft *part = store_draft_new(&d->s->m);

    moxd_assert(d->of == NULL && n <= store_draft_size(d) && off <= store_draft_size(d) - n);
    part->of = d;
    part->off = off;
    part->part_size = n;
    return part;
}

/* --- spooling ---------------------------------------------------------------------------------- */

static const char prefix[] = "draft-";

void store_draft_sweep(struct store_env *env)
{
    int fd = openat(env->tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    if (dir == NULL) {
        moxd_closep(&fd);
        return;
    }
    while ((e = readdir(dir)) != NULL)
        if (moxd_str_starts(moxd_cstr(e->d_name), moxd_cstr(prefix)))
            (void)unlinkat(env->tmp_fd, e->d_name, 0);
    closedir(dir);
}

/* Without O_TMPFILE. */
static int open_named(struct store_draft *d)
{
    unsigned char random[8];

    moxd_random(random, sizeof(random));
    snprintf(d->name, sizeof(d->name), "%s%016llx", prefix,
             (unsigned long long)moxd_get_be64(random));
    int fd = openat(d->s->env->tmp_fd, d->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    if (fd < 0)
        d->name[0] = '\0';
    return fd;
}

static int open_spool(struct store_draft *d)
{
    int fd = openat(d->s->env->tmp_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return fd;
    return open_named(d);
}

static int spool_job(void *arg, struct moxd_err *err)
{
    struct store_draft *d = arg;
    size_t at = 0;

    if (d->fd < 0 && (d->fd = open_spool(d)) < 0)
        return moxd_err_sys(err, "make a temporary file");
    while (at < d->mem.n) {
        ssize_t w = pwrite(d->fd, d->mem.p + at, d->mem.n - at, (off_t)(d->in_file + at));
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return moxd_err_sys(err, "write a temporary file");
        at += (size_t)w;
    }
    d->in_file += d->mem.n;
    moxd_buf_reset(&d->mem);
    return 0;
}

int store_draft_write(struct store_draft *d, const char *p, size_t n, struct moxd_err *err)
{
    moxd_assert(d->of == NULL);
    while (n > 0) {
        size_t piece = n < DRAFT_MEMORY ? n : DRAFT_MEMORY;
        moxd_buf_add(&d->mem, p, piece);
        moxd_assert(!d->mem.overflow);
        p += piece;
        n -= piece;
        if (d->mem.n > DRAFT_MEMORY && store_offload(MOXD_LANE_FSYNC, spool_job, d, err) < 0)
            return -1;
    }
    return 0;
}

/* Small parts of a file are read: they belong into the database. */
static int load_part(struct store_draft *d, struct moxd_err *err)
{
    size_t n = (size_t)d->part_size;
    char *p = moxd_buf_room(&d->mem, n);

    moxd_assert(p != NULL);
    for (size_t at = 0; at < n;) {
        long r = store_draft_read(d, at, p + at, n - at, err);
        if (r <= 0)
            return r < 0 ? -1 : moxd_err_set(err, MOXD_ERR_IO, "a temporary file is too short");
        at += (size_t)r;
    }
    moxd_buf_grew(&d->mem, n);
    return 0;
}

static int part_source(struct store_draft *d, struct store_source *out, struct moxd_err *err)
{
    if (store_draft_source(d->of, out, err) < 0)
        return -1;
    if (out->fd >= 0 && d->part_size > d->s->opt.body_in_db) {
        out->part = true;
        out->off = d->off;
        out->size = d->part_size;
        return 0;
    }
    if (out->fd >= 0 && d->mem.n == 0 && load_part(d, err) < 0)
        return -1;
    struct moxd_str mem = out->fd >= 0
                              ? moxd_buf_str(&d->mem)
                              : moxd_str_sub(out->mem, (size_t)d->off, (size_t)d->part_size);
    *out = (struct store_source){ .fd = -1, .size = d->part_size, .mem = mem };
    return 0;
}

int store_draft_source(struct store_draft *d, struct store_source *out, struct moxd_err *err)
{
    if (d->of != NULL)
        return part_source(d, out, err);
    if (d->fd >= 0 && d->mem.n > 0 && store_offload(MOXD_LANE_FSYNC, spool_job, d, err) < 0)
        return -1;
    *out = (struct store_source){ .fd = d->fd, .size = store_draft_size(d),
                                  .mem = moxd_str(moxd_buf_cstr(&d->mem), d->mem.n) };
    return 0;
}

long store_draft_read(struct store_draft *d, uint64_t off, void *p, size_t n, struct moxd_err *err)
{
    if (off >= store_draft_size(d))
        return 0;
    if (d->of != NULL)
        return store_draft_read(d->of, d->off + off, p,
                                n < d->part_size - off ? n : (size_t)(d->part_size - off), err);
    if (off >= d->in_file) {
        struct moxd_str part = moxd_str_sub(moxd_buf_str(&d->mem), (size_t)(off - d->in_file), n);
        memcpy(p, part.p, part.n);
        return (long)part.n;
    }
    if (n > d->in_file - off)
        n = (size_t)(d->in_file - off);
    ssize_t r = pread(d->fd, p, n, (off_t)off);
    return r > 0 ? r : moxd_err_sys(err, "read a temporary file");
}
