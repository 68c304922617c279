/* The parent's state, for the files in core/process that are parts of it. */
#ifndef MOXD_CORE_PARENT_PRIV_H
#define MOXD_CORE_PARENT_PRIV_H

#include "daemon/plan.h"
#include "process/bind.h"
#include "process/crashlog.h"
#include "process/keys.h"
#include "process/parent.h"
#include "process/priv.h"

#include <signal.h>
#include <sys/types.h>

enum {
    CORE_CHANNEL_FD = 3,      /* of the server, when it starts */
    CORE_RESTART_MAX_S = 30,  /* back-off: 0, 1, 2, 4, ... 30 s */
    CORE_RESTART_CALM_S = 60, /* a server that ran as long begins the back-off anew */
    CORE_KILL_EXTRA_S = 30,   /* past the grace time a stopping server is killed */
    CORE_KEYS_LOOK_S = 2,     /* between two looks at certificate files */
    CORE_BALLAST_LOOK_S = 60, /* after a crash, until there is room for the ballast file again */
};

/* Signals that have come in; each flag is cleared by who acts on it. */
struct core_parent_signals {
    volatile sig_atomic_t stop, reload, upgrade, child;
};

/* The server process. */
struct core_child {
    pid_t pid;   /* 0: none */
    int channel; /* -1: none */
    bool ready;
    int64_t started;
    int64_t restart_at; /* MOXD_NEVER: no restart is due */
    int64_t delay;      /* ns that the last restart waited */
    int64_t kill_at;
    struct core_crashlog crash;
    unsigned crashes[2]; /* servers that ended by themselves: by a signal, by an exit status */
};

struct core_parent {
    const struct core_options *o;
    struct moxd_log log;
    struct core_plan plan;
    const struct moxd_core_conf *core;
    struct core_binds binds;
    struct core_keys keys;
    int64_t keys_look_at;
    int64_t ballast_at; /* when to make the ballast file; MOXD_NEVER: that was done */
    struct core_user user;
    const struct core_user *as; /* &user when root gives up its privileges, else NULL */
    char *exe;                  /* path of this program */
    sigset_t waiting;           /* signal mask while it polls */
    int lock;
    int ready_fd; /* -R; -1 once told */
    struct core_child child;
    bool was_ready; /* a server was, once */
    bool stopping, upgrading;
    pid_t checker; /* `moxd -t` before an upgrade; 0: none */
    bool finished;
    int status;
};

/* parent_setup.c: everything before the first server; -1 after messages. */
int core_parent_setup(struct core_parent *p) MOXD_CHECKED;
void core_parent_fini(struct core_parent *p);
/* parent_signals.c */
extern struct core_parent_signals core_parent_signals;
void core_parent_signals_init(sigset_t *waiting);
void core_parent_signals_child(const sigset_t *waiting); /* in a forked child, before exec */
/* child.c: starts a server and gives it everything; -1 with *err when that is not possible now. */
int core_child_start(struct core_parent *p, struct moxd_err *err) MOXD_CHECKED;
/* Sends one message without descriptors, its field being `text`; failures are logged. */
void core_child_tell(struct core_parent *p, int type, const char *text);
/* Reads what the server says. */
void core_child_listen(struct core_parent *p);
/* It has ended with this wait status: restarts it later, or finishes the parent. */
void core_child_ended(struct core_parent *p, int wait_status);
/* upgrade.c: SIGUSR2, then the end of the check, then the end of the server. */
void core_upgrade_check(struct core_parent *p);
void core_upgrade_checked(struct core_parent *p, int wait_status);
void core_upgrade_exec(struct core_parent *p);

#endif
