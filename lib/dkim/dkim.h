/* What the files of lib/dkim share. */
#ifndef MAIL_DKIM_H
#define MAIL_DKIM_H

#include <moxmail/dkim.h>
#include <openssl/evp.h>

/* -1 with *why filled. */
int mail_dkim_fail(struct moxd_dkim_verdict *why, enum moxd_dkim_result result, const char *reason);

/* Base64 with white space anywhere and padding or not (2.10, base64string): decoded, in the arena. -1. */
int mail_dkim_base64(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out) MOXD_CHECKED;
/* Without any white space, in the arena. */
struct moxd_str mail_dkim_squeeze(struct moxd_str s, struct moxd_arena *a);

const EVP_MD *mail_dkim_md(enum moxd_dkim_alg alg);

/* The public key of a record (RSA in both encodings); NULL when it is none. The caller frees. */
EVP_PKEY *mail_dkim_key_decode(const struct moxd_dkim_key *key);

/* The hash of the header fields named and of the signature field (3.7), without the value of b=. `names` in
 * the order of h=. */
void mail_dkim_header_hash(const struct moxd_dkim_header *h, const struct moxd_dkim_sig *sig,
                           unsigned char out[MOXD_DKIM_HASH_MAX], size_t *n);

#endif
