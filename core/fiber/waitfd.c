#include "fiber/fiber_priv.h"

#include <ev.h>
#include <moxd/loop.h>

struct fd_wait {
    ev_io w;
    struct core_fiber *f;
    int events;
};

static void on_fd(struct ev_loop *ev, ev_io *w, int events)
{
    struct fd_wait *fw = MOXD_CONTAINER(w, struct fd_wait, w);

    (void)ev;
    fw->events |= events & EV_READ ? MOXD_FD_READ : 0;
    fw->events |= events & EV_WRITE ? MOXD_FD_WRITE : 0;
    if (events & EV_ERROR) /* a dead descriptor: the caller's next system call says why */
        fw->events |= MOXD_FD_READ | MOXD_FD_WRITE;
    core_wake(fw->f);
}

int moxd_wait_fd(int fd, int events, int64_t deadline)
{
    struct fd_wait fw = { .f = core_self_checked() };
    int wanted = (events & MOXD_FD_READ ? EV_READ : 0) | (events & MOXD_FD_WRITE ? EV_WRITE : 0);

    moxd_assert(fd >= 0 && wanted != 0);
    ev_io_init(&fw.w, on_fd, fd, wanted);
    ev_io_start(moxd_loop_ev(), &fw.w);
    int r = core_wait(deadline);
    ev_io_stop(moxd_loop_ev(), &fw.w);
    return r < 0 ? r : fw.events;
}
