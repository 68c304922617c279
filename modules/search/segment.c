#include "segment.h"

#include <stdlib.h>

enum { RADIX_BITS = 14, RADIX = 1 << RADIX_BITS, ENTRIES = SEARCH_BATCH_KEYS + SEARCH_CUT_MAX };

void search_batch_init(struct search_batch *b)
{
    *b = (struct search_batch){ 0 };
    b->entries = moxd_xcalloc(ENTRIES, sizeof(*b->entries));
    b->scratch = moxd_xcalloc(ENTRIES, sizeof(*b->scratch));
    b->ids = moxd_xcalloc(SEARCH_BATCH_MESSAGES, sizeof(*b->ids));
}

void search_batch_fini(struct search_batch *b)
{
    free(b->entries);
    free(b->scratch);
    free(b->ids);
    free(b->whole);
}

void search_batch_reset(struct search_batch *b)
{
    b->n = b->nids = b->nwhole = 0;
}

bool search_batch_full(const struct search_batch *b)
{
    return b->n >= SEARCH_BATCH_KEYS || b->nids + b->nwhole >= SEARCH_BATCH_MESSAGES;
}

void search_batch_add(struct search_batch *b, uint64_t id, const uint32_t *keys, size_t n)
{
    moxd_assert(!search_batch_full(b) && n <= SEARCH_CUT_MAX);
    for (size_t i = 0; i < n; i++)
        b->entries[b->n++] = (uint64_t)keys[i] << 32 | b->nids;
    b->ids[b->nids++] = id;
}

void search_batch_add_whole(struct search_batch *b, uint64_t id)
{
    if (b->nwhole == b->whole_cap) {
        b->whole_cap = b->whole_cap ? 2 * b->whole_cap : 16;
        b->whole = moxd_xreallocarray(b->whole, b->whole_cap, sizeof(*b->whole));
    }
    b->whole[b->nwhole++] = id;
}

/* By key; ordinals stay in their order. */
static void sort(struct search_batch *b)
{
    size_t *count = moxd_xcalloc(RADIX, sizeof(*count));

    for (unsigned shift = 32; shift < 32 + 2 * RADIX_BITS; shift += RADIX_BITS) {
        uint64_t *from = b->entries;
        size_t at = 0;

        memset(count, 0, RADIX * sizeof(*count));
        for (size_t i = 0; i < b->n; i++)
            count[from[i] >> shift & (RADIX - 1)]++;
        for (size_t i = 0; i < RADIX; i++) {
            size_t n = count[i];

            count[i] = at;
            at += n;
        }
        for (size_t i = 0; i < b->n; i++)
            b->scratch[count[from[i] >> shift & (RADIX - 1)]++] = from[i];
        b->entries = b->scratch;
        b->scratch = from;
    }
    free(count);
}

static int put_list(struct search_db *db, int64_t segment, uint32_t key, const uint32_t *v,
                    size_t n, struct moxd_buf *scratch, struct moxd_err *err)
{
    sqlite3_stmt *st = SEARCH_SQL(db, SEARCH_SQL_POST_ADD, err, segment, key);

    if (!st)
        return -1;
    moxd_buf_reset(scratch);
    search_posting_encode(scratch, search_salt(segment, key), v, n);
    (void)sqlite3_bind_blob(st, 3, scratch->p, (int)scratch->n, SQLITE_STATIC);
    return search_run(db, st, err);
}

static int put_segment(struct search_db *db, int64_t segment, const uint64_t *ids, size_t n,
                       struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(SIZE_MAX / 2);
    sqlite3_stmt *st = SEARCH_SQL(db, SEARCH_SQL_SEGMENT_ADD, err, segment, (int64_t)n);
    int rc = -1;

    search_ids_encode(&b, search_salt(segment, UINT32_MAX), ids, n);
    if (st) {
        (void)sqlite3_bind_blob(st, 3, b.p, (int)b.n, SQLITE_STATIC);
        rc = search_run(db, st, err);
        (void)sqlite3_clear_bindings(st);
    }
    moxd_buf_fini(&b);
    return rc;
}

/* A number that no segment has, and that none had: ids only go up while the last one stays. */
static int new_segment(struct search_db *db, int64_t *out, struct moxd_err *err)
{
    sqlite3_stmt *st = SEARCH_SQL(db, SEARCH_SQL_SEGMENT_NEXT, err);
    int rc = search_step(db, st, err);

    if (rc > 0) {
        *out = sqlite3_column_int64(st, 0);
        (void)sqlite3_reset(st);
    }
    return rc < 0 ? -1 : 0;
}

static int put_lists(struct search_db *db, int64_t segment, struct search_batch *b,
                     struct moxd_err *err)
{
    struct moxd_buf scratch = MOXD_BUF_INIT(SIZE_MAX / 2);
    uint32_t *list = moxd_xcalloc(b->nids + 1, sizeof(*list));
    int rc = 0;

