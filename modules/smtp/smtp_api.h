/* Hooks of the SMTP server: each command of a transaction can be judged; after DATA the message can be
 * read, annotated and judged; a recipient is taken over by whoever answers on_route.
 *
 * Facts are const; what may change is changed through the functions of smtp/1. Pointers in events are
 * valid during the call. */
#ifndef MOXD_SMTP_H
#define MOXD_SMTP_H

#include <moxd/arena.h>
#include <moxd/dns.h>
#include <moxd/hook.h>
#include <moxd/log.h>
#include <moxd/stream.h>
#include <moxmail/authres.h>

struct moxd_conf_head;
struct moxd_instance;
struct moxd_slots;
struct smtp_auth_result;
struct store_draft;

struct smtp_path {             /* forward-path or reverse-path */
    struct moxd_str localpart; /* unquoted, UTF-8; empty with empty domain: the null path <> */
    struct moxd_str domain;    /* in A-labels, lower case; "[192.0.2.1]" for literals */
    struct moxd_str text;      /* as it should be written: quoted where needed, without <> */
};
struct smtp_conn { /* facts of the session */
    uint64_t cid;
    const char *remote_ip, *local_ip;
    const struct sockaddr *remote;
    const char *listener, *hostname;
    bool submission;
    bool tls;
    const char *tls_version; /* or NULL */
    struct moxd_str helo;    /* argument of EHLO/HELO, empty before */
    bool esmtp;
    const char *account, *login; /* authenticated: or NULL */
    const struct moxd_log *log;
    struct moxd_arena *arena;       /* session arena */
    const struct moxd_slots *slots; /* "smtp-session" */
    /* 1.3: nothing is delivered, for moxctl simulate: hooks say what they would say, and keep nothing. */
    bool simulated;
    /* 1.9: NULL, or no client brought the message, but the queue: what it is (queue_new.origin), as "dsn", "dmarc",
     * "tlsrpt", "vacation"; "forward" for what came here and was sent on to here; "smtp" for what a user submitted and
     * had held. Then remote_ip is empty, `remote` is 0.0.0.0, and no hook was asked but on_mailbox, on_reject and
     * on_deliver. */
    const char *origin;
    bool own; /* 1.9: with origin: this server wrote the message itself */
};
struct smtp_mail { /* facts of the transaction, from MAIL on */
    const struct smtp_conn *conn;
    struct smtp_path from;
    uint64_t size; /* SIZE=, 0 unknown */
    bool smtputf8, body8bit, requiretls;
    /* requiretls (RFC 8689): who takes the message on and cannot keep to it
                                    refuses the recipient, 550 5.7.30. body8bit: as the client said; from
                                    on_submit on whether a submission has bytes above 127 */
    struct moxd_str envid,
        ret;           /* 1.5: DSN (RFC 3461) as on the wire, "FULL" or "HDRS"; empty: absent */
    int64_t holduntil; /* 1.5: FUTURERELEASE (RFC 4865): not before, ns wall; 0: at once */
    size_t nrcpts;     /* accepted so far */
    struct moxd_arena *arena;       /* transaction arena */
    const struct moxd_slots *slots; /* "smtp-message" */
    /* 1.8: of the transaction: in Received, in replies, in log lines, for trace/1. */
    const char *id;
};
struct smtp_rcpt {
    const struct smtp_mail *mail;
    struct smtp_path to;
    struct moxd_str notify, orcpt; /* 1.5: as on the wire; empty: absent */
    /* 1.4: whose it is, as the provider of the route says: from on_rcpt on; NULL: none of ours, or a list. */
    const char *account;
};
/* 1.10: a field X-Mox-Extra-KEY: VALUE of a submission; key in lower case, value UTF-8. */
struct smtp_extra {
    const char *key, *value;
};
struct smtp_message { /* after DATA */
    const struct smtp_mail *mail;
    const struct smtp_rcpt *const *rcpts;
    size_t nrcpts;
    struct store_draft *draft; /* the data, CRLF line ends; as received, but without forged
                                    Authentication-Results of ours, and of submissions without Bcc,
                                    Return-Path and X-Mox-Extra-...; read through store_v1 */
    uint64_t size;
    /* 1.2: the header section with its blank line, as the draft begins with it; in the transaction arena.
     * Fields that we add are not in it. */
    struct moxd_str header;
    /* 1.5: the field TLS-Required says No, and MAIL did not say REQUIRETLS (RFC 8689 4.1): the sender would
     * rather have it arrive without TLS than not at all. */
    bool tls_optional;
    /* 1.7: what was found out about its sender, for those who cannot ask smtp/1 (hooks in transactions); from
     * on_accept on, in the transaction arena. */
    const struct smtp_auth_result *const *results;
    size_t nresults;
    /* 1.9: a notification of ours that mail could not be forwarded: forwarded as well, it would get lost the same way. */
    bool stays;
    /* 1.10: data that a program submitted with the message, in the order of its fields; none: NULL, 0. */
    const struct smtp_extra *extra;
    size_t nextra;
};

