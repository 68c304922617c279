/* Text that can be put together and written in a signal handler. */
#ifndef MOXD_CORE_REPORT_H
#define MOXD_CORE_REPORT_H

#include <moxd/base.h>

struct core_report {
    char p[600]; /* what does not fit is cut */
    size_t n;
};

void core_report_adds(struct core_report *r, const char *s);
void core_report_addu(struct core_report *r, unsigned long n);
void core_report_addx(struct core_report *r, uintptr_t n);
/* Before the first signal: backtrace() loads the unwinder on its first call, which allocates. */
void core_report_prepare(void);
void core_report_fd(int fd); /* of the crash log, -1: none */
/* Writes the line and what the calling thread was doing to stderr and the crash log, and its
 * backtrace when asked. */
void core_report_write(struct core_report *r, bool backtrace);

#endif
