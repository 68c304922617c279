/* Inside of the reputation module: what an account knows of those who write to it. Now: whether somebody wrote before
 * (SMTPIN-10, REP-07); what judges senders by it (P-ANALYZE-02) goes through the same records. */
#ifndef REPUTATION_H
#define REPUTATION_H

#include <moxd/accounts.h>
#include <moxd/module.h>
#include <moxd/smtp.h>
#include <moxd/store.h>

enum {
    /* What is remembered of messages of one sender: the newest ones, so that it costs the same after ten messages
     * and after ten thousand. */
    REPUTATION_ADDRESS_MAX = 4, /* of an address; REPUTATION_ADDRESS_LOOK of them count */
    REPUTATION_ADDRESS_LOOK = 2,
    REPUTATION_DOMAIN_MAX = 20, /* of an organizational domain; all of them count */
    REPUTATION_RING_MAX = 20,
    REPUTATION_HAM_PERCENT = 80, /* of the messages of a domain: with more not junk it is known */
    REPUTATION_RECORDS_MAX = 100000,  /* of an account: of more the old ones go sooner */
    REPUTATION_TIDY_AT_ONCE = 500,    /* records that are looked at in one transaction */
    REPUTATION_KEY_MAX = 512,         /* what the store takes */
    REPUTATION_NAME_MAX = 2000,       /* bytes of a From field that are looked at */
    REPUTATION_TIDY_HALVINGS_MAX = 5, /* of the ages below, for REPUTATION_RECORDS_MAX */
};
#define REPUTATION_DAY (INT64_C(86400))
#define REPUTATION_ADDRESS_AGE (3 * 365 * REPUTATION_DAY) /* seconds; older messages say nothing */
#define REPUTATION_DOMAIN_AGE (2 * 365 * REPUTATION_DAY)
#define REPUTATION_TIDY_EVERY (24 * 3600 * MOXD_SEC)

/* moxd.conf: reputation { } */
struct reputation_conf {
    struct moxd_conf_head head;
    int64_t delay;
};
/* account { reputation { } } */
struct reputation_account_conf {
    struct moxd_conf_head head;
    bool no_delay;
};
extern const struct moxd_block reputation_block, reputation_account_block;

struct reputation {
    struct moxd_instance m;
    const struct reputation_conf *conf;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_metric_handle *messages;
};

/* --- reputation_who.c: who wrote a message ------------------------------------------------------ */

struct reputation_who {
    struct moxd_str localpart; /* lower case */
    struct moxd_str domain;    /* A-labels, lower case */
    struct moxd_str
        org; /* its organizational domain, by the list of public suffixes; or the domain */
};
/* The one mailbox of a From field; false when there are others, or it is none. In the arena. */
bool reputation_who(struct moxd_str from, struct moxd_arena *a, struct reputation_who *out);
/* The same of a message that is being received. */
bool reputation_who_of(const struct smtp_message *msg, struct moxd_arena *a,
                       struct reputation_who *out);
/* Whether the address is what the message was proven to come from: by DMARC, by SPF or DKIM for the same
 * organizational domain, by a login. Where nothing was checked there is nothing else to go by: true. */
bool reputation_verified(const struct smtp_message *msg, const struct reputation_who *who);

/* --- reputation_ring.c: the newest messages of a sender ----------------------------------------- */

enum reputation_bits { REPUTATION_JUNK = 1, REPUTATION_NOTJUNK = 2 };
struct reputation_seen {
    uint64_t id;   /* of the message, in the account */
    int64_t when;  /* seconds: received */
    unsigned bits; /* enum reputation_bits */
};
struct reputation_ring {
    struct reputation_seen v[REPUTATION_RING_MAX]; /* the newest first */
    size_t n;
};
unsigned reputation_bits(unsigned flags); /* of enum store_flag */
/* Puts the message in its place, or its bits when it is there; of more than max the oldest goes. Whether the ring
 * is another one now. */
bool reputation_ring_put(struct reputation_ring *r, size_t max, const struct reputation_seen *seen);
/* NULL: not there. */
struct reputation_seen *reputation_ring_find(struct reputation_ring *r, uint64_t id);
void reputation_ring_encode(const struct reputation_ring *r, struct moxd_buf *out);
/* What cannot be read is empty. Any bytes. */
void reputation_ring_decode(struct moxd_str in, struct reputation_ring *out);

/* The table of the module in an account: kind, class, mailbox, name -> ring. Mailbox: where the messages were
 * delivered first, wherever they are now (REP-01). Classes keep those who forge an address from using up, or
 * using, what is known of its owner. */
enum reputation_kind { REPUTATION_ADDRESS = 'a', REPUTATION_DOMAIN = 'd' };
enum reputation_class { REPUTATION_CLAIMED, REPUTATION_VERIFIED, REPUTATION_CLASSES };
struct reputation_key {
    char bytes[REPUTATION_KEY_MAX];
    size_t n; /* 0: none, a name is too long */
};
struct reputation_key reputation_key(enum reputation_kind kind, enum reputation_class class,
                                     uint32_t mailbox, const struct reputation_who *who);
/* 1: there is one; 0; -1. */
int reputation_load(const struct store_v1 *store, struct store_tx *tx,
                    const struct reputation_key *key, struct reputation_ring *out,
                    struct moxd_err *err) MOXD_CHECKED;
int reputation_save(const struct store_v1 *store, struct store_tx *tx,
                    const struct reputation_key *key, const struct reputation_ring *r,
                    struct moxd_err *err) MOXD_CHECKED;
#define REPUTATION_TABLE "reputation"

/* --- reputation_note.c: hook on_store_change, on a worker --------------------------------------- */

/* Notes what was delivered, what was taken out of Rejects, and what its user calls junk or not. What is expunged stays
 * known: who deletes mail that was read has not forgotten its sender. */
int reputation_on_store_change(struct store_tx *tx, const struct store_change_event *ev,
                               struct moxd_err *err);

/* --- reputation_known.c ------------------------------------------------------------------------- */

enum reputation_answer {
    REPUTATION_FIRST_TIME,
    REPUTATION_KNOWN, /* messages of the address that are not junk */
    REPUTATION_WROTE, /* the account wrote to the address */
    REPUTATION_DOMAIN_KNOWN,
    REPUTATION_ONLY_JUNK, /* the newest messages of the address */
};
/* How well the account knows the sender, for mail that would go to a mailbox (which need not exist). now: seconds. */
int reputation_ask(const struct reputation *r, struct store_account *acc, const char *mailbox,
                   const struct reputation_who *who, enum reputation_class class, int64_t now,
                   enum reputation_answer *out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* Hook on_accept: a first-time sender waits. */
enum moxd_verdict reputation_on_accept(struct moxd_instance *m, const struct smtp_copy *ev,
                                       struct smtp_accepting *accepting) MOXD_SUSPENDS;

/* --- reputation_tidy.c: a fiber that forgets what is too old or too much ------------------------- */

int reputation_tidy(const struct reputation *r, struct store_account *acc, int64_t now, size_t max,
                    struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
void reputation_tidier(void *arg) MOXD_SUSPENDS;

#endif
