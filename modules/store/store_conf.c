#include "store_conf.h"

#include <stdlib.h>

/* A mailbox name, or nothing. */
static int check_name(struct moxd_str value, struct moxd_err *err)
{
    struct store_name name;
    return value.n == 0 ? 0 : store_name_parse(value, &name, err);
}

#define ROLE(field, dflt)                                                                          \
    { .name = #field, MOXD_AT_STRING(struct store_conf_initial, field), .deflt = (dflt),           \
      .check = check_name, .doc = "Name of the mailbox for this special use; \"\" for none." }

static const struct moxd_directive initial_directives[] = {
    ROLE(sent, "Sent"),
    ROLE(archive, "Archive"),
    ROLE(trash, "Trash"),
    ROLE(drafts, "Drafts"),
    ROLE(junk, "Junk"),
    { .name = "regular", MOXD_AT_STRINGS(struct store_conf_initial, regular), .check = check_name,
      .example = "[\"Lists\", \"Receipts\"]", .doc = "Mailboxes without a special use." },
    { 0 },
};
static const struct moxd_block initial_block = {
    .size = sizeof(struct store_conf_initial), .directives = initial_directives,
};

static const struct moxd_directive directives[] = {
    { .name = "cache-size", MOXD_AT_SIZE(struct store_conf, cache_size), .deflt = "64M",
      .min = 1 << 20, .max = INT64_C(1) << 40,
      .doc = "Memory for pages of the database. Files that are read often are kept in the system's "
             "memory anyway." },
    { .name = "mailbox-cache-size", MOXD_AT_SIZE(struct store_conf, mailbox_cache_size),
      .deflt = "32M", .min = 0, .max = INT64_C(1) << 40,
      .doc = "Memory for lists of the messages (UIDs, flags) of mailboxes that clients have selected, 24 "
             "bytes a message; those not used for longest go first, and after 10 minutes. 0: they are "
             "read from the database each time." },
    { .name = "body-in-database", MOXD_AT_SIZE(struct store_conf, body_in_database),
      .deflt = "16K", .max = 64 << 10, .min = 0,
      .doc = "Messages whose body is not larger are kept in the account's database; larger ones "
             "are one file each. 0: every message is a file." },
    { .name = "disk-reserve", MOXD_AT_SIZE(struct store_conf, disk_reserve), .deflt = "100M",
      .max = INT64_C(1) << 50,
      .doc = "No message is added while the disk has less free space." },
    { .name = "quota", MOXD_AT_SIZE(struct store_conf, quota), .deflt = "0",
      .max = (int64_t)STORE_QUOTA_MAX,
      .doc = "Most bytes of messages in an account that has no quota of its own; 0: unlimited. The "
             "database and the file system's own needs are not counted." },
    { .name = "quota-messages", MOXD_AT_INT(struct store_conf, quota_messages), .deflt = "0",
      .max = (int64_t)STORE_QUOTA_MESSAGES_MAX,
      .doc = "Most messages in an account that has no such quota of its own; 0: unlimited." },
    { .name = "open-accounts", MOXD_AT_INT(struct store_conf, open_accounts), .deflt = "1000",
      .min = 1, .max = 100000,
      .doc = "Databases of accounts that stay open while nobody uses them: one file descriptor "
             "each." },
    { .name = "checkpoint-log", MOXD_AT_SIZE(struct store_conf, checkpoint_log), .deflt = "32M",
      .min = 1 << 20, .max = INT64_C(1) << 31,
      .doc = "After so much log the database files are brought up to date. After a crash, at most "
             "about so much log is read: 10 ms per megabyte." },
    { .name = "checkpoint-interval", MOXD_AT_DURATION(struct store_conf, checkpoint_interval),
      .deflt = "60s", .min = 60 * MOXD_SEC, .max = 24 * 3600 * MOXD_SEC,
      .doc = "The same after so much time, when anything was written." },
    { .name = "initial-mailboxes", MOXD_AT_BLOCK(struct store_conf, initial),
      .block = &initial_block, .flags = MOXD_D_ALWAYS,
      .doc = "Mailboxes of a new account, besides INBOX." },
    { .name = "default-mailboxes", MOXD_AT_STRINGS(struct store_conf, default_mailboxes),
      .check = check_name, .flags = MOXD_D_DEPRECATED, .replaced = "initial-mailboxes",
      .doc = "Mailboxes of a new account; those with the usual names get their special use." },
    { 0 },
};
const struct moxd_block store_conf_block = {
    .size = sizeof(struct store_conf), .directives = directives,
};

