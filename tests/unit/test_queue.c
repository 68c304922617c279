/* The pure parts of the queue: order of what waits, schedule, records, history, routes. */
#include "unit.h"

#include "queue_conf.h"
#include "queue_dest.h"
#include "queue_extra.h"
#include "queue_fromid.h"
#include "queue_heap.h"
#include "queue_history.h"
#include "queue_record.h"
#include "queue_returned.h"
#include "queue_schedule.h"
#include "queue_suppress.h"

/* proves: P-QUEUE-06
 * proves in part: P-QUEUE-01, P-QUEUE-09, QUEUE-05, QUEUE-06, QUEUE-07 */

START_TEST(heap_by_time_then_id)
{
    struct queue_heap h = { 0 };
    struct queue_entry e, last = { 0, 0 };

    for (uint64_t i = 1; i <= 5000; i++)
        queue_heap_push(&h, (struct queue_entry){ (int64_t)(i * 7919 % 97), i });
    for (size_t i = 0; i < 5000; i++) {
        ck_assert(queue_heap_pop(&h, &e));
        ck_assert(e.next > last.next || (e.next == last.next && e.id > last.id));
        last = e;
    }
    ck_assert(!queue_heap_pop(&h, &e));
    queue_heap_free(&h);
}
END_TEST

START_TEST(set_of_ids)
{
    struct queue_idset s = { 0 };

    ck_assert(!queue_idset_has(&s, 1));
    for (uint64_t i = 1; i <= 10000; i++)
        ck_assert(queue_idset_add(&s, i * 3));
    ck_assert(!queue_idset_add(&s, 3));
    for (uint64_t i = 1; i <= 10000; i += 2)
        queue_idset_remove(&s, i * 3);
    for (uint64_t i = 1; i <= 10000; i++)
        ck_assert(queue_idset_has(&s, i * 3) == (i % 2 == 0));
    ck_assert_uint_eq(s.n, 5000);
    for (uint64_t i = 1; i <= 10000; i++)
        queue_idset_remove(&s, i * 3);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_uint_le(s.cap, 1024);
    queue_idset_free(&s);
}
END_TEST

/* What moxd.conf has without a word in it. */
static const char *default_of(const char *name)
{
    for (const struct moxd_directive *d = queue_conf_block.directives; d->name; d++)
        if (strcmp(d->name, name) == 0)
            return d->deflt;
    ck_abort_msg("there is no %s", name);
}

#define MINUTE (60 * MOXD_SEC)

/* P-QUEUE-01: a delay is told after 4 hours, and 5 days are all. */
START_TEST(defaults)
{
    int64_t ns;

    ck_assert_str_eq(default_of("retry"),
                     "[\"7m30s\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\", \"8h\"]");
    ck_assert_int_eq(queue_duration_parse(moxd_cstr(default_of("give-up")), &ns), 0);
    ck_assert_int_eq(ns, 5 * 24 * 60 * MINUTE);
    ck_assert_int_eq(queue_duration_parse(moxd_cstr(default_of("delay-notice")), &ns), 0);
    ck_assert_int_eq(ns, 240 * MINUTE);
}
END_TEST

static const int64_t intervals[] = { 450 * MOXD_SEC, 15 * MINUTE,  30 * MINUTE, 60 * MINUTE,
                                     120 * MINUTE,   240 * MINUTE, 480 * MINUTE };

