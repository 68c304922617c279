/* Directives of the store. */
#ifndef STORE_CONF_H
#define STORE_CONF_H

#include "store.h"

/* initial-mailboxes { ... } */
struct store_conf_initial {
    struct moxd_conf_head head;
    const char *sent, *archive, *trash, *drafts, *junk; /* "" for none */
    struct moxd_strings regular;
};
/* store { ... } */
struct store_conf {
    struct moxd_conf_head head;
    int64_t cache_size, checkpoint_log, checkpoint_interval;
    int64_t disk_reserve;
    int64_t mailbox_cache_size;
    int64_t body_in_database;
    int64_t open_accounts;
    int64_t quota, quota_messages;
    void *initial;                         /* struct store_conf_initial */
    struct moxd_strings default_mailboxes; /* the old form */
};
extern const struct moxd_block store_conf_block;

/* What store_up needs, from the module's block; the list of mailboxes is allocated. */
void store_conf_options(const struct store_conf *conf, const char *data_dir,
                        struct store_options *out);
void store_conf_options_free(struct store_options *opt);

/* domains.conf: account "mjl" { store { } } */
struct store_account_conf {
    struct moxd_conf_head head;
    int64_t quota, quota_messages;
};
#define STORE_QUOTA_MAX (UINT64_C(1) << 50)
#define STORE_QUOTA_MESSAGES_MAX (UINT64_C(1) << 40)
extern const struct moxd_block store_account_block;
/* conf may be NULL. */
void store_quota_of_conf(const struct store_account_conf *conf, struct store_own_quota *out);

#endif
