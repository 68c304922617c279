/* What the files of the dkim module share. */
#ifndef DKIM_H
#define DKIM_H

#include <moxd/accounts.h>
#include <moxd/dkim.h>
#include <moxd/dns.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>
#include <moxmail/dkim.h>

enum dkim_limits {
    DKIM_SIGNATURES_MAX = 16, /* of a message that can be verified; a directive says how many are */
    DKIM_LOOKUP_S = 15,       /* for the key records, which are all asked for at once */
    DKIM_READ = 64 * 1024,    /* bytes of a message that are hashed at a time */
    DKIM_KEY_FILE_MAX = 16384, /* a file with an RSA key of 8192 bits has 6.4 KB */
    DKIM_SELECTORS_MAX = 8,    /* that sign a message */
    DKIM_SIGNATURE_MAX = 8192, /* bytes of a signature that we make */
    DKIM_NAME_MAX = 253,       /* of a DNS name (RFC 1035 2.3.4, without the final dot) */
    DKIM_RSA_BITS = 2048,      /* of keys that we make (RFC 8301 3.2) */
    DKIM_KEPT_KEYS = 10000,    /* private keys in memory; one has about 3 KB */
    DKIM_READY_MAX = 1000,     /* decoded public keys of senders */
};
/* RFC 5321 4.5.4.1: mail is tried for five days, and must not expire in the queue. */
#define DKIM_EXPIRATION_MIN (5 * 24 * 3600 * MOXD_SEC)

/* moxd.conf: dkim { } */
struct dkim_conf {
    struct moxd_conf_head head;
    int64_t max_signatures;
};
/* domains.conf: domain "x" { dkim { } } */
struct dkim_selector_conf {
    struct moxd_conf_head head; /* label: the selector */
    const char *key;
    int header_canon, body_canon; /* 0 relaxed, 1 simple */
    struct moxd_strings headers;
    bool seal;
    int64_t expiration; /* ns, 0: none */
};
struct dkim_domain_conf {
    struct moxd_conf_head head;
    struct moxd_blocks selectors;
    struct moxd_strings sign;
};
extern const struct moxd_block dkim_block, dkim_domain_block;
/* The selector of that name, or NULL. */
const struct dkim_selector_conf *dkim_selector(const struct dkim_domain_conf *conf,
                                               const char *name);
/* Fields that are signed where the domain says nothing, NULL-ended; and those that are signed when they
 * are there, and may be added by others later. */
extern const char *const dkim_sealed_names[], *const dkim_other_names[];

struct dkim_kept;  /* a private key in memory */
struct dkim_ready; /* a public one of somebody's, decoded */

struct dkim {
    struct moxd_instance m;
    const struct dkim_conf *conf;
    const struct smtp_v1 *smtp;
    struct moxd_instance *smtp_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    struct moxd_metric_handle *verified, *signed_total;
    struct dkim_kept **kept; /* sorted by path */
    size_t nkept, kept_cap;
    struct dkim_ready *ready; /* hash; what was used last is at its end */
    uint64_t generation;      /* of domains.conf: keys are looked at again in each */
};

/* dkim_lookup.c: a key record. */
struct dkim_record {
    struct moxd_dkim_key key;     /* when found */
    struct moxd_dkim_verdict why; /* reason NULL: found */
    enum smtp_dnssec dnssec;
    struct moxd_str text; /* of the record, when there is one */
    const char *name;
};
/* Looks up and parses what is at selector._domainkey.domain; everything in the arena. */
void dkim_lookup(struct moxd_str selector, struct moxd_str domain, struct moxd_arena *a,
                 struct dkim_record *out) MOXD_SUSPENDS;

/* dkim_check.c: all signatures of a message. */
struct dkim_item {
    struct moxd_dkim_sig sig;
    struct moxd_dkim_verdict verdict;
    bool done; /* verdict is final */
    struct dkim_record record;
    int body;
};
struct dkim_check {
    struct moxd_arena *a; /* touched by one thread at a time */
    struct moxd_dkim_header header;
    struct moxd_str raw_header; /* stays the caller's */
    /* The body, piece by piece: bytes read, 0 at its end, -1. Called on a worker. */
    long (*read)(void *arg, uint64_t off, void *p, size_t n);
    void *arg;
    uint64_t body_start;
    struct dkim *cache; /* of public keys; NULL: none is used */
    int64_t now;        /* seconds */
    bool weak;
    const char *service; /* that keys must be for; NULL: email */
    struct dkim_item *items;
    size_t n;
    size_t left_out; /* signatures over the limit */
};
/* Verifies up to max signatures; raw_header, read, arg, body_start, now, weak, a are set. -1: the fiber was
 * cancelled. */
