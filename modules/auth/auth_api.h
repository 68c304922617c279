/* auth/1: passwords and SASL. Only derived secrets are stored (AUTH-04): yescrypt for PLAIN and LOGIN,
 * SCRAM salted keys for SHA-1 and SHA-256, HMAC-MD5 states for CRAM-MD5. Each failure is logged in the same
 * words for every protocol (LOG-06), takes at least 1 s, and never tells an unknown user from a wrong
 * password. */
#ifndef MOXD_AUTH_H
#define MOXD_AUTH_H

#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/fiber.h>
#include <moxd/hook.h>
#include <moxd/log.h>
#include <moxd/stream.h>

struct moxd_instance;

/* Who asks, from where. Must outlive the exchange. */
struct auth_env {
    const char *protocol;        /* "imap", "submission" */
    const char *remote_ip;
    struct moxd_stream *stream;  /* for channel binding and TLS client keys; may be NULL */
    const struct moxd_log *log;
    unsigned failures;           /* on this connection; auth counts it up */
    const char *client;          /* what the client calls itself (IMAP ID), printable; may be NULL */
};
struct auth_identity {
    char account[128];
    char login[320];             /* address used to log in, canonical */
    const char *mechanism;       /* "PLAIN", "SCRAM-SHA-256-PLUS", ... */
};
struct auth_sasl;
enum auth_step { AUTH_CONTINUE, AUTH_DONE, AUTH_FAILED };

struct auth_v1 {
    /* Mechanisms that may be offered now, strongest first, NULL-ended, literals: none with cleartext
     * passwords unless the stream is TLS or on loopback (or `allow_plain`); -PLUS only with TLS,
     * EXTERNAL only when the client has shown a key in its handshake. */
    const char *const *(*mechanisms)(struct moxd_instance *self, const struct auth_env *env,
                                     bool allow_plain);
    /* Starts an exchange; DENIED (504 5.5.4) for a mechanism that mechanisms() would not list. */
    int (*sasl_start)(struct moxd_instance *self, struct moxd_str mechanism, struct auth_env *env,
                      bool allow_plain, struct auth_sasl **out, struct moxd_err *err);
    /* One step. `in` is decoded client data; has_in false: the client sent no initial response. CONTINUE:
     * send *out (may be empty) as challenge. DONE: *out may hold final server data to be sent first as a
     * challenge (SCRAM), `sasl_identity` is valid. FAILED: *err for the reply (DENIED 535 5.7.8; TEMP 454
     * 4.7.0; disabled logins 525 5.7.13 with their message). */
    enum auth_step (*sasl_step)(struct auth_sasl *s, struct moxd_str in, bool has_in,
                                struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
    const struct auth_identity *(*sasl_identity)(const struct auth_sasl *s);
    /* The client sent "*": counts as aborted. */
    void (*sasl_abort)(struct auth_sasl *s);
    void (*sasl_free)(struct auth_sasl *s); /* wipes secrets; NULL is fine */
    /* Plain check (IMAP LOGIN, HTTP). 0 with *id, or -1 as FAILED above. */
    int (*check)(struct moxd_instance *self, struct moxd_str username, struct moxd_str password,
                 struct auth_env *env, struct auth_identity *id, struct moxd_err *err)
        MOXD_SUSPENDS;
    /* Sets the password (PRECIS OpaqueString applied, AUTH-16: INVALID when refused). At least 8
     * characters. Durable on return. */
    int (*set_password)(struct moxd_instance *self, const char *account, struct moxd_str password,
                        struct moxd_err *err) MOXD_SUSPENDS;
    /* --- since 1.1 --- */
    /* The client that has logged in as `id` says only now what it calls itself: env->client. */
    void (*client_named)(struct moxd_instance *self, const struct auth_env *env,
                         const struct auth_identity *id);
    /* --- since 1.2 --- */
    /* Logs in by the key of the TLS client alone: IMAP's PREAUTH (`preauth`: keys that allow it) and
     * submission without AUTH (AUTH-08, AUTH-10). 1 with *id; 0: no key, or none that is known; -1 with
     * *err as FAILED above. */
    int (*key_login)(struct moxd_instance *self, struct auth_env *env, bool preauth,
                     struct auth_identity *id, struct moxd_err *err) MOXD_SUSPENDS;
    /* --- since 1.3 --- */
    /* Somebody else has settled who it is, the control socket say: a login as `account`, mechanism
     * "control", that is logged and told to hooks as others are. 0 with *id; NOTFOUND. Also for accounts whose logins are disabled: the
     * administrator asks. */
    int (*vouched_login)(struct moxd_instance *self, const char *account, struct auth_env *env,
                         struct auth_identity *id, struct moxd_err *err);
};

/* on_auth (OBSERVE): after each attempt. */
struct auth_event {
    const struct auth_env *env;
    const char *mechanism, *login, *account; /* may be NULL */
    const char *result;          /* "ok", "badcreds", "baduser", "badpassword", "badchanbind",
                                    "badprotocol", "logindisabled", "error", "aborted" */
};
#define MOXD_POINT_on_auth_MAJOR 1
typedef void moxd_on_auth_fn(struct moxd_instance *m, const struct auth_event *ev);
/* on_auth_client (OBSERVE): after a login, once, when the client says what it calls itself (env->client). */
#define MOXD_POINT_on_auth_client_MAJOR 1
typedef void moxd_on_auth_client_fn(struct moxd_instance *m, const struct auth_event *ev);
/* on_auth_check (DECIDE): before credentials are looked at; a rate limiter refuses here. */
#define MOXD_POINT_on_auth_check_MAJOR 1
typedef enum moxd_verdict moxd_on_auth_check_fn(struct moxd_instance *m, const struct auth_event *ev,
                                                struct moxd_reply *reply) MOXD_SUSPENDS;
/* on_login (DECIDE): the credentials are right (ev->account is who it is); before the client is told. */
#define MOXD_POINT_on_login_MAJOR 1
typedef enum moxd_verdict moxd_on_login_fn(struct moxd_instance *m, const struct auth_event *ev,
                                           struct moxd_reply *reply) MOXD_SUSPENDS;

#endif
