/* moxd -t. */
#ifndef MOXD_CORE_CHECK_H
#define MOXD_CORE_CHECK_H

#include "daemon/options.h"

/* Checks everything that can be checked without binding and writing; the exit status. */
int core_check(const struct core_options *o);
/* moxd -o */
int core_show_order(const struct core_options *o);

#endif
