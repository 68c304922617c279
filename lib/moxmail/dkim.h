/* DomainKeys Identified Mail (RFC 6376, with RFC 8301, 8463 and 8616): signatures and key records,
 * canonicalization, hashes, verifying and signing. Bytes in, structs out: DNS is the caller's. All of it may
 * run on any thread; what costs is said.
 *
 * To verify: index the header, parse and check each signature field, look up and parse its key record,
 * tell the bodies which hash it needs, feed the body once, then moxd_dkim_verify for each. To sign: the
 * same hashes, then moxd_dkim_sign. Messages must have CRLF line ends. */
#ifndef MOXMAIL_DKIM_H
#define MOXMAIL_DKIM_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxmail/header.h>

enum {
    MOXD_DKIM_FIELD_MAX = 16 * 1024, /* bytes of a signature field; with z= some have 4 KB */
    MOXD_DKIM_NAMES_MAX = 256,       /* names in h=; more than 60 are not seen */
    MOXD_DKIM_HEADER_MAX =
        8192, /* fields of a header that are looked at, else it does not verify */
    MOXD_DKIM_RECORD_MAX = 8 * 1024, /* bytes of a key record; RSA with 8192 bits takes 1.4 KB */
    MOXD_DKIM_RSA_MIN = 1024,        /* bits (RFC 8301 3.2) */
    MOXD_DKIM_RSA_MAX = 8192,        /* bits: the time to verify grows with their square */
    MOXD_DKIM_EXPONENT_MAX = 64, /* bits of an RSA exponent, for the same reason; 17 are usual */
    MOXD_DKIM_BODIES_MAX = 16,   /* different body hashes of a message */
    MOXD_DKIM_SLACK = 300,   /* seconds that x= is exceeded before it counts (3.5: clocks differ) */
    MOXD_DKIM_HASH_MAX = 32, /* bytes: SHA-256 */
    MOXD_DKIM_TXT_STRING = 100, /* characters of a string in a zone file: fits a screen (DNS-06) */
};

/* RFC 8601 2.7.1. */
enum moxd_dkim_result {
    MOXD_DKIM_NONE, /* not signed, or as if (t=y) */
    MOXD_DKIM_PASS,
    MOXD_DKIM_FAIL,      /* a hash or the signature does not match */
    MOXD_DKIM_NEUTRAL,   /* syntax errors, algorithms that we do not know */
    MOXD_DKIM_POLICY,    /* not looked at or not accepted, by our choice */
    MOXD_DKIM_TEMPERROR, /* DNS did not answer */
    MOXD_DKIM_PERMERROR, /* no key, key or signature that must not be used */
};
const char *moxd_dkim_result_name(enum moxd_dkim_result r);

/* Why a signature is not one that passes: the reason is a constant, lower case, ASCII. */
struct moxd_dkim_verdict {
    enum moxd_dkim_result result;
    const char *reason; /* NULL for PASS */
};

enum moxd_dkim_alg {
    MOXD_DKIM_UNKNOWN,
    MOXD_DKIM_RSA_SHA256,
    MOXD_DKIM_ED25519_SHA256, /* RFC 8463 */
    MOXD_DKIM_RSA_SHA1,       /* historic: never verified but with `weak` (RFC 8301 3.1) */
};
/* "rsa-sha256" */
const char *moxd_dkim_alg_name(enum moxd_dkim_alg alg);

/* --- signatures ---------------------------------------------------------------------------------- */

struct moxd_dkim_sig {
    struct moxd_str field;    /* raw, with its line ends */
    struct moxd_str alg_text; /* a= as written */
    enum moxd_dkim_alg alg;
    bool header_relaxed, body_relaxed;
    struct moxd_str b, bh;           /* decoded */
    struct moxd_str b_text;          /* b= without white space; its first characters are header.b */
    struct moxd_str b_raw;           /* where the value is in the field: it counts as empty (3.5) */
    struct moxd_str domain;          /* d= in A-labels, lower case */
    struct moxd_str selector;        /* s= in A-labels, lower case */
    struct moxd_str identity;        /* i= decoded; empty when absent */
    struct moxd_str identity_domain; /* A-labels, lower case; d= when absent */
    struct moxd_str *names;          /* h= */
    size_t nnames;
    bool has_length; /* l=: a signature that never aligns */
    uint64_t length;
    int64_t signed_at, expires; /* t=, x=, seconds since 1970; -1: absent */
};

/* Parses a DKIM-Signature field (3.5). -1 with *why; then what could be read is in *out all the same, so
 * that it can be reported. Strings are views of the field or live in the arena. */
