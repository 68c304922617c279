/* What the files of the mtasts module share. */
#ifndef MTASTS_H
#define MTASTS_H

#include <moxd/module.h>
#include <moxd/store.h>
#include <moxmail/mtasts.h>

/* RFC 8461 3.3: not oftener than this after a failure, for one id. */
#define MTASTS_RETRY (5 * 60 * MOXD_SEC)
/* A policy that nobody asked for so long is not refreshed any more. */
#define MTASTS_UNUSED (60 * 86400 * MOXD_SEC)

struct mtasts_conf {
    struct moxd_conf_head head;
    int64_t timeout, refresh, port;
};
struct mtasts_busy;
struct mtasts {
    struct moxd_instance m;
    const struct mtasts_conf *conf;
    const struct store_v1 *store;
    struct moxd_instance *store_self;
    struct moxd_metric_handle *fetches, *applied;
    struct mtasts_busy *busy; /* domains that are being looked at */
};

/* What is kept of a domain. Times are wall ns, 0: never. */
struct mtasts_record {
    const char *domain; /* A-labels, lower case */
    const char *id;     /* of the policy: "" when there is none */
    bool has_policy;
    struct moxd_mtasts_policy policy;
    struct moxd_str file; /* the policy as it was fetched */
    int64_t fetched, used;
    int64_t failed;         /* the last attempt that failed since it was fetched */
    const char *failed_id;  /* which id was published then */
    const char *why, *what; /* result-type of RFC 8460 4.3.2.2 and text; "" */
};
bool mtasts_valid(const struct mtasts_record *r); /* it has a policy that has not expired */

/* mtasts_store.c: the table. Everything in the arena. find: 1, 0, -1. */
int mtasts_find(struct mtasts *t, const char *domain, struct moxd_arena *a,
                struct mtasts_record *out, struct moxd_err *err) MOXD_SUSPENDS;
int mtasts_save(struct mtasts *t, const struct mtasts_record *r,
                struct moxd_err *err) MOXD_SUSPENDS;
int mtasts_drop(struct mtasts *t, const char *domain, struct moxd_err *err) MOXD_SUSPENDS;
/* All records, by domain. */
int mtasts_all(struct mtasts *t, struct moxd_arena *a, struct mtasts_record **out, size_t *n,
               struct moxd_err *err) MOXD_SUSPENDS;

/* mtasts_fetch.c: what is published. */
enum mtasts_published {
    MTASTS_ABSENT,  /* no record, or none that is valid */
    MTASTS_UNKNOWN, /* DNS does not say */
    MTASTS_PRESENT,
};
enum mtasts_published mtasts_lookup(const struct mtasts *t, const char *domain,
                                    struct moxd_arena *a, const char **id,
                                    struct moxd_err *err) MOXD_SUSPENDS;
/* Fetches the policy into the record: policy, file, fetched. -1: *why is the result-type, *err says more. */
int mtasts_fetch(struct mtasts *t, struct moxd_arena *a, struct mtasts_record *r, const char **why,
                 struct moxd_err *err) MOXD_SUSPENDS;

/* mtasts_policy.c: the policy that applies to a domain now: from the cache, looked at anew where another id is
 * published; `anew`: fetched in any case. out->has_policy false: none applies; out->why: what went wrong although a
 * record is published. -1: the store, or cancelled. */
int mtasts_policy(struct mtasts *t, const char *domain, bool anew, struct moxd_arena *a,
                  struct mtasts_record *out, struct moxd_err *err) MOXD_SUSPENDS;

/* mtasts_refresh.c */
void mtasts_refresher(void *arg) MOXD_SUSPENDS;

/* mtasts_command.c */
extern const struct moxd_command mtasts_commands[];

#endif
