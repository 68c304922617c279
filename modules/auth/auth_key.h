/* Keys of TLS clients that log in without a password (AUTH-05 to AUTH-13): SHA-256 of a public key leads to
 * an account. Kept in the server's table, since a key must not lead to two. */
#ifndef AUTH_KEY_H
#define AUTH_KEY_H

#include "auth.h"

enum {
    AUTH_KEY_ID = 32,        /* bytes of SHA-256 of the SubjectPublicKeyInfo */
    AUTH_KEY_TEXT = 64,      /* the same in hexadecimal */
    AUTH_KEY_NAME_MAX = 200, /* bytes of what its owner calls it */
    AUTH_KEY_RECORD_MAX = 4096,
    AUTH_KEY_PEM_MAX = 65536, /* bytes of a certificate that is added */
};
struct auth_tlskey {
    unsigned char id[AUTH_KEY_ID];
    const char *account, *login, *name; /* login: the address that it stands for */
    bool preauth;                       /* IMAP over TLS greets it with PREAUTH */
};

/* --- auth_key_record.c. Pure. ------------------------------------------------------------------------- */
void auth_key_write(const struct auth_tlskey *key, struct moxd_buf *out); /* JSON */
/* Texts belong to the arena. CORRUPT. */
int auth_key_parse(struct moxd_str id, struct moxd_str record, struct moxd_arena *a,
                   struct auth_tlskey *out, struct moxd_err *err) MOXD_CHECKED;

/* --- auth_key_store.c ----------------------------------------------------------------------------------- */
/* 1 when the key is known, 0, -1. */
int auth_key_get(struct auth *auth, const unsigned char id[AUTH_KEY_ID], struct moxd_arena *a,
                 struct auth_tlskey *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* EXISTS when it belongs to somebody already. */
int auth_key_add(struct auth *auth, const struct auth_tlskey *key,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* NOTFOUND. */
int auth_key_rm(struct auth *auth, const unsigned char id[AUTH_KEY_ID],
                struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Those of an account, or all when account is NULL. */
int auth_key_list(struct auth *auth, const char *account, struct moxd_arena *a,
                  struct auth_tlskey **out, size_t *n,
                  struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Hook: the keys of an account that is removed go with it. */
enum moxd_verdict auth_key_on_account_remove(struct moxd_instance *m,
                                             const struct accounts_remove_event *ev,
                                             struct accounts_removal *removal) MOXD_SUSPENDS;

/* --- auth_external.c ------------------------------------------------------------------------------------ */
bool auth_key_presented(const struct auth_env *env);
/* Whether the connection's key, if it is a known one, belongs to that account or to nobody (AUTH-11). 1, 0, -1. */
int auth_key_agrees(struct auth *auth, const struct auth_env *env, const char *account,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
enum auth_step auth_external_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                                  struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
int auth_key_login(struct moxd_instance *self, struct auth_env *env, bool preauth,
                   struct auth_identity *id, struct moxd_err *err) MOXD_SUSPENDS;

/* --- auth_key_command.c ---------------------------------------------------------------------------------- */
int auth_cmd_tlspubkey_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
int auth_cmd_tlspubkey_get(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
int auth_cmd_tlspubkey_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err) MOXD_SUSPENDS;
int auth_cmd_tlspubkey_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;

#endif
