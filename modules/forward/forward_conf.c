/* Directives: address "..." { forward { } }. */
#include "forward.h"

#include <moxmail/address.h>

static int check_address(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_address ad;

    return moxd_address_parse(value, MOXD_ADDRESS_UTF8, a, &ad, err);
}

static const struct moxd_directive directives[] = {
    { .name = "to",
      MOXD_AT_STRINGS(struct forward_conf, to),
      .check = check_address,
      .example = "[\"mjl@elsewhere.example\"]",
      .doc = "Where mail for the address goes too." },
    { .name = "keep-copy",
      MOXD_AT_BOOL(struct forward_conf, keep_copy),
      .deflt = "true",
      .doc =
          "Whether a copy stays in the mailbox. What is not forwarded stays there in any case." },
    { .name = "unauthenticated",
      MOXD_AT_BOOL(struct forward_conf, unauthenticated),
      .deflt = "false",
      .doc = "Forward also what no DKIM signature of the author's domain proves. Others see this "
             "server as the "
             "one that sends it: such mail is often refused, and spam in it harms the name of this "
             "server." },
    { 0 },
};

static void check_count(void *block, struct moxd_problems *out)
{
    const struct forward_conf *conf = block;

    if (conf->to.n > FORWARD_TO_MAX)
        moxd_problem(out, conf->head.pos, "a list of many addresses is an alias",
                     "an address is forwarded to %d others at most", (int)FORWARD_TO_MAX);
}
const struct moxd_block forward_block = { .size = sizeof(struct forward_conf),
                                          .directives = directives,
                                          .check = check_count };
