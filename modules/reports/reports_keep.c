/* Reports that came in, in tables of the server: "reports.dmarc" and "reports.tls" have time and number -> a line of JSON;
 * with ".data" behind it number and piece -> a piece of the packed report; with ".id" author and report id -> key. */
#include "reports.h"

#include <jansson.h>
#include <moxd/enc.h>
#include <moxd/offload.h>
#include <stdlib.h>

enum { KEY = 16, PIECE = 60000, ID_MAX = 400, PRUNE_MAX = 100 };

const char *const reports_kinds[] = { "dmarc", "tls", NULL };
const struct reports_words reports_words[] = {
    [MOXD_REPORT_DMARC] = { .good = "passed",
                            .bad = "failed",
                            .field = "X-Mox-DMARCReport-Error",
                            .received = "DMARC report received",
                            .refused = "DMARC report not taken" },
    [MOXD_REPORT_TLS] = { .good = "successful",
                          .bad = "failed",
                          .field = "X-Mox-TLSReport-Error",
                          .received = "TLS report received",
                          .refused = "TLS report not taken" },
};
static const char *const tables[][3] = {
    { "reports.dmarc", "reports.dmarc.data", "reports.dmarc.id" },
    { "reports.tls", "reports.tls.data", "reports.tls.id" },
};
enum { INDEX, DATA, IDS };

struct job {
    struct reports *r;
    const char *const *tables;
    struct reports_in *in;
    struct moxd_str report;
    struct moxd_buf packed, value;
    unsigned char key[KEY]; /* seconds, id */
    struct moxd_str id_key;
    uint64_t id;
    int rc;
    struct moxd_err err;
    /* of a listing */
    struct moxd_arena *a;
    struct reports_in *v;
    size_t n, cap;
    struct old {
        unsigned char key[KEY];
        struct moxd_str id;
    } old[PRUNE_MAX];
    uint64_t before;
};

static struct moxd_str key_of(const unsigned char *key, size_t n)
{
    return moxd_str((const char *)key, n);
}

/* ---- JSON */

static json_t *text(const char *s)
{
    json_t *v = json_string(s ? s : "");

    return v ? v : json_string("?");
}

static void encode(const struct reports_in *in, struct moxd_buf *b)
{
    json_t *v =
        json_pack("{so so so so sI sI sI sI}", "domain", text(in->domain), "from", text(in->from),
                  "organization", text(in->organization), "report-id", text(in->report_id), "begin",
                  (json_int_t)in->begin, "end", (json_int_t)in->end, "good", (json_int_t)in->good,
                  "bad", (json_int_t)in->bad);
    char *s = json_dumps(v, JSON_COMPACT);

    moxd_buf_adds(b, s ? s : "{}");
    free(s);
    json_decref(v);
}

static void decode(struct moxd_str key, struct moxd_str value, struct moxd_arena *a,
                   struct reports_in *out)
{
    static const struct {
        const char *name;
        size_t offset;
    } texts[] = { { "domain", offsetof(struct reports_in, domain) },
                  { "from", offsetof(struct reports_in, from) },
                  { "organization", offsetof(struct reports_in, organization) },
                  { "report-id", offsetof(struct reports_in, report_id) } };
    json_t *v = json_loadb(value.p, value.n, 0, NULL);

    out->received = (int64_t)moxd_get_be64(key.p);
    out->id = moxd_get_be64(key.p + 8);
    for (size_t i = 0; i < MOXD_NELEMS(texts); i++) {
        const char *s = json_string_value(json_object_get(v, texts[i].name));
        *(const char **)(void *)((char *)out + texts[i].offset) = moxd_arena_strdup(a, s ? s : "");
    }
    out->begin = json_integer_value(json_object_get(v, "begin"));
    out->end = json_integer_value(json_object_get(v, "end"));
    out->good = (uint64_t)json_integer_value(json_object_get(v, "good"));
    out->bad = (uint64_t)json_integer_value(json_object_get(v, "bad"));
    json_decref(v);
}

/* ---- keeping */

static void pack(void *arg)
{
    struct job *j = arg;

    j->rc = moxd_report_pack(j->report, &j->packed, &j->err);
}

static int put_data(struct job *j, struct store_tx *tx, struct moxd_err *err)
{
    unsigned char key[KEY];
    struct moxd_str all = moxd_buf_str(&j->packed);

    memcpy(key, j->key + 8, 8);
    for (size_t i = 0; i * PIECE < all.n; i++) {
        moxd_put_be64(key + 8, i);
        if (j->r->store->tx_put(tx, j->tables[DATA], key_of(key, KEY),
                                moxd_str_sub(all, i * PIECE, PIECE), err) < 0)
            return -1;
    }
    return 0;
}

/* The same report of the same author has the same. */
static struct moxd_str id_key(struct moxd_arena *a, const struct reports_in *in)
{
    return moxd_str_sub(moxd_cstr(moxd_arena_printf(a, "%s %s", in->from, in->report_id)), 0,
                        ID_MAX);
}

static int choose_old(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;
    struct reports_in in;

    if (j->n == PRUNE_MAX || key.n != KEY || moxd_get_be64(key.p) >= j->before)
        return 1;
    decode(key, value, j->a, &in);
    memcpy(j->old[j->n].key, key.p, KEY);
    j->old[j->n++].id = id_key(j->a, &in);
    return 0;
}

static int del_data(struct job *j, struct store_tx *tx, const unsigned char *key,
                    struct moxd_err *err)
{
    unsigned char piece[KEY];

