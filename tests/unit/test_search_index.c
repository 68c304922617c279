/* The search index without the server: lists as bytes, trigrams of messages, segments, questions. */
#include "cutter.h"
#include "message.h"
#include "query.h"
#include "segment.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- lists ------------------------------------------------------------------------------------- */

START_TEST(lists_there_and_back)
{
    static const uint32_t v[] = { 0, 1, 127, 128, 300, 99999 };
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    struct search_bits bits = search_bits_new(100000);
    uint32_t *list;
    size_t n;

    search_posting_encode(&b, 7, v, MOXD_NELEMS(v));
    ck_assert_int_eq(search_posting_decode(moxd_buf_str(&b), 7, &bits, NULL), 0);
    for (size_t i = 0, k = 0; i < bits.n; i++) {
        bool in = k < MOXD_NELEMS(v) && v[k] == i;

        ck_assert_int_eq(search_bits_get(&bits, i), in);
        k += in;
    }
    ck_assert_int_eq(search_posting_list(moxd_buf_str(&b), 7, 100000, &list, &n, NULL), 0);
    ck_assert_uint_eq(n, MOXD_NELEMS(v));
    ck_assert_mem_eq(list, v, sizeof(v));
    free(list);
    /* Another key, a smaller segment, and every damaged byte. */
    ck_assert_int_eq(search_posting_list(moxd_buf_str(&b), 8, 100000, &list, &n, NULL), -1);
    ck_assert_int_eq(search_posting_list(moxd_buf_str(&b), 7, 99999, &list, &n, NULL), -1);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] ^= 0x10;
        ck_assert_int_eq(search_posting_decode(moxd_buf_str(&b), 7, &bits, NULL), -1);
        b.p[i] ^= 0x10;
    }
    search_bits_free(&bits);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(ids_there_and_back)
{
    static const uint64_t v[] = { 5, 3, UINT64_C(1) << 60 };
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    uint64_t *ids;
    size_t n;

    search_ids_encode(&b, 1, v, 3);
    ck_assert_int_eq(search_ids_decode(moxd_buf_str(&b), 1, &ids, &n, NULL), 0);
    ck_assert_uint_eq(n, 3);
    ck_assert_mem_eq(ids, v, sizeof(v));
    free(ids);
    ck_assert_int_eq(search_ids_decode(moxd_buf_str(&b), 2, &ids, &n, NULL), -1);
    ck_assert_int_eq(search_ids_decode(moxd_str(b.p, b.n - 1), 1, &ids, &n, NULL), -1);
    moxd_buf_fini(&b);
}
END_TEST

/* --- an index on disk -------------------------------------------------------------------------- */

struct index {
    char path[64];
    struct search_db *db;
    struct search_cutter *cutter;
    struct search_batch batch;
};

static void begin(struct index *x)
{
    snprintf(x->path, sizeof(x->path), "/tmp/test_search_index.%ld", (long)getpid());
    ck_assert_int_eq(search_db_remove(x->path, NULL), 0);
    ck_assert_int_eq(search_db_open(x->path, true, &x->db, NULL), 0);
    x->cutter = search_cutter_new();
    search_batch_init(&x->batch);
}

static void end(struct index *x)
{
    search_db_close(x->db);
    search_cutter_free(x->cutter);
    search_batch_fini(&x->batch);
    ck_assert_int_eq(search_db_remove(x->path, NULL), 0);
}

static void put(struct index *x, uint64_t id, struct moxd_str message)
{
    struct moxd_reader r = moxd_reader_mem(&message);
    const uint32_t *keys;
    size_t n;

    ck_assert_int_eq(search_cut(x->cutter, &r, &keys, &n, NULL), 0);
    search_batch_add(&x->batch, id, keys, n);
}

static void flush(struct index *x, uint64_t modseq)
{
    struct moxd_err err = { 0 };

    ck_assert_msg(search_batch_write(x->db, &x->batch, modseq, &err) == 0, "%s", err.priv);
    search_batch_reset(&x->batch);
}

static void merge(struct index *x)
{
    struct search_merge *m;
    int rc;

    while (search_merge_begin(x->db, &m, NULL) == 0 && m) {
        while ((rc = search_merge_step(m, NULL)) > 0)
            ;
        ck_assert_int_eq(rc, 0);
        search_merge_free(m);
    }
}

static struct search_text text_of(const char *field, const char *folded)
{
    enum search_where where = moxd_str_eqs(moxd_cstr(field), "TEXT")   ? SEARCH_IN_TEXT
                              : moxd_str_eqs(moxd_cstr(field), "BODY") ? SEARCH_IN_BODY
                                                                       : SEARCH_IN_FIELD;

    return (struct search_text){ where, field, moxd_cstr(folded) };
}

/* The ids that may match, as text; "*": all. */
static void check_ask(struct index *x, const char *field, const char *folded, const char *want)
{
    struct search_text text = text_of(field, folded);
    struct search_found found = { 0 };
    struct search_query q = { .path = x->path, .texts = &text, .n = 1, .found = &found };
    struct moxd_buf got = MOXD_BUF_INIT(10000);
    struct moxd_err err = { 0 };

    ck_assert_msg(search_query_run(&q, &err) == 0, "%s", err.priv);
    for (size_t i = 0; i < found.n; i++)
        moxd_buf_addf(&got, "%s%llu", i ? " " : "", (unsigned long long)found.ids[i]);
    if (!found.narrow)
        moxd_buf_adds(&got, "*");
    ck_assert_msg(moxd_str_eqs(moxd_buf_str(&got), want), "%s %s: %s, not %s", field, folded,
                  moxd_buf_cstr(&got), want);
    moxd_buf_fini(&got);
    search_query_free(&q);
}

