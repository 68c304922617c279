/* Directives. */
#include "arc.h"

#include <moxmail/address.h>

static const struct moxd_directive directives[] = {
    { .name = "trusted-sealers",
      MOXD_AT_STRINGS(struct arc_conf, trusted),
      .check = moxd_domain_check,
      .example = "[\"lists.example.org\"]",
      .doc =
          "Domains of lists and forwarders that tell the truth. When one of them sealed a message "
          "last, its chain is whole, and it says that DMARC passed there for the author, then "
          "that DMARC fails here is no reason to refuse it. The domain must be the one in the "
          "seal (d=)." },
    { 0 },
};
const struct moxd_block arc_block = { .size = sizeof(struct arc_conf), .directives = directives };