START_TEST(schedule_to_the_end)
{
    struct queue_schedule s = { intervals, MOXD_NELEMS(intervals), 5 * 24 * 60 * MINUTE };
    int64_t start = 1000 * MOXD_SEC, now = start, next;
    unsigned attempts = 1;

    for (; (next = queue_schedule_next(&s, start, now, attempts, 7)) != 0; attempts++) {
        size_t i =
            attempts - 1 < MOXD_NELEMS(intervals) ? attempts - 1 : MOXD_NELEMS(intervals) - 1;
        int64_t waited = next - now, most = intervals[i] + intervals[i] / 16;
        ck_assert_int_gt(waited, 0);
        ck_assert_int_le(waited, most);
        ck_assert(next == start + s.give_up || waited >= intervals[i] - intervals[i] / 16);
        now = next;
    }
    ck_assert_int_eq(now, start + s.give_up); /* the last attempt is at the very end */
    ck_assert_uint_ge(attempts, 18);
    /* recipients of one message stay together, messages do not */
    ck_assert_int_eq(queue_schedule_next(&s, start, start, 1, 7),
                     queue_schedule_next(&s, start, start, 1, 7));
    ck_assert_int_ne(queue_schedule_next(&s, start, start, 1, 7),
                     queue_schedule_next(&s, start, start, 1, 8));
}
END_TEST

START_TEST(records_come_back)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf b = MOXD_BUF_INIT(10000);
    struct queue_item in = { .id = 7,
                             .body = 9,
                             .to = "x@y.example",
                             .domain = "y.example",
                             .next = -5,
                             .attempts = 3,
                             .hold = true,
                             .fromid = "",
                             .history = MOXD_STR("\0\1") };
    struct queue_item out = { 0 };
    struct queue_due due;

    queue_encode(&b, &queue_item_table, &in);
    ck_assert_int_eq(queue_decode(moxd_buf_str(&b), &queue_item_table, a, &out, NULL), 0);
    ck_assert_str_eq(out.to, "x@y.example");
    ck_assert_ptr_null(out.notify);
    ck_assert_str_eq(out.fromid, "");
    ck_assert(out.id == 7 && out.body == 9 && out.next == -5 && out.attempts == 3 && out.hold);
    ck_assert_uint_eq(out.history.n, 2);
    ck_assert_int_eq(queue_decode_due(moxd_buf_str(&b), &due), 0);
    ck_assert(due.id == 7 && due.next == -5 && due.hold);
    /* cut off anywhere it is damaged, or an older record: never read past its end */
    for (size_t n = 0; n < b.n; n++) {
        struct queue_item cut = { 0 };
        char *copy = moxd_xmalloc(n);
        memcpy(copy, b.p, n);
        (void)!queue_decode(moxd_str(copy, n), &queue_item_table, a, &cut, NULL);
        free(copy);
    }
    moxd_buf_addc(&b, 'x');
    ck_assert_int_lt(queue_decode(moxd_buf_str(&b), &queue_item_table, a, &out, NULL), 0);
    moxd_buf_fini(&b);
    moxd_arena_free(a);
}
END_TEST

START_TEST(history_keeps_first_and_last)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str h = MOXD_STR("");
    struct queue_attempt at;
    unsigned n = 0, last = 0;
    char *text = moxd_xmalloc(5000);

    memset(text, 'x', 4999);
    text[4999] = '\0';
    for (unsigned i = 1; i <= 50; i++)
        h = queue_history_add(h, &(struct queue_attempt){ .code = i, .text = text, .host = "mx" },
                              a);
    while (queue_history_next(&h, a, &at)) {
        ck_assert_uint_eq(at.code, n == 0 ? 1 : 50 - QUEUE_HISTORY_MAX + n + 1);
        ck_assert_uint_eq(strlen(at.text), QUEUE_HISTORY_TEXT_MAX);
        last = at.code;
        n++;
    }
    ck_assert_uint_eq(n, QUEUE_HISTORY_MAX);
    ck_assert_uint_eq(last, 50);
    free(text);
    moxd_arena_free(a);
}
END_TEST

