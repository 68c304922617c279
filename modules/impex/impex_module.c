/* The impex module's tables. */
#include "impex.h"

static const struct moxd_command commands[] = {
    { .name = "import mbox",
      .args = "ACCOUNT MAILBOX FILE",
      .min_args = 3,
      .max_args = 3,
      .flags = MOXD_CMD_STDIN,
      .run = impex_cmd_import_mbox,
      .summary = "add the messages of an mbox file to a mailbox",
      .help = "ACCOUNT is a name or an address. The mailbox is made if there is none of that name. "
              "Of \"-\" "
              "standard input is read. Flags and keywords are taken from Status, X-Status, "
              "X-Keywords and "
              "X-Mozilla-Status fields, the time of each message from its \"From \" line. Messages "
              "that the "
              "mailbox has already come twice. It is all or nothing: when something fails, "
              "moxctl is "
              "interrupted or the server ends, nothing stays. The account can be used meanwhile." },
    { .name = "import maildir",
      .args = "ACCOUNT MAILBOX DIRECTORY",
      .min_args = 3,
      .max_args = 3,
      .flags = MOXD_CMD_STDIN,
      .run = impex_cmd_import_maildir,
      .summary = "add the messages of a maildir to a mailbox",
      .help = "The directory is the one that has new and cur; folders of Maildir++ beside them are "
              "maildirs of "
              "their own. Flags are taken from the names of files, keywords by dovecot-keywords, "
              "the time of each "
              "message from that of its file. Otherwise as import mbox." },
    { .name = "export mbox",
      .args = "[-single] ACCOUNT DIRECTORY [MAILBOX]",
      .min_args = 2,
      .max_args = 4,
      .run = impex_cmd_export_mbox,
      .summary = "write mailboxes as mbox files",
      .help =
          "Each mailbox becomes a file \"NAME.mbox\" in DIRECTORY, which is made, or must be "
          "empty; "
          "levels of names become directories. With MAILBOX only that one and those below it, with "
          "-single that one alone. Flags and keywords are in Status, X-Status and X-Keywords "
          "fields, "
          "the time of each message in its \"From \" line, in UTC. The account can be used "
          "meanwhile." },
    { .name = "export maildir",
      .args = "[-single] ACCOUNT DIRECTORY [MAILBOX]",
      .min_args = 2,
      .max_args = 4,
      .run = impex_cmd_export_maildir,
      .summary = "write mailboxes as maildirs",
      .help = "Each mailbox becomes a directory with cur, new and tmp in DIRECTORY, those below it "
              "are in it. "
              "Flags are in the names of files, keywords in dovecot-keywords, at most 26 for a "
              "mailbox; the "
              "time of each message is that of its file. Otherwise as export mbox." },
    { 0 },
};
static const char *const needs[] = { "accounts/1", "store/1.12", NULL };

static int init(struct moxd_instance *m, const struct moxd_conf *conf, struct moxd_err *err)
{
    struct impex *im = MOXD_CONTAINER(m, struct impex, m);

    (void)conf, (void)err;
    im->accounts = moxd_interface_get(m, "accounts", &im->accounts_self);
    im->store = moxd_interface_get(m, "store", &im->store_self);
    return 0;
}

const struct moxd_module moxd_module = {
    MOXD_MODULE_HEAD("impex", PACKAGE_VERSION, "imports and exports of mbox files and maildirs"),
    .needs = needs,
    .commands = commands,
    .instance_size = sizeof(struct impex),
    .init = init,
    .start = impex_start,
};
