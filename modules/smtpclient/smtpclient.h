/* Inside of the smtpclient module.
 *
 *   hosts.c, addresses.c  where to
 *   open.c                a connection, up to where mail can be sent: socks.c tls.c auth.c
 *   send.c                a transaction: body.c its message
 *   reply.c               what the server says
 *   session.c             the life of a session */
#ifndef SMTPCLIENT_PRIV_H
#define SMTPCLIENT_PRIV_H

#include <gsasl.h>
#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/smtpclient.h>
#include <moxmail/smtp_client.h>

enum {
    SMTPCLIENT_MX_MAX = 50,           /* hosts of a domain that are looked at, the best ones */
    SMTPCLIENT_ADDRESSES_MAX = 20,    /* of a host */
    SMTPCLIENT_REPLY_TEXT_MAX = 8192, /* of a reply that is kept; what is behind it is cut off */
    SMTPCLIENT_WINDOW =
        64, /* commands sent before their replies are read: both sides' buffers hold them */
    SMTPCLIENT_AUTH_STEPS_MAX = 20, /* challenges of a SASL exchange; SCRAM has two */
    SMTPCLIENT_ITERATIONS_MAX =
        1 << 20, /* of SCRAM, which the server chooses: a second of our time */
};
#define SMTPCLIENT_QUIT_TIMEOUT (10 * MOXD_SEC) /* for the reply to QUIT: nothing depends on it */
#define SMTPCLIENT_LAST_WORDS (5 * MOXD_SEC)    /* for what a server said when it broke off */

/* All in ns. RFC 5321 4.5.3.2 has the least that those of replies should be. */
struct smtpclient_conf {
    struct moxd_conf_head head;
    int64_t dns; /* all lookups for a domain, or for a host */
    int64_t connect, greeting, command, data, block, end;
};
extern const struct moxd_block smtpclient_conf_block;

struct smtpclient {
    struct moxd_instance m;
    const struct smtpclient_conf *conf;
    Gsasl *gsasl;
};

struct smtpclient_session {
    struct smtpclient *sc;
    struct moxd_arena *a;       /* lives as long as it */
    struct moxd_arena *scratch; /* a reply */
    struct moxd_stream *st;     /* NULL until connected */
    struct moxd_log log;
    struct moxd_kv kv[2]; /* of the log: host, remote */
    struct smtpclient_facts facts;
    struct moxd_smtp_offer offer;
    uint32_t transactions;
    bool broken; /* nothing more can be said */
    /* While it is being opened: */
    const struct smtpclient_target *t;
    struct moxd_arena *ra;        /* for *why */
    struct smtpclient_reply *why; /* it failed */
};

/* hosts.c, addresses.c: as in struct smtpclient_v1. */
int smtpclient_hosts(struct moxd_instance *m, const char *domain, struct moxd_arena *a,
                     struct smtpclient_hosts *out, struct moxd_err *err) MOXD_SUSPENDS;
int smtpclient_addresses(struct moxd_instance *m, const char *host, struct moxd_arena *a,
                         struct smtpclient_addresses *out, struct moxd_err *err) MOXD_SUSPENDS;
/* As moxd_dns_query; a timeout is an answer with MOXD_DNS_TEMP. CANCELLED. */
int smtpclient_ask(const char *name, enum moxd_dns_type type, struct moxd_arena *a,
                   struct moxd_dns_answer *out, int64_t deadline,
                   struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* TEMP, 451 4.4.3: DNS does not say. Returns -1. */
int smtpclient_dns_failed(const char *name, const struct moxd_dns_answer *ans,
                          struct moxd_err *err);

/* session.c */
struct smtpclient_session *smtpclient_session_new(struct smtpclient *sc,
                                                  const struct smtpclient_target *t,
                                                  struct moxd_arena *ra,
                                                  struct smtpclient_reply *why);
void smtpclient_session_free(struct smtpclient_session *s);
const struct smtpclient_facts *smtpclient_session_facts(const struct smtpclient_session *s);
bool smtpclient_usable(struct smtpclient_session *s);
void smtpclient_close(struct smtpclient_session *s) MOXD_SUSPENDS;

/* open.c: -1 with *s->why, as what follows. */
int smtpclient_open(struct moxd_instance *m, const struct smtpclient_target *t,
                    struct moxd_arena *a, struct smtpclient_session **out,
                    struct smtpclient_facts *facts, struct smtpclient_reply *reply) MOXD_SUSPENDS;
/* EHLO, or HELO where that is all the server knows and nothing more is needed. */
int smtpclient_hello(struct smtpclient_session *s) MOXD_CHECKED MOXD_SUSPENDS;
/* socks.c: the connection through t->socks. */
int smtpclient_socks(struct smtpclient_session *s, int64_t deadline) MOXD_CHECKED MOXD_SUSPENDS;
/* tls.c: the handshake, and what is to be verified. */
int smtpclient_tls(struct smtpclient_session *s) MOXD_CHECKED MOXD_SUSPENDS;
/* auth.c */
int smtpclient_auth_init(struct smtpclient *sc, struct moxd_err *err) MOXD_CHECKED;
void smtpclient_auth_fini(struct smtpclient *sc);
int smtpclient_auth(struct smtpclient_session *s) MOXD_CHECKED MOXD_SUSPENDS;

/* send.c */
int smtpclient_send(struct smtpclient_session *s, struct smtpclient_transaction *t,
                    struct moxd_arena *a) MOXD_SUSPENDS;
/* body.c: the message, and the reply to its end. -1: none came; *out says why. */
int smtpclient_body(struct smtpclient_session *s, struct smtpclient_transaction *t,
                    struct moxd_arena *a, struct smtpclient_reply *out) MOXD_CHECKED MOXD_SUSPENDS;

/* reply.c. Nothing waits longer than until the deadline from here on; returns what to give to
 * moxd_fiber_ceiling to end that. */
int64_t smtpclient_until(int64_t deadline);
/* Reads a reply, in the arena. -1: none came, or none that makes sense: the session is broken, *out says why. After a
 * 421 the session is broken too. */
int smtpclient_reply(struct smtpclient_session *s, enum smtpclient_stage stage, int64_t timeout,
                     struct moxd_arena *a, struct smtpclient_reply *out) MOXD_CHECKED MOXD_SUSPENDS;
/* Writes a command without its CRLF, and reads its reply. `what`: as in moxd_log_trace. */
int smtpclient_command(struct smtpclient_session *s, enum smtpclient_stage stage,
                       enum moxd_level what, const char *line, int64_t timeout,
                       struct moxd_arena *a,
                       struct smtpclient_reply *out) MOXD_CHECKED MOXD_SUSPENDS;
/* What we say ourselves, with an enhanced code. Returns -1. */
int smtpclient_ours(struct moxd_arena *a, struct smtpclient_reply *out, enum smtpclient_stage stage,
                    const char *enhanced, const char *fmt, ...) MOXD_PRINTF(5, 6);
/* The same of a wait or a stream that failed with `result`; the session is broken. Returns -1. */
int smtpclient_broken(struct smtpclient_session *s, enum smtpclient_stage stage, int result,
                      struct moxd_arena *a, struct smtpclient_reply *out);

static inline bool smtpclient_is_ok(const struct smtpclient_reply *r)
{
    return r->code / 100 == 2;
}

#endif
