#include "quarantine.h"

#include "env.h"
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_TEXT = 128, NAME_TEXT = 64 };

static void path_of(uint64_t id, const char *rest, char out[PATH_TEXT])
{
    snprintf(out, PATH_TEXT, "quarantine/%016llx%.*s", (unsigned long long)id, NAME_TEXT, rest);
}

int store_quarantine_put(int dir, uint64_t id, const char *why, struct moxd_err *err)
{
    char path[PATH_TEXT], reason[PATH_TEXT];

    path_of(id, "", path);
    path_of(id, "/reason", reason);
    if (store_make_dir(dir, "quarantine", err) < 0 || store_make_dir(dir, path, err) < 0 ||
        store_write_file(dir, reason, moxd_cstr(why), err) < 0 ||
        store_sync_dir(dir, path, err) < 0 || store_sync_dir(dir, "quarantine", err) < 0)
        return -1;
    return store_sync_dir(dir, ".", err);
}

bool store_quarantined(int dir, uint64_t id)
{
    char path[PATH_TEXT];
    struct stat st;

    path_of(id, "", path);
    return fstatat(dir, path, &st, 0) == 0;
}

/* --- moving ------------------------------------------------------------------------------------ */

/* Copies, not links: the environment goes on writing to its log. */
static int copy_logs(int dir, uint64_t id, struct moxd_err *err)
{
    int fd = openat(dir, "log", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *logs = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;
    int rc = 0;

    if (logs == NULL) {
        moxd_closep(&fd);
        return errno == ENOENT ? 0 : moxd_err_sys(err, "read log directory");
    }
    while (rc == 0 && (e = readdir(logs)) != NULL) {
        char to[PATH_TEXT], name[NAME_TEXT];
        if (strncmp(e->d_name, "log.", 4) != 0 || strlen(e->d_name) >= 32)
            continue;
        snprintf(name, sizeof(name), "/log/%.32s", e->d_name);
        path_of(id, name, to);
        rc = store_copy_file(dirfd(logs), e->d_name, dir, to, err);
    }
    closedir(logs);
    return rc;
}

static int move_one(int dir, uint64_t id, struct moxd_err *err)
{
    char file[STORE_FILE_NAME], from[NAME_TEXT], name[NAME_TEXT], to[PATH_TEXT];
    char db[PATH_TEXT], log[PATH_TEXT];
    struct stat st;

    store_env_account_file(id, file);
    snprintf(from, sizeof(from), "db/%s", file);
    if (fstatat(dir, from, &st, 0) < 0)
        return 0; /* moved already */
    snprintf(name, sizeof(name), "/db/%s", file);
    path_of(id, name, to);
    /* A restoration that did not come to its end: it begins again with the damaged one. */
    if (fstatat(dir, to, &st, 0) == 0)
        return unlinkat(dir, from, 0) < 0 ? moxd_err_sys(err, "remove %s", from)
                                          : store_sync_dir(dir, "db", err);
    path_of(id, "/db", db);
    path_of(id, "/log", log);
    if (store_make_dir(dir, db, err) < 0 || store_make_dir(dir, log, err) < 0 ||
        copy_logs(dir, id, err) < 0 || store_sync_dir(dir, log, err) < 0)
        return -1;
    if (renameat(dir, from, dir, to) < 0)
        return moxd_err_sys(err, "rename %s", from);
    return store_sync_dir(dir, db, err) < 0 ? -1 : store_sync_dir(dir, "db", err);
}

/* Calls fn for each marked account. */
static int each(int dir, int (*fn)(int dir, uint64_t id, void *arg, struct moxd_err *err),
                void *arg, struct moxd_err *err)
{
    int fd = openat(dir, "quarantine", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
    DIR *marks = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *e;

    if (marks == NULL) {
        moxd_closep(&fd);
        return errno == ENOENT ? 0 : moxd_err_sys(err, "read quarantine directory");
    }
    while (rc == 0 && (e = readdir(marks)) != NULL) {
        char file[STORE_FILE_NAME];
        if (strlen(e->d_name) != 16)
            continue;
        snprintf(file, sizeof(file), "a-%.16s.db", e->d_name);
        uint64_t id = store_env_file_account(file);
        rc = id == 0 ? 0 : fn(dir, id, arg, err);
    }
    closedir(marks);
    return rc;
}

static int move(int dir, uint64_t id, void *arg, struct moxd_err *err)
{
    (void)arg;
    return move_one(dir, id, err);
}

int store_quarantine_move(int dir, struct moxd_err *err)
{
    return each(dir, move, NULL, err);
}

/* --- listing and ending ------------------------------------------------------------------------ */

struct list {
    struct moxd_arena *arena;
    struct store_quarantine *v;
    size_t n, cap;
};

static int list_one(int dir, uint64_t id, void *arg, struct moxd_err *err)
{
    struct list *l = arg;
    struct store_quarantine *q = moxd_arena_push(l->arena, &l->v, &l->n, &l->cap, sizeof(*q));
    char path[PATH_TEXT];

    (void)err;
    q->id = id;
    path_of(id, "/reason", path);
    MOXD_CLEANUP(moxd_closep) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, q->reason, sizeof(q->reason) - 1);
    q->reason[n > 0 ? n : 0] = '\0';
    return 0;
}

int store_quarantine_list(int dir, struct moxd_arena *a, struct store_quarantine **out, size_t *n,
                          struct moxd_err *err)
{
    struct list l = { .arena = a };

    if (each(dir, list_one, &l, err) < 0)
        return -1;
    *out = l.v;
    *n = l.n;
    return 0;
}

int store_quarantine_end(int dir, uint64_t id, char *done, size_t cap, struct moxd_err *err)
{
    char from[PATH_TEXT];

    path_of(id, "", from);
    snprintf(done, cap, "quarantine/done-%016llx-%lld", (unsigned long long)id,
             (long long)(moxd_wall() / MOXD_SEC));
    if (renameat(dir, from, dir, done) < 0)
        return moxd_err_sys(err, "rename %s", from);
    return store_sync_dir(dir, "quarantine", err);
}