/* 1.9: a message of the queue for an address here. Pointers are valid during the call. */
struct smtp_given {
    const char *from; /* reverse-path; "" for the null path */
    const char *to;   /* "localpart@domain", of a domain of ours */
    const char
        *into; /* the account into whose INBOX it goes, whatever `to` leads to by now; or NULL */
    const char *account;       /* who submitted it; NULL: nobody */
    const char *origin;        /* smtp_conn.origin */
    uint64_t id;               /* in the queue, for the log; 0 */
    const char *trace;         /* smtp_mail.id, as it is in trace/1 already; or NULL */
    struct moxd_str prefix;    /* header fields before the draft, as signatures */
    struct store_draft *draft; /* stays the caller's */
    bool own, stays;           /* smtp_conn.own, smtp_message.stays */
    bool smtputf8, body8bit, requiretls, tls_optional;
};

/* 1.5: what a module that takes mail on for other servers makes possible. */
struct smtp_offer {
    bool
        dsn; /* it keeps to NOTIFY, ORCPT, RET, ENVID, and reports local deliveries that are asked for */
    int64_t
        hold_max; /* it holds messages for so many seconds at most, those for local recipients too, and
                         signs what it releases (dkim/1): FUTURERELEASE; 0: not */
};

/* Whether DNSSEC proved what a check of the sender read from DNS. */
enum smtp_dnssec {
    SMTP_DNSSEC_NONE,     /* nothing was looked up */
    SMTP_DNSSEC_INSECURE, /* some of it was not signed */
    SMTP_DNSSEC_SECURE,   /* all of it was proven */
    SMTP_DNSSEC_BOGUS,    /* an answer was forged or broken; it was not used */
};
/* What is to be said when another answer was read: a chain is as secure as its weakest part. */
static inline enum smtp_dnssec smtp_dnssec_add(enum smtp_dnssec sofar,
                                               const struct moxd_dns_answer *answer)
{
    if (sofar == SMTP_DNSSEC_BOGUS || answer->status == MOXD_DNS_BOGUS)
        return SMTP_DNSSEC_BOGUS;
    if (sofar == SMTP_DNSSEC_INSECURE || !answer->secure)
        return SMTP_DNSSEC_INSECURE;
    return SMTP_DNSSEC_SECURE;
}
/* One result of a check of who sent the message (RFC 8601), for other hooks and for our field. */
struct smtp_auth_result {
    struct moxd_authres shown; /* method "spf", result "pass", reason, comment, properties */
    struct moxd_str domain;    /* that the result is about, A-labels in lower case; may be empty */
    enum smtp_dnssec dnssec;
    bool unaligned; /* must not count for alignment, whatever the domain: a DKIM signature
                                  with l= */
};

/* What a provider of on_route says. */
struct smtp_route {
    const char *by; /* module that takes it: for the log */
    /* Called once per message with all of its recipients that this route took, to make them durable.
     * 0, or -1 with *err (its SMTP code is the reply). prefix: trace headers to put before the body. */
    int (*deliver)(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                   void *const *targets, size_t n, struct moxd_err *err) MOXD_SUSPENDS;
    struct moxd_instance *m;
    void *target; /* the provider's, in the transaction arena */
    /* Instead of deliver: the provider is responsible for the recipient and refuses it (no such user,
     * domain disabled). Filled by moxd_reply_set; code != 0 makes it count. */
    struct moxd_reply refuse;
    /* 1.4, may be NULL. Called once per message, as deliver, when the hooks are content with it, before anything is
     * delivered: decides what becomes of it for these recipients, and keeps that for deliver. 0, or -1 with
     * *err: it is refused. Nothing is stored when the message is simulated. Without judge a message under
     * suspicion is refused. */
    int (*judge)(struct moxd_instance *m, const struct smtp_message *msg, struct moxd_str prefix,
                 void *const *targets, size_t n, struct moxd_err *err) MOXD_SUSPENDS;
    const char *account; /* 1.4: see smtp_rcpt; in the transaction arena */
};

/* 1.4: what a message deserves for what it is and who sent it (DMARC, a DNS list, a junk filter). The recipients
 * have the last word: see on_mailbox. */
