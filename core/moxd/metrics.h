/* Metrics: counters, gauges, histograms with labels, in the Prometheus text format. Declared as data
 * in a module's table; values for every listed label value exist from the start, at 0 (MET-01).
 * Updates are atomic and allowed on any thread. */
#ifndef MOXD_METRICS_H
#define MOXD_METRICS_H

#include <moxd/buf.h>

enum moxd_metric_type { MOXD_COUNTER, MOXD_GAUGE, MOXD_HISTOGRAM };

/* One family; at most two labels, whose possible values are listed (NULL-ended). A value that is
 * not listed counts as "other", which is added by itself. */
struct moxd_metric {
    const char *name;             /* "moxd_smtp_commands_total"; NULL ends a table */
    enum moxd_metric_type type;
    const char *help;
    const char *label[2];         /* label names, or NULL */
    const char *const *values[2]; /* their values */
    const double *buckets;        /* histogram: ascending, ended by 0; NULL: 1 ms to 60 s */
};
struct moxd_metric_handle;
/* Registers a family (again with the same name: gives the same handle). Loop thread, at init. */
struct moxd_metric_handle *moxd_metric_register(const struct moxd_metric *def);
/* Handle of a registered family by name, or NULL. Look up once, keep. */
struct moxd_metric_handle *moxd_metric_find(const char *name);
void moxd_metric_add(struct moxd_metric_handle *h, const char *v0, const char *v1, double by);
static inline void moxd_metric_inc(struct moxd_metric_handle *h, const char *v0, const char *v1)
{
    moxd_metric_add(h, v0, v1, 1);
}
void moxd_metric_set(struct moxd_metric_handle *h, const char *v0, const char *v1, double value);
void moxd_metric_observe(struct moxd_metric_handle *h, const char *v0, const char *v1,
                         double seconds);
double moxd_metric_get(struct moxd_metric_handle *h, const char *v0, const char *v1);
/* All of it in the text exposition format, plus process metrics. */
void moxd_metrics_write(struct moxd_buf *out);

#endif
