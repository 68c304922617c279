/* Control commands: what `moxctl NAME ...` runs in the server, over the control socket. Each command
 * runs in a fiber of its own. Output is sent as it is written; input (for commands that read it)
 * is acknowledged only after it was read (CTL-02). */
#ifndef MOXD_CONTROL_H
#define MOXD_CONTROL_H

#include <moxd/arena.h>
#include <moxd/err.h>
#include <moxd/fiber.h>

struct moxd_instance;
struct moxd_ctl;
struct moxd_stream;

struct moxd_command {
    const char *name;    /* "account add"; NULL ends a table */
    const char *args;    /* "<account> <address>", for usage lines */
    const char *summary; /* one line */
    const char *help;    /* paragraphs; may be NULL */
    int min_args, max_args; /* max -1: any */
    /* argv[0] is the first argument after the name. Returns 0, or -1 with *err, whose private text is
     * shown to the admin (exit status 1). */
    int (*run)(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
               struct moxd_err *err) MOXD_SUSPENDS;
    unsigned flags;
};
enum moxd_command_flags {
    MOXD_CMD_STDIN = 1,  /* reads standard input */
    MOXD_CMD_HIDDEN = 2, /* not in the list of commands */
    MOXD_CMD_SECRET = 4, /* arguments are never logged */
};

int moxd_ctl_printf(struct moxd_ctl *c, const char *fmt, ...) MOXD_PRINTF(2, 3) MOXD_SUSPENDS;
int moxd_ctl_write(struct moxd_ctl *c, const void *p, size_t n) MOXD_SUSPENDS;
/* What others wrote, as a terminal may have it: what is not printable ASCII is "?". In the command's arena. */
const char *moxd_ctl_plain(struct moxd_ctl *c, const char *s);
const char *moxd_ctl_plain_str(struct moxd_ctl *c, struct moxd_str s);
/* Reads up to n bytes of the command's input: > 0, 0 at its end, < 0 as streams. */
long moxd_ctl_read(struct moxd_ctl *c, void *p, size_t n) MOXD_SUSPENDS;
/* Reads one line of input (a password, say) without its end into out. */
int moxd_ctl_line(struct moxd_ctl *c, char *out, size_t cap, struct moxd_err *err) MOXD_SUSPENDS;
/* From here on input comes from the file that this argument of the command names, or from standard input when it
 * is "-". moxctl opens it, with the rights of who called it; when it cannot, the command's input breaks off.
 * What was left of the input before is dropped. */
int moxd_ctl_file(struct moxd_ctl *c, const char *arg) MOXD_SUSPENDS;
/* The same for a directory: the input is the list of its files, and of those in directories there, "SIZE MTIME PATH" and a
 * NUL for each, by name, without symbolic links. Then moxd_ctl_file may be asked for "ARGUMENT/PATH". 0, or -1 with
 * *err: STATE: moxctl is too old; CLOSED. */
int moxd_ctl_directory(struct moxd_ctl *c, const char *arg, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Files as output, since version 4 of the protocol: moxctl writes them, with the rights of who called it. The directory is
 * one that an argument of the command names: it is made, or is there and empty; then "ARGUMENT/PATH" for those in it,
 * made with all on the way. What the user called fails when something cannot be written, and the connection ends: the
 * command sees CLOSED with its next call. What was written stays. STATE: moxctl is too old. */
int moxd_ctl_put_directory(struct moxd_ctl *c, const char *path,
                           struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A file "ARGUMENT/PATH", which must not be there: begun, written, and whole; `changed`: the time of its last change, in
 * seconds since 1970. One at a time. CLOSED. */
int moxd_ctl_put(struct moxd_ctl *c, const char *path,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int moxd_ctl_put_data(struct moxd_ctl *c, struct moxd_str data,
                      struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
int moxd_ctl_put_end(struct moxd_ctl *c, int64_t changed,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* From here on the connection carries bytes both ways, as they are: standard input of moxctl comes out of
 * *st, what is written to *st goes to its standard output. The end of its input is the end of the stream;
 * other calls of this file are not allowed any more, and an error of the command is only logged. *st is
 * closed after the command has returned, which ends moxctl. After all errors that can be told: nothing may have been read.
 * STATE: moxctl is too old; LIMIT: too many of these; CLOSED. */
int moxd_ctl_raw(struct moxd_ctl *c, struct moxd_stream **st, struct moxd_err *err)
    MOXD_CHECKED MOXD_SUSPENDS;
struct moxd_arena *moxd_ctl_arena(struct moxd_ctl *c); /* lives as long as the command */

#endif
