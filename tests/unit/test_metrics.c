/* The metrics registry and the text format.
 * proves: MET-01, P-CORE-05 */
#include "unit.h"

#include "metrics/metrics.h"

#include <moxd/log.h>
#include <pthread.h>

static const char *const verbs[] = { "mail", "rcpt", NULL }, *const results[] = { "ok", "error",
                                                                                  NULL };
static const double bounds[] = { 0.1, 1, 0 };
static const struct moxd_metric commands = {
    .name = "test_commands_total",
    .type = MOXD_COUNTER,
    .help = "Commands.",
    .label = { "verb", "result" },
    .values = { verbs, results },
};
static const struct moxd_metric sessions = {
    .name = "test_sessions",
    .type = MOXD_GAUGE,
    .help = "Open \\ sessions\nnow.",
};
static const struct moxd_metric took = {
    .name = "test_seconds",
    .type = MOXD_HISTOGRAM,
    .help = "Time.",
    .buckets = bounds,
    .label = { "verb" },
    .values = { verbs },
};

static const char *exposition(void)
{
    static struct moxd_buf b;

    moxd_buf_fini(&b);
    moxd_buf_init(&b, CORE_METRICS_TEXT_MAX);
    moxd_metrics_write(&b);
    return moxd_buf_cstr(&b);
}

static void expect(const char *part)
{
    const char *all = exposition();

    ck_assert_msg(strstr(all, part) != NULL, "not there:\n%s\nin:\n%s", part, all);
}

START_TEST(every_value_is_there_from_the_start)
{
    moxd_metric_register(&commands);
    expect("# HELP test_commands_total Commands.\n"
           "# TYPE test_commands_total counter\n"
           "test_commands_total{verb=\"mail\",result=\"ok\"} 0\n"
           "test_commands_total{verb=\"mail\",result=\"error\"} 0\n"
           "test_commands_total{verb=\"mail\",result=\"other\"} 0\n"
           "test_commands_total{verb=\"rcpt\",result=\"ok\"} 0\n");
}
END_TEST

START_TEST(counts_by_label)
{
    struct moxd_metric_handle *h = moxd_metric_register(&commands);
    char rcpt[] = "rcpt";

    ck_assert_ptr_eq(moxd_metric_register(&commands), h);
    ck_assert_ptr_eq(moxd_metric_find("test_commands_total"), h);
    ck_assert_ptr_null(moxd_metric_find("test_commands"));
    moxd_metric_inc(h, rcpt, "ok");
    moxd_metric_add(h, "rcpt", "ok", 2);
    moxd_metric_inc(h, "vrfy", NULL);
    ck_assert_double_eq(moxd_metric_get(h, "rcpt", "ok"), 3);
    ck_assert_double_eq(moxd_metric_get(h, "other", "other"), 1);
    expect("test_commands_total{verb=\"rcpt\",result=\"ok\"} 3\n");
    expect("test_commands_total{verb=\"other\",result=\"other\"} 1\n");
}
END_TEST

START_TEST(gauges_go_both_ways)
{
    struct moxd_metric_handle *h = moxd_metric_register(&sessions);

    moxd_metric_set(h, NULL, NULL, 5);
    moxd_metric_add(h, NULL, NULL, -1.5);
    expect("# HELP test_sessions Open \\\\ sessions\\nnow.\n# TYPE test_sessions gauge\n"
           "test_sessions 3.5\n");
}
END_TEST

START_TEST(histograms_are_cumulative)
{
    struct moxd_metric_handle *h = moxd_metric_register(&took);

    moxd_metric_observe(h, "mail", NULL, 0.1);
    moxd_metric_observe(h, "mail", NULL, 0.5);
    moxd_metric_observe(h, "mail", NULL, 7);
    ck_assert_double_eq(moxd_metric_get(h, "mail", NULL), 3);
    expect("test_seconds_bucket{verb=\"mail\",le=\"0.1\"} 1\n"
           "test_seconds_bucket{verb=\"mail\",le=\"1\"} 2\n"
           "test_seconds_bucket{verb=\"mail\",le=\"+Inf\"} 3\n"
           "test_seconds_sum{verb=\"mail\"} 7.6\n"
           "test_seconds_count{verb=\"mail\"} 3\n");
}
END_TEST

static void *count_many(void *arg)
{
    for (int i = 0; i < 20000; i++)
        moxd_metric_inc(arg, "mail", "ok");
    return NULL;
}

START_TEST(threads_count_together)
{
    struct moxd_metric_handle *h = moxd_metric_register(&commands);
    pthread_t threads[4];

    for (size_t i = 0; i < MOXD_NELEMS(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_many, h), 0);
    for (size_t i = 0; i < MOXD_NELEMS(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_double_eq(moxd_metric_get(h, "mail", "ok"), 80000);
}
END_TEST

START_TEST(the_process_describes_itself)
{
    struct moxd_log log = { .component = "test" };

    expect("\nprocess_resident_memory_bytes ");
    expect("\nprocess_cpu_seconds_total ");
    expect("\nprocess_open_fds ");
    expect("\nmoxd_info{version=\"");
    expect("\nmoxd_log_lines_total{level=\"error\"} 0\n");
    moxd_log_fd(-1);
    moxd_error(&log, "counted although nobody reads it");
    expect("\nmoxd_log_lines_total{level=\"error\"} 1\n");
}
END_TEST

START_TEST(families_are_sorted_and_forgotten)
{
    moxd_metric_register(&took);
    moxd_metric_register(&commands);
    const char *all = exposition();
    ck_assert(strstr(all, "test_commands_total") < strstr(all, "test_seconds"));
    core_metrics_fini();
    ck_assert_ptr_null(moxd_metric_find("test_seconds"));
}
END_TEST

UNIT_MAIN("metrics", every_value_is_there_from_the_start, counts_by_label, gauges_go_both_ways,
          histograms_are_cumulative, threads_count_together, the_process_describes_itself,
          families_are_sorted_and_forgotten)
