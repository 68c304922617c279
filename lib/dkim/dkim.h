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

/* ARC's fields are made of the same tags (RFC 8617 4.1.2, 4.1.3): they have no version, i= is their instance, and a
 * seal has neither a body hash nor names. */
enum mail_dkim_form { MAIL_DKIM_SIGNATURE = 1, MAIL_DKIM_ARC_MESSAGE = 2, MAIL_DKIM_ARC_SEAL = 4 };
/* moxd_dkim_sig_parse for a field of that form; i= and cv= of ARC are the caller's. A seal is relaxed. */
int mail_dkim_sig_parse(enum mail_dkim_form form, const struct moxd_field *field,
                        struct moxd_arena *a, struct moxd_dkim_sig *out,
                        struct moxd_dkim_verdict *why) MOXD_CHECKED;

/* The hash of the fields (raw), in that order, and of the signature's own field. */
void mail_dkim_fields_hash(const struct moxd_str *fields, size_t nfields,
                           const struct moxd_dkim_sig *sig, unsigned char out[MOXD_DKIM_HASH_MAX],
                           size_t *n);
/* The signature against such a hash. */
struct moxd_dkim_verdict mail_dkim_verify_hash(const struct moxd_dkim_sig *sig,
                                               const struct moxd_dkim_key *key,
                                               struct moxd_str hash, bool weak);

/* moxd_dkim_sign for the ARC-Message-Signature of an instance; 0: a DKIM-Signature. */
int mail_dkim_sign_as(unsigned instance, const struct moxd_dkim_header *h,
                      const struct moxd_dkim_signing *s, const struct moxd_dkim_private *k,
                      struct moxd_str body, struct moxd_buf *out,
                      struct moxd_err *err) MOXD_CHECKED;
/* Signs the field that is in b from `start` on and ends in "b=", with the fields before it; appends the signature and
 * the line end. */
int mail_dkim_sign_fields(const struct moxd_str *fields, size_t nfields, struct moxd_buf *b,
                          size_t start, bool relaxed, const struct moxd_dkim_private *k,
                          struct moxd_err *err) MOXD_CHECKED;

/* The hash of the header fields named and of the signature field (3.7), without the value of b=. `names` in
 * the order of h=. */
void mail_dkim_header_hash(const struct moxd_dkim_header *h, const struct moxd_dkim_sig *sig,
                           unsigned char out[MOXD_DKIM_HASH_MAX], size_t *n);

#endif
