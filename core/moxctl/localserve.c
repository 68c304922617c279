/* moxctl localserve: moxd in the foreground on a directory of its own (P-CTL-08). */
#include "moxctl/localserve.h"

#include "moxctl/modules.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static volatile sig_atomic_t child; /* for the signal handler */

/* ---- arguments */

/* The value of option `name` at argv[*i], as "-name value" or "-name=value", with one or two dashes;
 * NULL when it is another option or the value is missing. */
static const char *option(const char *name, int argc, char **argv, int *i)
{
    struct moxd_str arg = moxd_cstr(argv[*i]);
    size_t n = strlen(name);

    if (!moxd_str_starts(arg, MOXD_STR("-")))
        return NULL;
    arg = moxd_str_from(arg, moxd_str_starts(arg, MOXD_STR("--")) ? 2 : 1);
    if (!moxd_str_starts(arg, moxd_cstr(name)))
        return NULL;
    if (arg.n > n)
        return arg.p[n] == '=' ? arg.p + n + 1 : NULL;
    return *i + 1 < argc ? argv[++*i] : NULL;
}

static int parse(struct local *l, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        const char *value;

        if (strcmp(argv[i], "-initonly") == 0 || strcmp(argv[i], "--initonly") == 0)
            l->init_only = true;
        else if ((value = option("dir", argc, argv, &i)))
            l->dir = value;
        else if ((value = option("ip", argc, argv, &i)))
            l->ip = value;
        else
            return moxctl_fail(-1, "localserve: %s is not an option, or lacks its value", argv[i]);
    }
    return l->dir ? 0 : moxctl_fail(-1, "localserve: -dir is missing");
}

/* ---- the server */

/* In the child: becomes moxd, which ends when moxctl does. */
static void exec_moxd(struct local *l, const char *moxd, int ready)
{
    char fd[16];

#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    snprintf(fd, sizeof(fd), "%d", ready);
    execl(moxd, moxd, "-c", l->config, "-R", fd, (char *)NULL);
    moxctl_fail(0, "running %s: %s", moxd, strerror(errno));
    _exit(127);
}

static void pass_on(int signo)
{
    if (child > 0)
        kill((pid_t)child, signo == SIGHUP ? SIGHUP : SIGTERM);
}

/* Ctrl-c reaches moxd from the terminal too; being told twice does no harm. */
static void handle_signals(void)
{
    struct sigaction sa = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGHUP, &sa, NULL);
}

/* Starts moxd; *ready becomes readable once it listens, and ends when it does not get there. */
static int start(struct local *l, int *ready, struct moxd_err *err)
{
    const char *moxd = moxctl_find_moxd(l->x);
    int fds[2];
    pid_t pid;

    if (pipe(fds) < 0)
        return moxd_err_sys(err, "pipe");
    handle_signals();
    fflush(NULL);
    pid = fork();
    if (pid < 0)
        return moxd_err_sys(err, "starting %s", moxd);
    if (pid == 0) {
        close(fds[0]);
        exec_moxd(l, moxd, fds[1]);
    }
    child = pid;
    close(fds[1]);
    *ready = fds[0];
    return 0;
}

static bool wait_ready(int fd)
{
    char text[16];
    ssize_t n;

    do
        n = read(fd, text, sizeof(text));
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static int wait_end(void)
{
    int status;

    while (waitpid((pid_t)child, &status, 0) < 0) {
        if (errno != EINTR)
            return MOXCTL_FAILED;
    }
    child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : MOXCTL_FAILED;
}

/* ---- the password */

static int password_line(void *arg, struct moxd_buf *out)
{
    (void)arg;
    moxd_buf_adds(out, LOCAL_PASSWORD);
    return 1;
}

static int no_data(void *arg, struct moxd_buf *out, size_t max)
{
    (void)arg, (void)out, (void)max;
    return 0;
}

static void drop(void *arg, struct moxd_str s)
{
    (void)arg, (void)s;
}

/* At the first start, after which the file .fresh goes. */
static int set_password(struct local *l, struct moxd_err *err)
{
    char command[] = "setaccountpassword", account[] = LOCAL_ACCOUNT;
    char *argv[] = { command, account, NULL };
    struct moxctl_io io = {
        .out = drop, .err = moxctl_stdio.err, .line = password_line, .data = no_data
    };
    struct moxctl x = { .config = l->config, .a = l->x->a };
    const char *path;
    int status;

    if (access(l->fresh, F_OK) < 0)
        return 0;
    path = moxctl_socket(&x, err);
    status = path ? moxctl_call(path, 2, argv, &io, err) : -1;
    if (status > 0)
        moxd_err_set(err, MOXD_ERR_INTERNAL, "the password could not be set");
    if (status != 0)
        return -1;
    return unlink(l->fresh) < 0 ? moxd_err_sys(err, "removing %s", l->fresh) : 0;
}

static void print_where(struct local *l)
{
    const char *ip = local_address(l);

    printf("\nA local mail server is running, with its data in %s.\n\n"
           "    user name      " LOCAL_USER "\n"
           "    password       " LOCAL_PASSWORD " (as set at the first start)\n"
           "    IMAP           %s port %d with STARTTLS, port %d with TLS\n"
           "    submission     %s port %d with STARTTLS, port %d with TLS\n"
           "    incoming mail  %s port %d\n\n"
           "The certificate is self-signed: %s/tls/cert.pem. Mail to any address is accepted;\n"
           "what is for nobody goes to " LOCAL_USER ". More: moxctl -c %s help\n"
           "Stop with ctrl-c.\n\n",
           l->dir, ip, LOCAL_IMAP, LOCAL_IMAPS, ip, LOCAL_SUBMISSION, LOCAL_SUBMISSIONS, ip,
           LOCAL_SMTP, l->dir, l->config);
    fflush(stdout);
}

/* ---- all of it */

static int serve(struct local *l, struct moxd_err *err)
{
    int ready = -1, status;

    if (start(l, &ready, err) < 0)
        return moxctl_fail(MOXCTL_FAILED, "%s", err->priv);
    bool up = wait_ready(ready);
    close(ready);
    if (up && set_password(l, err) < 0) {
        moxctl_fail(0, "%s", err->priv);
        kill((pid_t)child, SIGTERM);
        wait_end();
        return MOXCTL_FAILED;
    }
    if (up)
        print_where(l);
    status = wait_end();
    if (!up)
        return moxctl_fail(status ? status : MOXCTL_FAILED, "moxd did not start");
    return status;
}

int moxctl_localserve(struct moxctl *x, int argc, char **argv)
{
    struct local l = { .x = x };
    struct moxd_err err = { 0 };

    if (parse(&l, argc, argv) < 0)
        return MOXCTL_USAGE;
    if (local_init(&l, &err) < 0)
        return moxctl_fail(MOXCTL_FAILED, "%s", err.priv);
    if (l.init_only) {
        printf("%s is ready; start it with: moxctl localserve -dir %s\n", l.dir, l.dir);
        return MOXCTL_OK;
    }
    return serve(&l, &err);
}