int dkim_check_run(struct dkim_check *c, size_t max) MOXD_CHECKED MOXD_SUSPENDS;

/* dkim_ready.c: decoded public keys of senders, the last DKIM_READY_MAX that verified something. */
/* A reference, or NULL: not there. */
struct moxd_dkim_public *dkim_ready_find(struct dkim *d, const struct moxd_dkim_key *key);
/* Keeps a reference of its own to key->ready. */
void dkim_ready_keep(struct dkim *d, const struct moxd_dkim_key *key);
void dkim_ready_free(struct dkim *d);

/* dkim_keys.c: private keys by their files. */
/* Reads and parses the file; on any thread. NULL with *err. */
struct moxd_dkim_private *dkim_key_load(const char *path, struct moxd_err *err);
/* As above through the cache. The caller unrefs. */
struct moxd_dkim_private *dkim_key_get(struct dkim *d, const char *path,
                                       struct moxd_err *err) MOXD_SUSPENDS;
void dkim_keys_free(struct dkim *d);

/* A message in a draft of the store. */
struct dkim_source {
    const struct store_v1 *store;
    struct store_draft *draft;
};
/* For dkim_check.read; arg is a struct dkim_source. */
long dkim_read_draft(void *arg, uint64_t off, void *p, size_t n);

/* dkim_sign.c: the signatures of a message. */
struct dkim_signer {
    struct moxd_dkim_signing how;
    struct moxd_dkim_private *key;
};
struct dkim_signing {
    struct dkim *d;
    struct moxd_arena *a;   /* touched by one thread at a time */
    struct moxd_str domain; /* whose keys; empty: that of From */
    struct moxd_str header; /* as it will be, but for trace fields */
    bool utf8;              /* names in the signature may be, although the header is not */
    struct dkim_source body;
    uint64_t body_start; /* in the draft */
    struct dkim_signer v[DKIM_SELECTORS_MAX];
    size_t n;            /* after the run: 0 when nobody signs for the author's domain */
    struct moxd_buf out; /* the fields */
    int rc;
    struct moxd_err err;
};
/* Chooses the signers and reads their keys: the first half of the run; d, a, header (or domain) are set. */
int dkim_signing_prepare(struct dkim_signing *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Fills out; d, a, header, body, body_start are set. Always ended by dkim_signing_fini. */
int dkim_signing_run(struct dkim_signing *s, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void dkim_signing_fini(struct dkim_signing *s);
/* dkim/1 */
int dkim_sign(struct moxd_instance *m, struct moxd_str domain, struct moxd_str header,
              struct store_draft *draft, uint64_t body_start, struct moxd_buf *out,
              struct moxd_err *err) MOXD_SUSPENDS;

/* dkim_signer.c */
int dkim_signer(struct moxd_instance *m, struct moxd_str domain, bool utf8, struct moxd_arena *a,
                struct moxd_dkim_signing *how, struct moxd_dkim_private **key,
                struct moxd_err *err) MOXD_SUSPENDS;

int dkim_verify(struct moxd_instance *m, const char *service, struct moxd_str header,
                struct store_draft *draft, struct moxd_arena *a, struct moxd_str **out, size_t *n,
                struct moxd_err *err) MOXD_SUSPENDS;

/* dkim_lookup.c */
int dkim_key(struct moxd_instance *m, const struct moxd_dkim_sig *sig, struct moxd_arena *a,
             struct moxd_dkim_key *out, enum smtp_dnssec *secure,
             struct moxd_dkim_verdict *why) MOXD_SUSPENDS;

/* dkim_command.c */
extern const struct moxd_command dkim_commands[];

/* hooks */
enum moxd_verdict dkim_on_domain_add(struct moxd_instance *m,
                                     const struct accounts_domain_event *ev,
                                     struct accounts_new_domain *nd) MOXD_SUSPENDS;
enum moxd_verdict dkim_on_message(struct moxd_instance *m, const struct smtp_message *ev,
                                  struct moxd_reply *reply) MOXD_SUSPENDS;
enum moxd_verdict dkim_on_submit(struct moxd_instance *m, const struct smtp_message *ev,
                                 struct moxd_reply *reply) MOXD_SUSPENDS;

#endif
