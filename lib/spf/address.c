/* Addresses of clients. */
#include "spf.h"

#include <arpa/inet.h>

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

void moxd_spf_ip(struct moxd_spf_args *args, const void *ip, size_t n)
{
    const unsigned char *p = ip;

    moxd_assert(n == 4 || n == 16);
    if (n == 16 && memcmp(p, mapped, sizeof(mapped)) == 0)
        p += 12, n = 4;
    memset(args->ip, 0, sizeof(args->ip));
    memcpy(args->ip, p, n);
    args->ip_len = (unsigned)n;
}

void mail_spf_readable(struct moxd_buf *b, const struct moxd_spf_args *args)
{
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(args->ip_len == 4 ? AF_INET : AF_INET6, args->ip, text, sizeof(text));
    moxd_buf_adds(b, text);
}

/* RFC 7208 7.3: IPv6 with a dot after each digit but the last; in capitals, as the test suite has it. */
void mail_spf_dotted(struct moxd_buf *b, const struct moxd_spf_args *args)
{
    if (args->ip_len == 4) {
        mail_spf_readable(b, args);
        return;
    }
    for (unsigned i = 0; i < 16; i++)
        moxd_buf_addf(b, "%s%X.%X", i > 0 ? "." : "", args->ip[i] >> 4, args->ip[i] & 15U);
}
