/* Directives: reputation { } and account "..." { reputation { } }. */
#include "reputation.h"

static const struct moxd_directive directives[] = {
    { .name = "first-time-sender-delay",
      MOXD_AT_DURATION(struct reputation_conf, delay),
      .deflt = "15s",
      .max = 240 * MOXD_SEC,
      .doc = "How long a message waits before it is accepted when its sender, and the sender's "
             "domain, have not written to the account before, and the account has not written to "
             "them. It holds one of the connections that a sender may have. 0s: not at all. "
             "Senders give up after 10 minutes (RFC 5321 4.5.3.2.6)." },
    { 0 },
};
const struct moxd_block reputation_block = { .size = sizeof(struct reputation_conf),
                                             .directives = directives };

static const struct moxd_directive account_directives[] = {
    { .name = "no-first-time-sender-delay",
      MOXD_AT_BOOL(struct reputation_account_conf, no_delay),
      .deflt = "false",
      .doc = "Mail from first-time senders does not wait: for accounts whose mail is processed by "
             "programs." },
    { 0 },
};
const struct moxd_block reputation_account_block = { .size = sizeof(struct reputation_account_conf),
                                                     .directives = account_directives };