int moxd_dkim_sig_parse(const struct moxd_field *field, struct moxd_arena *a,
                        struct moxd_dkim_sig *out, struct moxd_dkim_verdict *why) MOXD_CHECKED;
/* What can be said without the key (6.1.1, RFC 8301): now is in seconds. `weak` accepts rsa-sha1 and
 * expired signatures, to look at old mail. */
int moxd_dkim_sig_check(const struct moxd_dkim_sig *sig, int64_t now, bool weak,
                        struct moxd_dkim_verdict *why) MOXD_CHECKED;
/* The name of the key record: "2026a._domainkey.example.org" (3.6.2.1), in the arena. */
const char *moxd_dkim_key_name(struct moxd_str selector, struct moxd_str domain,
                               struct moxd_arena *a);

/* --- key records --------------------------------------------------------------------------------- */

/* A public key ready for use: to decode one takes longer than to verify with it. Counted references; any thread. */
struct moxd_dkim_public;

enum moxd_dkim_key_type { MOXD_DKIM_KEY_UNKNOWN, MOXD_DKIM_KEY_RSA, MOXD_DKIM_KEY_ED25519 };

struct moxd_dkim_key {
    enum moxd_dkim_key_type type;
    struct moxd_str hashes;   /* h=, NULL: any */
    struct moxd_str services; /* s=, NULL: any */
    struct moxd_str notes;    /* n=, as written */
    struct moxd_str p;        /* decoded; empty: revoked */
    bool testing;             /* t=y */
    bool strict;              /* t=s: i= must not be a subdomain of d= */
    struct moxd_dkim_public *ready; /* p decoded, the caller's; NULL: it is decoded for each signature */
};
/* Parses the strings of a TXT record, joined (3.6.1). -1 with *why: not a key record. Strings are views or
 * in the arena. */
int moxd_dkim_key_parse(struct moxd_str record, struct moxd_arena *a, struct moxd_dkim_key *out,
                        struct moxd_dkim_verdict *why) MOXD_CHECKED;
/* Whether the key may be used for this signature (6.1.2). */
int moxd_dkim_key_check(const struct moxd_dkim_key *key, const struct moxd_dkim_sig *sig,
                        struct moxd_dkim_verdict *why) MOXD_CHECKED;
/* The same for another service than "email" (s=). */
int moxd_dkim_key_check_for(const struct moxd_dkim_key *key, const struct moxd_dkim_sig *sig,
                            const char *service, struct moxd_dkim_verdict *why) MOXD_CHECKED;
/* Whether s= allows the service: "email", "tlsrpt" (RFC 8460 3). */
bool moxd_dkim_key_serves(const struct moxd_dkim_key *key, const char *service);
/* NULL when it cannot be decoded. */
struct moxd_dkim_public *moxd_dkim_public_new(const struct moxd_dkim_key *key);
struct moxd_dkim_public *moxd_dkim_public_ref(struct moxd_dkim_public *k);
void moxd_dkim_public_unref(struct moxd_dkim_public *k); /* NULL is fine */
/* Bits of the public key, 0 when it cannot be decoded. Some microseconds. */
unsigned moxd_dkim_key_bits(const struct moxd_dkim_key *key);
/* Appends the record: "v=DKIM1;h=sha256;p=...". */
void moxd_dkim_key_put(struct moxd_buf *b, const struct moxd_dkim_key *key);
/* Appends a text record in the form of zone files: one quoted string, or when it is longer than
 * MOXD_DKIM_TXT_STRING, several in parentheses, a line each (DNS-05, DNS-06). */
void moxd_dkim_txt_put(struct moxd_buf *b, struct moxd_str text);

/* --- hashes -------------------------------------------------------------------------------------- */

/* The fields of a header, to be found by name from the bottom up (5.4.2). Views of the header. */
struct moxd_dkim_header {
    struct moxd_field *v; /* in their order */
    size_t n;
    uint32_t *by_name; /* indexes into v, by name, then from top to bottom */
    bool overflow;     /* more than MOXD_DKIM_HEADER_MAX fields */
};
void moxd_dkim_header_index(struct moxd_str header, struct moxd_arena *a,
                            struct moxd_dkim_header *out);
/* How many fields of that name there are. */
size_t moxd_dkim_header_count(const struct moxd_dkim_header *h, struct moxd_str name);
/* Appends a field as it is hashed (3.4.1, 3.4.2), with CRLF. */
void moxd_dkim_canon_field(struct moxd_buf *b, struct moxd_str raw, bool relaxed);

