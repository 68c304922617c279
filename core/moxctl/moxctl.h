/* Inside of moxctl: it runs some commands itself and sends the others to the server. Not installed. */
#ifndef CORE_MOXCTL_H
#define CORE_MOXCTL_H

#include "control/frame.h"

#include <moxd/arena.h>
#include <moxd/err.h>

enum moxctl_exit { MOXCTL_OK = 0, MOXCTL_FAILED = 1, MOXCTL_USAGE = 2 };

struct moxctl {
    const char *config; /* moxd.conf */
    const char *level;  /* -l, or NULL (CORE-22) */
    struct moxd_arena *a;
};

/* A command that needs no server. run returns the exit status. */
struct moxctl_command {
    const char *name, *args, *summary, *help;
    int min_args, max_args; /* max -1: any */
    int (*run)(struct moxctl *x, int argc, char **argv);
    bool hidden;
};
extern const struct moxctl_command moxctl_commands[];

/* Writes "moxctl: ..." to standard error; returns `status`. */
int moxctl_fail(int status, const char *fmt, ...) MOXD_PRINTF(2, 3);

/* ---- client.c */
/* What becomes of output, and where input comes from. */
struct moxctl_io {
    void (*out)(void *arg, struct moxd_str s);
    void (*err)(void *arg, struct moxd_str s);
    /* One line without its end / up to max bytes. 1, 0 at the end of input, -1 after a message. */
    int (*line)(void *arg, struct moxd_buf *out);
    int (*data)(void *arg, struct moxd_buf *out, size_t max);
    /* Data comes from that file from now on. 0, -1 after a message. NULL: there are no files. */
    int (*file)(void *arg, const char *path);
    void *arg;
    /* Carries bytes between the socket and whoever it is, both ways, until the server ends: the exit
     * status. NULL: not possible. */
    int (*raw)(void *arg, int socket);
    /* The same for the list of files in that directory, and for a file in it, by its path there. */
    int (*dir)(void *arg, const char *path);
    int (*below)(void *arg, const char *path);
    /* Files as output; NULL: there is none. 0, -1 after a message. A directory: `below` NULL: that one; else one in
     * it. Then a file in it, its bytes, its end; at the end of the command all is on disk, unless it failed. */
    int (*put_dir)(void *arg, const char *path, const char *below);
    int (*put)(void *arg, const char *below);
    int (*put_data)(void *arg, struct moxd_str s);
    int (*put_end)(void *arg, int64_t changed);
    int (*put_sync)(void *arg);
};
extern const struct moxctl_io moxctl_stdio;
/* Path of the control socket of the configuration. */
const char *moxctl_socket(struct moxctl *x, struct moxd_err *err);
/* Runs a command in the server. Its exit status, or -1 with *err when there was none. */
int moxctl_call(const char *socket_path, int argc, char *const *argv, const struct moxctl_io *io,
                struct moxd_err *err) MOXD_CHECKED;
int moxctl_remote(struct moxctl *x, int argc, char **argv);

/* ---- input.c */
int moxctl_stdin_line(void *arg, struct moxd_buf *out);
int moxctl_stdin_data(void *arg, struct moxd_buf *out, size_t max);

/* ---- files.c */
int moxctl_stdin_file(void *arg, const char *path);
int moxctl_stdin_dir(void *arg, const char *path);
int moxctl_stdin_below(void *arg, const char *path);

/* ---- put.c */
int moxctl_put_dir(void *arg, const char *path, const char *below);
int moxctl_put(void *arg, const char *below);
int moxctl_put_data(void *arg, struct moxd_str s);
int moxctl_put_end(void *arg, int64_t changed);
int moxctl_put_sync(void *arg);

/* ---- raw.c */
int moxctl_stdin_raw(void *arg, int socket);

/* ---- help.c */
int moxctl_help(struct moxctl *x, int argc, char **argv);

/* ---- config.c, unit.c */
int moxctl_config_test(struct moxctl *x, int argc, char **argv);
int moxctl_config_static(struct moxctl *x, int argc, char **argv);
int moxctl_config_domains(struct moxctl *x, int argc, char **argv);
int moxctl_config_module(struct moxctl *x, int argc, char **argv);
int moxctl_config_example(struct moxctl *x, int argc, char **argv);
int moxctl_config_man(struct moxctl *x, int argc, char **argv);
int moxctl_printservice(struct moxctl *x, int argc, char **argv);

/* ---- licenses.c */
int moxctl_licenses(struct moxctl *x, int argc, char **argv);
int moxctl_tlspubkey_gen(struct moxctl *x, int argc, char **argv);

/* ---- localserve.c */
int moxctl_localserve(struct moxctl *x, int argc, char **argv);

#endif
