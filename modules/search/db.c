#include "db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const statements[SEARCH_SQL_COUNT] = {
    [SEARCH_SQL_BEGIN] = "begin immediate",
    [SEARCH_SQL_BEGIN_READ] = "begin",
    [SEARCH_SQL_COMMIT] = "commit",
    [SEARCH_SQL_ROLLBACK] = "rollback",
    [SEARCH_SQL_META_GET] = "select value from meta where name=?",
    [SEARCH_SQL_META_PUT] = "insert or replace into meta values(?,?)",
    [SEARCH_SQL_SEGMENTS] = "select id,n,ids from segment order by id",
    [SEARCH_SQL_SEGMENT_ADD] = "insert into segment values(?,?,?3)",
    [SEARCH_SQL_SEGMENT_DEL] = "delete from segment where id=?",
    [SEARCH_SQL_SEGMENT_NEXT] = "select coalesce(max(id),0)+1 from segment",
    [SEARCH_SQL_POST_ADD] = "insert into post values(?,?,?3)",
    [SEARCH_SQL_POST_DEL] = "delete from post where segment=?",
    [SEARCH_SQL_POST_GET] = "select list from post where segment=? and key=?",
    [SEARCH_SQL_POST_RANGE] =
        "select key,list from post where segment=? and key between ? and ? order by key",
    [SEARCH_SQL_WHOLE_ADD] = "insert or ignore into whole values(?)",
    [SEARCH_SQL_WHOLE] = "select id from whole order by id",
    [SEARCH_SQL_WHOLE_DEL] = "delete from whole where id=?",
    [SEARCH_SQL_GONE_ADD] = "insert or ignore into gone values(?)",
    [SEARCH_SQL_GONE] = "select id from gone order by id",
    [SEARCH_SQL_GONE_DEL] = "delete from gone where id=?",
};
/* Durable with the next checkpoint, consistent always: what a crash takes back is indexed again. */
static const char pragmas[] =
    "pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-4000;"
    "pragma cell_size_check=on; pragma journal_size_limit=4194304;";
static const char schema[] =
    "begin immediate;"
    "create table if not exists meta(name integer primary key, value integer not null);"
    "create table if not exists segment(id integer primary key, n integer not null, ids blob not "
    "null);"
    "create table if not exists post(segment integer, key integer, list blob not null,"
    " primary key(segment, key)) without rowid;"
    "create table if not exists whole(id integer primary key);"
    "create table if not exists gone(id integer primary key);"
    "insert or ignore into meta values(0, 1);"
    "commit;";

enum { BUSY_MS = 5000, PAGE_SIZE = 8192 };

int search_db_err(struct search_db *db, const char *what, struct moxd_err *err)
{
    int rc = sqlite3_errcode(db->sql) & 0xFF;
    enum moxd_err_kind kind = MOXD_ERR_IO;

    if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_ERROR ||
        rc == SQLITE_CONSTRAINT || rc == SQLITE_SCHEMA)
        kind = MOXD_ERR_CORRUPT;
    else if (rc == SQLITE_FULL || (rc == SQLITE_IOERR && sqlite3_system_errno(db->sql) == ENOSPC))
        kind = MOXD_ERR_FULL;
    else if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
        kind = MOXD_ERR_TEMP;
    else if (rc == SQLITE_CANTOPEN)
        kind = MOXD_ERR_NOTFOUND;
    return moxd_err_set(err, kind, "search index: %s: %s", what, sqlite3_errmsg(db->sql));
}

sqlite3_stmt *search_sql(struct search_db *db, enum search_sql which, const int64_t *v, int n,
                         struct moxd_err *err)
{
    sqlite3_stmt **st = &db->st[which];

    if (*st == NULL && sqlite3_prepare_v3(db->sql, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                                          st, NULL) != SQLITE_OK) {
        (void)search_db_err(db, statements[which], err);
        return NULL;
    }
    (void)sqlite3_reset(*st);
    for (int i = 0; i < n; i++)
        (void)sqlite3_bind_int64(*st, i + 1, v[i]);
    return *st;
}

int search_step(struct search_db *db, sqlite3_stmt *st, struct moxd_err *err)
{
    int rc = st ? sqlite3_step(st) : SQLITE_MISUSE;

    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE) {
        (void)sqlite3_reset(st);
        return 0;
    }
    if (st == NULL)
        return -1; /* search_sql said why */
    (void)search_db_err(db, sqlite3_sql(st), err);
    (void)sqlite3_reset(st);
    return -1;
}

int search_run(struct search_db *db, sqlite3_stmt *st, struct moxd_err *err)
{
    int rc = search_step(db, st, err);

    if (rc > 0)
        (void)sqlite3_reset(st);
    return rc < 0 ? -1 : 0;
}

struct moxd_str search_column(sqlite3_stmt *st, int i)
{
    const char *p = sqlite3_column_blob(st, i);

    return moxd_str(p ? p : "", (size_t)sqlite3_column_bytes(st, i));
}

/* --- opening ----------------------------------------------------------------------------------- */

