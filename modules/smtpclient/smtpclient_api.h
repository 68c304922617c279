/* smtpclient/1.2: sends mail to other servers by SMTP (RFC 5321), in the fiber of the caller.
 *
 * A caller asks for the hosts of a domain, then for the addresses of a host, opens a session with one of
 * the addresses, sends any number of transactions over it, and closes it. Nothing here keeps anything;
 * retries, policies and the choice among hosts are the caller's. `self` is the instance given by
 * moxd_interface_get. Results live in the arena that is passed in. */
#ifndef MOXD_SMTPCLIENT_H
#define MOXD_SMTPCLIENT_H

#include <moxd/arena.h>
#include <moxd/err.h>
#include <moxd/log.h>
#include <moxd/stream.h>
#include <moxmail/dane.h>

struct moxd_instance;

/* --- where to -------------------------------------------------------------------------------- */
struct smtpclient_mx {
    const char *host; /* A-labels, lower case, no final dot */
    unsigned pref;
};
struct smtpclient_hosts {
    struct smtpclient_mx *v; /* by preference, equal ones shuffled (RFC 5321 5.1) */
    size_t n;
    bool have_mx; /* false: the domain itself, by its address records (P-QUEUE-12) */
    bool secure;  /* DNSSEC proved MX (or their absence) and the CNAMEs before it (RFC 7672 2.2) */
    const char *domain; /* after CNAMEs */
};
struct smtpclient_addresses {
    struct sockaddr_storage *v; /* both families, interleaved */
    size_t n;
    bool secure; /* addresses, and all CNAMEs */
    bool
        unsigned_host; /* the host's own name is in an insecure zone: no TLSA lookup (RFC 7672 2.2.2) */
    const char *canonical; /* after CNAMEs; same as the host without */
    bool
        canonical_secure; /* all of the CNAMEs, and what they lead to: a candidate for TLSA (2.2.2) */
};

/* --- how -------------------------------------------------------------------------------------- */
enum smtpclient_starttls {
    SMTPCLIENT_TLS_NEVER,
    SMTPCLIENT_TLS_IF_OFFERED, /* and plain text when the handshake fails is the caller's next attempt */
    SMTPCLIENT_TLS_REQUIRED,
    SMTPCLIENT_TLS_IMMEDIATE, /* from the first byte (RFC 8314) */
};
/* QUEUE-22: independent of each other. With both verify_pkix and verify_dane both must succeed. With
 * ignore_errors they are looked at, and told in facts, and nothing else comes of them. */
struct smtpclient_security {
    enum smtpclient_starttls starttls;
    bool verify_pkix, verify_dane, ignore_errors;
    const struct moxd_tlsa *tlsa; /* for DANE: usable ones */
    size_t ntlsa;
    /* Names of which a certificate under DANE-TA must have one (RFC 7672 3.2.2), NULL-ended. The first is the
     * TLSA base domain, which is also the SNI (8.1). NULL: the host alone. */
    const char *const *dane_names;
};
struct smtpclient_login { /* SASL (QUEUE-08) */
    const char *user, *password;   /* NULL, NULL: by the target's identity alone, with EXTERNAL if that is offered */
    const char *const *mechanisms; /* NULL-ended, best first; NULL: the strongest that is offered */
};
struct smtpclient_target {
    const char *host;                      /* SNI, names in certificates */
    struct sockaddr_storage address;       /* with port */
    const struct sockaddr_storage *source; /* bind to; or NULL */
    /* "host:port" or "user:password@host:port" of a SOCKS5 proxy (RFC 1928, 1929), which resolves host itself; or
     * NULL. Of the address only the port counts then (AF_INET); source is of the way to the proxy. */
    const char *socks;
    const char *ehlo; /* our name */
    struct smtpclient_security security;
    const struct smtpclient_login *login; /* or NULL */
    const struct moxd_log *log;
    int64_t deadline; /* for getting to the end of EHLO/AUTH; monotonic */
    const struct moxd_tls_identity *identity; /* for servers that ask for a certificate (AUTH-14); or NULL */
};

