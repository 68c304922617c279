/* Standard input for commands in the server. A line on a terminal is a password: it is read twice and
 * not shown. */
#include "moxctl/moxctl.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

static struct termios shown; /* how the terminal was */

/* 1, 0 at the end of input, -1. One byte at a time: what follows the line is not ours. */
static int read_line(struct moxd_buf *out)
{
    char c;

    for (;;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : out->n > 0;
        if (c == '\n')
            break;
        moxd_buf_addc(out, c);
    }
    if (out->n > 0 && out->p[out->n - 1] == '\r')
        moxd_buf_truncate(out, out->n - 1);
    return 1;
}

static void show_again(int signo)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &shown);
    signal(signo, SIG_DFL);
    raise(signo);
}

static int ask_hidden(const char *prompt, struct moxd_buf *out)
{
    struct termios hidden;
    int rc;

    if (tcgetattr(STDIN_FILENO, &shown) < 0)
        return -1;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;
    signal(SIGINT, show_again);
    signal(SIGTERM, show_again);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    fputs(prompt, stderr);
    rc = read_line(out);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &shown); /* keeps what was typed ahead */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    return rc;
}

static int ask_twice(struct moxd_buf *out)
{
    struct moxd_buf again = MOXD_BUF_INIT(out->max);
    int rc = ask_hidden("Password: ", out);

    if (rc > 0)
        rc = ask_hidden("Once more: ", &again);
    if (rc > 0 && !moxd_str_eq(moxd_buf_str(out), moxd_buf_str(&again)))
        rc = moxctl_fail(-1, "the two are not the same; nothing was changed");
    moxd_buf_wipe(&again);
    return rc;
}

int moxctl_stdin_line(void *arg, struct moxd_buf *out)
{
    int rc;

    (void)arg;
    rc = isatty(STDIN_FILENO) ? ask_twice(out) : read_line(out);
    if (rc > 0 && out->overflow)
        return moxctl_fail(-1, "the line is too long");
    return rc;
}

int moxctl_stdin_data(void *arg, struct moxd_buf *out, size_t max)
{
    char *p = moxd_buf_room(out, max);
    ssize_t n;

    (void)arg;
    moxd_assert(p != NULL);
    do
        n = read(STDIN_FILENO, p, max);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return moxctl_fail(-1, "standard input: %s", strerror(errno));
    moxd_buf_grew(out, (size_t)n);
    return n > 0;
}
