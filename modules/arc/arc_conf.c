/* Directives. */
#include "arc.h"

#include <moxmail/address.h>

static int check_domain(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_domain d;

    return moxd_domain_parse(value, MOXD_ADDRESS_UTF8, a, &d, err) < 0 ? -1
           : d.ip_len > 0 ? moxd_err_set(err, MOXD_ERR_INVALID, "an address is no domain")
                          : 0;
}

static const struct moxd_directive directives[] = {
    { .name = "trusted-sealers",
      MOXD_AT_STRINGS(struct arc_conf, trusted),
      .check = check_domain,
      .example = "[\"lists.example.org\"]",
      .doc =
          "Domains of lists and forwarders that tell the truth. When one of them sealed a message "
          "last, its chain is whole, and it says that DMARC passed there for the author, then "
          "that DMARC fails here is no reason to refuse it. The domain must be the one in the "
          "seal (d=)." },
    { 0 },
};
const struct moxd_block arc_block = { .size = sizeof(struct arc_conf), .directives = directives };