/* --- what happened ---------------------------------------------------------------------------- */
enum smtpclient_stage { /* where an attempt ended */
                        SMTPCLIENT_CONNECT,
                        SMTPCLIENT_GREETING,
                        SMTPCLIENT_EHLO,
                        SMTPCLIENT_STARTTLS,
                        SMTPCLIENT_HANDSHAKE,
                        SMTPCLIENT_AUTH,
                        SMTPCLIENT_MAIL,
                        SMTPCLIENT_RCPT,
                        SMTPCLIENT_DATA,
                        SMTPCLIENT_BODY,
                        SMTPCLIENT_NEEDS,
};
/* What the other side, or we, said. code 0: no reply (no connection, broken off, TLS). */
struct smtpclient_reply {
    enum smtpclient_stage stage;
    int code;
    const char *enhanced; /* "5.1.1", "" when there was none */
    const char *text; /* all lines with their codes, LF between (P-QUEUE-11); ours: one sentence */
    bool
        permanent; /* must not be tried again as it is: a 5xx to MAIL or later. What a server says before that is
                         about itself or our connection: another one may take the mail */
    bool
        ours; /* we say so: no such extension, TLS failed, ...; then there is an enhanced code always */
};
enum smtpclient_tls_result { /* RFC 8460 4.3 */
                             SMTPCLIENT_TLS_OK,
                             SMTPCLIENT_TLS_NONE_TRIED,
                             SMTPCLIENT_TLS_NOT_OFFERED,
                             SMTPCLIENT_TLS_HOST_MISMATCH,
                             SMTPCLIENT_TLS_EXPIRED,
                             SMTPCLIENT_TLS_NOT_TRUSTED,
                             SMTPCLIENT_TLS_TLSA_INVALID,
                             SMTPCLIENT_TLS_FAILED,
};
/* Of a session; valid as long as it is open, or in the arena after a failure. */
struct smtpclient_facts {
    bool esmtp, starttls, requiretls, eightbitmime, smtputf8, pipelining, dsn, chunking;
    uint64_t size;                        /* announced limit, 0: none */
    unsigned rcptmax, mailmax;            /* LIMITS (RFC 9422), 0: none */
    const char *tls_version, *tls_cipher; /* or NULL */
    bool pkix_ok, dane_ok;                /* verified, whether or not it was asked for */
    enum smtpclient_tls_result tls_result;
    const char *tls_error;            /* or "" */
    char local_ip[64], remote_ip[64]; /* "" before there is a connection, and through a proxy */
    unsigned
        rcptdomainmax; /* 1.1: of LIMITS: domains of recipients in a session, 0: any. The caller keeps to it */
};
struct smtpclient_rcpt {
    const char *to;                /* as it is written between <>: quoted where needed */
    const char *notify, *orcpt;    /* DSN parameters as on the wire, or NULL */
    struct smtpclient_reply reply; /* result: code 250 of the end of data, or what refused it */
    bool ok;                       /* result */
};
struct smtpclient_transaction {
    const char *from; /* reverse-path without <>, "" for the null path */
    struct smtpclient_rcpt *rcpts;
    size_t n;
    /* What the message needs. Missing: NEEDS, permanent, 5.6.7, 5.6.3, 5.7.30; also 5.3.4 when it is too large. */
    bool smtputf8, body8bit, requiretls;
    const char *envid, *ret; /* or NULL */
    uint64_t size;
    /* The message with CRLF line ends, n bytes from off: as store_v1.body_read. Without 8-bit lines and the like
     * being looked at: what is there is sent, dots stuffed. */
    long (*read)(void *arg, uint64_t off, void *p, size_t n, struct moxd_err *err) MOXD_SUSPENDS;
    void *arg;
    int64_t deadline;
};

struct smtpclient_session;
struct smtpclient_v1 {
    /* Hosts that take mail for the domain (A-labels). DENIED with 556 5.1.10: Null MX (RFC 7505); NOTFOUND with
     * 550 5.1.2: the domain does not exist, or has neither MX nor addresses; TEMP with 451 4.4.3: DNS
     * does not say, or the answer is bogus. */
    int (*hosts)(struct moxd_instance *self, const char *domain, struct moxd_arena *a,
                 struct smtpclient_hosts *out, struct moxd_err *err) MOXD_SUSPENDS;
    /* Addresses of a host. TEMP (bogus too, DANE-03), NOTFOUND. */
    int (*addresses)(struct moxd_instance *self, const char *host, struct moxd_arena *a,
                     struct smtpclient_addresses *out, struct moxd_err *err) MOXD_SUSPENDS;
    /* Connects, to the end of EHLO after STARTTLS and of AUTH. -1: *reply says why, and *facts how far TLS came. */
    int (*open)(struct moxd_instance *self, const struct smtpclient_target *t, struct moxd_arena *a,
                struct smtpclient_session **out, struct smtpclient_facts *facts,
                struct smtpclient_reply *reply) MOXD_SUSPENDS;
    const struct smtpclient_facts *(*facts)(const struct smtpclient_session *s);
    /* One transaction, pipelined where that is offered. Every recipient gets its reply. 0: the session can be used again;
     * -1: it is broken (recipients without a reply of their own have the reason in theirs). When not all recipients fit
     * (LIMITS, 452 4.5.3) those left have code 452, and can be sent in the next. */
    int (*send)(struct smtpclient_session *s, struct smtpclient_transaction *t,
                struct moxd_arena *a) MOXD_SUSPENDS;
    /* Whether the peer has said nothing and not closed since the last transaction. */
    bool (*usable)(struct smtpclient_session *s);
    void (*close)(struct smtpclient_session *s) MOXD_SUSPENDS; /* QUIT when it is usable; frees */
};
#endif