START_TEST(durations)
{
    int64_t ns;
    struct moxd_buf b = MOXD_BUF_INIT(100);

    ck_assert_int_eq(queue_duration_parse(MOXD_STR("7m30s"), &ns), 0);
    ck_assert_int_eq(ns, 450 * MOXD_SEC);
    ck_assert_int_eq(queue_duration_parse(MOXD_STR("5d"), &ns), 0);
    ck_assert_int_eq(ns, 120 * 60 * MINUTE);
    static const char *const bad[] = { "", "5", "m", "5x", "5m ", "-5m", "1000000d", NULL };
    for (size_t i = 0; bad[i]; i++)
        ck_assert_int_lt(queue_duration_parse(moxd_cstr(bad[i]), &ns), 0);
    queue_duration_put(&b, 450 * MOXD_SEC);
    moxd_buf_addc(&b, ' ');
    queue_duration_put(&b, 0);
    moxd_buf_addc(&b, ' ');
    queue_duration_put(&b, 26 * 60 * MINUTE);
    ck_assert_str_eq(moxd_buf_cstr(&b), "7m30s 0s 1d2h");
    moxd_buf_fini(&b);
}
END_TEST

/* --- routes ------------------------------------------------------------------------------------ */

static const char *const below[] = { ".example.net", NULL };
static const char *const our_own[] = { ".example.org", NULL };
static const char *const ours[] = { "example.org", NULL };

START_TEST(first_route_that_matches)
{
    struct queue_transport one = { .head = { .label = "one" } },
                           two = { .head = { .label = "two" } };
    void *transports[] = { &one, &two };
    struct queue_conf conf = { .transports = { transports, 2 } };
    struct queue_route late = { .transport = "two", .minimum_attempts = 3 };
    struct queue_route sub = { .transport = "one", .to = { below, 1, NULL } };
    struct queue_route direct = { .transport = "", .from = { ours, 1, NULL } };
    void *in_account[] = { &sub }, *in_domain[] = { &direct }, *in_all[] = { &late };
    struct queue_account_conf account = { .routes = { in_account, 1 } };
    struct queue_domain_conf domain = { .routes = { in_domain, 1 } };
    struct queue_dynamic_conf all = { .routes = { in_all, 1 } };
    struct queue_route_facts f = { .from_domain = "elsewhere.example",
                                   .to_domain = "a.example.net" };

    ck_assert_ptr_eq(queue_route_find(&conf, &all, &domain, &account, &f), &one);
    f.to_domain = "example.net"; /* not below itself */
    ck_assert_ptr_null(queue_route_find(&conf, &all, &domain, &account, &f));
    f.attempts = 2;
    ck_assert_ptr_null(queue_route_find(&conf, &all, &domain, &account, &f));
    f.attempts = 3;
    ck_assert_ptr_eq(queue_route_find(&conf, &all, &domain, &account, &f), &two);
    f.from_domain = "Example.ORG"; /* the domain's own route is direct, and comes before */
    ck_assert_ptr_null(queue_route_find(&conf, &all, &domain, &account, &f));
    ck_assert_ptr_eq(queue_route_find(&conf, &all, NULL, NULL, &f), &two);
}
END_TEST

/* P-QUEUE-06: of senders too, and "at least". */
START_TEST(routes_for_senders_below_a_domain)
{
    struct queue_transport one = { .head = { .label = "one" } };
    void *transports[] = { &one };
    struct queue_conf conf = { .transports = { transports, 1 } };
    struct queue_route r = { .transport = "one",
                             .from = { our_own, 1, NULL },
                             .minimum_attempts = 3 };
    void *routes[] = { &r };
    struct queue_dynamic_conf all = { .routes = { routes, 1 } };
    struct queue_route_facts f = { .from_domain = "a.b.example.org", .to_domain = "x.example" };

    for (f.attempts = 0; f.attempts < 10; f.attempts++)
        ck_assert(queue_route_find(&conf, &all, NULL, NULL, &f) == (f.attempts < 3 ? NULL : &one));
    static const char *const others[] = { "example.org", "notexample.org", "example.org.x", "" };
    for (size_t i = 0; i < MOXD_NELEMS(others); i++) {
        f.from_domain = others[i];
        ck_assert_ptr_null(queue_route_find(&conf, &all, NULL, NULL, &f));
    }
}
END_TEST

