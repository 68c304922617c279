/* logins: who logged in, or tried to, from where, with what (P-STORE-11). Attempts that look the same are
 * one record with a count. Records of an account are in its database and go with it; those of names that
 * no account has are the server's.
 *
 * What hooks tell is collected in memory for a moment, so that a flood of attempts costs few commits. */
#ifndef LOGINS_H
#define LOGINS_H

#include <moxd/accounts.h>
#include <moxd/auth.h>
#include <moxd/clock.h>
#include <moxd/config.h>
#include <moxd/control.h>
#include <moxd/metrics.h>
#include <moxd/module.h>
#include <moxd/store.h>

enum {
    LOGINS_KEY = 16,            /* bytes of SHA-256 that name a record */
    LOGINS_VALUE_MAX = 4096,    /* a record: names have at most 320 bytes, escaped six times that */
    LOGINS_PENDING_MAX = 10000, /* attempts that wait for the disk: more are counted, not kept */
    LOGINS_PRUNE_MAX = 1000, /* records removed in one transaction; the rest goes with the next */
};
#define LOGINS_DELAY (2 * MOXD_SEC) /* how long attempts are collected before they are written */

/* What makes attempts different ones. */
enum logins_field {
    LOGINS_ACCOUNT, /* "" when no account has the name */
    LOGINS_LOGIN,
    LOGINS_REMOTE,
    LOGINS_PROTOCOL,
    LOGINS_MECHANISM,
    LOGINS_RESULT,
    LOGINS_CLIENT, /* what the program calls itself; "" */
    LOGINS_TLS,    /* version; "" */
    LOGINS_FIELDS,
};
struct logins_attempt {
    const char *field[LOGINS_FIELDS]; /* never NULL */
    int64_t first, last;              /* s since 1970 */
    uint64_t count;
    uint64_t unnamed; /* how many of them were counted before the client said its name */
};
struct logins_pending;

struct logins_conf {
    struct moxd_conf_head head;
    int64_t keep;       /* ns */
    int64_t max_failed; /* for each account, and for those that no account has */
};
struct logins {
    struct moxd_instance m;
    const struct logins_conf *conf;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    const struct accounts_v1 *accounts;
    struct moxd_instance *accounts_self;
    struct moxd_metric_handle *dropped;
    struct logins_pending *pending; /* hash */
    struct moxd_waitq more;         /* for pending not to be empty */
    struct moxd_fifolock writing;
};

/* --- logins_record.c: records as bytes. Pure. ------------------------------------------------------- */
void logins_key(const struct logins_attempt *at, unsigned char key[LOGINS_KEY]);
/* JSON. */
void logins_write(const struct logins_attempt *at, struct moxd_buf *out);
/* Texts belong to the arena. CORRUPT. */
int logins_parse(struct moxd_str record, struct moxd_arena *a, struct logins_attempt *at,
                 struct moxd_err *err) MOXD_CHECKED;
bool logins_failed(const struct logins_attempt *at);

/* --- logins_note.c: what hooks tell ------------------------------------------------------------------ */
void logins_on_auth(struct moxd_instance *m, const struct auth_event *ev);
void logins_on_auth_client(struct moxd_instance *m, const struct auth_event *ev);
/* Those that wait, by account, and NULL; the caller frees them with logins_pending_free. */
struct logins_pending *logins_take(struct logins *l);
const struct logins_attempt *logins_pending_attempt(const struct logins_pending *p);
struct logins_pending *logins_pending_next(struct logins_pending *p);
void logins_pending_free(struct logins_pending *all);

/* --- logins_table.c: records in a transaction of the store -------------------------------------------- */
/* In a transaction: counts the attempt. */
int logins_put(const struct logins *l, struct store_tx *tx, const struct logins_attempt *at,
               struct moxd_err *err) MOXD_CHECKED;
/* In a transaction: removes what is older than `keep`, and of failed attempts the oldest of too many. */
int logins_prune(const struct logins *l, struct store_tx *tx, struct moxd_err *err) MOXD_CHECKED;
/* All, the last one first. */
int logins_each(const struct logins *l, struct store_tx *tx, struct moxd_arena *a,
                struct logins_attempt **out, size_t *n, struct moxd_err *err) MOXD_CHECKED;

/* --- logins_save.c ------------------------------------------------------------------------------------ */
/* Writes what waits. What cannot be written is logged and dropped. */
void logins_flush(struct logins *l) MOXD_SUSPENDS;
/* A fiber that does it. */
void logins_writer(void *arg) MOXD_SUSPENDS;
/* Those of an account, "" for those of no account; what waits included. */
int logins_list(struct logins *l, const char *account, struct moxd_arena *a,
                struct logins_attempt **out, size_t *n,
                struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

int logins_cmd_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err) MOXD_SUSPENDS;
extern const struct moxd_block logins_block;

#endif
