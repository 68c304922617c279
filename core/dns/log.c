/* libunbound writes its log to a FILE, by default stderr, in a form of its own and from its own thread.
 * Here the FILE hands each line to our log. */
#include "dns/dns_priv.h"

#include <moxd/log.h>
#include <stdio.h>

#ifdef __GLIBC__

static const struct moxd_log dns_log = { .component = "dns" };

/* "[1700000000] libunbound[123:0] error: text": what follows the second bracket. */
static void log_line(struct moxd_str line)
{
    static const struct moxd_str mark = { "error: ", 7 };

    for (int i = 0; i < 2; i++) {
        ptrdiff_t bracket = moxd_str_chr(line, ']');
        if (bracket >= 0)
            line = moxd_str_trim(moxd_str_from(line, (size_t)bracket + 1));
    }
    bool error = moxd_str_starts(line, mark);
    if (error)
        line = moxd_str_from(line, mark.n);
    moxd_log(&dns_log, error ? MOXD_WARN : MOXD_DEBUG, "resolver", moxd_kvn("text", line));
}

/* The stream is line-buffered: whole lines come, unless one is very long. */
static ssize_t write_log(void *cookie, const char *p, size_t n)
{
    struct moxd_str rest = moxd_str(p, n);

    (void)cookie;
    while (rest.n > 0)
        log_line(moxd_str_cut(&rest, '\n'));
    return (ssize_t)n;
}

FILE *core_dns_log_open(void)
{
    FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = write_log });

    if (f != NULL)
        setvbuf(f, NULL, _IOLBF, BUFSIZ);
    return f;
}

#else

FILE *core_dns_log_open(void)
{
    return NULL;
}

#endif
