#include "loop/report.h"

#include "fiber/fiber_priv.h"

#include <execinfo.h>
#include <moxd/crash.h>
#include <moxd/loop.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 64 };

static atomic_int crash_fd = -1; /* the watchdog and crashing workers read it too */
static size_t (*describe)(char *out, size_t cap);

void core_report_prepare(void)
{
    void *frame;

    backtrace(&frame, 1);
}

void core_report_fd(int fd)
{
    atomic_store(&crash_fd, fd);
}

void moxd_crash_describe(size_t (*fn)(char *out, size_t cap))
{
    describe = fn;
}

void core_report_adds(struct core_report *r, const char *s)
{
    size_t room = sizeof(r->p) - r->n, n = strlen(s);

    n = n < room ? n : room;
    memcpy(r->p + r->n, s, n);
    r->n += n;
}

static void add_number(struct core_report *r, unsigned long n, unsigned base)
{
    char digits[24];
    size_t i = sizeof(digits) - 1;

    digits[i] = '\0';
    do
        digits[--i] = "0123456789abcdef"[n % base];
    while ((n /= base) > 0);
    core_report_adds(r, digits + i);
}

void core_report_addu(struct core_report *r, unsigned long n)
{
    add_number(r, n, 10);
}

void core_report_addx(struct core_report *r, uintptr_t n)
{
    core_report_adds(r, "0x");
    add_number(r, n, 16);
}

static void add_fiber(struct core_report *r)
{
    const struct core_fiber *f = moxd_on_loop() ? core_self() : NULL;

    if (f == NULL)
        return;
    core_report_adds(r, " fiber=\"");
    core_report_adds(r, f->name);
    core_report_adds(r, "\"");
}

static void add_description(struct core_report *r)
{
    char text[300];

    if (describe == NULL || !moxd_on_loop())
        return;
    size_t n = describe(text, sizeof(text) - 1);
    if (n == 0 || n >= sizeof(text))
        return;
    text[n] = '\0';
    core_report_adds(r, " ");
    core_report_adds(r, text);
}

static void write_to(int fd, const struct core_report *r, void **frames, int n)
{
    if (fd < 0 || write(fd, r->p, r->n) < 0)
        return;
    if (n > 0)
        backtrace_symbols_fd(frames, n, fd);
}

void core_report_write(struct core_report *r, bool with_backtrace)
{
    void *frames[FRAMES];
    int fd = atomic_load(&crash_fd);
    int n = with_backtrace ? backtrace(frames, FRAMES) : 0;

    add_fiber(r);
    add_description(r);
    if (r->n == sizeof(r->p))
        r->n--;
    core_report_adds(r, "\n");
    write_to(STDERR_FILENO, r, frames, n);
    if (fd != STDERR_FILENO)
        write_to(fd, r, frames, n);
}