static const struct moxd_directive account_directives[] = {
    { .name = "quota", MOXD_AT_SIZE(struct store_account_conf, quota), .example = "10G",
      .max = (int64_t)STORE_QUOTA_MAX,
      .doc = "Most bytes of messages in this account, instead of what the store says for all; 0: "
             "unlimited." },
    { .name = "quota-messages", MOXD_AT_INT(struct store_account_conf, quota_messages),
      .example = "100000", .max = (int64_t)STORE_QUOTA_MESSAGES_MAX,
      .doc = "Most messages in this account, instead of what the store says for all; 0: "
             "unlimited." },
    { 0 },
};
const struct moxd_block store_account_block = {
    .size = sizeof(struct store_account_conf), .directives = account_directives,
};

/* --- initial mailboxes ------------------------------------------------------------------------- */

static void push(struct store_options *opt, const char *name, unsigned use)
{
    struct store_initial *v = (struct store_initial *)(uintptr_t)opt->initial;
    struct store_name stored;

    if (name == NULL || name[0] == '\0' || store_name_parse(moxd_cstr(name), &stored, NULL) < 0)
        return;
    v = moxd_xreallocarray(v, opt->ninitial + 1, sizeof(*v));
    v[opt->ninitial++] = (struct store_initial){ moxd_xstrdup(stored.p), use };
    opt->initial = v;
}

/* The old form has names only. */
static unsigned usual_use(const char *name)
{
    static const struct store_initial usual[] = {
        { "Sent", STORE_USE_SENT },     { "Archive", STORE_USE_ARCHIVE },
        { "Trash", STORE_USE_TRASH },   { "Drafts", STORE_USE_DRAFTS },
        { "Junk", STORE_USE_JUNK },
    };
    for (size_t i = 0; i < MOXD_NELEMS(usual); i++)
        if (moxd_str_caseeqs(moxd_cstr(name), usual[i].name))
            return usual[i].special_use;
    return 0;
}

static void set_initial(const struct store_conf *conf, struct store_options *opt)
{
    const struct store_conf_initial *in = conf->initial;

    for (size_t i = 0; i < conf->default_mailboxes.n; i++)
        push(opt, conf->default_mailboxes.v[i], usual_use(conf->default_mailboxes.v[i]));
    if (conf->default_mailboxes.n > 0 || in == NULL)
        return;
    push(opt, in->sent, STORE_USE_SENT);
    push(opt, in->archive, STORE_USE_ARCHIVE);
    push(opt, in->trash, STORE_USE_TRASH);
    push(opt, in->drafts, STORE_USE_DRAFTS);
    push(opt, in->junk, STORE_USE_JUNK);
    for (size_t i = 0; i < in->regular.n; i++)
        push(opt, in->regular.v[i], 0);
}

void store_conf_options(const struct store_conf *conf, const char *data_dir,
                        struct store_options *out)
{
    *out = (struct store_options){
        .env = { .dir = data_dir, .cache = (uint64_t)conf->cache_size,
                 .checkpoint_log = (uint64_t)conf->checkpoint_log,
                 .checkpoint_seconds = (unsigned)(conf->checkpoint_interval / MOXD_SEC),
                 .reserve = (uint64_t)conf->disk_reserve },
        .rosters = (uint64_t)conf->mailbox_cache_size,
        .body_in_db = (uint64_t)conf->body_in_database,
        .quota = { (uint64_t)conf->quota, (uint64_t)conf->quota_messages },
        .open_accounts = (unsigned)conf->open_accounts,
        .check = secure_getenv("MOXD_STORE_CHECK") != NULL,
    };
    set_initial(conf, out);
}

void store_conf_options_free(struct store_options *opt)
{
    for (size_t i = 0; i < opt->ninitial; i++)
        free((void *)(uintptr_t)opt->initial[i].name);
    free((void *)(uintptr_t)opt->initial);
    opt->initial = NULL;
    opt->ninitial = 0;
}
