#include "daemon/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <moxd/str.h>
#include <stdio.h>

static const char help[] =
    "usage: moxd [-c FILE] [-R FD]      run the server in the foreground\n"
    "       moxd -t [-c FILE]           check configuration, modules, keys, addresses\n"
    "       moxd -t -m ./NAME.so        check a module and show what it would register\n"
    "       moxd -o [--markdown]        show hook points with their hooks in order\n"
    "       moxd -V | -h                version, this text\n"
    "\n"
    "  -c FILE  configuration (default: " MOXD_SYSCONFDIR "/moxd.conf)\n"
    "  -R FD    write \"ready\\n\" to this descriptor once all listeners accept\n"
    "\n"
    "Signals: HUP re-reads domains.conf, certificates and keys; TERM and INT stop gracefully;\n"
    "USR2 starts the installed version anew with the listening sockets kept open.\n"
    "The running server is controlled with moxctl.\n";

void core_options_help(void)
{
    (void)fputs(help, stdout);
}

static int usage(const char *what)
{
    (void)fprintf(stderr, "moxd: %s; moxd -h shows the options\n", what);
    return -1;
}

static int parse_fd(struct core_options *o, const char *text)
{
    uint64_t fd;

    if (moxd_str_u64(moxd_cstr(text), INT32_MAX, &fd) < 0 || fcntl((int)fd, F_GETFD) < 0)
        return usage("-R needs the number of an open descriptor");
    o->ready_fd = (int)fd;
    (void)fcntl(o->ready_fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

static int take(struct core_options *o, int option)
{
    switch (option) {
    case 'c':
        o->config = optarg;
        return 0;
    case 'm':
        o->module = optarg;
        return 0;
    case 'R':
        return parse_fd(o, optarg);
    case 'S':
        o->mode = CORE_SERVE;
        o->parent = optarg;
        return 0;
    case 'M':
        o->markdown = true;
        return 0;
    case 't':
        o->mode = CORE_TEST;
        return 0;
    case 'o':
        o->mode = CORE_ORDER;
        return 0;
    case 'V':
        o->mode = CORE_VERSION;
        return 0;
    case 'h':
        o->mode = CORE_HELP;
        return 0;
    default:
        return usage("wrong option");
    }
}

int core_options_parse(struct core_options *o, int argc, char **argv)
{
    static const struct option longs[] = {
        { "markdown", no_argument, NULL, 'M' },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { 0 },
    };
    int option;

    *o = (struct core_options){ .config = MOXD_SYSCONFDIR "/moxd.conf", .ready_fd = -1 };
    while ((option = getopt_long(argc, argv, "c:m:R:S:toVh", longs, NULL)) != -1)
        if (take(o, option) < 0)
            return -1;
    if (optind < argc)
        return usage("too many arguments");
    if (o->module && o->mode != CORE_TEST)
        return usage("-m goes with -t");
    if (o->markdown && o->mode != CORE_ORDER)
        return usage("--markdown goes with -o");
    return 0;
}
