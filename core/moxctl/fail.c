/* Messages of moxctl itself. */
#include "moxctl/moxctl.h"

#include <stdio.h>

int moxctl_fail(int status, const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fputs("moxctl: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}
