/* Command line of moxd. */
#ifndef MOXD_CORE_OPTIONS_H
#define MOXD_CORE_OPTIONS_H

#include <moxd/base.h>

enum core_mode {
    CORE_RUN,     /* the parent, which starts the server */
    CORE_SERVE,   /* -S: the server, started by the parent */
    CORE_TEST,    /* -t */
    CORE_ORDER,   /* -o */
    CORE_VERSION, /* -V */
    CORE_HELP,    /* -h */
};
enum core_exit {
    CORE_EXIT_OK = 0,
    CORE_EXIT_FAILED = 1,
    CORE_EXIT_USAGE = 2,
    CORE_EXIT_VERSION = 3
};

struct core_options {
    enum core_mode mode;
    const char *config; /* -c, default MOXD_SYSCONFDIR "/moxd.conf" */
    const char *module; /* -t -m: a module file */
    const char *parent; /* -S: version of the parent */
    int ready_fd;       /* -R, or -1 */
    bool markdown;      /* -o --markdown */
};

/* 0, or -1 after a message on stderr. */
int core_options_parse(struct core_options *o, int argc, char **argv) MOXD_CHECKED;
void core_options_help(void);

#endif
