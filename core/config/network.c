/* Networks in directives. */
#include "config/conf.h"

#include <moxd/network.h>

bool core_network_has(const char *network, const struct sockaddr *sa)
{
    struct moxd_network net, ip;

    return moxd_network_parse(moxd_cstr(network), &net) == 0 && moxd_network_of(sa, &ip) == 0 &&
           moxd_network_has(&net, &ip);
}

/* Bits behind the prefix are a mistake: nobody knows which part was meant. */
int conf_check_network(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_network net;

    if (moxd_network_parse(value, &net) < 0)
        return moxd_err_set(err, MOXD_ERR_SYNTAX,
                            "must be an IP address or a network like 192.0.2.0/24");
    if (!moxd_network_is_exact(&net))
        return moxd_err_set(err, MOXD_ERR_SYNTAX, "the address has bits behind the prefix");
    return 0;
}
