/* Inside of the spf module: what is looked up about a client and a sender while the session goes on. */
#ifndef SPF_H
#define SPF_H

#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxmail/spf.h>

enum {
    SPF_IPREV_NAMES_MAX = 10, /* reverse names that are looked at (RFC 8601 3 wants a limit) */
};

struct spf_conf {
    struct moxd_conf_head head;
    int64_t timeout;
    bool helo, iprev, received, one_recipient, refuse_fail, local_names;
};
struct spf {
    struct moxd_instance m;
    const struct spf_conf *conf;
    const struct smtp_v1 *smtp;
    struct moxd_metric_handle *results, *seconds;
};

/* The DNS lookups of one check: how long they may take, and what DNSSEC said of all of them. */
struct spf_dns {
    int64_t deadline;
    enum smtp_dnssec dnssec;
};
/* As moxd_dns_query; a timeout or a cancellation is an answer with MOXD_DNS_TEMP. */
void spf_dns_query(struct spf_dns *dns, const char *name, enum moxd_dns_type type,
                   struct moxd_arena *a, struct moxd_dns_answer *out) MOXD_SUSPENDS;
/* The resolver of lib/spf; arg is a struct spf_dns. */
void spf_dns_lookup(void *arg, const char *name, enum moxd_spf_type type, struct moxd_arena *a,
                    struct moxd_spf_answer *out) MOXD_SUSPENDS;

enum spf_iprev { SPF_IPREV_PASS, SPF_IPREV_FAIL, SPF_IPREV_TEMPERROR, SPF_IPREV_PERMERROR };
/* Whether a name of the address has the address (RFC 8601 3); *name is that one, or the first, or NULL. */
enum spf_iprev spf_iprev_check(const struct sockaddr *addr, struct spf_dns *dns,
                               struct moxd_arena *a, const char **name) MOXD_SUSPENDS;
const char *spf_iprev_name(enum spf_iprev r);

/* A check in a fiber of its own. It has copies of everything, so it may outlive who began it. */
struct spf_job {
    unsigned refs; /* its fiber, and who waits for it */
    struct spf *spf;
    struct moxd_arena *a;
    struct moxd_fid fiber;
    struct moxd_waitq waiters;
    bool done;
    struct spf_dns dns;
    /* SPF */
    bool is_helo; /* the identity */
    struct moxd_spf_args args;
    struct moxd_spf_outcome out;
    /* iprev */
    struct sockaddr_storage addr;
    enum spf_iprev iprev;
    const char *name;
};
/* Begin one. They never fail; free with spf_job_drop, which cancels what still runs. */
struct spf_job *spf_job_spf(struct spf *spf, const struct smtp_mail *mail, bool is_helo);
struct spf_job *spf_job_iprev(struct spf *spf, const struct smtp_conn *conn);
void spf_job_drop(struct spf_job *job); /* NULL is fine */
/* Waits until it is done: MOXD_OK, MOXD_TIMEOUT, MOXD_CANCELLED. */
int spf_job_wait(struct spf_job *job) MOXD_CHECKED MOXD_SUSPENDS;

/* What belongs to a transaction, and to a session. */
struct spf_msg {
    struct spf_job *from,
        *helo; /* NULL: not checked; `from` of the null path is of the HELO name */
};
struct spf_session {
    struct spf_job *iprev;
};
void spf_msg_fini(void *slot);
void spf_session_fini(void *slot);

enum moxd_verdict spf_on_connect(struct moxd_instance *m, const struct smtp_conn *ev,
                                 struct moxd_reply *reply);
enum moxd_verdict spf_on_mail(struct moxd_instance *m, const struct smtp_mail *ev,
                              struct moxd_reply *reply);
enum moxd_verdict spf_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                              struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict spf_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;

int spf_cmd_lookup(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                   struct moxd_err *err) MOXD_SUSPENDS;
int spf_cmd_parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err) MOXD_SUSPENDS;
int spf_cmd_check(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err) MOXD_SUSPENDS;

#endif
