/* The registry: families in a list sorted by name, made at init and never changed afterwards, with
 * cells that any thread updates atomically. */
#include "metrics/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

static struct moxd_metric_handle *families;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* around the list */

static const double default_bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                         0.5,   1,      2.5,   5,    10,    30,   60,  0 };

struct moxd_metric_handle *core_metrics_first(void)
{
    pthread_mutex_lock(&lock);
    struct moxd_metric_handle *first = families;
    pthread_mutex_unlock(&lock);
    return first;
}

/* The listed values and "other". */
static void set_values(struct moxd_metric_handle *h, int i)
{
    const char *const *listed = h->def.values[i];
    size_t n = 0;

    h->nvalues[i] = 1;
    if (!h->def.label[i])
        return;
    while (listed && listed[n])
        n++;
    moxd_assert(n < CORE_METRICS_VALUES);
    const char **values = moxd_xcalloc(n + 1, sizeof(*values));
    for (size_t k = 0; k < n; k++)
        values[k] = listed[k];
    values[n] = "other";
    h->values[i] = values;
    h->nvalues[i] = n + 1;
}

static void set_buckets(struct moxd_metric_handle *h)
{
    size_t ncells = h->nvalues[0] * h->nvalues[1];

    h->bounds = h->def.buckets ? h->def.buckets : default_bounds;
    while (h->bounds[h->nbounds] > 0)
        h->nbounds++;
    moxd_assert(h->nbounds < CORE_METRICS_BUCKETS);
    for (size_t i = 0; i < ncells; i++)
        h->cells[i].buckets = moxd_xcalloc(h->nbounds + 1, sizeof(*h->cells[i].buckets));
}

static struct moxd_metric_handle *handle_new(const struct moxd_metric *def)
{
    struct moxd_metric_handle *h = moxd_xcalloc(1, sizeof(*h));

    h->def = *def;
    set_values(h, 0);
    set_values(h, 1);
    h->cells = moxd_xcalloc(h->nvalues[0] * h->nvalues[1], sizeof(*h->cells));
    if (def->type == MOXD_HISTOGRAM)
        set_buckets(h);
    return h;
}

static void handle_free(struct moxd_metric_handle *h)
{
    for (size_t i = 0; h->nbounds > 0 && i < h->nvalues[0] * h->nvalues[1]; i++)
        free(h->cells[i].buckets);
    free(h->cells);
    free((void *)h->values[0]);
    free((void *)h->values[1]);
    free(h);
}

/* The place in the list where a family of that name is or belongs. */
static struct moxd_metric_handle **place(const char *name)
{
    struct moxd_metric_handle **p = &families;

    while (*p && strcmp((*p)->def.name, name) < 0)
        p = &(*p)->next;
    return p;
}

struct moxd_metric_handle *moxd_metric_register(const struct moxd_metric *def)
{
    pthread_mutex_lock(&lock);
    struct moxd_metric_handle **p = place(def->name), *h = *p;

    if (!h || strcmp(h->def.name, def->name) != 0) {
        h = handle_new(def);
        h->next = *p;
        *p = h;
    }
    pthread_mutex_unlock(&lock);
    moxd_assert(h->def.type == def->type);
    return h;
}

struct moxd_metric_handle *moxd_metric_find(const char *name)
{
    pthread_mutex_lock(&lock);
    struct moxd_metric_handle *h = *place(name);
    pthread_mutex_unlock(&lock);

    return h && strcmp(h->def.name, name) == 0 ? h : NULL;
}

void core_metrics_fini(void)
{
    pthread_mutex_lock(&lock);
    for (struct moxd_metric_handle *h = families, *next; h; h = next) {
        next = h->next;
        handle_free(h);
    }
    families = NULL;
    pthread_mutex_unlock(&lock);
}

static size_t value_index(const struct moxd_metric_handle *h, int i, const char *v)
{
    size_t last = h->nvalues[i] - 1;

    for (size_t k = 0; v && k < last; k++) {
        if (h->values[i][k] == v || strcmp(h->values[i][k], v) == 0)
            return k;
    }
    return last;
}

static struct core_metric_cell *cell_of(struct moxd_metric_handle *h, const char *v0,
                                        const char *v1)
{
    return &h->cells[value_index(h, 0, v0) * h->nvalues[1] + value_index(h, 1, v1)];
}

static uint64_t to_bits(double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    return bits;
}

double core_metric_value(const struct core_metric_cell *cell)
{
    uint64_t bits = atomic_load_explicit(&cell->value, memory_order_relaxed);
    double v;

    memcpy(&v, &bits, sizeof(v));
    return v;
}

static void cell_add(struct core_metric_cell *cell, double by)
{
    uint64_t old = atomic_load_explicit(&cell->value, memory_order_relaxed), sum;
    double v;

    do {
        memcpy(&v, &old, sizeof(v));
        sum = to_bits(v + by);
    } while (!atomic_compare_exchange_weak_explicit(&cell->value, &old, sum, memory_order_relaxed,
                                                    memory_order_relaxed));
}

void moxd_metric_add(struct moxd_metric_handle *h, const char *v0, const char *v1, double by)
{
    moxd_assert(h->def.type != MOXD_HISTOGRAM);
    moxd_assert(by >= 0 || h->def.type == MOXD_GAUGE);
    cell_add(cell_of(h, v0, v1), by);
}

void moxd_metric_set(struct moxd_metric_handle *h, const char *v0, const char *v1, double value)
{
    moxd_assert(h->def.type == MOXD_GAUGE);
    atomic_store_explicit(&cell_of(h, v0, v1)->value, to_bits(value), memory_order_relaxed);
}

void moxd_metric_observe(struct moxd_metric_handle *h, const char *v0, const char *v1,
                         double seconds)
{
    struct core_metric_cell *cell = cell_of(h, v0, v1);
    size_t i = 0;

    moxd_assert(h->def.type == MOXD_HISTOGRAM);
    while (i < h->nbounds && seconds > h->bounds[i])
        i++;
    atomic_fetch_add_explicit(&cell->buckets[i], 1, memory_order_relaxed);
    cell_add(cell, seconds);
}

double moxd_metric_get(struct moxd_metric_handle *h, const char *v0, const char *v1)
{
    struct core_metric_cell *cell = cell_of(h, v0, v1);
    uint64_t n = 0;

    if (h->def.type != MOXD_HISTOGRAM)
        return core_metric_value(cell);
    for (size_t i = 0; i <= h->nbounds; i++)
        n += atomic_load_explicit(&cell->buckets[i], memory_order_relaxed);
    return (double)n;
}
