/* The store module's tables. */
#include "cmd.h"
#include "store_conf.h"

#include <moxd/accounts.h>

MOXD_POINT_THUNK_VOID(on_store_commit)
static const struct moxd_point_def points[] = {
    { .name = "on_store_change",
      .major = MOXD_POINT_on_store_change_MAJOR,
      .kind = MOXD_TRANSACT,
      .event = "struct store_change_event",
      .doc = "Inside the transaction that adds, changes, moves or removes a message, on a worker: "
             "records of the module can be changed with it. A refusal undoes the change." },
    MOXD_POINT(on_store_commit, MOXD_OBSERVE, "struct store_commit_event",
               "Changes of an account that are on disk now, in the order they were made."),
    { 0 },
};
static const struct moxd_interface provides[] = { { "store", 1, 12, &store_api }, { 0 } };

static const struct moxd_command commands[] = {
    { .name = "message parse", .args = "<file> | -", .min_args = 1, .max_args = 1,
      .flags = MOXD_CMD_STDIN, .run = store_cmd_message_parse,
      .summary = "print the structure of a message as JSON",
      .help = "The parts in each other, with offset and size of header and body, type, encoding, size "
              "when decoded, fields, and the envelope of each message. Texts are decoded. Of \"-\" "
              "standard input is read." },
    { .name = "store verify", .args = "[ACCOUNT...]", .max_args = -1,
      .summary = "check the data of accounts", .run = store_cmd_verify,
      .help = "Compares records, indexes, counts, sizes and files with each other, for all accounts "
              "unless some are named. Each account can be read meanwhile, not changed." },
    { .name = "store stats", .args = "", .summary = "what the message store has done so far",
      .run = store_cmd_stats },
    { .name = "store ensureparsed", .args = "[ACCOUNT...]", .max_args = -1,
      .summary = "parse messages that were not parsed yet", .run = store_cmd_ensureparsed,
      .help = "What clients list of a message is kept beside it. A new version that keeps something "
              "else parses all messages in the background; this does it now, for all accounts unless "
              "some are named, and tells how far it is. Accounts can be used meanwhile." },
    { .name = "store reparse", .args = "[ACCOUNT...]", .max_args = -1,
      .summary = "parse all messages again", .run = store_cmd_reparse,
      .help = "As ensureparsed, also for messages that were parsed already." },
    { .name = "store reassignthreads", .args = "[ACCOUNT...]", .max_args = -1,
      .summary = "find the threads of all messages again", .run = store_cmd_reassignthreads,
      .help = "What is delivered joins threads that are there; messages that come before those that they "
              "answer stay apart. This looks at all of an account, of all accounts unless some are "
              "named, and tells how far it is. What is muted or collapsed stays so. Accounts can be used "
              "meanwhile; messages that are not looked at yet have no thread until they are." },
    { .name = "store bumpuidvalidity", .args = "ACCOUNT [MAILBOX]", .min_args = 1, .max_args = 2,
      .summary = "make mail programs fetch a mailbox afresh", .run = store_cmd_bumpuidvalidity,
      .help = "Gives the mailbox, or all of the account, a new UIDVALIDITY: for programs whose copy is "
              "wrong, and after repairs by hand. Messages keep their UIDs. IMAP sessions that have it "
              "selected end." },
    { .name = "store quarantine", .args = "", .run = store_cmd_quarantine,
      .summary = "list accounts that were set aside because their database is damaged" },
    { .name = "store restore", .args = "ACCOUNT", .min_args = 1, .max_args = 1,
      .summary = "bring an account in quarantine back", .run = store_cmd_restore,
      .help = "Everything that can be read of the damaged database is put into a new one. Messages "
              "whose record is lost are found in the mailbox \"Restored\". Mail programs fetch "
              "all mailboxes afresh." },
    { 0 },
};

static const struct moxd_contribution contributions[] = {
    { .scope = "account", .name = "store", .block = &store_account_block,
      .doc = "Mail of this account." },
    { 0 },
};
static const char *const needs[] = { "accounts/1?", NULL };

/* What core allocates for the module. */
struct instance {
    struct store store; /* begins with struct moxd_instance */
    const struct accounts_v1 *accounts; /* NULL: not loaded */
    struct moxd_instance *accounts_self;
    struct moxd_point *commit;
    struct store_options opt;
};

static struct instance *instance_of(struct moxd_instance *m)
{
    return MOXD_CONTAINER(m, struct instance, store.m);
}

static void committed(struct store *s, const struct store_commit_event *ev)
{
    moxd_notify(instance_of(&s->m)->commit, ev);
}

static void own_quota(struct store *s, const char *account, struct store_own_quota *out)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct instance *in = instance_of(&s->m);
    struct accounts_account found;

    if (in->accounts != NULL &&
        in->accounts->get(in->accounts_self, account, a, &found, NULL) == 0)
        store_quota_of_conf(moxd_conf_ext(found.conf, "store"), out);
}

static void reload(struct moxd_instance *m, const struct moxd_conf *conf)
{
    (void)conf;
    store_quota_reload(&instance_of(m)->store);
}

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct instance *in = instance_of(m);

    (void)err;
    in->commit = moxd_point_get(m, "on_store_commit");
    in->store.committed = committed;
    in->store.own_quota = own_quota;
    in->accounts = moxd_interface_get(m, "accounts", &in->accounts_self);
    in->store.die = store_die_soon;
    store_conf_options(moxd_conf_module(conf, m), moxd_conf_core()->data_dir, &in->opt);
    return 0;
}

static int start(struct moxd_instance *m, struct moxd_err *err)
{
    struct instance *in = instance_of(m);

    in->store.hooks = moxd_point_hooks(moxd_point_get(m, "on_store_change"));
    return store_up(&in->store, &in->opt, err);
}

static void stop(struct moxd_instance *m)
{
    struct instance *in = instance_of(m);

    if (in->store.env != NULL)
        store_down(&in->store);
    store_conf_options_free(&in->opt);
}

/* An account has left the configuration: its data goes (ACCT-01). */
static enum moxd_verdict on_account_remove(struct moxd_instance *m,
                                           const struct accounts_remove_event *ev,
                                           struct accounts_removal *removal)
{
    struct moxd_err err = { 0 };

    if (store_account_remove(&instance_of(m)->store, ev->account, &err) == 0) {
        removal->removed = true;
        return MOXD_NEXT;
    }
    if (err.kind == MOXD_ERR_NOTFOUND)
        return MOXD_NEXT;
    moxd_error(&m->log, "removing the data of an account", moxd_kvs("account", ev->account),
               moxd_kve(&err));
    return moxd_reply_set(&removal->reply, 451, "4.3.0", "data of account %s: %s", ev->account,
                          err.priv);
}
static const struct moxd_hook hooks[] = {
    MOXD_HOOK(on_account_remove, on_account_remove, .optional = true),
    { 0 },
};

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("store", PACKAGE_VERSION, "mailboxes and messages on Berkeley DB"),
    .provides = provides,
    .needs = needs,
    .contributes = contributions,
    .conf = &store_conf_block,
    .points = points,
    .hooks = hooks,
    .commands = commands,
    .instance_size = sizeof(struct instance),
    .init = init,
    .start = start,
    .reload = reload,
    .stop = stop,
};
