#include <arpa/inet.h>
#include <moxd/stream.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* The IPv4 address that an IPv6 socket shows as ::ffff:192.0.2.1, else NULL. */
static const struct in_addr *mapped(const struct sockaddr_in6 *in6)
{
    if (!IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        return NULL;
    return (const struct in_addr *)(const void *)&in6->sin6_addr.s6_addr[12];
}

const char *moxd_addr_ip(const struct sockaddr *sa, char out[64])
{
    const struct sockaddr_in *in = (const void *)sa;
    const struct sockaddr_in6 *in6 = (const void *)sa;
    const char *text = NULL;

    if (sa->sa_family == AF_INET)
        text = inet_ntop(AF_INET, &in->sin_addr, out, 64);
    else if (sa->sa_family == AF_INET6 && mapped(in6) != NULL)
        text = inet_ntop(AF_INET, mapped(in6), out, 64);
    else if (sa->sa_family == AF_INET6)
        text = inet_ntop(AF_INET6, &in6->sin6_addr, out, 64);
    if (text == NULL)
        snprintf(out, 64, "unix");
    return out;
}

unsigned moxd_addr_port(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
    if (sa->sa_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
    return 0;
}

void moxd_addr_set_port(struct sockaddr_storage *ss, unsigned port)
{
    if (ss->ss_family == AF_INET)
        ((struct sockaddr_in *)ss)->sin_port = htons((uint16_t)port);
    else if (ss->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)ss)->sin6_port = htons((uint16_t)port);
}

socklen_t moxd_addr_parse(const char *text, unsigned port, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){ 0 };
    if (inet_pton(AF_INET, text, &((struct sockaddr_in *)out)->sin_addr) == 1)
        out->ss_family = AF_INET;
    else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)out)->sin6_addr) == 1)
        out->ss_family = AF_INET6;
    else
        return 0;
    moxd_addr_set_port(out, port);
    return out->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool is_loopback4(const struct in_addr *a)
{
    return ntohl(a->s_addr) >> 24 == 127;
}

bool moxd_addr_is_loopback(const struct sockaddr *sa)
{
    const struct sockaddr_in6 *in6 = (const void *)sa;

    if (sa->sa_family == AF_INET)
        return is_loopback4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    if (sa->sa_family == AF_INET6)
        return mapped(in6) != NULL ? is_loopback4(mapped(in6))
                                   : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
    return sa->sa_family == AF_UNIX;
}
