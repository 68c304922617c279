/* The index of one account: a file of SQLite. For workers; one thread at a time has a connection.
 *
 *   meta(name, value)      format, uidvalidity of INBOX, modseq: what came up to it is in the index
 *   segment(id, n, ids)    n messages, their ids by ordinal
 *   post(segment, key, list)  key: search_key; list: ordinals of the messages that have it
 *   whole(id)              messages that may contain anything, since they were not read wholly
 *   gone(id)               messages that are expunged, and still in segments */
#ifndef SEARCH_DB_H
#define SEARCH_DB_H

#include "cutter.h"
#include "posting.h"

#include <sqlite3.h>

enum { SEARCH_FORMAT = 1 };

enum search_sql {
    SEARCH_SQL_BEGIN,
    SEARCH_SQL_BEGIN_READ,
    SEARCH_SQL_COMMIT,
    SEARCH_SQL_ROLLBACK,
    SEARCH_SQL_META_GET,
    SEARCH_SQL_META_PUT,
    SEARCH_SQL_SEGMENTS,
    SEARCH_SQL_SEGMENT_ADD,
    SEARCH_SQL_SEGMENT_DEL,
    SEARCH_SQL_SEGMENT_NEXT,
    SEARCH_SQL_POST_ADD,
    SEARCH_SQL_POST_DEL,
    SEARCH_SQL_POST_GET,
    SEARCH_SQL_POST_RANGE,
    SEARCH_SQL_WHOLE_ADD,
    SEARCH_SQL_WHOLE,
    SEARCH_SQL_WHOLE_DEL,
    SEARCH_SQL_GONE_ADD,
    SEARCH_SQL_GONE,
    SEARCH_SQL_GONE_DEL,
    SEARCH_SQL_COUNT,
};
struct search_db {
    sqlite3 *sql;
    sqlite3_stmt *st[SEARCH_SQL_COUNT]; /* prepared when first used */
};

/* CORRUPT: it is no index, or one of another format. A writer creates what is missing; a reader gets NOTFOUND. */
int search_db_open(const char *path, bool write, struct search_db **out,
                   struct moxd_err *err) MOXD_CHECKED;
void search_db_close(struct search_db *db); /* NULL is fine; what is not committed is undone */
/* Removes the file and what belongs to it. */
int search_db_remove(const char *path, struct moxd_err *err) MOXD_CHECKED;
/* Reads the whole file: CORRUPT when its pages or their order are damaged. */
int search_db_check(struct search_db *db, struct moxd_err *err) MOXD_CHECKED;

/* CORRUPT, FULL, TEMP (another has it), IO. -1. */
int search_db_err(struct search_db *db, const char *what, struct moxd_err *err);
/* The statement, reset and with its numbers bound; NULL with *err. */
sqlite3_stmt *search_sql(struct search_db *db, enum search_sql which, const int64_t *v, int n,
                         struct moxd_err *err);
#define SEARCH_SQL(db, which, err, ...)                                                            \
    search_sql((db), (which), (const int64_t[]){ 0, ##__VA_ARGS__ } + 1,                           \
               (int)(sizeof((const int64_t[]){ 0, ##__VA_ARGS__ }) / sizeof(int64_t)) - 1, (err))
/* 1 a row, 0 the end, -1. */
int search_step(struct search_db *db, sqlite3_stmt *st, struct moxd_err *err) MOXD_CHECKED;
/* Runs one that gives no rows. */
int search_run(struct search_db *db, sqlite3_stmt *st, struct moxd_err *err) MOXD_CHECKED;
struct moxd_str search_column(sqlite3_stmt *st, int i); /* valid until the next step */

enum search_meta { SEARCH_META_FORMAT, SEARCH_META_UIDVALIDITY, SEARCH_META_MODSEQ };
/* 0 for what was never put. */
int search_meta_get(struct search_db *db, enum search_meta which, uint64_t *out,
                    struct moxd_err *err) MOXD_CHECKED;
int search_meta_put(struct search_db *db, enum search_meta which, uint64_t value,
                    struct moxd_err *err) MOXD_CHECKED;

/* Segments in the order of their ids, with their messages; heap. */
struct search_segment {
    int64_t id;
    uint64_t *ids;
    size_t n;
};
struct search_segments {
    struct search_segment *v;
    size_t n;
};
int search_segments_read(struct search_db *db, struct search_segments *out,
                         struct moxd_err *err) MOXD_CHECKED;
void search_segments_free(struct search_segments *s);
/* Checks and decodes lists: what they are salted with. */
uint64_t search_salt(int64_t segment, uint32_t key);

/* The ids of whole or gone, ascending; heap. */
int search_ids_read(struct search_db *db, enum search_sql which, uint64_t **out, size_t *n,
                    struct moxd_err *err) MOXD_CHECKED;
bool search_ids_have(const uint64_t *v, size_t n, uint64_t id);

#endif
