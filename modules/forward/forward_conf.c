/* Directives: address "..." { forward { } }, alias "..." { forward { } }. */
#include "forward.h"

#include <moxmail/address.h>
#include <strings.h>

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

static const struct moxd_directive alias_directives[] = {
    { .name = "to",
      MOXD_AT_STRINGS(struct forward_conf, to),
      .check = check_address,
      .example = "[\"mjl@elsewhere.example\"]",
      .doc = "Members on other servers. They may post only where post-public is true." },
    { .name = "owner",
      MOXD_AT_STRING(struct forward_conf, owner),
      .check = check_address,
      .example = "mjl@example.org",
      .doc =
          "Address here that is told of failures: the reverse-path of what is forwarded. Default: "
          "the first of the alias's members." },
    { .name = "unauthenticated",
      MOXD_AT_BOOL(struct forward_conf, unauthenticated),
      .deflt = "false",
      .doc = "Forward also what no DKIM signature of the author's domain proves." },
    { 0 },
};

static void check_to(const struct forward_conf *conf, size_t max, struct moxd_problems *out)
{
    if (conf->to.n > max)
        moxd_problem(out, conf->head.pos, NULL, "forwarding goes to %zu addresses at most here",
                     max);
    for (size_t i = 1; i < conf->to.n && i < max; i++)
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(conf->to.v[i], conf->to.v[k]) == 0)
                moxd_problem(out, conf->to.pos[i], "remove one of them", "\"%s\" is there twice",
                             conf->to.v[i]);
}

static void check_block(void *block, struct moxd_problems *out)
{
    const struct forward_conf *conf = block;

    check_to(conf, FORWARD_TO_MAX, out);
}
const struct moxd_block forward_block = { .size = sizeof(struct forward_conf),
                                          .directives = directives,
                                          .check = check_block };

static void check_alias(void *block, struct moxd_problems *out)
{
    const struct forward_conf *conf = block;

    check_to(conf, FORWARD_ALIAS_MAX, out);
}
const struct moxd_block forward_alias_block = { .size = sizeof(struct forward_conf),
                                                .directives = alias_directives,
                                                .check = check_alias };
