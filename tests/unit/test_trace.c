/* Traces in a database, which is an array here: written in parts, read, found by Message-ID, forgotten. */
#include "unit.h"

#include <moxd/service.h>

#include "trace.h"

/* --- a database -------------------------------------------------------------------------------- */

enum { RECORDS = 20000 };
static struct record {
    char *table;
    char *key, *val;
    size_t nkey, nval;
} records[RECORDS];
static size_t nrecords;

static int compare(const struct record *r, const char *table, struct moxd_str key)
{
    int c = strcmp(r->table, table);

    return c != 0 ? c : moxd_str_cmp(moxd_str(r->key, r->nkey), key);
}

/* The first that is not less. */
static size_t find(const char *table, struct moxd_str key)
{
    size_t lo = 0, hi = nrecords;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (compare(&records[mid], table, key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool at(size_t i, const char *table, struct moxd_str key)
{
    return i < nrecords && compare(&records[i], table, key) == 0;
}

static int tx_get(struct store_tx *tx, const char *table, struct moxd_str key, struct moxd_buf *out,
                  struct moxd_err *err)
{
    size_t i = find(table, key);

    (void)tx;
    if (!at(i, table, key))
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no such record");
    moxd_buf_add(out, records[i].val, records[i].nval);
    return 0;
}

static int tx_del(struct store_tx *tx, const char *table, struct moxd_str key, struct moxd_err *err)
{
    size_t i = find(table, key);

    (void)tx, (void)err;
    if (!at(i, table, key))
        return 0;
    free(records[i].table);
    free(records[i].key);
    free(records[i].val);
    memmove(&records[i], &records[i + 1], (--nrecords - i) * sizeof(records[0]));
    return 0;
}

static int tx_put(struct store_tx *tx, const char *table, struct moxd_str key, struct moxd_str val,
                  struct moxd_err *err)
{
    (void)!tx_del(tx, table, key, err);
    ck_assert_uint_lt(nrecords, RECORDS);
    ck_assert_uint_le(key.n, 512);
    ck_assert_uint_le(val.n, 64 * 1024);
    size_t i = find(table, key);
    memmove(&records[i + 1], &records[i], (nrecords++ - i) * sizeof(records[0]));
    records[i] = (struct record){ moxd_str_dup(moxd_cstr(table)), moxd_str_dup(key),
                                  moxd_str_dup(val), key.n, val.n };
    return 0;
}

static int tx_each(struct store_tx *tx, const char *table, struct moxd_str prefix,
                   int (*fn)(void *arg, struct moxd_str key, struct moxd_str value), void *arg,
                   struct moxd_err *err)
{
    (void)tx, (void)err;
    for (size_t i = find(table, prefix); i < nrecords; i++) {
        struct record *r = &records[i];
        if (strcmp(r->table, table) != 0 || !moxd_str_starts(moxd_str(r->key, r->nkey), prefix))
            break;
        int rc = fn(arg, moxd_str(r->key, r->nkey), moxd_str(r->val, r->nval));
        if (rc != 0)
            return rc;
    }
    return 0;
}

static const struct store_v1 store = {
    .tx_get = tx_get, .tx_put = tx_put, .tx_del = tx_del, .tx_each = tx_each
};

static size_t count(const char *table)
{
    size_t n = 0;

    for (size_t i = 0; i < nrecords; i++)
        n += strcmp(records[i].table, table) == 0;
    return n;
}

/* --- writing ----------------------------------------------------------------------------------- */

static struct trace_part part;
static int64_t now;

static void begin(uint64_t cid, uint32_t n, int64_t when)
{
    moxd_cid_public_part(cid, n, part.id);
    moxd_buf_init(&part.steps, TRACE_CHUNK_MAX);
    now = when;
}

static void put(const char *kind, const char *name, const char *value)
{
    const struct moxd_step_value v = moxd_sv(name, value);

    moxd_step_put(&part.steps, &(struct moxd_step){ now++, kind, &v, 1 });
}

static void end(void)
{
    struct moxd_err err = { 0 };

    ck_assert_msg(trace_write_part(&store, NULL, &part, &err) == 0, "%s", err.priv);
    moxd_buf_fini(&part.steps);
}

static struct moxd_arena *arena;
static struct trace_head head;
static struct moxd_buf steps;

static int read_back(uint64_t cid, uint32_t n)
{
    struct trace_id id = { cid, n };
    struct moxd_err err = { 0 };

    if (!arena)
        arena = moxd_arena_new(0);
    moxd_buf_fini(&steps);
    moxd_buf_init(&steps, 1 << 20);
    int rc = trace_read(&store, NULL, &id, arena, &head, &steps, &err);
    ck_assert_msg(rc >= 0, "%s", err.priv);
    return rc;
}

static void received(uint64_t cid, int64_t when)
{
    begin(cid, 1, when);
    put("connect", "ip", "192.0.2.1");
    put("command", "text", "MAIL FROM:<a@b.example> SIZE=5");
    put("reply", "text", "250 2.1.0 sender ok");
    put("command", "text", "RCPT TO:<c@d.example>");
    put("message", "messageid", "<m1@b.example>");
    put("stored", "mailbox", "INBOX");
    put("received", "x", "");
    end();
}

START_TEST(a_message)
{
    received(7, 1000);
    ck_assert_int_eq(read_back(7, 1), 1);
    ck_assert_str_eq(trace_head_outcome(&head), "delivered");
    ck_assert_str_eq(head.from, "a@b.example");
    ck_assert_str_eq(head.to, "c@d.example");
    ck_assert_str_eq(head.ip, "192.0.2.1");
    ck_assert_str_eq(head.message_id, "m1@b.example");
    ck_assert_str_eq(head.reason, "");
    ck_assert_int_eq(head.start, 1000);
    ck_assert_uint_eq(count("trace.message"), 1);
    ck_assert_int_eq(read_back(7, 2), 0);
    ck_assert_int_eq(read_back(8, 1), 0);
}
END_TEST

START_TEST(refused_ones)
{
    begin(9, 1, 1000);
    put("command", "text", "mail from:<>");
    put("command", "text", "rcpt to:<nobody@d.example>");
    put("reply", "text", "550 5.1.1 no such user (x)");
    put("ended", "reason", "QUIT");
    end();
    ck_assert_int_eq(read_back(9, 1), 1);
    ck_assert_str_eq(trace_head_outcome(&head), "refused");
    ck_assert_str_eq(head.from, "<>");
    ck_assert_str_eq(head.reason, "550 5.1.1 no such user (x)");
    begin(9, 2, 2000);
    put("command", "text", "MAIL FROM:<a@b.example>");
    put("ended", "reason", "RSET");
    end();
    ck_assert_int_eq(read_back(9, 2), 1);
    ck_assert_str_eq(trace_head_outcome(&head), "no message");
}
END_TEST

static void attempt(const char *outcome, const char *reply, const char *reported)
{
    const struct moxd_step_value v[] = { moxd_sv("outcome", outcome), moxd_sv("reply", reply),
                                         moxd_sv("reported", reported) };

    moxd_step_put(&part.steps, &(struct moxd_step){ now++, "attempt", v, 3 });
}

/* Attempts come hours later, in parts of their own. */
START_TEST(in_parts)
{
    begin(11, 1, 1000);
    put("command", "text", "MAIL FROM:<a@b.example>");
    put("queued", "to", "x@y.example");
    put("queued", "to", "z@y.example");
    put("received", "x", "");
    end();
    ck_assert_int_eq(read_back(11, 1), 1);
    ck_assert_str_eq(trace_head_outcome(&head), "waiting");
    begin(11, 1, 5000);
    attempt("retry", "451 later", "");
    attempt("delivered", "250 ok", "");
    end();
    read_back(11, 1);
    ck_assert_str_eq(trace_head_outcome(&head), "waiting");
    ck_assert_str_eq(head.reason, "451 later");
    begin(11, 1, 9000);
    attempt("failed", "550 never", "");
    end();
    read_back(11, 1);
    ck_assert_str_eq(trace_head_outcome(&head), "partly failed");
    ck_assert_int_eq(head.start, 1000);
    ck_assert_int_eq(head.chunks, 3);
    begin(11, 1, 10000);
    attempt("failed", "550 after all", "by a notification");
    end();
    read_back(11, 1);
    ck_assert_str_eq(trace_head_outcome(&head), "failed");

    struct moxd_str rest = moxd_buf_str(&steps);
    struct moxd_step s;
    size_t n = 0;
    while (moxd_step_next(&rest, arena, &s, NULL) > 0)
        n++;
    ck_assert_uint_eq(n, 8);
    ck_assert_uint_eq(count("trace.head"), 1);
}
END_TEST

/* A message of which too much is told loses the rest, and says so. */
START_TEST(one_message_is_bounded)
{
    char text[900];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 12; i++) {
        begin(13, 1, 1000 + i);
        for (int k = 0; k < 40; k++)
            put("later", "text", text);
        end();
    }
    ck_assert_int_eq(read_back(13, 1), 1);
    ck_assert(head.cut);
    ck_assert_uint_le(steps.n, TRACE_MESSAGE_MAX);
    ck_assert_uint_gt(steps.n, TRACE_MESSAGE_MAX / 2);
}
END_TEST

static size_t prune(int64_t before, uint64_t limit)
{
    struct moxd_err err = { 0 };
    size_t removed = 0;

    ck_assert_int_eq(trace_prune(&store, NULL, before, limit, 200, &removed, &err), 0);
    return removed;
}

START_TEST(the_oldest_are_forgotten)
{
    struct trace_total total, again;

    for (uint64_t i = 0; i < 300; i++)
        received(100 + i, 1000 + 100 * (int64_t)i);
    ck_assert_int_eq(trace_get_total(&store, NULL, &total, NULL), 0);
    ck_assert_uint_eq(total.count, 300);
    ck_assert_uint_eq(prune(1000, UINT64_MAX), 0);
    ck_assert_uint_eq(prune(1000 + 100 * 10, UINT64_MAX), 10); /* by time */
    ck_assert_int_eq(read_back(109, 1), 0);
    ck_assert_int_eq(read_back(110, 1), 1);
    ck_assert_uint_eq(prune(0, total.bytes / 2), 140); /* by size */
    ck_assert_uint_eq(prune(0, total.bytes / 2), 0);
    ck_assert_int_eq(read_back(249, 1), 0);
    ck_assert_int_eq(read_back(250, 1), 1);
    ck_assert_int_eq(trace_get_total(&store, NULL, &again, NULL), 0);
    ck_assert_uint_eq(again.count, 150);
    ck_assert_uint_eq(again.bytes, total.bytes / 2);
    ck_assert_uint_eq(count("trace.step"), 150);
    ck_assert_uint_eq(count("trace.message"), 150);
    ck_assert_uint_eq(prune(INT64_MAX, UINT64_MAX), 150);
    ck_assert_uint_eq(nrecords, 1); /* the total */
    ck_assert_int_eq(trace_get_total(&store, NULL, &again, NULL), 0);
    ck_assert_uint_eq(again.bytes, 0);
}
END_TEST

/* Not many in one transaction; a damaged one is forgotten too. */
START_TEST(in_portions)
{
    for (uint64_t i = 0; i < 250; i++)
        received(100 + i, 1000 + (int64_t)i * 10);
    struct record *r = &records[find("trace.head", MOXD_STR(""))];
    r->val[3] ^= 0x55;
    r->val[11] ^= 0x55;
    ck_assert_uint_eq(prune(INT64_MAX, UINT64_MAX), 200);
    ck_assert_uint_eq(prune(INT64_MAX, UINT64_MAX), 50);
    ck_assert_uint_eq(count("trace.head"), 0);
}
END_TEST

START_TEST(heads_are_read_as_written)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    struct trace_head h = { .start = 5,
                            .last = 9,
                            .ip = "::1",
                            .account = "",
                            .from = "a@b",
                            .to = "c@d,e@f",
                            .message_id = "m",
                            .reason = "550 no",
                            .end = "refused",
                            .rcpts = 2,
                            .waiting = 1,
                            .delivered = 2,
                            .failed = 3,
                            .chunks = 4,
                            .bytes = 5,
                            .cut = true };
    struct trace_head back;

    trace_head_encode(&b, &h);
    ck_assert_int_eq(trace_head_decode(moxd_buf_str(&b), a, &back, NULL), 0);
    ck_assert_int_eq(back.start, 5);
    ck_assert_str_eq(back.to, "c@d,e@f");
    ck_assert_str_eq(back.account, "");
    ck_assert_str_eq(back.end, "refused");
    ck_assert_int_eq(back.failed, 3);
    ck_assert(back.cut);
    ck_assert_int_eq(trace_head_decode(MOXD_STR(""), a, &back, NULL), -1);
    ck_assert_int_eq(trace_head_decode(MOXD_STR("\0\1x"), a, &back, NULL), -1);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("trace", a_message, refused_ones, in_parts, one_message_is_bounded,
          the_oldest_are_forgotten, in_portions, heads_are_read_as_written)
