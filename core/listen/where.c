/* Which address and port a service listens on. */
#include "listen/ports.h"

#include <sys/socket.h>

static const struct core_port *find(const char *listener, const char *service)
{
    for (size_t i = 0; i < core_ports.n; i++)
        if (strcmp(core_ports.v[i].listener->head.label, listener) == 0 &&
            strcmp(core_ports.v[i].service->name, service) == 0)
            return &core_ports.v[i];
    return NULL;
}

bool moxd_service_port(const char *listener, const char *service, size_t n, char ip[64],
                       unsigned *port)
{
    const struct core_port *p = find(listener, service);
    struct sockaddr_storage addr;
    socklen_t len = sizeof(addr);

    if (!p || n >= p->nfd || getsockname(p->fd[n], (struct sockaddr *)&addr, &len) < 0)
        return false;
    (void)moxd_addr_ip((const struct sockaddr *)&addr, ip);
    *port = moxd_addr_port((const struct sockaddr *)&addr);
    return true;
}
