/* Do the records and indexes of threads belong together? */
#include "verify.h"

#include "message.h"
#include "thread.h"

#define LLU(x) ((unsigned long long)(x))

struct threads {
    struct store_tx *tx;
    struct store_report *out;
    uint64_t records;   /* as many entries the index of subjects has */
    uint64_t subjects;
    struct moxd_err *err;
};

/* --- records ----------------------------------------------------------------------------------- */

static int received_of(struct threads *t, struct moxd_str place, int64_t *received)
{
    struct store_rec rec;
    int rc = store_msg_get(t->tx, moxd_get_be32(place.p), moxd_get_be32(place.p + 4), &rec, t->err);

    if (rc > 0)
        *received = rec.received;
    return rc;
}

static void check_record(struct threads *t, uint64_t id, const struct store_thread_rec *r)
{
    if (r->thread == 0 && !store_threads_unfinished(&t->tx->meta))
        store_problem(t->out, "message %llu: was forgotten when threads were made", LLU(id));
    for (unsigned i = 0; r->thread != 0 && i < r->n; i++)
        if (r->v[i] == id || r->v[i] == 0)
            store_problem(t->out, "message %llu: is its own ancestor", LLU(id));
}

static int check_subject(struct threads *t, uint64_t id, int64_t received,
                         const struct store_thread_rec *r)
{
    struct store_key key = store_thread_key_subject(r->subject, received, id);
    struct moxd_str val = { 0 };
    int rc = store_get(t->tx, &key, &val, t->err);

    if (rc == 0 || (rc > 0 && (val.n != 8 || moxd_get_be64(val.p) != r->thread)))
        store_problem(t->out, "message %llu: not rightly in the index of subjects", LLU(id));
    return rc < 0 ? -1 : 0;
}

static int check_msgid(struct threads *t, uint64_t id, const struct store_thread_rec *r)
{
    struct store_same_msgid same;

    if (r->msgid_n == 0)
        return 0;
    if (store_thread_same_msgid(t->tx, store_thread_msgid_hash(r), &same, t->err) < 0)
        return -1;
    for (size_t i = 0; i < same.n; i++)
        if (same.v[i].id == id && same.v[i].subject == r->subject)
            return 0;
    if (same.n < STORE_SAME_MSGID_MAX)
        store_problem(t->out, "message %llu: not rightly in the index of message ids", LLU(id));
    return 0;
}

static int on_place(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct threads *t = arg;
    struct store_thread_rec r;
    int64_t received;

    if (key.n != 9 || val.n < STORE_PLACE_SIZE) /* told already */
        return 0;
    uint64_t id = moxd_get_be64(key.p + 1);
    int rc = received_of(t, val, &received);
    if (rc < 0)
        return -1;
    if (val.n == STORE_PLACE_SIZE) {
        if (rc > 0 && t->tx->meta.thread_pass != STORE_THREADS_FILL)
            store_problem(t->out, "message %llu: has no thread", LLU(id));
        return 0;
    }
    if (store_thread_decode(moxd_str_from(val, STORE_PLACE_SIZE), &r) < 0) {
        store_problem(t->out, "message %llu: its thread cannot be read", LLU(id));
        return 0;
    }
    t->records++;
    if (rc == 0) /* it was expunged, or that was told already */
        return 0;
    check_record(t, id, &r);
    return check_subject(t, id, received, &r) < 0 ? -1 : check_msgid(t, id, &r);
}

/* --- indexes ----------------------------------------------------------------------------------- */

static int on_subject(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct threads *t = arg;
    (void)key, (void)val;
    t->subjects++;
    return 0;
}

static int on_msgid(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct threads *t = arg;
    struct store_same_msgid same;
    struct store_thread_rec r;
    uint64_t hash = key.n == 10 ? moxd_get_be64(key.p + 2) : 0;

    (void)val;
    if (store_thread_same_msgid(t->tx, hash, &same, t->err) < 0)
        return -1;
    for (size_t i = 0; i < same.n; i++) {
        int rc = store_thread_get(t->tx, same.v[i].id, &r, t->err);
        if (rc < 0)
            return -1;
        if (rc == 0 || r.msgid_n == 0 || store_thread_msgid_hash(&r) != hash)
            store_problem(t->out, "message %llu: wrongly in the index of message ids",
                          LLU(same.v[i].id));
    }
    return 0;
}

static int scan(struct threads *t, struct store_key all, store_each *fn)
{
    return store_scan(t->tx, &all, store_key_str(&all), fn, t, t->err) < 0 ? -1 : 0;
}

int store_verify_threads(struct store_tx *tx, struct store_report *out, struct moxd_err *err)
{
    struct threads t = { .tx = tx, .out = out, .err = err };

    if (scan(&t, store_key_table(STORE_T_ID), on_place) < 0 ||
        scan(&t, store_thread_key_all('S'), on_subject) < 0 ||
        scan(&t, store_thread_key_all('I'), on_msgid) < 0)
        return -1;
    if (t.subjects != t.records)
        store_problem(out, "%llu entries in the index of subjects, there should be %llu",
                      LLU(t.subjects), LLU(t.records));
    return 0;
}
