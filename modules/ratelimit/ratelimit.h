/* ratelimit: how much a network, or an account, may ask of the server (RATE, P-SMTP-21).
 *
 * Each address counts in three networks, so that whoever has many addresses is limited too. A connection
 * belongs to its networks until it logs in; from then on to the account. Counters are in memory. */
#ifndef RATELIMIT_H
#define RATELIMIT_H

#include <moxd/auth.h>
#include <moxd/clock.h>
#include <moxd/config.h>
#include <moxd/control.h>
#include <moxd/metrics.h>
#include <moxd/module.h>
#include <moxd/network.h>
#include <moxd/smtp.h>
#include <moxd/store.h>

struct ratelimit;

enum {
    RATELIMIT_WIDTHS = 3,
    RATELIMIT_NETWORKS_MAX = 200000, /* counted at a time, 200 bytes each; the oldest give way */
    RATELIMIT_MAIL_MAX = 60000,      /* networks of accounts in memory, 400 bytes each */
    RATELIMIT_PRUNE_MAX = 1000,      /* records removed in one transaction */
};

/* What is limited, by network. */
enum ratelimit_kind {
    RATELIMIT_OPEN,       /* connections now, before they log in */
    RATELIMIT_CONNECTED,  /* connections that came in a minute */
    RATELIMIT_FAILED,     /* logins, in a minute */
    RATELIMIT_FAILED_DAY, /* in a day */
    RATELIMIT_KINDS,
};

/* --- ratelimit_net.c: networks. Pure. -------------------------------------------------------------------- */
/* "192.0.2.0/24", "2001:db8::1". -1: it is none, or has host bits. */
int ratelimit_net_parse(struct moxd_str s, struct moxd_network *out) MOXD_CHECKED;
/* The w-th network of an address, the smallest first: /32, /26, /21 of IPv4; /64, /48, /32 of IPv6. */
struct moxd_network ratelimit_net_of(const struct moxd_network *ip, size_t w);

/* --- ratelimit_window.c: how many in a window of time. Pure. ---------------------------------------------- */
/* A window that slides: what came in the last full period counts by how much of it is still inside. */
struct ratelimit_window {
    int64_t start; /* of the current period, ns; 0: nothing was counted yet */
    uint32_t now, before;
};
/* t: ns, of always the same clock. */
void ratelimit_window_add(struct ratelimit_window *w, int64_t period, int64_t t, uint32_t n);
/* How many, rounded down. */
uint32_t ratelimit_window_count(const struct ratelimit_window *w, int64_t period, int64_t t);

/* --- ratelimit_mail_record.c: mail that came in. Pure. ---------------------------------------------------- */
/* What a network has brought to an account. Data in KiB, so that a number of 32 bits is enough. */
enum ratelimit_mail_kind {
    RATELIMIT_MESSAGES,
    RATELIMIT_MESSAGES_DAY,
    RATELIMIT_DATA,
    RATELIMIT_DATA_DAY,
    RATELIMIT_MAIL_KINDS,
};
struct ratelimit_mail {
    struct ratelimit_window window[RATELIMIT_MAIL_KINDS]; /* wall clock */
};
enum { RATELIMIT_RECORD = RATELIMIT_MAIL_KINDS * 16 };
void ratelimit_mail_write(const struct ratelimit_mail *mail, unsigned char out[RATELIMIT_RECORD]);
/* -1: it is none of ours. */
int ratelimit_mail_parse(struct moxd_str record, struct ratelimit_mail *out) MOXD_CHECKED;
/* A message of `size` bytes that came at t (wall). */
void ratelimit_mail_add(struct ratelimit_mail *mail, uint64_t size, int64_t t);
uint32_t ratelimit_mail_count(const struct ratelimit_mail *mail, enum ratelimit_mail_kind kind,
                              int64_t t);
/* Whether none of its windows counts any more. */
bool ratelimit_mail_is_past(const struct ratelimit_mail *mail, int64_t t);