struct smtp_suspicion {
    const char *reason;      /* one word, as "dmarc" */
    struct moxd_reply reply; /* if nobody wants it */
};
/* 1.4: the copy of a message for one account. */
/* 1.9: where a copy is to go besides, as the recipient's rules say; in the transaction arena. */
struct smtp_onward {
    const char *const *to; /* NULL-ended: "localpart@domain" */
    bool keep_copy;        /* in the mailbox */
    bool unauthenticated;  /* also what proves nothing about its author */
};
struct smtp_copy {
    const struct smtp_message *message;
    const char *account; /* NULL, 1.9, only at on_deliver: the list as a whole, of which no mailbox gets this copy */
    const char *address; /* its recipient, or a member of: */
    const char *list;    /* or NULL */
    const char *mailbox; /* of the address in the configuration, or what a hook set */
    const struct moxd_conf_head
        *conf; /* of the address, or NULL; valid until the next suspension */
    const struct smtp_suspicion *suspicion; /* or NULL */
    /* 1.6, at on_deliver: all fields that the message gets but those of its copies. */
    struct moxd_str prefix;
    const struct smtp_onward *onward; /* 1.9, at on_deliver: as on_mailbox said (smtp_placing); or NULL */
};
/* 1.6: what hooks at on_deliver make of a copy. */
struct smtp_handing {
    struct moxd_reply reply;
    bool gone; /* it was taken elsewhere, and the mailbox gets none */
};
/* 1.7: what hooks at on_accept think of a copy; the same for all copies of a message. */
struct smtp_accepting {
    struct moxd_reply reply;
    int64_t
        wait; /* ns: the message is accepted only after this; the longest that any of them wants */
    const char *why; /* for the log: a literal, or in the transaction arena */
};
/* What becomes of a copy; strings in the transaction arena. */
struct smtp_placing {
    const char *mailbox; /* NULL: the copy's */
    const char *reason;  /* for the log and X-Mox-Reason: printable ASCII; or NULL */
    bool accept;         /* on_mailbox: in spite of a suspicion */
    bool reject;         /* on_mailbox: mark it as refused all the same (store_msg) */
    const struct smtp_onward *onward; /* 1.9, on_mailbox: for the module forward; or NULL */
};

/* on_connect (DECIDE): before the greeting. on_helo (DECIDE). on_mail (DECIDE).
 * on_route (PROVIDE, answer struct smtp_route): who takes responsibility for the recipient, or, being
 * responsible, refuses it (route->refuse). NEXT: not mine. When nobody answers: 550 5.7.1.
 * on_rcpt (DECIDE): after a route was found. on_message (DECIDE): data received, before delivery.
 * on_submit (TRANSFORM): as on_message, for authenticated submissions, before on_message.
 * on_delivered (OBSERVE): durable and about to be acknowledged.
 * on_mailbox (PROVIDE, answer struct smtp_placing): where a copy goes. NEXT: to copy->mailbox, and under suspicion
 * nowhere: the account refuses it.
 * on_reject (PROVIDE, answer struct smtp_placing): into which mailbox a refused copy is put for its user to
 * see; NEXT: it is not kept.
 * on_accept (TRANSFORM, struct smtp_accepting): a copy is wanted, and nothing was made durable: the message may be made
 * to wait. Not for copies whose on_mailbox said `accept`. A refusal is one for the whole message.
 * on_deliver (TRANSFORM, struct smtp_handing): a copy that is wanted is about to be stored: what shall happen to it
 * besides (forwarding, answers) is made durable now, since it is acknowledged next. A refusal is one for the whole message,
 * parts of which may have been delivered: DEFER for what passes, and nothing else.
 * on_refused (OBSERVE): after its data the message was refused, by a hook or by its recipients. */
