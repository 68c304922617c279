/* Levels: a default and overrides per component. Read on every thread without a lock: entries are
 * added, never moved or removed; a cleared one holds UNSET. */
#include "log/log.h"

#include <pthread.h>
#include <stdatomic.h>

enum { UNSET = -1 };

static const char *const names[] = { "error", "warn",      "info",     "debug",
                                     "trace", "traceauth", "tracedata" };

static struct override {
    char component[CORE_LOG_NAME_MAX];
    _Atomic int level;
} overrides[CORE_LOG_COMPONENTS];
static _Atomic int noverrides;
static _Atomic int deflt = MOXD_INFO;
static _Atomic int highest = MOXD_INFO; /* of all: what is above it is off everywhere */
static pthread_mutex_t writers = PTHREAD_MUTEX_INITIALIZER;

const char *moxd_level_name(enum moxd_level level)
{
    return (unsigned)level < MOXD_NELEMS(names) ? names[level] : "invalid";
}

int moxd_level_parse(struct moxd_str s, enum moxd_level *out)
{
    for (size_t i = 0; i < MOXD_NELEMS(names); i++) {
        if (moxd_str_eqs(s, names[i])) {
            *out = (enum moxd_level)i;
            return 0;
        }
    }
    return -1;
}

static struct override *find(const char *component)
{
    int n = atomic_load_explicit(&noverrides, memory_order_acquire);

    for (int i = 0; i < n; i++) {
        if (strcmp(overrides[i].component, component) == 0)
            return &overrides[i];
    }
    return NULL;
}

enum moxd_level moxd_log_level(const char *component)
{
    const struct override *o = component ? find(component) : NULL;
    int level = o ? atomic_load_explicit(&o->level, memory_order_relaxed) : UNSET;

    return level != UNSET ? (enum moxd_level)level
                          : (enum moxd_level)atomic_load_explicit(&deflt, memory_order_relaxed);
}

const char *core_log_component(const struct moxd_log *log)
{
    for (int depth = 0; log && depth < CORE_LOG_DEPTH_MAX; log = log->parent, depth++) {
        if (log->component)
            return log->component;
    }
    return "core";
}

bool moxd_log_on(const struct moxd_log *log, enum moxd_level level)
{
    if ((int)level > atomic_load_explicit(&highest, memory_order_relaxed))
        return false;
    return level <= moxd_log_level(core_log_component(log));
}

static void update_highest(void)
{
    int max = deflt;

    for (int i = 0; i < noverrides; i++) {
        if (overrides[i].level > max)
            max = overrides[i].level;
    }
    highest = max;
}

/* With the mutex held. Without room the override is not made: 64 components are more than there are
 * modules and parts of core. */
static void set_override(const char *component, int level)
{
    struct override *o = find(component);

    if (!o) {
        if (level == UNSET || noverrides == CORE_LOG_COMPONENTS)
            return;
        o = &overrides[noverrides];
        if (moxd_str_copy(moxd_cstr(component), o->component, sizeof(o->component)) < 0)
            return;
        o->level = level;
        atomic_fetch_add_explicit(&noverrides, 1, memory_order_release);
    }
    o->level = level;
}

static void set(const char *component, int level)
{
    pthread_mutex_lock(&writers);
    if (component)
        set_override(component, level);
    else
        deflt = level;
    update_highest();
    pthread_mutex_unlock(&writers);
}

void moxd_log_set_level(const char *component, enum moxd_level level)
{
    moxd_assert((unsigned)level < MOXD_NELEMS(names));
    set(component, (int)level);
}

void moxd_log_clear_level(const char *component)
{
    if (component)
        set(component, UNSET);
    else
        set(NULL, MOXD_INFO);
}

void moxd_log_levels(void (*each)(void *arg, const char *component, enum moxd_level), void *arg)
{
    int n = noverrides;

    each(arg, NULL, (enum moxd_level)deflt);
    for (int i = 0; i < n; i++) {
        int level = overrides[i].level;

        if (level != UNSET)
            each(arg, overrides[i].component, (enum moxd_level)level);
    }
}
