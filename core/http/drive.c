/* libcurl's transfers in the loop. Callbacks of libev note what happened and wake the fiber, which calls curl; so curl
 * and its callbacks run on the fiber's stack. Each transfer has a multi handle of its own: nothing of it is left. */
#include "fiber/fiber_priv.h"
#include "http/http_priv.h"

#include <ev.h>
#include <moxd/loop.h>

enum { SOCKETS_MAX = 8 /* of a transfer: two families at a time, and the old ones */ };

struct watch {
    ev_io io;
    struct drive *d;
    int happened; /* CURL_CSELECT_* */
};
struct drive {
    struct core_fiber *f;
    struct watch v[SOCKETS_MAX]; /* fd -1: free */
    int64_t timer;
};

static void on_io(struct ev_loop *ev, ev_io *io, int events)
{
    struct watch *w = MOXD_CONTAINER(io, struct watch, io);

    (void)ev;
    w->happened |=
        (events & EV_READ ? CURL_CSELECT_IN : 0) | (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
    (void)core_wake(w->d->f);
}

static struct watch *find(struct drive *d, int fd)
{
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (d->v[i].io.fd == fd)
            return &d->v[i];
    return NULL;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
    struct drive *d = arg;
    struct watch *w = find(d, fd);

    (void)easy, (void)unused;
    if (!w)
        w = what == CURL_POLL_REMOVE ? NULL : find(d, -1);
    if (!w)
        return what == CURL_POLL_REMOVE ? 0 : -1;
    ev_io_stop(moxd_loop_ev(), &w->io);
    w->io.fd = -1;
    w->happened = 0;
    if (what == CURL_POLL_REMOVE)
        return 0;
    ev_io_init(&w->io, on_io, fd,
               (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
    ev_io_start(moxd_loop_ev(), &w->io);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct drive *d = arg;

    (void)multi;
    d->timer = ms < 0 ? MOXD_NEVER : moxd_deadline(ms * MOXD_MS);
    return 0;
}

/* Tells curl what happened. */
static void act(struct drive *d, CURLM *multi)
{
    int running;

    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        int happened = d->v[i].happened;
        d->v[i].happened = 0;
        if (d->v[i].io.fd >= 0 && happened)
            (void)curl_multi_socket_action(multi, d->v[i].io.fd, happened, &running);
    }
    if (d->timer <= moxd_mono()) {
        d->timer = MOXD_NEVER;
        (void)curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static bool ended(CURLM *multi, CURLcode *code)
{
    const CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(multi, &left)))
        if (msg->msg == CURLMSG_DONE) {
            *code = msg->data.result;
            return true;
        }
    return false;
}

static int run(struct drive *d, CURLM *multi, int64_t deadline, CURLcode *code)
{
    while (!ended(multi, code)) {
        int64_t until = d->timer < deadline ? d->timer : deadline;
        int r = core_wait(until);
        if (r == MOXD_CANCELLED)
            return r;
        if (r == MOXD_TIMEOUT && moxd_mono() < d->timer) /* our deadline, or a ceiling */
            return r;
        if (moxd_mono() >= deadline)
            return MOXD_TIMEOUT;
        act(d, multi);
    }
    return MOXD_OK;
}

int core_http_drive(CURL *easy, int64_t deadline, CURLcode *code)
{
    struct drive d = { .f = core_self_checked(), .timer = MOXD_NEVER };
    CURLM *multi = curl_multi_init();
    int r = MOXD_OK;

    if (!multi)
        moxd_panic("out of memory for HTTP");
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        ev_io_init(&d.v[i].io, on_io, -1, 0);
        d.v[i].d = &d;
    }
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, &d);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, &d);
    *code = CURLE_FAILED_INIT;
    if (curl_multi_add_handle(multi, easy) == CURLM_OK)
        r = run(&d, multi, deadline, code);
    (void)curl_multi_remove_handle(multi, easy);
    (void)curl_multi_cleanup(multi);
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        ev_io_stop(moxd_loop_ev(), &d.v[i].io);
    return r;
}
