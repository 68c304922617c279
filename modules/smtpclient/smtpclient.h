/* Inside of the smtpclient module. */
#ifndef SMTPCLIENT_PRIV_H
#define SMTPCLIENT_PRIV_H

#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/smtpclient.h>

enum {
    SMTPCLIENT_MX_MAX = 50,        /* hosts of a domain that are looked at, the best ones */
    SMTPCLIENT_ADDRESSES_MAX = 20, /* of a host */
};

/* All in ns. RFC 5321 4.5.3.2 has the least that those of replies should be. */
struct smtpclient_conf {
    struct moxd_conf_head head;
    int64_t dns; /* all lookups for a domain, or for a host */
};
extern const struct moxd_block smtpclient_conf_block;

struct smtpclient {
    struct moxd_instance m;
    const struct smtpclient_conf *conf;
};

/* As in struct smtpclient_v1. */
int smtpclient_hosts(struct moxd_instance *m, const char *domain, struct moxd_arena *a,
                     struct smtpclient_hosts *out, struct moxd_err *err) MOXD_SUSPENDS;
int smtpclient_addresses(struct moxd_instance *m, const char *host, struct moxd_arena *a,
                         struct smtpclient_addresses *out, struct moxd_err *err) MOXD_SUSPENDS;

/* The same of moxd_dns_query that a caller looks at one status only: a timeout is MOXD_DNS_TEMP. CANCELLED. */
int smtpclient_ask(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* TEMP, 451 4.4.3: DNS does not say. Returns -1. */
int smtpclient_dns_failed(const char *name, const struct moxd_dns_answer *ans,
                          struct moxd_err *err);

#endif
