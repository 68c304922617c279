#include "process/inherit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static const char variable[] = "MOXD_LISTEN_FDS"; /* "5,6,7" */

static bool is_listening(int fd)
{
    int on = 0;
    socklen_t len = sizeof(on);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

void core_inherit(struct core_inherited *in)
{
    const char *text = secure_getenv(variable);
    struct moxd_str rest = moxd_cstr(text);
    uint64_t fd;

    *in = (struct core_inherited){ 0 };
    if (!text)
        return;
    in->fd = moxd_xcalloc(CORE_INHERIT_MAX, sizeof(*in->fd));
    while (rest.n > 0 && in->n < CORE_INHERIT_MAX) {
        struct moxd_str number = moxd_str_cut(&rest, ',');
        if (moxd_str_u64(number, INT32_MAX, &fd) < 0 || !is_listening((int)fd))
            continue;
        (void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
        in->fd[in->n++] = (int)fd;
    }
    (void)unsetenv(variable);
}

static in_port_t port_of(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)addr)->sin6_port
                                       : ((const struct sockaddr_in *)addr)->sin_port;
}

static bool same(const struct sockaddr_storage *wanted, const struct sockaddr_storage *has)
{
    const struct sockaddr_in *w4 = (const void *)wanted, *h4 = (const void *)has;
    const struct sockaddr_in6 *w6 = (const void *)wanted, *h6 = (const void *)has;

    if (wanted->ss_family != has->ss_family)
        return false;
    if (port_of(wanted) != 0 && port_of(wanted) != port_of(has))
        return false;
    if (wanted->ss_family == AF_INET6)
        return memcmp(&w6->sin6_addr, &h6->sin6_addr, sizeof(w6->sin6_addr)) == 0;
    return w4->sin_addr.s_addr == h4->sin_addr.s_addr;
}

int core_inherit_take(struct core_inherited *in, const struct sockaddr_storage *addr)
{
    struct sockaddr_storage has;

    for (size_t i = 0; i < in->n; i++) {
        socklen_t has_len = sizeof(has);
        int fd = in->fd[i];
        if (fd < 0 || getsockname(fd, (struct sockaddr *)&has, &has_len) < 0 || !same(addr, &has))
            continue;
        in->fd[i] = -1;
        return fd;
    }
    return -1;
}

void core_inherit_fini(struct core_inherited *in)
{
    for (size_t i = 0; i < in->n; i++)
        moxd_closep(&in->fd[i]);
    free(in->fd);
    *in = (struct core_inherited){ 0 };
}

int core_inherit_add(struct moxd_buf *b, int fd, struct moxd_err *err)
{
    if (fcntl(fd, F_SETFD, 0) < 0)
        return moxd_err_sys(err, "keeping a listening socket open");
    moxd_buf_addf(b, "%s%d", b->n ? "," : "", fd);
    return b->overflow ? moxd_err_set(err, MOXD_ERR_LIMIT, "too many listening sockets") : 0;
}

int core_inherit_export(const struct moxd_buf *b, struct moxd_err *err)
{
    if (setenv(variable, moxd_buf_cstr(b), 1) < 0)
        return moxd_err_sys(err, "setenv");
    return 0;
}
