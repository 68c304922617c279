/* Inside of the metrics registry. Not installed. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include <moxd/metrics.h>
#include <stdatomic.h>

enum core_metrics_limits {
    CORE_METRICS_VALUES = 256,       /* values of one label, "other" included */
    CORE_METRICS_BUCKETS = 32,       /* of a histogram, "+Inf" included */
    CORE_METRICS_TEXT_MAX = 8 << 20, /* bytes of the exposition */
};

/* One combination of label values. */
struct core_metric_cell {
    _Atomic uint64_t value;    /* bits of a double: counter, gauge, or sum of a histogram */
    _Atomic uint64_t *buckets; /* histogram: observations per bucket, not cumulative */
};

struct moxd_metric_handle {
    struct moxd_metric_handle *next; /* by name */
    struct moxd_metric def;          /* texts are the caller's and last for ever */
    const char *const *values[2];    /* with "other" at their end; NULL without this label */
    size_t nvalues[2];               /* 1 without */
    const double *bounds;            /* of the buckets, without +Inf */
    size_t nbounds;
    struct core_metric_cell *cells; /* nvalues[0] * nvalues[1] */
};

struct moxd_metric_handle *core_metrics_first(void);
double core_metric_value(const struct core_metric_cell *cell);
/* Forgets every family; for the end of a process. Handles are invalid afterwards. */
void core_metrics_fini(void);

void core_metrics_head(struct moxd_buf *out, const char *name, enum moxd_metric_type type,
                       const char *help);
/* A number as the format wants it: "17", "0.25", "+Inf", "NaN". */
void core_metrics_number(struct moxd_buf *out, double v);
/* Families of the process itself: CPU, memory, descriptors, fibers, log lines, version. */
void core_metrics_process(struct moxd_buf *out);

#endif
