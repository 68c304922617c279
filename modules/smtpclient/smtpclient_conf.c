#include "smtpclient.h"

static const struct moxd_directive directives[] = {
    { .name = "dns-timeout",
      MOXD_AT_DURATION(struct smtpclient_conf, dns),
      .deflt = "30s",
      .min = MOXD_SEC,
      .max = 600 * MOXD_SEC,
      .doc = "How long the lookups for a domain, or for one of its hosts, may take." },
    { 0 },
};
const struct moxd_block smtpclient_conf_block = {
    .size = sizeof(struct smtpclient_conf),
    .directives = directives,
};