/* --- configuration ---------------------------------------------------------------------------------------- */
struct ratelimit_conf {
    struct moxd_conf_head head;
    /* three numbers each, as texts; 0: no limit */
    struct moxd_strings connections, connection_rate, failed_logins, failed_logins_day;
    struct moxd_strings messages, messages_day, data, data_day;
    int64_t account_connections, slow_after;
    bool slow_suspects;
    struct moxd_strings exempt;
};
extern const struct moxd_block ratelimit_block;
/* Applies the configuration, which was checked. */
void ratelimit_configure(struct ratelimit *r, const struct ratelimit_conf *conf);

/* --- ratelimit_table.c: counters ------------------------------------------------------------------------- */
struct ratelimit_network {
    struct moxd_network net;
    uint32_t open;                                   /* connections that have not logged in */
    struct ratelimit_window window[RATELIMIT_KINDS]; /* of RATELIMIT_OPEN: not used */
};
struct ratelimit_table;
struct ratelimit_table *ratelimit_table_new(size_t max);
void ratelimit_table_free(struct ratelimit_table *t);
/* NULL when it is not counted. */
struct ratelimit_network *ratelimit_table_find(const struct ratelimit_table *t,
                                               const struct moxd_network *net);
/* The network, made when it is not there. One without open connections may give way to another with the next
 * call. NULL: the table is full of networks with open connections. */
struct ratelimit_network *ratelimit_table_get(struct ratelimit_table *t,
                                              const struct moxd_network *net);
/* One more, or less, open connection. */
void ratelimit_table_open(struct ratelimit_table *t, struct ratelimit_network *n);
void ratelimit_table_close(struct ratelimit_table *t, struct ratelimit_network *n);
/* All that are counted, until fn returns false; fn must not change the table. */
void ratelimit_table_each(const struct ratelimit_table *t,
                          bool (*fn)(void *arg, const struct ratelimit_network *n), void *arg);

/* --- ratelimit_module.c ------------------------------------------------------------------------------------ */
struct ratelimit_conn;
struct ratelimit_account;
struct ratelimit {
    struct moxd_instance m;
    const struct ratelimit_conf *conf;
    uint32_t limits[RATELIMIT_KINDS][RATELIMIT_WIDTHS]; /* 0: none */
    struct moxd_network *exempt;
    size_t nexempt;
    struct ratelimit_table *networks;
    struct ratelimit_conn *conns;       /* hash */
    struct ratelimit_account *accounts; /* hash */
    /* Mail; all NULL without SMTP server, store and accounts. */
    struct ratelimit_book *book;
    const struct smtp_v1 *smtp;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_waitq more; /* for pages to be changed */
    bool changed;           /* some page is */
    struct moxd_fifolock writing;
    int64_t pruned; /* when the accounts were last rid of old records, wall */
    uint32_t mail_limits[RATELIMIT_MAIL_KINDS][RATELIMIT_WIDTHS]; /* messages, KiB; 0: none */
    struct moxd_metric_handle *refused;
};
/* Of a window, or of open connections. */
struct ratelimit_kind_info {
    const char *name; /* for people and metrics */
    int64_t period;   /* ns; 0: no window, what is open now */
    size_t list;      /* offset of its numbers in struct ratelimit_conf */
};
extern const struct ratelimit_kind_info ratelimit_kinds[RATELIMIT_KINDS];
extern const struct ratelimit_kind_info ratelimit_mail_kinds[RATELIMIT_MAIL_KINDS];

/* --- ratelimit_limit.c: the networks of an address against the limits --------------------------------------- */
/* Where there is no room for one more. */
struct ratelimit_full {
    enum ratelimit_kind kind;
    struct moxd_network net;
    uint32_t limit;
};
/* Whether the address is at a limit of one of these kinds (bits 1 << kind). */
bool ratelimit_full(const struct ratelimit *r, const struct moxd_network *ip, unsigned kinds,
                    struct ratelimit_full *out);
