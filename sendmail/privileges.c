/* Everything that a caller can prepare for a setgid program is taken away before anything else happens. */
#include "sendmail.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is opened later must not become standard output. */
static void fill_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        _exit(EX_OSERR);
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);
}

static void reset_signals(void)
{
    sigset_t none;

    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_DFL); /* what cannot be set fails */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write() */
    (void)alarm(0);
}

/* The password is in memory: no core file, and no debugger of the caller's. */
static void hide_memory(void)
{
    const struct rlimit none = { 0, 0 };

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

int sendmail_harden(struct sendmail_group *g)
{
    fill_descriptors();
    if (geteuid() != getuid()) {
        (void)fprintf(stderr, "moxd-sendmail: must not be setuid, setgid is enough\n");
        return EX_CONFIG;
    }
    *g = (struct sendmail_group){ .caller = getgid(), .program = getegid() };
    if (clearenv() != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return EX_OSERR;
    reset_signals();
    (void)umask(S_IRWXG | S_IRWXO);
    if (g->caller != g->program)
        hide_memory();
    return EX_OK;
}

static void set_groups(gid_t effective, gid_t saved, gid_t real)
{
    if (setresgid(real, effective, saved) == 0 && getegid() == effective)
        return;
    (void)fprintf(stderr, "moxd-sendmail: cannot change its group\n");
    _exit(EX_OSERR);
}

void sendmail_group_drop(struct sendmail_group *g, bool keep)
{
    if (g->caller == g->program)
        return;
    set_groups(g->caller, keep ? g->program : g->caller, g->caller);
    hide_memory(); /* changing the group may have made it readable again */
    if (!keep)
        g->program = g->caller;
}

void sendmail_group_take(const struct sendmail_group *g)
{
    if (g->caller == g->program)
        return;
    set_groups(g->program, g->program, g->caller);
    hide_memory();
}
