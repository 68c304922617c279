/* What is kept of a password: a derived secret for each mechanism, and the record that holds them in
 * the account's table (AUTH-03, AUTH-04). Pure; derive and check take milliseconds: offload them. */
#ifndef AUTH_SECRETS_H
#define AUTH_SECRETS_H

#include <moxd/buf.h>
#include <moxd/err.h>

#include "auth_md5.h"

enum {
    AUTH_SALT_LEN = 16,
    AUTH_KEY_MAX = 32,             /* SHA-256 */
    AUTH_CRYPT_MAX = 128,          /* a yescrypt hash has 73 characters */
    AUTH_SCRAM_ITERATIONS = 10000, /* RFC 7677 4 wants 4096 at least; the client does them */
    AUTH_ITERATIONS_MAX = 1000000,
    AUTH_YESCRYPT_COST = 5, /* 4 MiB, about 17 ms */
    AUTH_RECORD_MAX = 1024,
};
enum auth_scram_hash { AUTH_SHA1, AUTH_SHA256, AUTH_SCRAM_HASHES };

struct auth_scram {
    unsigned iterations; /* 0: no secret of this kind */
    unsigned char salt[AUTH_SALT_LEN];
    unsigned char stored_key[AUTH_KEY_MAX], server_key[AUTH_KEY_MAX]; /* RFC 5802 3 */
};
struct auth_secrets {
    char crypt[AUTH_CRYPT_MAX]; /* for PLAIN and LOGIN; "" none */
    struct auth_scram scram[AUTH_SCRAM_HASHES];
    struct auth_cram cram;
    bool has_cram;
};

size_t auth_scram_len(enum auth_scram_hash hash); /* bytes of a key: 20, 32 */

/* Derives all of them from a password that went through auth_precis_opaque. */
int auth_secrets_derive(struct moxd_str password, struct auth_secrets *out,
                        struct moxd_err *err) MOXD_CHECKED;
/* Whether the password belongs to the hash; false also when the hash is not understood. */
bool auth_crypt_matches(struct moxd_str password, const char *hash) MOXD_CHECKED;
/* A hash that no password matches in practice, for users that do not exist. */
int auth_crypt_dummy(char out[AUTH_CRYPT_MAX], struct moxd_err *err) MOXD_CHECKED;

/* The record: a version byte, then items of tag, length and bytes. Items with unknown tags are
 * skipped, so that a record of a newer version can be read; missing ones are absent secrets. */
void auth_secrets_write(const struct auth_secrets *s, struct moxd_buf *out);
int auth_secrets_parse(struct moxd_str record, struct auth_secrets *out,
                       struct moxd_err *err) MOXD_CHECKED;

#endif