static int prepare(struct search_db *db, bool write, struct moxd_err *err)
{
    uint64_t format;
    char page_size[40];

    (void)sqlite3_busy_timeout(db->sql, BUSY_MS);
    (void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    snprintf(page_size, sizeof(page_size), "pragma page_size=%d", PAGE_SIZE);
    if (write && (sqlite3_exec(db->sql, page_size, NULL, NULL, NULL) != SQLITE_OK ||
                  sqlite3_exec(db->sql, pragmas, NULL, NULL, NULL) != SQLITE_OK ||
                  sqlite3_exec(db->sql, schema, NULL, NULL, NULL) != SQLITE_OK))
        return search_db_err(db, "open", err);
    /* Reading must not leave a checkpoint, and its fsync, to who searches. */
    if (!write)
        (void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (search_meta_get(db, SEARCH_META_FORMAT, &format, err) < 0)
        return -1;
    return format == SEARCH_FORMAT ? 0
                                   : moxd_err_set(err, MOXD_ERR_CORRUPT, "search index: format");
}

int search_db_open(const char *path, bool write, struct search_db **out, struct moxd_err *err)
{
    struct search_db *db = moxd_xcalloc(1, sizeof(*db));
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0);

    *out = NULL;
    if ((sqlite3_open_v2(path, &db->sql, flags, NULL) == SQLITE_OK ||
         search_db_err(db, "open", err) == 0) &&
        prepare(db, write, err) == 0) {
        *out = db;
        return 0;
    }
    search_db_close(db);
    return -1;
}

void search_db_close(struct search_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < MOXD_NELEMS(db->st); i++)
        (void)sqlite3_finalize(db->st[i]);
    (void)sqlite3_close(db->sql);
    free(db);
}

int search_db_remove(const char *path, struct moxd_err *err)
{
    static const char *const ends[] = { "-wal", "-shm", "" };

    for (size_t i = 0; i < MOXD_NELEMS(ends); i++) {
        char name[4096];

        if (snprintf(name, sizeof(name), "%s%s", path, ends[i]) >= (int)sizeof(name))
            return moxd_err_set(err, MOXD_ERR_LIMIT, "path too long");
        if (unlink(name) < 0 && errno != ENOENT)
            return moxd_err_sys(err, "unlink %s", name);
    }
    return 0;
}

int search_db_check(struct search_db *db, struct moxd_err *err)
{
    sqlite3_stmt *st = NULL;
    bool fine;

    if (sqlite3_prepare_v2(db->sql, "pragma quick_check(1)", -1, &st, NULL) != SQLITE_OK)
        return search_db_err(db, "check", err);
    fine = sqlite3_step(st) == SQLITE_ROW && moxd_str_eqs(search_column(st, 0), "ok");
    if (!fine)
        moxd_err_set(err, MOXD_ERR_CORRUPT, "search index: %s",
                     sqlite3_column_text(st, 0) ? (const char *)sqlite3_column_text(st, 0)
                                                : sqlite3_errmsg(db->sql));
    (void)sqlite3_finalize(st);
    return fine ? 0 : -1;
}

/* --- small tables ------------------------------------------------------------------------------ */

int search_meta_get(struct search_db *db, enum search_meta which, uint64_t *out,
                    struct moxd_err *err)
{
    sqlite3_stmt *st = SEARCH_SQL(db, SEARCH_SQL_META_GET, err, which);
    int rc = search_step(db, st, err);

    *out = rc > 0 ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    if (rc > 0)
        (void)sqlite3_reset(st);
    return rc < 0 ? -1 : 0;
}

int search_meta_put(struct search_db *db, enum search_meta which, uint64_t value,
                    struct moxd_err *err)
{
    return search_run(db, SEARCH_SQL(db, SEARCH_SQL_META_PUT, err, which, (int64_t)value), err);
}

uint64_t search_salt(int64_t segment, uint32_t key)
{
    return (uint64_t)segment << 32 | key;
}

static int read_segment(sqlite3_stmt *st, struct search_segments *out, struct moxd_err *err)
{
    struct search_segment *s;

    out->v = moxd_xreallocarray(out->v, out->n + 1, sizeof(*out->v));
    s = &out->v[out->n++];
    *s = (struct search_segment){ .id = sqlite3_column_int64(st, 0) };
    if (search_ids_decode(search_column(st, 2), search_salt(s->id, UINT32_MAX), &s->ids, &s->n,
                          err) < 0)
        return -1;
    if (s->n > SEARCH_ORDINALS_MAX || (int64_t)s->n != sqlite3_column_int64(st, 1))
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "search index: size of a segment");
    return 0;
}

int search_segments_read(struct search_db *db, struct search_segments *out, struct moxd_err *err)
{
    sqlite3_stmt *st = SEARCH_SQL(db, SEARCH_SQL_SEGMENTS, err);
    int rc;

    *out = (struct search_segments){ 0 };
    while ((rc = search_step(db, st, err)) > 0 && (rc = read_segment(st, out, err)) == 0)
        ;
    if (st)
        (void)sqlite3_reset(st);
    if (rc < 0)
        search_segments_free(out);
    return rc;
}

void search_segments_free(struct search_segments *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i].ids);
    free(s->v);
    *s = (struct search_segments){ 0 };
}

int search_ids_read(struct search_db *db, enum search_sql which, uint64_t **out, size_t *n,
                    struct moxd_err *err)
{
    sqlite3_stmt *st = search_sql(db, which, NULL, 0, err);
    size_t cap = 0;
    int rc;

    *out = NULL;
    *n = 0;
    while ((rc = search_step(db, st, err)) > 0) {
        if (*n == cap) {
            cap = cap ? 2 * cap : 64;
            *out = moxd_xreallocarray(*out, cap, sizeof(**out));
        }
        (*out)[(*n)++] = (uint64_t)sqlite3_column_int64(st, 0);
    }
    if (rc == 0)
        return 0;
    free(*out);
    *out = NULL;
    return -1;
}

bool search_ids_have(const uint64_t *v, size_t n, uint64_t id)
{
    size_t lo = 0;

    while (lo < n) {
        size_t mid = lo + (n - lo) / 2;

        if (v[mid] == id)
            return true;
        if (v[mid] < id)
            lo = mid + 1;
        else
            n = mid;
    }
    return false;
}
