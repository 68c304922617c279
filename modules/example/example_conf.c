/* Directives. The parser, moxd -t, the documentation and the example files all come from this table. */
#include "example.h"

static int check_address(struct moxd_str value, struct moxd_err *err)
{
    ptrdiff_t at = moxd_str_rchr(value, '@');

    if (at > 0 && (size_t)at + 1 < value.n)
        return 0;
    return moxd_err_set(err, MOXD_ERR_SYNTAX, "must be an address like abuse@example.org");
}

static const struct moxd_directive directives[] = {
    { .name = "zone",
      MOXD_AT_STRING(struct example_conf, zone),
      .max = 200,
      .example = "\"doms.example.net\"",
      .doc = "The DNS list (RFC 5782) on which the domains of senders are looked up. Without it "
             "nothing is refused." },
    { .name = "except",
      MOXD_AT_STRINGS(struct example_conf, except),
      .check = check_address,
      .example = "[\"abuse@example.org\"]",
      .doc = "Recipients that get mail from everybody." },
    { 0 },
};

const struct moxd_block example_block = {
    .size = sizeof(struct example_conf),
    .directives = directives,
};