    for (size_t i = 0, n; rc == 0 && i < b->n; i += n) {
        for (n = 0; i + n < b->n && b->entries[i + n] >> 32 == b->entries[i] >> 32; n++)
            list[n] = (uint32_t)b->entries[i + n];
        rc = put_list(db, segment, (uint32_t)(b->entries[i] >> 32), list, n, &scratch, err);
    }
    free(list);
    moxd_buf_fini(&scratch);
    return rc;
}

static int put_ids(struct search_db *db, enum search_sql which, const uint64_t *ids, size_t n,
                   struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t id = (int64_t)ids[i];

        if (search_run(db, search_sql(db, which, &id, 1, err), err) < 0)
            return -1;
    }
    return 0;
}

static int write_batch(struct search_db *db, struct search_batch *b, uint64_t modseq,
                       struct moxd_err *err)
{
    int64_t segment = 0;

    if (b->nids > 0) {
        sort(b);
        if (new_segment(db, &segment, err) < 0 ||
            put_segment(db, segment, b->ids, b->nids, err) < 0 ||
            put_lists(db, segment, b, err) < 0)
            return -1;
    }
    if (put_ids(db, SEARCH_SQL_WHOLE_ADD, b->whole, b->nwhole, err) < 0)
        return -1;
    return search_meta_put(db, SEARCH_META_MODSEQ, modseq, err);
}

/* Ends a transaction: 0 when it is in the file. */
static int finish(struct search_db *db, int rc, struct moxd_err *err)
{
    if (rc == 0)
        rc = search_run(db, SEARCH_SQL(db, SEARCH_SQL_COMMIT, err), err);
    if (rc < 0 && !sqlite3_get_autocommit(db->sql))
        (void)!search_run(db, SEARCH_SQL(db, SEARCH_SQL_ROLLBACK, NULL), NULL);
    return rc;
}

int search_batch_write(struct search_db *db, struct search_batch *b, uint64_t modseq,
                       struct moxd_err *err)
{
    if (search_run(db, SEARCH_SQL(db, SEARCH_SQL_BEGIN, err), err) < 0)
        return -1;
    return finish(db, write_batch(db, b, modseq, err), err);
}

int search_forget(struct search_db *db, const uint64_t *ids, size_t n, struct moxd_err *err)
{
    if (search_run(db, SEARCH_SQL(db, SEARCH_SQL_BEGIN, err), err) < 0)
        return -1;
    int rc = put_ids(db, SEARCH_SQL_GONE_ADD, ids, n, err);
    if (rc == 0)
        rc = put_ids(db, SEARCH_SQL_WHOLE_DEL, ids, n, err);
    return finish(db, rc, err);
}

/* --- merging ----------------------------------------------------------------------------------- */

enum { STEP_KEYS = 8000, GONE = UINT32_MAX };

struct source {
    int64_t segment;
    sqlite3_stmt *st; /* its rows in the order of their keys */
    bool more;
    uint32_t key;  /* of the row */
    uint32_t *map; /* ordinal -> ordinal in the new segment, or GONE */
    size_t n;
};
struct search_merge {
    struct search_db *db;
    struct source v[SEARCH_MERGE];
    size_t n;
    int64_t segment; /* the new one */
    uint64_t *ids, *gone;
    size_t nids, ngone;
    size_t ndropped, total; /* messages that are gone: the last ones of ids[total] */
    uint32_t *list;
    struct moxd_buf scratch;
    bool done;
};

static unsigned tier(size_t n)
{
    unsigned t = 0;

    for (; n >= SEARCH_MERGE; n /= SEARCH_MERGE)
        t++;
    return t;
}

static size_t gone_of(const struct search_segment *s, const uint64_t *gone, size_t ngone)
{
    size_t n = 0;

    for (size_t i = 0; ngone > 0 && i < s->n; i++)
        n += search_ids_have(gone, ngone, s->ids[i]);
    return n;
}

/* Chooses: the first of a size of which there are enough, or one of which half is gone. */
static size_t choose(const struct search_merge *m, const struct search_segments *all,
                     const struct search_segment **out)
{
    for (size_t i = 0; i < all->n; i++) {
        size_t n = 0, sum = 0;

        if (2 * gone_of(&all->v[i], m->gone, m->ngone) > all->v[i].n) {
            out[0] = &all->v[i];
            return 1;
        }
        for (size_t j = i; j < all->n && n < SEARCH_MERGE; j++)
            if (tier(all->v[j].n) == tier(all->v[i].n)) {
                out[n++] = &all->v[j];
                sum += all->v[j].n;
            }
        if (n == SEARCH_MERGE && sum <= SEARCH_SEGMENT_MAX)
            return n;
    }
    return 0;
}

static int read_key(struct search_merge *m, struct source *s, struct moxd_err *err)
{
    int rc = search_step(m->db, s->st, err);

    s->more = rc > 0;
    if (rc > 0)
        s->key = (uint32_t)sqlite3_column_int64(s->st, 0);
    return rc < 0 ? -1 : 0;
}

static int add_source(struct search_merge *m, const struct search_segment *from,
                      struct moxd_err *err)
{
    struct source *s = &m->v[m->n++];

