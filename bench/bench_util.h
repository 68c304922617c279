/* What the programs of bench/ share. */
#ifndef MOXD_BENCH_UTIL_H
#define MOXD_BENCH_UTIL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static inline int64_t bench_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline int64_t bench_cpu_ns(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (int64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000000 +
           (int64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1000;
}

/* A number of /proc/self/status in KiB: "VmRSS:", "VmPTE:". */
static inline long bench_status(const char *name)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, name, strlen(name)) == 0)
            kib = strtol(line + strlen(name), NULL, 10);
    }
    if (f != NULL)
        fclose(f);
    return kib;
}

static inline long bench_rss(void)
{
    return bench_status("VmRSS:") + bench_status("VmPTE:");
}

static inline int bench_compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The p-th percentile of n values, which it sorts. */
static inline int64_t bench_percentile(int64_t *v, size_t n, int p)
{
    qsort(v, n, sizeof(*v), bench_compare);
    return n > 0 ? v[(n - 1) * (size_t)p / 100] : 0;
}

#endif