#define MOXD_POINT_on_connect_MAJOR 1
typedef enum moxd_verdict moxd_on_connect_fn(struct moxd_instance *m, const struct smtp_conn *ev,
                                             struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_helo_MAJOR 1
typedef enum moxd_verdict moxd_on_helo_fn(struct moxd_instance *m, const struct smtp_conn *ev,
                                          struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_mail_MAJOR 1
typedef enum moxd_verdict moxd_on_mail_fn(struct moxd_instance *m, const struct smtp_mail *ev,
                                          struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_route_MAJOR 1
typedef enum moxd_verdict moxd_on_route_fn(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                           struct smtp_route *route) MOXD_SUSPENDS;
#define MOXD_POINT_on_rcpt_MAJOR 1
typedef enum moxd_verdict moxd_on_rcpt_fn(struct moxd_instance *m, const struct smtp_rcpt *ev,
                                          struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_submit_MAJOR 1
typedef enum moxd_verdict moxd_on_submit_fn(struct moxd_instance *m, const struct smtp_message *ev,
                                            struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_message_MAJOR 1
typedef enum moxd_verdict moxd_on_message_fn(struct moxd_instance *m, const struct smtp_message *ev,
                                             struct moxd_reply *reply) MOXD_SUSPENDS;
#define MOXD_POINT_on_delivered_MAJOR 1
typedef void moxd_on_delivered_fn(struct moxd_instance *m, const struct smtp_message *ev);
#define MOXD_POINT_on_mailbox_MAJOR 1
typedef enum moxd_verdict moxd_on_mailbox_fn(struct moxd_instance *m, const struct smtp_copy *ev,
                                             struct smtp_placing *placing) MOXD_SUSPENDS;
#define MOXD_POINT_on_accept_MAJOR 1
typedef enum moxd_verdict moxd_on_accept_fn(struct moxd_instance *m, const struct smtp_copy *ev,
                                            struct smtp_accepting *accepting) MOXD_SUSPENDS;
#define MOXD_POINT_on_deliver_MAJOR 1
typedef enum moxd_verdict moxd_on_deliver_fn(struct moxd_instance *m, const struct smtp_copy *ev,
                                             struct smtp_handing *handing) MOXD_SUSPENDS;
#define MOXD_POINT_on_reject_MAJOR 1
typedef enum moxd_verdict moxd_on_reject_fn(struct moxd_instance *m, const struct smtp_copy *ev,
                                            struct smtp_placing *placing) MOXD_SUSPENDS;
#define MOXD_POINT_on_refused_MAJOR 1
typedef void moxd_on_refused_fn(struct moxd_instance *m, const struct smtp_message *ev);

/* smtp/1: setters for hooks. */
struct smtp_v1 {
    /* Adds a header field to the prefix of the message: "Name: value\r\n", folded by the caller. */
    void (*add_header)(const struct smtp_message *msg, struct moxd_str field);
    /* Delivers every copy of the message to this mailbox instead (name is copied). */
    void (*set_mailbox)(const struct smtp_message *msg, const char *mailbox);
    /* Flags and a note for the log line of the message. */
    void (*note)(const struct smtp_message *msg, const char *key, const char *value);

    /* 1.1 */
    /* Records a result for the Authentication-Results field of the message, its log line, and other
     * hooks. All of *r is copied; results over SMTP_RESULTS_MAX are dropped. From MAIL on. */
    void (*add_auth_result)(const struct smtp_mail *mail, const struct smtp_auth_result *r);
    /* The i-th of the results so far, NULL after the last: sorted by method, results of one method as
     * they were added. Valid until the transaction ends; a result that is added later may move others
     * up. What concurrent hooks find out is complete in a later phase. */
    const struct smtp_auth_result *(*auth_result)(const struct smtp_mail *mail, size_t i);

    /* 1.2 */
    /* The fields that the message gets so far, but for trace fields: those of hooks, then Message-ID and
     * Date when a submission lacked them. A copy in the arena. */
    struct moxd_str (*added)(const struct smtp_message *msg, struct moxd_arena *a);

    /* 1.4 */
    /* For hooks at on_message, instead of a refusal: unless its recipients want it all the same, the message is
     * refused with this reply. The first one counts, but 5xx before 4xx. All is copied. */
    void (*suspect)(const struct smtp_message *msg, const char *reason,
                    const struct moxd_reply *reply);
    /* What counts so far, or NULL. */
    const struct smtp_suspicion *(*suspicion)(const struct smtp_message *msg);

    /* 1.5 */
    /* From init: what is announced to authenticated users from now on (RFC 3461, RFC 4865). Messages that are to
     * be held are offered to on_route whoever their recipients are; local ones were found to exist. */
    void (*offer)(struct moxd_instance *self, const struct smtp_offer *offer);

    /* 1.6 */
    /* From now on the connection is slow: moxd_stream_slow. */
    void (*slow_down)(const struct smtp_conn *conn);

    /* 1.9 */
    /* Delivers a message of the queue to a mailbox here, or to the members of a list: as mail that came by SMTP, with
     * Return-Path, Delivered-To, rulesets, forwarding, answers and reports (on_mailbox, on_reject, on_deliver), but
     * without judging who sent it. Of mail with the origin "forward" the results above our Received count. Durable on
     * return. -1: the SMTP code of *err says whether to try again: 4xx (a full account, a hook that cannot do its part now)
     * or 5xx (no such address, a loop). */
    int (*give)(struct moxd_instance *self, const struct smtp_given *given,
                struct moxd_err *err) MOXD_SUSPENDS;
};

#endif