    *s = (struct source){ .segment = from->id, .n = from->n };
    s->map = moxd_xcalloc(from->n + 1, sizeof(*s->map));
    for (size_t i = 0; i < from->n; i++) {
        if (search_ids_have(m->gone, m->ngone, from->ids[i])) {
            s->map[i] = GONE;
            m->ids[m->total - ++m->ndropped] = from->ids[i];
            continue;
        }
        s->map[i] = (uint32_t)m->nids;
        m->ids[m->nids++] = from->ids[i];
    }
    if (sqlite3_prepare_v2(m->db->sql, "select key,list from post where segment=? order by key", -1,
                           &s->st, NULL) != SQLITE_OK)
        return search_db_err(m->db, "merge", err);
    (void)sqlite3_bind_int64(s->st, 1, from->id);
    return read_key(m, s, err);
}

static int begin_merge(struct search_merge *m, const struct search_segment **from, size_t n,
                       struct moxd_err *err)
{
    for (size_t i = 0; i < n; i++)
        m->total += from[i]->n;
    m->ids = moxd_xcalloc(m->total + 1, sizeof(*m->ids));
    m->list = moxd_xcalloc(m->total + 1, sizeof(*m->list));
    if (new_segment(m->db, &m->segment, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (add_source(m, from[i], err) < 0)
            return -1;
    return 0;
}

int search_merge_begin(struct search_db *db, struct search_merge **out, struct moxd_err *err)
{
    const struct search_segment *from[SEARCH_MERGE];
    struct search_segments all = { 0 };
    struct search_merge *m = moxd_xcalloc(1, sizeof(*m));
    size_t n = 0;
    int rc;

    *out = NULL;
    m->db = db;
    moxd_buf_init(&m->scratch, SIZE_MAX / 2);
    rc = search_run(db, SEARCH_SQL(db, SEARCH_SQL_BEGIN, err), err);
    if (rc == 0)
        rc = search_ids_read(db, SEARCH_SQL_GONE, &m->gone, &m->ngone, err);
    if (rc == 0)
        rc = search_segments_read(db, &all, err);
    if (rc == 0 && (n = choose(m, &all, from)) > 0)
        rc = begin_merge(m, from, n, err);
    search_segments_free(&all);
    if (rc == 0 && n > 0)
        *out = m;
    else
        search_merge_free(m);
    return rc;
}

/* The lists of the lowest key of all sources, as one. */
static int merge_key(struct search_merge *m, uint32_t key, struct moxd_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->v[i];
        uint32_t *v;
        size_t k;

        if (!s->more || s->key != key)
            continue;
        if (search_posting_list(search_column(s->st, 1), search_salt(s->segment, key),
                                (uint32_t)s->n, &v, &k, err) < 0)
            return -1;
        for (size_t j = 0; j < k; j++)
            if (s->map[v[j]] != GONE)
                m->list[n++] = s->map[v[j]];
        free(v);
        if (read_key(m, s, err) < 0)
            return -1;
    }
    return n == 0 ? 0 : put_list(m->db, m->segment, key, m->list, n, &m->scratch, err);
}

static bool lowest(const struct search_merge *m, uint32_t *key)
{
    bool any = false;

    for (size_t i = 0; i < m->n; i++)
        if (m->v[i].more && (!any || m->v[i].key < *key)) {
            *key = m->v[i].key;
            any = true;
        }
    return any;
}

static int end_merge(struct search_merge *m, struct moxd_err *err)
{
    for (size_t i = 0; i < m->n; i++) {
        int64_t old = m->v[i].segment;

        (void)sqlite3_reset(m->v[i].st);
        if (search_run(m->db, SEARCH_SQL(m->db, SEARCH_SQL_POST_DEL, err, old), err) < 0 ||
            search_run(m->db, SEARCH_SQL(m->db, SEARCH_SQL_SEGMENT_DEL, err, old), err) < 0)
            return -1;
    }
    if (put_ids(m->db, SEARCH_SQL_GONE_DEL, m->ids + m->total - m->ndropped, m->ndropped, err) < 0)
        return -1;
    return m->nids == 0 ? 0 : put_segment(m->db, m->segment, m->ids, m->nids, err);
}

int search_merge_step(struct search_merge *m, struct moxd_err *err)
{
    uint32_t key = 0;

    for (size_t i = 0; i < STEP_KEYS; i++) {
        if (!lowest(m, &key)) {
            m->done = finish(m->db, end_merge(m, err), err) == 0;
            return m->done ? 0 : -1;
        }
        if (merge_key(m, key, err) < 0)
            return -1;
    }
    return 1;
}

void search_merge_free(struct search_merge *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++) {
        (void)sqlite3_finalize(m->v[i].st);
        free(m->v[i].map);
    }
    if (!m->done)
        (void)!finish(m->db, -1, NULL);
    free(m->ids);
    free(m->gone);
    free(m->list);
    moxd_buf_fini(&m->scratch);
    free(m);
}
