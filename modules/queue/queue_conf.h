/* Directives of the queue: queue { } in moxd.conf with its transports, and in domains.conf routes and what accounts
 * may send. */
#ifndef QUEUE_CONF_H
#define QUEUE_CONF_H

#include <moxd/accounts.h>
#include <moxd/buf.h>
#include <moxd/config.h>
#include <moxd/module.h>

#define QUEUE_DURATION_MAX (INT64_C(365) * 86400 * 1000000000)

enum queue_kind { /* of transports */
                  QUEUE_KIND_DIRECT,
                  QUEUE_KIND_SMTP,
                  QUEUE_KIND_SUBMISSION,
                  QUEUE_KIND_SOCKS,
                  QUEUE_KIND_FAIL,
};
enum queue_tls {                          /* with smtp and submission */
                 QUEUE_TLS_STARTTLS,      /* required, and the certificate is verified */
                 QUEUE_TLS_IMMEDIATE,     /* the same from the first byte */
                 QUEUE_TLS_OPPORTUNISTIC, /* if offered, not verified */
                 QUEUE_TLS_NONE,
};
struct queue_transport {
    struct moxd_conf_head head;
    int kind; /* enum queue_kind */
    const char *host;
    int64_t port; /* 0: that of the kind */
    int tls;      /* enum queue_tls */
    const char *username, *password;
    struct moxd_strings mechanisms;
    const char *proxy; /* host:port */
    bool disable_ipv4, disable_ipv6;
    int64_t smtp_code;
    const char *smtp_message;
    const char *client_key; /* file, or NULL */
};
struct queue_conf {
    struct moxd_conf_head head;
    struct moxd_strings retry; /* durations */
    int64_t give_up, delay_notice;
    int64_t connections, destination_connections;
    int64_t keep_retired;
    int64_t destination_pause;
    int64_t port;
    bool local;                    /* everything goes to our own listener: the local test mode */
    struct moxd_blocks transports; /* struct queue_transport */
};
extern const struct moxd_block queue_conf_block;

struct queue_route {
    struct moxd_conf_head head;
    struct moxd_strings to, from; /* domains */
    int64_t minimum_attempts;
    const char *transport; /* "": direct */
};
/* queue { } of a domain or an account. */
struct queue_domain_conf {
    struct moxd_conf_head head;
    struct moxd_blocks routes;
};
struct queue_account_conf {
    struct moxd_conf_head head;
    struct moxd_blocks routes;
    int64_t max_outgoing, max_first_time;
    int64_t keep_retired; /* -1: as in moxd.conf */
    struct moxd_strings fromid_logins;
};
/* domains.conf, top level. */
struct queue_dynamic_conf {
    struct moxd_conf_head head;
    struct moxd_blocks routes;
};
extern const struct moxd_block queue_dynamic_block, queue_domain_block, queue_account_block;

/* Routes that name transports which do not exist, and the like. */
void queue_check(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_problems *out);

/* The transport of that name, NULL when there is none. */
const struct queue_transport *queue_transport_find(const struct queue_conf *conf, const char *name);
/* What a route is chosen by. */
struct queue_route_facts {
    const char *account;     /* NULL: of the server */
    const char *from_domain; /* A-labels, lower case; "" for the null path */
    const char *to_domain;
    unsigned attempts; /* that were made already */
};
/* The first route that matches, of the account, the sender's domain, and all: its transport. NULL: direct
 * (QUEUE-05 to 07). */
const struct queue_transport *queue_route_find(const struct queue_conf *conf,
                                               const struct queue_dynamic_conf *all,
                                               const struct queue_domain_conf *domain,
                                               const struct queue_account_conf *account,
                                               const struct queue_route_facts *f);

/* 30s, 7m30s, 4h, 5d; -1 for anything else. */
int queue_duration_parse(struct moxd_str s, int64_t *out) MOXD_CHECKED;
/* The two largest units. */
void queue_duration_put(struct moxd_buf *b, int64_t ns);

#endif