START_TEST(destinations_that_want_less)
{
    static const unsigned limits[] = { 5, 2, 1, 1, 1, 1 };
    struct queue_conf conf = { .destination_connections = 10, .destination_pause = MINUTE };
    struct queue q = { .conf = &conf };
    struct queue_dest d = { .q = &q, .name = (char *)"x.example", .limit = 10 };

    for (size_t i = 0; i < MOXD_NELEMS(limits); i++) {
        int64_t pause = MINUTE << (i < 4 ? i : 4), before = moxd_mono();
        queue_dest_trouble(&d);
        ck_assert_uint_eq(d.limit, limits[i]);
        ck_assert_int_ge(d.pause_until, before + pause);
        ck_assert_int_le(d.pause_until, moxd_mono() + pause);
    }
    for (unsigned i = 2; i < 15; i++) { /* each success is worth a connection */
        queue_dest_success(&d);
        ck_assert_uint_eq(d.limit, i < 10 ? i : 10);
        ck_assert(d.pause_until == 0 && d.troubles == 0);
    }
}
END_TEST

START_TEST(extra_data)
{
    static const struct queue_extra v[] = { { "a", "1" }, { "b", "" }, { "\xc3\xa4", "x\ny" } };
    struct moxd_arena *a = moxd_arena_new(0);
    const struct queue_extra *out;
    struct moxd_err err = { 0 };
    struct moxd_str s;

    ck_assert_int_eq(queue_extra_encode(v, 3, a, &s, &err), 0);
    ck_assert_uint_eq(queue_extra_decode(s, a, &out), 3);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_str_eq(out[i].key, v[i].key);
        ck_assert_str_eq(out[i].value, v[i].value);
    }
    ck_assert_uint_eq(queue_extra_decode(moxd_str_sub(s, 0, s.n - 1), a, &out), 2);
    ck_assert_int_eq(queue_extra_encode(v, 0, a, &s, &err), 0);
    ck_assert_uint_eq(s.n, 0);
    ck_assert_uint_eq(queue_extra_decode(s, a, &out), 0);
    char *large = moxd_arena_alloc(a, QUEUE_EXTRA_MAX + 1);
    memset(large, 'x', QUEUE_EXTRA_MAX);
    large[QUEUE_EXTRA_MAX] = '\0';
    ck_assert_int_eq(queue_extra_encode(&(struct queue_extra){ "k", large }, 1, a, &s, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    moxd_arena_free(a);
}
END_TEST

START_TEST(refusals_that_suppress)
{
    static const struct {
        int code;
        const char *enhanced;
        bool at_once;
    } v[] = {
        { 550, "5.1.1", true },   { 550, "5.1.10", true }, { 550, "5.2.1", true },
        { 554, "5.1.6", true },   { 550, "", true },       { 551, NULL, true },
        { 553, "", true },        { 556, "", true },       { 550, "5.7.1", false },
        { 554, "", false },       { 552, "5.2.2", false }, { 450, "4.1.1", false },
        { 550, "5.1.11", false },
    };

    for (size_t i = 0; i < MOXD_NELEMS(v); i++)
        ck_assert_msg(queue_suppress_at_once(v[i].code, v[i].enhanced) == v[i].at_once, "%d %s",
                      v[i].code, v[i].enhanced);
}
END_TEST

/* --- what comes back --------------------------------------------------------------------------- */

START_TEST(ids_in_senders)
{
    struct moxd_arena *a = moxd_arena_new(0);
    char id[QUEUE_FROMID_LEN];

    ck_assert(queue_fromid_cut(MOXD_STR("me+0123456789ABCDEF0123456789abcd"), id));
    ck_assert_mem_eq(id, "0123456789abcdef0123456789abcd", sizeof(id));
    ck_assert(!queue_fromid_cut(MOXD_STR("0123456789abcdef0123456789abcd"), id));
    ck_assert(!queue_fromid_cut(MOXD_STR("me+0123456789abcdef0123456789abcg"), id));
    ck_assert(!queue_fromid_cut(MOXD_STR(""), id));
    ck_assert_ptr_null(queue_fromid_make("\"a b\"@x.example", "+", a));
    ck_assert_ptr_null(queue_fromid_make("a+b@x.example", "+", a));
    const char *made = queue_fromid_make("a@x.example", "+", a);
    ck_assert(moxd_str_ends(moxd_cstr(made), MOXD_STR("@x.example")));
    ck_assert(queue_fromid_cut(moxd_str(made, strlen(made) - strlen("@x.example")), id));
    moxd_arena_free(a);
}
END_TEST

START_TEST(whose_status)
{
    struct moxd_dsn_status v[] = { { .final = MOXD_STR("b@x.example") },
                                   { .final = MOXD_STR("a@y.example"),
                                     .original = MOXD_STR("A@x.example") } };
    struct moxd_dsn_report r = { .rcpts = v, .nrcpts = 2 };

    ck_assert_ptr_eq(queue_returned_status(&r, "a@x.example", true), &v[1]);
    ck_assert_ptr_eq(queue_returned_status(&r, "b@x.example", true), &v[0]);
    ck_assert_ptr_null(queue_returned_status(&r, "c@x.example", true));
    r.nrcpts = 1;
    ck_assert_ptr_eq(queue_returned_status(&r, "c@x.example", true), &v[0]);
    ck_assert_ptr_null(queue_returned_status(&r, "c@x.example", false));
}
END_TEST

START_TEST(what_a_notification_means)
{
    static const struct {
        enum moxd_dsn_action action;
        const char *status, *diagnostic;
        int code;
        const char *enhanced;
        bool at_once;
    } v[] = {
        { MOXD_DSN_FAILED, "5.0.0", "550 no such user", 550, "", true },
        { MOXD_DSN_FAILED, "5.0.0", "550-5.7.1 no\n550 5.7.1 spam", 550, "5.7.1", false },
        { MOXD_DSN_FAILED, "5.1.1", "", 500, "5.1.1", true },
        { MOXD_DSN_FAILED, "5.1.1", "99 bottles", 500, "5.1.1", true },
        { MOXD_DSN_FAILED, "4.4.1", "", 400, "4.4.1", false },
        { MOXD_DSN_FAILED, "", "", 500, "", false },
        { MOXD_DSN_DELAYED, "4.2.2", "452 4.2.2 full", 452, "4.2.2", false },
        { MOXD_DSN_DELIVERED, "2.0.0", "", 200, "", false },
    };
    struct moxd_arena *a = moxd_arena_new(0);

    for (size_t i = 0; i < MOXD_NELEMS(v); i++) {
        struct moxd_dsn_status st = { .action = v[i].action,
                                      .diagnostic = moxd_cstr(v[i].diagnostic),
                                      .smtp = true };
        ck_assert_int_eq(moxd_str_copy(moxd_cstr(v[i].status), st.status, sizeof(st.status)), 0);
        struct queue_verdict got = queue_returned_verdict(&st, a);
        ck_assert_int_eq(got.reply.code, v[i].code);
        ck_assert_str_eq(got.reply.enhanced, v[i].enhanced);
        ck_assert(got.ok == (v[i].action == MOXD_DSN_DELIVERED));
        ck_assert(queue_suppress_at_once(got.reply.code, got.reply.enhanced) == v[i].at_once);
    }
    struct moxd_dsn_status bytes = { .diagnostic = MOXD_STR("550 \xff") };
    ck_assert_str_eq(queue_returned_verdict(&bytes, a).reply.text, "550 ?");
    moxd_arena_free(a);
}
END_TEST

UNIT_MAIN("queue", heap_by_time_then_id, set_of_ids, defaults, schedule_to_the_end,
          records_come_back, history_keeps_first_and_last, durations, first_route_that_matches,
          routes_for_senders_below_a_domain, destinations_that_want_less, extra_data,
          refusals_that_suppress, ids_in_senders, whose_status, what_a_notification_means)
