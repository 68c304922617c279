#include "event_anchor.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* libevent has this function, libev does not: the reference keeps libevent among the libraries that
 * libmoxcore needs. It is declared here since libevent's headers clash with libev's. */
void event_enable_debug_mode(void);
static void (*const volatile anchor)(void) = event_enable_debug_mode;

const char *moxd_event_intruder(void)
{
    Dl_info info;
    void *fn = dlsym(RTLD_DEFAULT, "event_base_new");

    if (anchor == NULL || fn == NULL || dladdr(fn, &info) == 0 || info.dli_fname == NULL)
        return "an unknown library";
    return strstr(info.dli_fname, "libevent") != NULL ? NULL : info.dli_fname;
}
