/* Inside of the server's end of the control socket. Not installed. */
#ifndef CORE_CONTROL_CONTROL_H
#define CORE_CONTROL_CONTROL_H

#include "control/frame.h"
#include "core_control.h"

#include <moxd/clock.h>
#include <moxd/log.h>
#include <moxd/stream.h>

enum control_limits {
    CONTROL_SESSIONS = 160, /* commands at the same time */
    CONTROL_RAW_MAX = 128, /* of them those that stay; the others are there for stop and the like */
    CONTROL_COMMANDS_MAX = 512,
};
#define CONTROL_HELLO_TIMEOUT                                                                      \
    (10 * MOXD_SEC) /* for the command itself, which moxctl sends at once */
#define CONTROL_WRITE_TIMEOUT (60 * MOXD_SEC) /* for moxctl to take output; it may be stopped */

/* ---- registry.c */
struct control_entry {
    const struct moxd_command *cmd;
    struct moxd_instance *m; /* NULL: core's own */
};
size_t control_count(void);
const struct control_entry *control_get(size_t i); /* sorted by name */
/* The command that the first words of argv name; *words says how many. NULL when there is none. */
const struct control_entry *control_find(int argc, char *const *argv, int *words);

/* ---- words.c: shared with moxctl */
/* How many words of argv spell the command's name, 0 when they do not. */
int control_words(const char *name, int argc, char *const *argv);
/* The nearest of the names that `each` yields, for "did you mean"; NULL when none is near. */
struct control_guess {
    char typed[256];
    const char *best;
    int distance;
};
void control_guess_init(struct control_guess *g, int argc, char *const *argv);
void control_guess_try(struct control_guess *g, const char *name);

/* ---- ctl.c */
struct moxd_ctl {
    struct moxd_stream *st;
    struct moxd_arena *a;
    struct moxd_log log;
    struct moxd_buf input; /* received, not read yet */
    bool eof;              /* no more input */
    bool raw;              /* after RAW: no more frames */
    int version;           /* of the protocol, that moxctl speaks */
    bool stopping;         /* tells moxctl to wait until the server is gone */
};
int control_send(struct moxd_ctl *c, enum core_frame_type type, const void *p,
                 size_t n) MOXD_SUSPENDS;
/* Reads one frame; the payload is in `out`. 0, or < 0. */
int control_receive(struct moxd_ctl *c, enum core_frame_type *type,
                    struct moxd_buf *out) MOXD_SUSPENDS;

/* The command has ended: what moxd_ctl_raw took is given back. */
void control_raw_end(struct moxd_ctl *c);

/* ---- commands.c */
extern const struct moxd_command control_core_commands[];
extern struct core_control_server control_server; /* as given to core_control_start */
/* ---- dns.c */
int control_cmd_dns_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
/* ---- ports.c */
int control_cmd_ports(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;
int control_cmd_clientconfig(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                             struct moxd_err *err) MOXD_SUSPENDS;

/* ---- run.c: the fiber of a connection; takes the stream. */
void control_session(struct moxd_stream *st) MOXD_SUSPENDS;

#endif
