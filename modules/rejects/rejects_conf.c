/* Directives: account "..." { rejects { } }. */
#include "rejects.h"

static int check_mailbox(struct moxd_str value, struct moxd_err *err)
{
    if (value.n == 0 || value.n > 500 || !moxd_str_is_utf8(value) ||
        moxd_str_caseeqs(value, "INBOX"))
        return moxd_err_set(err, MOXD_ERR_INVALID, "a mailbox of its own, as \"Rejects\"");
    return 0;
}

static const struct moxd_directive directives[] = {
    { .name = "mailbox",
      MOXD_AT_STRING(struct rejects_conf, mailbox),
      .check = check_mailbox,
      .example = "\"Rejects\"",
      .doc = "Messages that are refused for who sent them or what they are go here too, for the "
             "user to see; their senders are told that they were refused. Default: they are not "
             "kept." },
    { .name = "keep",
      MOXD_AT_DURATION(struct rejects_conf, keep),
      .deflt = "14d",
      .min = 3600 * MOXD_SEC,
      .max = 3650 * 86400 * MOXD_SEC,
      .doc = "How long they are kept." },
    { .name = "max",
      MOXD_AT_INT(struct rejects_conf, max),
      .deflt = "1000",
      .min = 1,
      .max = 100000,
      .doc = "How many are kept: of more the oldest go." },
    { .name = "keep-all",
      MOXD_AT_BOOL(struct rejects_conf, keep_all),
      .deflt = "false",
      .doc = "Keep them for ever, however many." },
    { 0 },
};
const struct moxd_block rejects_block = { .size = sizeof(struct rejects_conf),
                                          .directives = directives };
