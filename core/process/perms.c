#include "process/perms.h"

#include "process/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>

enum { SHALLOW = 2, DEEP = 32 };

struct repair {
    const struct core_perms *p;
    const char *config_dir;
};

static bool is_config(const struct core_perms *p, const char *path)
{
    return strcmp(path, p->config_path) == 0 || strcmp(path, p->domains_path) == 0;
}

static void want_data(void *arg, const char *path, const struct stat *st, struct core_want *w)
{
    const struct repair *r = arg;
    mode_t mode = S_ISDIR(st->st_mode) ? 0700 : st->st_mode & 0600;

    *w = (struct core_want){
        .uid = r->p->user->uid, .gid = r->p->user->gid, .mode = mode, .leave = is_config(r->p, path)
    };
}

static bool is_key(const struct core_perms *p, const char *path)
{
    for (const char *const *key = p->keys; key && *key; key++)
        if (strcmp(*key, path) == 0)
            return true;
    return false;
}

static void want_config(void *arg, const char *path, const struct stat *st, struct core_want *w)
{
    const struct repair *r = arg;
    const struct core_user *user = r->p->user;

    *w = (struct core_want){ .gid = user->gid, .mode = (st->st_mode & 0640) | 0440 };
    if (strcmp(path, r->p->domains_path) == 0)
        *w = (struct core_want){ .uid = user->uid, .gid = user->gid, .mode = 0600 };
    else if (strcmp(path, r->config_dir) == 0)
        w->mode = 01770;
    else if (S_ISDIR(st->st_mode))
        w->mode = 0750;
    else if (is_key(r->p, path))
        *w = (struct core_want){ .mode = st->st_mode & 0600 };
    else
        w->leave = st->st_mode & 0111; /* a program is no configuration */
}

/* /etc/moxd, /home/moxd/config: named as ours. */
static bool named_as_ours(const char *dir)
{
    const char *slash = strrchr(dir, '/');
    const char *base = slash ? slash + 1 : dir;

    return strstr(base, "moxd") || strcmp(base, "config") == 0;
}

static bool is_program(int dir, const char *name)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           (st.st_mode & 0111);
}

/* Programs are no configuration: this is somebody's source tree, or /opt/moxd. */
static bool has_programs(const char *path)
{
    DIR *dir = opendir(path);
    bool found = false;

    for (struct dirent *e = dir ? readdir(dir) : NULL; e && !found; e = readdir(dir))
        found = is_program(dirfd(dir), e->d_name);
    if (dir)
        closedir(dir);
    return found;
}

static void skip_dir(struct core_walk *walk, const char *start, const char *dir)
{
    struct stat st;

    if (strcmp(start, dir) == 0 || stat(dir, &st) < 0)
        return;
    walk->skip_dev = st.st_dev;
    walk->skip_ino = st.st_ino;
}

static void repair_data(struct repair *r)
{
    struct core_walk walk = { .want = want_data, .arg = r, .log = r->p->log, .depth = SHALLOW };

    skip_dir(&walk, r->p->data_dir, r->config_dir);
    if (core_walk(&walk, r->p->data_dir) == 0)
        return;
    walk.depth = DEEP;
    (void)core_walk(&walk, r->p->data_dir);
}

static void repair_config(struct repair *r)
{
    struct core_walk walk = { .want = want_config, .arg = r, .log = r->p->log, .depth = DEEP };

    if (named_as_ours(r->config_dir) && !has_programs(r->config_dir) &&
        strcmp(r->config_dir, r->p->data_dir) != 0) {
        skip_dir(&walk, r->config_dir, r->p->data_dir);
        (void)core_walk(&walk, r->config_dir);
        return;
    }
    walk.depth = 0;
    (void)core_walk(&walk, r->p->config_path);
    (void)core_walk(&walk, r->p->domains_path);
}

void core_perms_repair(const struct core_perms *p)
{
    MOXD_CLEANUP(moxd_freep) char *copy = moxd_xstrdup(p->config_path);
    struct repair r = { .p = p, .config_dir = dirname(copy) };

    repair_data(&r);
    repair_config(&r);
}
