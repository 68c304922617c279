/* Reading what can be read of a damaged database.
 *
 * First recovery is tried on copies of the file and of the log of that time, in an environment of its
 * own, so that what was committed and not yet in the file is not lost. It fails when it meets the
 * damaged page; then the file is read as it is. Reading goes page by page and leaves out what does
 * not match its checksum. */
#include "restore.h"

#include "files.h"
#include "quarantine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <moxd/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_TEXT = 160 };

/* Paths below the data directory, of one salvage. */
struct salvage {
    struct store_env *env;
    char home[PATH_TEXT]; /* quarantine/<id> */
    char file[STORE_FILE_NAME];
};

/* Below the data directory; moxd_freep() frees it. */
static char *path(const struct salvage *s, const char *rest)
{
    return moxd_path_dup(s->home, rest);
}

/* --- recovery in a copy ------------------------------------------------------------------------ */

static int copy_dir(struct salvage *s, const char *from, const char *to, struct moxd_err *err)
{
    char *a MOXD_CLEANUP(moxd_freep) = path(s, from), *b MOXD_CLEANUP(moxd_freep) = path(s, to);
    int in = openat(s->env->dir_fd, a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = in < 0 ? NULL : fdopendir(in);
    const struct dirent *e;
    int rc = 0;

    if (dir == NULL)
        return moxd_err_sys(err, "read %s", a);
    if (store_make_dir(s->env->dir_fd, b, err) < 0)
        rc = -1;
    int out = openat(s->env->dir_fd, b, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (rc == 0 && (e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.')
            rc = store_copy_file(dirfd(dir), e->d_name, out, e->d_name, err);
    moxd_closep(&out);
    closedir(dir);
    return rc;
}

/* The whole path, of the copy or below it: free(). */
static char *whole(const struct salvage *s, const char *rest)
{
    char *below MOXD_CLEANUP(moxd_freep) = path(s, rest);

    return moxd_path_dup(s->env->dir, below);
}

/* Recovery runs when the environment is opened. */
static bool run_recovery(const struct salvage *s)
{
    DB_ENV *db;
    char *home = whole(s, "work");
    bool ok = false;

    if (db_env_create(&db, 0) == 0) {
        db->set_errfile(db, NULL);
        ok = db->add_data_dir(db, "db") == 0 && db->set_create_dir(db, "db") == 0 &&
             db->set_lg_dir(db, "log") == 0 &&
             /* nosuspend: of the database */
             db->open(db, home,
                      DB_CREATE | DB_INIT_TXN | DB_INIT_LOG | DB_INIT_MPOOL | DB_THREAD |
                          DB_RECOVER | DB_PRIVATE,
                      0600) == 0;
        ok = db->close(db, 0) == 0 && ok;
    }
    free(home);
    return ok;
}

/* Fresh copies of file and log in work/. */
static int make_work(struct salvage *s, struct moxd_err *err)
{
    char *work MOXD_CLEANUP(moxd_freep) = path(s, "work");

    if (store_make_dir(s->env->dir_fd, work, err) < 0 || copy_dir(s, "db", "work/db", err) < 0)
        return -1;
    return copy_dir(s, "log", "work/log", err);
}

static int recover(struct salvage *s, bool *recovered, struct moxd_err *err)
{
    if (make_work(s, err) < 0)
        return -1;
    *recovered = run_recovery(s);
    return *recovered ? 0 : make_work(s, err);
}

/* --- the dump ---------------------------------------------------------------------------------- */

/* Berkeley DB writes what it salvages as text: a header, then a line of hex for each key and value.
 * A page that does not match its checksum counts as a panic, which DB_NOPANIC lets it pass over; the
 * result says so in the end, and is no failure here. */
static int run_salvage(const char *file, uint32_t how, FILE *out)
{
    DB_ENV *env;
    DB *db;
    int rc = db_env_create(&env, 0);

    if (rc != 0)
        return rc;
    env->set_errfile(env, NULL);
    /* nosuspend: of the database */
    rc = env->set_flags(env, DB_NOPANIC, 1);
    if (rc == 0)
        /* nosuspend: of the database */
        rc = env->open(env, NULL, DB_CREATE | DB_PRIVATE | DB_INIT_MPOOL, 0600);
    if (rc == 0)
        rc = db_create(&db, env, 0);
    if (rc == 0)
        rc = db->verify(db, file, NULL, out, DB_SALVAGE | how); /* frees the handle */
    (void)env->close(env, 0);
    return rc == DB_RUNRECOVERY || rc == DB_VERIFY_BAD ? 0 : rc;
}

/* What follows the tree first; page by page when there is no tree any more. */
static int dump(struct salvage *s, FILE *out, struct moxd_err *err)
{
    char *dir MOXD_CLEANUP(moxd_freep) = whole(s, "work/db");
    char *file MOXD_CLEANUP(moxd_freep) = moxd_path_dup(dir, s->file);
    enum { EMPTY_DUMP = 300 };
    int rc = run_salvage(file, 0, out);

    if (rc != 0 || ftell(out) < EMPTY_DUMP) {
        rewind(out);
        rc = run_salvage(file, DB_AGGRESSIVE, out);
    }
    rewind(out);
    return rc == 0 ? 0
                   : moxd_err_set(err, MOXD_ERR_CORRUPT, "reading the damaged database: %s",
                                  db_strerror(rc));
}

/* A line of the dump in binary; false for other lines. */
static bool data_line(const char *line, ssize_t n, struct moxd_buf *out)
{
    moxd_buf_reset(out);
    if (n < 1 || line[0] != ' ')
        return false;
    struct moxd_str hex = moxd_str_trim(moxd_str(line, (size_t)n));
    return moxd_hex_decode(out, hex) == 0;
}

static int read_dump(FILE *in,
                     int (*fn)(void *arg, struct moxd_str key, struct moxd_str val,
                               struct moxd_err *err),
                     void *arg, struct moxd_err *err)
{
    struct moxd_buf key = MOXD_BUF_INIT(STORE_KEY_MAX), val = MOXD_BUF_INIT(SIZE_MAX / 4);
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    bool have_key = false;
    int rc = 0;

    while (rc == 0 && (n = getline(&line, &cap, in)) >= 0) {
        if (!data_line(line, n, have_key ? &val : &key)) {
            have_key = false;
            continue;
        }
        if (have_key)
            rc = fn(arg, moxd_buf_str(&key), moxd_buf_str(&val), err);
        have_key = !have_key;
    }
    free(line);
    moxd_buf_fini(&key);
    moxd_buf_fini(&val);
    return rc;
}

/* The file itself may be what was lost. */
static bool is_there(const struct salvage *s)
{
    char *db MOXD_CLEANUP(moxd_freep) = path(s, "db");
    struct stat st;

    return fstatat(s->env->dir_fd, db, &st, 0) == 0;
}

int store_salvage(struct store_env *env, uint64_t id, bool *recovered,
                  int (*fn)(void *arg, struct moxd_str key, struct moxd_str val,
                            struct moxd_err *err),
                  void *arg, struct moxd_err *err)
{
    struct salvage s = { .env = env };
    char *name MOXD_CLEANUP(moxd_freep) = NULL;

    snprintf(s.home, sizeof(s.home), "quarantine/%016llx", (unsigned long long)id);
    store_env_account_file(id, s.file);
    *recovered = false;
    if (!is_there(&s))
        return 0;
    if (recover(&s, recovered, err) < 0)
        return -1;
    name = path(&s, "work/dump");
    int fd = openat(env->dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w+");
    if (f == NULL)
        return moxd_err_sys(err, "create %s", name);
    int rc = dump(&s, f, err);
    if (rc == 0)
        rc = read_dump(f, fn, arg, err);
    fclose(f);
    return rc;
}
