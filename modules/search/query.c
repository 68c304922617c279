#include "query.h"

#include <moxd/offload.h>

#include <stdlib.h>

enum {
    KEYS_MAX = 16, /* of one text: more make it little rarer */
    NARROW_MIN =
        2,         /* bytes of a text for which the index is asked: one byte is nearly everywhere */
    EXACT_MAX = 3, /* bytes of a text that is one trigram, or begins one, wherever it is */
};

struct asking {
    struct search_db *db;
    const struct search_segment *segment;
    struct search_bits hit, one;
};

/* --- one space of a segment -------------------------------------------------------------------- */

/* Sets a->one to the messages that have the key. */
static int ask_key(struct asking *a, uint32_t key, struct moxd_err *err)
{
    sqlite3_stmt *st = SEARCH_SQL(a->db, SEARCH_SQL_POST_GET, err, a->segment->id, key);
    int rc = search_step(a->db, st, err);

    search_bits_clear(&a->one);
    if (rc > 0) {
        rc = search_posting_decode(search_column(st, 0), search_salt(a->segment->id, key), &a->one,
                                   err);
        (void)sqlite3_reset(st);
    }
    return rc;
}

/* Two bytes: whatever trigram begins with them. */
static int ask_pair(struct asking *a, enum search_space space, struct moxd_str text,
                    struct moxd_err *err)
{
    unsigned char x = (unsigned char)text.p[0], y = (unsigned char)text.p[1];
    int64_t id = a->segment->id;
    sqlite3_stmt *st = SEARCH_SQL(a->db, SEARCH_SQL_POST_RANGE, err, id, search_key(space, x, y, 0),
                                  search_key(space, x, y, 255));
    int rc;

    search_bits_clear(&a->one);
    while ((rc = search_step(a->db, st, err)) > 0) {
        uint32_t key = (uint32_t)sqlite3_column_int64(st, 0);

        if (search_posting_decode(search_column(st, 1), search_salt(id, key), &a->one, err) < 0) {
            (void)sqlite3_reset(st);
            return -1;
        }
    }
    return rc;
}

/* Adds to a->hit the messages that may contain the text in the space. */
static int ask_space(struct asking *a, enum search_space space, struct moxd_str text,
                     struct moxd_err *err)
{
    struct search_bits all;
    uint32_t keys[KEYS_MAX];
    size_t n = search_keys_of(space, text, keys, KEYS_MAX);
    int rc = n > 0 ? ask_key(a, keys[0], err) : ask_pair(a, space, text, err);

    if (rc < 0)
        return -1;
    all = search_bits_new(a->segment->n);
    search_bits_or(&all, &a->one);
    for (size_t i = 1; rc == 0 && i < n && !search_bits_none(&all); i++) {
        rc = ask_key(a, keys[i], err);
        search_bits_and(&all, &a->one);
    }
    search_bits_or(&a->hit, &all);
    search_bits_free(&all);
    return rc;
}

static int ask_segment(struct asking *a, const struct search_text *text, struct moxd_err *err)
{
    switch (text->where) {
    case SEARCH_IN_TEXT:
        if (ask_space(a, SEARCH_HEADER, text->folded, err) < 0)
            return -1;
        return ask_space(a, SEARCH_BODY, text->folded, err);
    case SEARCH_IN_BODY:
        return ask_space(a, SEARCH_BODY, text->folded, err);
    default:
        return ask_space(a, search_space_of(text->field), text->folded, err);
    }
}

/* --- all segments ------------------------------------------------------------------------------ */

static void push(struct search_found *f, uint64_t id)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : 256;
        f->ids = moxd_xreallocarray(f->ids, f->cap, sizeof(*f->ids));
    }
    f->ids[f->n++] = id;
}

static int ask(struct search_db *db, const struct search_segment *segment,
               const struct search_text *text, struct search_found *f, struct moxd_err *err)
{
    struct asking a = { .db = db,
                        .segment = segment,
                        .hit = search_bits_new(segment->n),
                        .one = search_bits_new(segment->n) };
    int rc = ask_segment(&a, text, err);

    for (size_t i = 0; rc == 0 && i < segment->n; i++)
        if (search_bits_get(&a.hit, i))
            push(f, segment->ids[i]);
    search_bits_free(&a.hit);
    search_bits_free(&a.one);
    return rc;
}

static int by_id(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* In order, each once: a message that was taken up twice after a crash is in two segments. */
static void settle(struct search_found *f)
{
    size_t n = 0;

    if (f->n > 0)
        qsort(f->ids, f->n, sizeof(*f->ids), by_id);
    for (size_t i = 0; i < f->n; i++)
        if (n == 0 || f->ids[n - 1] != f->ids[i])
            f->ids[n++] = f->ids[i];
    f->n = n;
}

/* Whether the space has nothing but what is searched for the text. */
static bool is_alone(const struct search_text *text)
{
    enum search_space space;

    if (text->where != SEARCH_IN_FIELD)
        return text->where == SEARCH_IN_BODY;
    space = search_space_of(text->field);
    return space == SEARCH_SUBJECT || space == SEARCH_FROM;
}

static int answer(struct search_db *db, const struct search_segments *all,
                  const struct search_text *text, struct search_found *f, struct moxd_err *err)
{
    int rc = 0;

    f->narrow = text->folded.n >= NARROW_MIN;
    f->exact = f->narrow && text->folded.n <= EXACT_MAX && is_alone(text);
    for (size_t i = 0; f->narrow && rc == 0 && i < all->n; i++) {
        rc = ask(db, &all->v[i], text, f, err);
        if (rc == 0 && moxd_offload_abandoned())
            rc = moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    }
    if (f->narrow && rc == 0)
        rc = search_ids_read(db, SEARCH_SQL_WHOLE, &f->whole, &f->nwhole, err);
    for (size_t i = 0; i < f->nwhole; i++)
        push(f, f->whole[i]);
    if (f->nwhole > 0)
        qsort(f->whole, f->nwhole, sizeof(*f->whole), by_id);
    settle(f);
    return rc;
}

static int run(struct search_db *db, struct search_query *q, struct moxd_err *err)
{
    struct search_segments all = { 0 };
    int rc;

    /* One moment of the file for all: a merge in between changes nothing. */
    if (search_run(db, SEARCH_SQL(db, SEARCH_SQL_BEGIN_READ, err), err) < 0 ||
        search_meta_get(db, SEARCH_META_MODSEQ, &q->modseq, err) < 0)
        return -1;
    rc = search_segments_read(db, &all, err);
    for (size_t i = 0; rc == 0 && i < q->n; i++)
        rc = answer(db, &all, &q->texts[i], &q->found[i], err);
    search_segments_free(&all);
    return rc;
}

int search_query_run(struct search_query *q, struct moxd_err *err)
{
    struct search_db *db;
    int rc;

    if (search_db_open(q->path, false, &db, err) < 0)
        return -1;
    rc = run(db, q, err);
    search_db_close(db);
    return rc;
}

void search_query_free(struct search_query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        free(q->found[i].ids);
        free(q->found[i].whole);
    }
}