/* Tells the log in reply->detail, and counts the refusal. */
void ratelimit_refused(const struct ratelimit *r, const struct ratelimit_full *full,
                       struct moxd_reply *reply);
/* Counts one more, in a window. */
void ratelimit_count(struct ratelimit *r, const struct moxd_network *ip, enum ratelimit_kind kind);
uint32_t ratelimit_used(const struct ratelimit_network *n, enum ratelimit_kind kind);
/* The address as bytes; false: it is exempt from limits (or none). */
bool ratelimit_concerns(const struct ratelimit *r, const char *ip, struct moxd_network *out);

/* --- ratelimit_conn.c: connections, and whom they belong to -------------------------------------------------- */
enum moxd_verdict ratelimit_on_connection(struct moxd_instance *m, const struct moxd_conn *ev,
                                          struct moxd_reply *reply);
void ratelimit_on_disconnect(struct moxd_instance *m, const struct moxd_conn *ev);
enum moxd_verdict ratelimit_on_login(struct moxd_instance *m, const struct auth_event *ev,
                                     struct moxd_reply *reply);
/* The connection has logged in: it counts with the account now. */
void ratelimit_conn_owned(struct ratelimit *r, const struct moxd_stream *st, const char *account);
/* Connections of an account. */
uint32_t ratelimit_account_open(const struct ratelimit *r, const char *account);

/* --- ratelimit_auth.c ---------------------------------------------------------------------------------------- */
enum moxd_verdict ratelimit_on_auth_check(struct moxd_instance *m, const struct auth_event *ev,
                                          struct moxd_reply *reply);
void ratelimit_on_auth(struct moxd_instance *m, const struct auth_event *ev);

/* --- ratelimit_book.c: mail by account and network, in memory ----------------------------------------------- */
struct ratelimit_page { /* of an account and network */
    struct moxd_network net;
    struct ratelimit_mail mail;
    bool changed; /* since it was last written */
    bool held;    /* is being written: stays where it is */
    const char *account;
};
struct ratelimit_book *ratelimit_book_new(size_t max);
void ratelimit_book_free(struct ratelimit_book *b);
/* NULL when it is not there. */
struct ratelimit_page *ratelimit_book_find(const struct ratelimit_book *b, const char *account,
                                           const struct moxd_network *net);
/* One that is not there yet; an unchanged one gives way to it when there are too many. NULL: none does. */
struct ratelimit_page *ratelimit_book_add(struct ratelimit_book *b, const char *account,
                                          const struct moxd_network *net);
/* All, until fn returns false; fn must not change which there are. */
void ratelimit_book_each(const struct ratelimit_book *b,
                         bool (*fn)(void *arg, struct ratelimit_page *page), void *arg);

/* --- ratelimit_mail.c: recipients against the limits --------------------------------------------------------- */
enum moxd_verdict ratelimit_on_rcpt(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                    struct moxd_reply *reply) MOXD_SUSPENDS;
void ratelimit_on_delivered(struct moxd_instance *m, const struct smtp_message *ev);
void ratelimit_on_refused(struct moxd_instance *m, const struct smtp_message *ev);

/* --- ratelimit_save.c: the book on disk ------------------------------------------------------------------------ */
/* Brings the networks of an address, for an account, into the book. */
int ratelimit_load(struct ratelimit *r, const char *account, const struct moxd_network *ip,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Writes what has changed. What cannot be written is logged, and tried again with the next change. */
void ratelimit_flush(struct ratelimit *r) MOXD_SUSPENDS;
/* A fiber that does it every few seconds. */
void ratelimit_writer(void *arg) MOXD_SUSPENDS;

/* --- ratelimit_command.c -------------------------------------------------------------------------------------- */
int ratelimit_cmd_show(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                       struct moxd_err *err) MOXD_SUSPENDS;
int ratelimit_cmd_forget(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err) MOXD_SUSPENDS;

#endif
