/* Metrics of the process itself, read when asked for. The names process_* are those that every
 * Prometheus client library uses. */
#include "log/log.h"
#include "metrics/metrics.h"

#include <dirent.h>
#include <moxd/clock.h>
#include <moxd/fiber.h>
#include <moxd/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static int64_t started; /* wall time when the program was loaded */

__attribute__((constructor)) static void note_start(void)
{
    started = moxd_wall();
}

static void add_simple(struct moxd_buf *out, const char *name, enum moxd_metric_type type,
                       const char *help, double v)
{
    core_metrics_head(out, name, type, help);
    moxd_buf_addf(out, "%s ", name);
    core_metrics_number(out, v);
    moxd_buf_addc(out, '\n');
}

static double seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void add_cpu(struct moxd_buf *out)
{
    struct rusage ru;

    if (getrusage(RUSAGE_SELF, &ru) == 0)
        add_simple(out, "process_cpu_seconds_total", MOXD_COUNTER, "CPU time used, in seconds.",
                   seconds(ru.ru_utime) + seconds(ru.ru_stime));
}

/* proc(5): /proc/self/statm holds the sizes in pages; absent on other systems. */
static void add_memory(struct moxd_buf *out)
{
    unsigned long virt, resident;
    double page = (double)sysconf(_SC_PAGESIZE);
    FILE *f = fopen("/proc/self/statm", "re");

    if (!f)
        return;
    if (fscanf(f, "%lu %lu", &virt, &resident) == 2) {
        add_simple(out, "process_virtual_memory_bytes", MOXD_GAUGE, "Address space in use.",
                   (double)virt * page);
        add_simple(out, "process_resident_memory_bytes", MOXD_GAUGE, "Memory in use.",
                   (double)resident * page);
    }
    fclose(f);
}

static void add_fds(struct moxd_buf *out)
{
    struct rlimit rl;
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* the directory's own */

    if (dir) {
        for (struct dirent *de; (de = readdir(dir));)
            n += de->d_name[0] != '.';
        closedir(dir);
        add_simple(out, "process_open_fds", MOXD_GAUGE, "Open file descriptors.", n);
    }
    if (getrlimit(RLIMIT_NOFILE, &rl) == 0)
        add_simple(out, "process_max_fds", MOXD_GAUGE, "Limit on open file descriptors.",
                   (double)rl.rlim_cur);
}

static void add_fibers(struct moxd_buf *out)
{
    struct moxd_fiber_stats st;

    moxd_fiber_stats(&st);
    add_simple(out, "moxd_fibers", MOXD_GAUGE, "Fibers that exist.", st.live);
    add_simple(out, "moxd_fibers_spawned_total", MOXD_COUNTER, "Fibers started.",
               (double)st.spawned);
    add_simple(out, "moxd_fiber_switches_total", MOXD_COUNTER, "Switches between fibers.",
               (double)st.switches);
}

/* P-CORE-05 */
static void add_log_lines(struct moxd_buf *out)
{
    core_metrics_head(out, "moxd_log_lines_total", MOXD_COUNTER, "Log lines written, by level.");
    for (enum moxd_level level = MOXD_ERROR; level <= MOXD_TRACEDATA; level++) {
        moxd_buf_addf(out, "moxd_log_lines_total{level=\"%s\"} ", moxd_level_name(level));
        core_metrics_number(out, (double)core_log_lines(level));
        moxd_buf_addc(out, '\n');
    }
}

void core_metrics_process(struct moxd_buf *out)
{
    int64_t ms = started / MOXD_MS;

    add_cpu(out);
    add_memory(out);
    add_fds(out);
    add_simple(out, "process_start_time_seconds", MOXD_GAUGE, "When the process started.",
               (double)ms / 1000);
    add_fibers(out);
    add_log_lines(out);
    core_metrics_head(out, "moxd_info", MOXD_GAUGE, "The version that runs.");
    moxd_buf_addf(out, "moxd_info{version=\"%s\"} 1\n", moxd_version());
}