/* Hashes of the body, each with its canonicalization and length, made in one pass over the body. */
struct moxd_dkim_bodies;
struct moxd_dkim_bodies *moxd_dkim_bodies_new(void);
void moxd_dkim_bodies_free(struct moxd_dkim_bodies *bs); /* NULL is fine */
/* The number of the hash; the same wishes share one. -1: more than MOXD_DKIM_BODIES_MAX. UINT64_MAX: the
 * whole body. Before the first write. */
int moxd_dkim_bodies_want(struct moxd_dkim_bodies *bs, enum moxd_dkim_alg alg, bool relaxed,
                          uint64_t length);
/* All of the body, in pieces of any size. About 1 ns a byte and hash. */
void moxd_dkim_bodies_write(struct moxd_dkim_bodies *bs, const char *p, size_t n);
void moxd_dkim_bodies_end(struct moxd_dkim_bodies *bs);
/* After the end: the hash; *canonical (may be NULL) is the length of the whole canonical body. */
struct moxd_str moxd_dkim_bodies_hash(const struct moxd_dkim_bodies *bs, int number,
                                      uint64_t *canonical);
/* For tests and tools: where the canonical bodies also go. */
void moxd_dkim_bodies_tee(struct moxd_dkim_bodies *bs, struct moxd_buf *simple,
                          struct moxd_buf *relaxed);

/* Compares body hash and signature (6.1.3). RSA 30 to 300 us, Ed25519 100 us. `weak` accepts short keys.
 * The result is PASS, FAIL, PERMERROR, POLICY; of a key with t=y NONE instead of FAIL. */
struct moxd_dkim_verdict moxd_dkim_verify(const struct moxd_dkim_header *h,
                                          const struct moxd_dkim_sig *sig,
                                          const struct moxd_dkim_key *key,
                                          const struct moxd_dkim_bodies *bs, int body, bool weak);

/* --- signing ------------------------------------------------------------------------------------- */

struct moxd_dkim_private; /* a private key, on the heap; any number of threads may use it */
/* From PEM: PKCS#8, or "RSA PRIVATE KEY". INVALID: no such key, encrypted, RSA below 1024 bits or above
 * 8192, another algorithm. */
struct moxd_dkim_private *moxd_dkim_private_parse(struct moxd_str pem, struct moxd_err *err);
/* A new key. RSA takes 50 to 500 ms: not on the loop. `bits` for RSA. */
struct moxd_dkim_private *moxd_dkim_private_generate(enum moxd_dkim_key_type type, unsigned bits,
                                                     struct moxd_err *err);
struct moxd_dkim_private *moxd_dkim_private_ref(struct moxd_dkim_private *k);
void moxd_dkim_private_unref(struct moxd_dkim_private *k); /* NULL is fine */
enum moxd_dkim_alg moxd_dkim_private_alg(const struct moxd_dkim_private *k);
unsigned moxd_dkim_private_bits(const struct moxd_dkim_private *k);
/* Appends it as PKCS#8 in PEM. The buffer holds a secret then: moxd_buf_wipe. */
void moxd_dkim_private_pem(struct moxd_buf *b, const struct moxd_dkim_private *k);
/* The public half as it is published, h= as the signatures will be. In the arena. */
void moxd_dkim_private_public(const struct moxd_dkim_private *k, struct moxd_arena *a,
                              struct moxd_dkim_key *out);

struct moxd_dkim_signing {
    struct moxd_str domain, selector; /* as they will be written: A-labels, or U-labels when the
                                         message is internationalized (RFC 8616 5) */
    struct moxd_str identity;         /* i=, empty: none */
    bool header_relaxed, body_relaxed;
    bool seal;                    /* over-sign: no field of these names can be added (5.4, 8.15) */
    const struct moxd_str *names; /* From must be among them */
    size_t nnames;
    const struct moxd_str *unsealed; /* signed as often as they are there, never over-signed */
    size_t nunsealed;
    int64_t signed_at, expires; /* seconds; expires -1: never */
};
/* Appends the field "DKIM-Signature: ...\r\n". body is a hash of the same algorithm over the whole body.
 * Ed25519 50 us, RSA-2048 700 us. INTERNAL when OpenSSL fails; LIMIT for a header with too many fields. */
int moxd_dkim_sign(const struct moxd_dkim_header *h, const struct moxd_dkim_signing *s,
                   const struct moxd_dkim_private *k, struct moxd_str body, struct moxd_buf *out,
                   struct moxd_err *err) MOXD_CHECKED;

#endif
