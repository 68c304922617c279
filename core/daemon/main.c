#include "core_daemon.h"
#include "daemon/check.h"
#include "daemon/options.h"
#include "daemon/server.h"
#include "process/parent.h"

#include <fcntl.h>
#include <moxd/version.h>
#include <stdio.h>
#include <unistd.h>

/* A setgid program would hand its group to whoever calls it (P-CORE-08). */
static bool group_is_borrowed(void)
{
    return getegid() != getgid();
}

/* So that no socket gets the number of standard error, and log lines with it. */
static void open_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    moxd_closep(&fd);
}

static int show_version(void)
{
    (void)printf("moxd %s\n", moxd_version());
    return CORE_EXIT_OK;
}

int moxd_daemon_main(int argc, char **argv)
{
    struct core_options o;

    if (group_is_borrowed()) {
        (void)fprintf(stderr, "moxd: refusing to run with a group from a setgid bit: remove it "
                              "(chmod g-s)\n");
        return CORE_EXIT_FAILED;
    }
    open_standard_streams();
    if (core_options_parse(&o, argc, argv) < 0)
        return CORE_EXIT_USAGE;
    switch (o.mode) {
    case CORE_HELP:
        core_options_help();
        return CORE_EXIT_OK;
    case CORE_VERSION:
        return show_version();
    case CORE_TEST:
        return core_check(&o);
    case CORE_ORDER:
        return core_show_order(&o);
    case CORE_SERVE:
        return core_server_run(&o);
    default:
        return core_parent_run(&o);
    }
}