static const char one[] =
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= to ab\r\nFrom: x@example.org\r\n"
    "Cc: copy@example.net\r\nX-Odd: strange\r\n\r\nHello W\xC3\x96RLD\r\nend xy\r\n";
static const char two[] =
    "Subject: other\r\nTo: me@example.org\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    "\r\n5pel5pys6Kqe\r\n"; /* three characters of Japanese */

START_TEST(asks)
{
    struct index x;
    uint64_t modseq;

    begin(&x);
    put(&x, 10, moxd_str(one, sizeof(one) - 1));
    put(&x, 7, moxd_str(two, sizeof(two) - 1));
    search_batch_add_whole(&x.batch, 99);
    flush(&x, 55);
    ck_assert_int_eq(search_meta_get(x.db, SEARCH_META_MODSEQ, &modseq, NULL), 0);
    ck_assert_uint_eq(modseq, 55);
    check_ask(&x, "BODY", "hello", "10 99");
    check_ask(&x, "BODY", "w\xC3\xB6rld\r\nend", "10 99");
    check_ask(&x, "BODY", "\xE6\x97\xA5", "7 99");
    check_ask(&x, "BODY", "example", "99");
    check_ask(&x, "TEXT", "example", "7 10 99");
    check_ask(&x, "TEXT", "from: x", "10 99");
    check_ask(&x, "Subject", "gr\xC3\xBCsse", "10 99");
    check_ask(&x, "SUBJECT", "ab", "10 99"); /* its last two bytes */
    check_ask(&x, "Subject", "zq", "99");
    check_ask(&x, "cc", "copy", "10 99");
    check_ask(&x, "x-odd", "strange", "10 99");
    check_ask(&x, "from", "strange", "99");
    check_ask(&x, "BODY", "x", "*");
    check_ask(&x, "BODY", "", "*");
    ck_assert_int_eq(search_db_check(x.db, NULL), 0);
    end(&x);
}
END_TEST

/* As a mailbox grows message by message, and most of it is expunged. */
START_TEST(merges_and_forgets)
{
    struct search_segments all;
    struct index x;
    char mail[200], want[40];

    begin(&x);
    for (unsigned i = 1; i <= 300; i++) {
        snprintf(mail, sizeof(mail), "Subject: s\r\n\r\nnumber=%u=\r\n", i);
        put(&x, i, moxd_cstr(mail));
        flush(&x, i);
        if (i % 7 == 0)
            merge(&x);
    }
    merge(&x);
    ck_assert_int_eq(search_segments_read(x.db, &all, NULL), 0);
    ck_assert_uint_lt(all.n, 30);
    search_segments_free(&all);
    for (unsigned i = 1; i <= 300; i += 13) {
        snprintf(mail, sizeof(mail), "=%u=", i);
        snprintf(want, sizeof(want), "%u", i);
        check_ask(&x, "BODY", mail, want);
    }
    for (uint64_t i = 1; i <= 299; i++)
        ck_assert_int_eq(search_forget(x.db, &i, 1, NULL), 0);
    merge(&x);
    ck_assert_int_eq(search_segments_read(x.db, &all, NULL), 0);
    ck_assert_uint_eq(all.n, 1);
    ck_assert_uint_eq(all.v[0].n, 1);
    search_segments_free(&all);
    check_ask(&x, "BODY", "number", "300");
    ck_assert_int_eq(search_db_check(x.db, NULL), 0);
    end(&x);
}
END_TEST

START_TEST(damage_is_found)
{
    struct index x;
    struct search_db *db;
    struct moxd_err err = { 0 };
    FILE *f;

    begin(&x);
    put(&x, 1, moxd_str(one, sizeof(one) - 1));
    flush(&x, 1);
    /* The body's lists where those of the header were. */
    ck_assert_int_eq(sqlite3_exec(x.db->sql,
                                  "delete from post where key >= 1<<24;"
                                  "update post set key = key + (1<<24)",
                                  0, 0, 0),
                     SQLITE_OK);
    {
        struct search_text text = text_of("SUBJECT", "hello");
        struct search_found found = { 0 };
        struct search_query q = { .path = x.path, .texts = &text, .n = 1, .found = &found };

        text.where = SEARCH_IN_FIELD;
        text.field = "X-Any"; /* the space after the body's */
        ck_assert_int_eq(search_query_run(&q, &err), -1);
        ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
        search_query_free(&q);
    }
    search_db_close(x.db);
    x.db = NULL;
    f = fopen(x.path, "w");
    ck_assert_ptr_nonnull(f);
    fputs("This is not a database, and it is long enough to be read as the head of one. "
          "...............",
          f);
    fclose(f);
    ck_assert_int_eq(search_db_open(x.path, false, &db, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
    ck_assert_int_eq(search_db_open(x.path, true, &db, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
    ck_assert_int_eq(search_db_remove(x.path, NULL), 0);
    ck_assert_int_eq(search_db_open(x.path, false, &db, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_NOTFOUND);
    end(&x);
}
END_TEST

UNIT_MAIN("search index", lists_there_and_back, ids_there_and_back, asks, merges_and_forgets,
          damage_is_found)