    memcpy(piece, key + 8, 8);
    for (uint64_t i = 0; i * PIECE <= MOXD_REPORT_PACKED_MAX; i++) {
        moxd_put_be64(piece + 8, i);
        moxd_buf_reset(&j->value);
        int rc =
            store_tx_find(j->r->store, tx, j->tables[DATA], key_of(piece, KEY), &j->value, err);
        if (rc <= 0)
            return rc;
        if (j->r->store->tx_del(tx, j->tables[DATA], key_of(piece, KEY), err) < 0)
            return -1;
    }
    return 0;
}

/* Old ones go with each that comes. */
static int prune(struct job *j, struct store_tx *tx, struct moxd_err *err)
{
    j->n = 0;
    j->before = (uint64_t)((moxd_wall() - j->r->conf->keep) / MOXD_SEC);
    if (j->r->store->tx_each(tx, j->tables[INDEX], MOXD_STR(""), choose_old, j, err) < 0)
        return -1;
    for (size_t i = 0; i < j->n; i++)
        if (del_data(j, tx, j->old[i].key, err) < 0 ||
            j->r->store->tx_del(tx, j->tables[IDS], j->old[i].id, err) < 0 ||
            j->r->store->tx_del(tx, j->tables[INDEX], key_of(j->old[i].key, KEY), err) < 0)
            return -1;
    return 0;
}

static int put(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;
    const struct store_v1 *store = j->r->store;

    moxd_buf_reset(&j->value);
    int rc = store_tx_find(store, tx, j->tables[IDS], j->id_key, &j->value, err);
    if (rc != 0)
        return rc < 0 ? -1 : moxd_err_set(err, MOXD_ERR_EXISTS, "this report is here already");
    if (prune(j, tx, err) < 0 || put_data(j, tx, err) < 0)
        return -1;
    moxd_buf_reset(&j->value);
    encode(j->in, &j->value);
    if (store->tx_put(tx, j->tables[INDEX], key_of(j->key, KEY), moxd_buf_str(&j->value), err) < 0)
        return -1;
    return store->tx_put(tx, j->tables[IDS], j->id_key, key_of(j->key, KEY), err);
}

int reports_keep(struct reports *r, enum moxd_report_kind kind, struct reports_in *in,
                 struct moxd_str report, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job *j = moxd_arena_alloc(a, sizeof(*j));

    *j = (struct job){ .r = r, .tables = tables[kind], .in = in, .report = report };
    moxd_buf_init(&j->packed, MOXD_REPORT_PACKED_MAX);
    moxd_buf_init(&j->value, 1 << 16);
    moxd_random(&in->id, sizeof(in->id));
    in->id >>= 16; /* short enough to be typed */
    in->received = moxd_wall() / MOXD_SEC;
    moxd_put_be64(j->key, (uint64_t)in->received);
    moxd_put_be64(j->key + 8, in->id);
    j->a = a;
    j->id_key = id_key(a, in);
    int rc = moxd_offload(MOXD_LANE_CPU, pack, j) == MOXD_OK
                 ? j->rc
                 : moxd_err_set(&j->err, MOXD_ERR_CANCELLED, "cancelled");
    if (rc < 0)
        *err = j->err;
    else
        rc = j->r->store->transact(j->r->store_self, NULL, put, j, err);
    moxd_buf_fini(&j->packed);
    moxd_buf_fini(&j->value);
    return rc;
}

/* ---- reading */

static int on_record(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;

    if (key.n == KEY)
        decode(key, value, j->a, moxd_arena_push(j->a, &j->v, &j->n, &j->cap, sizeof(*j->v)));
    return 0;
}

static int each(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;

    j->v = NULL; /* it may run again */
    j->n = j->cap = 0;
    return j->r->store->tx_each(tx, j->tables[INDEX], MOXD_STR(""), on_record, j, err) < 0 ? -1 : 0;
}

int reports_list(struct reports *r, enum moxd_report_kind kind, struct moxd_arena *a,
                 struct reports_in **out, size_t *n, struct moxd_err *err)
{
    struct job *j = moxd_arena_alloc(a, sizeof(*j));

    *j = (struct job){ .r = r, .tables = tables[kind], .a = a };
    int rc = j->r->store->view(j->r->store_self, NULL, each, j, err);
    *out = j->v;
    *n = j->n;
    return rc;
}

static int on_piece(void *arg, struct moxd_str key, struct moxd_str value)
{
    struct job *j = arg;

    (void)key;
    moxd_buf_addstr(&j->packed, value);
    return 0;
}

static int collect(struct store_tx *tx, void *arg, struct moxd_err *err)
{
    struct job *j = arg;
    unsigned char key[8];

    moxd_buf_reset(&j->packed);
    moxd_put_be64(key, j->id);
    return j->r->store->tx_each(tx, j->tables[DATA], key_of(key, 8), on_piece, j, err) < 0 ? -1 : 0;
}

int reports_get(struct reports *r, enum moxd_report_kind kind, uint64_t id, struct moxd_buf *report,
                struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct job *j = moxd_arena_alloc(a, sizeof(*j));

    *j = (struct job){ .r = r, .tables = tables[kind], .id = id };
    moxd_buf_init(&j->packed, MOXD_REPORT_PACKED_MAX);
    int rc = j->r->store->view(j->r->store_self, NULL, collect, j, err);
    if (rc == 0 && j->packed.n == 0)
        rc = moxd_err_set(err, MOXD_ERR_NOTFOUND, "there is no such report");
    if (rc == 0)
        rc = moxd_report_unpack(moxd_buf_str(&j->packed), report, err);
    moxd_buf_fini(&j->packed);
    return rc;
}
