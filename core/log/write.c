/* Where lines go, and how many went there. */
#include "log/log.h"

#include <errno.h>
#include <moxd/clock.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static _Atomic int log_fd = STDERR_FILENO;
static _Atomic bool logfmt;
static _Atomic bool journal; /* the descriptor is journald's: it keeps time and priority itself */
static _Atomic uint64_t lines[MOXD_TRACEDATA + 1];

/* systemd.exec(5): JOURNAL_STREAM holds device and inode of the journal's socket. */
static bool is_journal(int fd)
{
    const char *env = getenv("JOURNAL_STREAM");
    struct stat st;
    char id[64];

    if (!env || fstat(fd, &st) < 0)
        return false;
    snprintf(id, sizeof(id), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    return strcmp(env, id) == 0;
}

void moxd_log_format(bool on)
{
    logfmt = on;
    journal = on && is_journal(log_fd);
}

void moxd_log_fd(int fd)
{
    log_fd = fd;
    journal = logfmt && is_journal(fd);
}

/* One write(2) unless the descriptor takes less (a full pipe); a log that cannot be written is no
 * reason to stop. */
static void write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return;
        p += k;
        n -= (size_t)k;
    }
}

void core_log_emit(const struct core_log_line *l)
{
    struct moxd_buf b = MOXD_BUF_INIT(CORE_LOG_LINE_MAX);
    int saved = errno;

    if (logfmt)
        core_log_logfmt(&b, l, journal ? -1 : moxd_wall(), journal);
    else
        core_log_console(&b, l);
    if ((unsigned)l->level < MOXD_NELEMS(lines))
        atomic_fetch_add_explicit(&lines[l->level], 1, memory_order_relaxed);
    write_all(log_fd, b.p, b.n);
    moxd_buf_fini(&b);
    errno = saved;
}

uint64_t core_log_lines(enum moxd_level level)
{
    moxd_assert((unsigned)level < MOXD_NELEMS(lines));
    return lines[level];
}

void moxd_log_write(const struct moxd_log *log, enum moxd_level level, const char *msg,
                    const struct moxd_kv *kv)
{
    core_log_emit(&(struct core_log_line){ log, level, { 0 }, moxd_cstr(msg), kv, NULL });
}
