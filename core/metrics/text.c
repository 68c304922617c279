/* The text exposition format of Prometheus, version 0.0.4. */
#include "metrics/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const char *const type_names[] = { "counter", "gauge", "histogram" };

/* Escapes backslash and line feed, in label values also the double quote. */
static void add_escaped(struct moxd_buf *out, const char *s, bool label)
{
    for (; *s; s++) {
        if (*s == '\n')
            moxd_buf_adds(out, "\\n");
        else if (*s == '\\' || (label && *s == '"'))
            moxd_buf_addf(out, "\\%c", *s);
        else
            moxd_buf_addc(out, *s);
    }
}

void core_metrics_head(struct moxd_buf *out, const char *name, enum moxd_metric_type type,
                       const char *help)
{
    moxd_buf_addf(out, "# HELP %s ", name);
    add_escaped(out, help ? help : "", false);
    moxd_buf_addf(out, "\n# TYPE %s %s\n", name, type_names[type]);
}

/* 17 digits bring every double back; %.15g suffices for most and reads better. */
void core_metrics_number(struct moxd_buf *out, double v)
{
    char text[40];

    if (isnan(v) || isinf(v)) {
        moxd_buf_adds(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
        return;
    }
    snprintf(text, sizeof(text), "%.15g", v);
    moxd_buf_adds(out, text);
}

/* {a="x",b="y",le="0.5"}; nothing when there is no label. */
static void add_labels(struct moxd_buf *out, const struct moxd_metric_handle *h, size_t cell,
                       const double *le)
{
    size_t index[2] = { cell / h->nvalues[1], cell % h->nvalues[1] };
    const char *sep = "{";

    for (int i = 0; i < 2; i++) {
        if (!h->def.label[i])
            continue;
        moxd_buf_addf(out, "%s%s=\"", sep, h->def.label[i]);
        add_escaped(out, h->values[i][index[i]], true);
        moxd_buf_addc(out, '"');
        sep = ",";
    }
    if (le) {
        moxd_buf_addf(out, "%sle=\"", sep);
        core_metrics_number(out, *le);
        moxd_buf_addc(out, '"');
        sep = ",";
    }
    if (*sep == ',')
        moxd_buf_addc(out, '}');
}

static void add_sample(struct moxd_buf *out, const struct moxd_metric_handle *h, const char *suffix,
                       size_t cell, const double *le, double v)
{
    moxd_buf_addf(out, "%s%s", h->def.name, suffix);
    add_labels(out, h, cell, le);
    moxd_buf_addc(out, ' ');
    core_metrics_number(out, v);
    moxd_buf_addc(out, '\n');
}

static void add_histogram(struct moxd_buf *out, const struct moxd_metric_handle *h, size_t cell)
{
    const struct core_metric_cell *c = &h->cells[cell];
    double inf = INFINITY;
    uint64_t sum = 0;

    for (size_t i = 0; i <= h->nbounds; i++) {
        sum += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
        add_sample(out, h, "_bucket", cell, i < h->nbounds ? &h->bounds[i] : &inf, (double)sum);
    }
    add_sample(out, h, "_sum", cell, NULL, core_metric_value(c));
    add_sample(out, h, "_count", cell, NULL, (double)sum);
}

static void add_family(struct moxd_buf *out, const struct moxd_metric_handle *h)
{
    size_t ncells = h->nvalues[0] * h->nvalues[1];

    core_metrics_head(out, h->def.name, h->def.type, h->def.help);
    for (size_t i = 0; i < ncells; i++) {
        if (h->def.type == MOXD_HISTOGRAM)
            add_histogram(out, h, i);
        else
            add_sample(out, h, "", i, NULL, core_metric_value(&h->cells[i]));
    }
}

void moxd_metrics_write(struct moxd_buf *out)
{
    for (const struct moxd_metric_handle *h = core_metrics_first(); h; h = h->next)
        add_family(out, h);
    core_metrics_process(out);
}
