/* Inside of the dane module. */
#ifndef DANE_H
#define DANE_H

#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/queue.h>
#include <moxd/smtpclient.h>

struct dane_conf {
    struct moxd_conf_head head;
    int64_t timeout; /* of all lookups for a host, ns */
};
struct dane {
    struct moxd_instance m;
    const struct dane_conf *conf;
    const struct smtpclient_v1 *client;
    struct moxd_instance *client_self;
    struct moxd_metric_handle *lookups;
};

/* A host that mail may go to. */
struct dane_host {
    const char *host;
    unsigned port;
    const struct smtpclient_addresses *addresses;
    const char *domain; /* next-hop domain, or the host */
    const struct smtpclient_hosts
        *hosts; /* of the domain; NULL: it was not looked up, the host was given */
};
/* What DNS says of it. */
struct dane_found {
    bool secure;                 /* there are records that DNSSEC proves: TLS is mandatory */
    bool bogus;                  /* after a failure: an answer that DNSSEC refutes */
    const char *base;            /* TLSA base domain; of a failure: whose lookup it was */
    const struct moxd_tlsa *all; /* as they are */
    size_t nall;
    const struct moxd_tlsa *usable;
    size_t nusable;
    const char *const *names; /* as smtpclient_security.dane_names */
};
/* Looks the host's TLSA records up (RFC 7672 2.2). Everything lives in the arena. TEMP when DNS does not say: the host must
 * not get the mail now (2.1.2). CANCELLED. */
int dane_lookup(const struct dane *d, const struct dane_host *h, struct moxd_arena *a,
                struct dane_found *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* The same for a host whose addresses nobody has looked up yet. */
int dane_lookup_host(const struct dane *d, struct dane_host *h, struct smtpclient_addresses *ad,
                     struct moxd_arena *a, struct dane_found *out,
                     struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

enum moxd_verdict dane_on_security(struct moxd_instance *m, const struct queue_host *ev,
                                   struct queue_security *out) MOXD_SUSPENDS;

/* dial.c: tries a host with TLS, and tells what comes of it. `smtp`: by STARTTLS of SMTP. 0: a certificate is vouched
 * for. */
int dane_try(const struct dane *d, struct moxd_ctl *c, const struct dane_host *h,
             const struct dane_found *found, bool smtp,
             struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void dane_print_records(struct moxd_ctl *c, const struct dane_host *h,
                        const struct dane_found *found) MOXD_SUSPENDS;

int dane_cmd_dial(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err) MOXD_SUSPENDS;
int dane_cmd_dialmx(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err) MOXD_SUSPENDS;
int dane_cmd_makerecord(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                        struct moxd_err *err) MOXD_SUSPENDS;

#endif
