/* Directives: address "..." { rulesets { } }. */
#include "rulesets.h"

#include <moxmail/address.h>

static int check_regex(struct moxd_str value, struct moxd_err *err)
{
    struct rulesets_regex *re = rulesets_regex_new(value, err);

    rulesets_regex_free(re);
    return re ? 0 : -1;
}

static int check_address(struct moxd_str value, struct moxd_err *err)
{
    struct moxd_arena *a MOXD_CLEANUP(moxd_arena_freep) = moxd_arena_new(0);
    struct moxd_address ad;

    return moxd_address_parse(value, MOXD_ADDRESS_UTF8, a, &ad, err);
}

static int check_mailbox(struct moxd_str value, struct moxd_err *err)
{
    if (value.n == 0 || value.n > 500 || !moxd_str_is_utf8(value))
        return moxd_err_set(err, MOXD_ERR_INVALID, "no name of a mailbox");
    return 0;
}

static const struct moxd_directive header_directives[] = {
    { .name = "value",
      MOXD_AT_STRING(struct rulesets_header_conf, value),
      .check = check_regex,
      .example = "\"<announce\\\\.lists\\\\.example\\\\.org>\"",
      .doc = "Regular expression for the value, unfolded and with encoded words decoded." },
    { 0 },
};
static void check_header(void *block, struct moxd_problems *out)
{
    const struct rulesets_header_conf *h = block;
    struct moxd_err err = { 0 };

    if (check_regex(moxd_cstr(h->head.label), &err) < 0)
        moxd_problem(out, h->head.pos, "as in header \"^list-id$\"", "%s", err.pub);
    if (!h->value)
        moxd_problem(out, h->head.pos, "value = \"REGEXP\"", "this condition has no value");
}
static const struct moxd_block header_block = {
    .size = sizeof(struct rulesets_header_conf),
    .directives = header_directives,
    .label_doc = "Regular expression for the name of a header field.",
    .check = check_header,
};

static const struct moxd_directive ruleset_directives[] = {
    { .name = "mail-from",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, mail_from),
      .check = check_regex,
      .example = "\"^owner-.*@lists\\\\.example\\\\.org$\"",
      .doc = "Regular expression for the sender in MAIL FROM, which is empty for bounces." },
    { .name = "verified-domain",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, verified_domain),
      .check = moxd_domain_check,
      .example = "lists.example.org",
      .doc = "This domain, or one below it, must have been verified by SPF or DKIM." },
    { .name = "msg-from",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, msg_from),
      .check = check_regex,
      .example = "\"@example\\\\.org$\"",
      .doc = "Regular expression for the address in the From header." },
    { .name = "header",
      MOXD_AT_BLOCKS(struct rulesets_ruleset_conf, headers),
      .block = &header_block,
      .example = "\"^list-id$\"",
      .doc = "A condition on a header field; of several fields of that name one must match. All "
             "conditions must hold." },
    { .name = "mailbox",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, mailbox),
      .check = check_mailbox,
      .example = "\"Lists/announce\"",
      .doc = "Where the message goes. It must be said, also if it is INBOX." },
    { .name = "list-allow-domain",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, list_allow_domain),
      .check = moxd_domain_check,
      .example = "lists.example.org",
      .doc =
          "For mailing lists, which often break what senders have signed: a message for which this "
          "domain, or one below it, was verified is not suspected of anything else." },
    { .name = "is-forward",
      MOXD_AT_BOOL(struct rulesets_ruleset_conf, is_forward),
      .deflt = "false",
      .doc = "These messages are forwarded by another server of the user: they are not refused for "
             "the "
             "DMARC policy of their author's domain, but for what they contain they may be. Needs "
             "mail-from and verified-domain, so that others cannot pretend to be that server." },
    { .name = "accept-rejects-to-mailbox",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, accept_rejects),
      .check = check_mailbox,
      .example = "\"Suspect\"",
      .doc = "Accept messages that would be refused as unwanted, into this mailbox. Nothing is "
             "removed "
             "from there." },
    { .name = "forward-to",
      MOXD_AT_STRINGS(struct rulesets_ruleset_conf, forward_to),
      .check = check_address,
      .example = "[\"mjl@elsewhere.example\"]",
      .doc = "Addresses on other servers that these messages go to as well, as the module forward "
             "does "
             "it: what could not be forwarded stays in the mailbox." },
    { .name = "forward-keep-copy",
      MOXD_AT_BOOL(struct rulesets_ruleset_conf, forward_keep_copy),
      .deflt = "true",
      .doc = "Whether a copy of what was forwarded stays in the mailbox." },
    { .name = "forward-unauthenticated",
      MOXD_AT_BOOL(struct rulesets_ruleset_conf, forward_unauthenticated),
      .deflt = "false",
      .doc = "Forward also what no DKIM signature of the author's domain proves." },
    { .name = "comment",
      MOXD_AT_STRING(struct rulesets_ruleset_conf, comment),
      .doc = "For those who read the configuration." },
    { 0 },
};

static void check_forward(const struct rulesets_ruleset_conf *r, struct moxd_problems *out)
{
    const struct moxd_strings *modules = &moxd_conf_core()->modules;
    bool loaded = false;

    if (r->forward_to.n == 0)
        return;
    for (size_t i = 0; i < modules->n; i++)
        loaded |= strcmp(modules->v[i], "forward") == 0;
    if (!loaded)
        moxd_problem(out, r->head.pos, "add \"forward\" to modules in moxd.conf",
                     "ruleset \"%s\" forwards, and the module forward is not loaded",
                     r->head.label);
    if (r->forward_to.n > RULESETS_FORWARD_MAX)
        moxd_problem(out, r->head.pos, "a list of many addresses is an alias",
                     "a ruleset forwards to %d addresses at most", (int)RULESETS_FORWARD_MAX);
}

static void check_ruleset(void *block, struct moxd_problems *out)
{
    struct rulesets_ruleset_conf *r = block;

    if (!r->mailbox)
        moxd_problem(out, r->head.pos, "mailbox = \"NAME\", also if it is INBOX",
                     "ruleset \"%s\" has no mailbox", r->head.label);
    if (!r->mail_from && !r->verified_domain && !r->msg_from && r->headers.n == 0)
        moxd_problem(out, r->head.pos,
                     "mail-from, verified-domain, msg-from or header; for all mail there is the "
                     "mailbox of the address",
                     "ruleset \"%s\" has no condition", r->head.label);
    if (r->is_forward && (!r->mail_from || !r->verified_domain))
        moxd_problem(out, r->head.pos, "add mail-from and verified-domain",
                     "with is-forward alone anybody could pretend to be the forwarding server");
    if (r->headers.n > RULESETS_HEADERS_MAX)
        moxd_problem(out, r->head.pos, NULL, "at most %d conditions on header fields",
                     (int)RULESETS_HEADERS_MAX);
    check_forward(r, out);
}
static const struct moxd_block ruleset_block = {
    .size = sizeof(struct rulesets_ruleset_conf),
    .directives = ruleset_directives,
    .label_doc = "A name for the log.",
    .check = check_ruleset,
};

static void check_rulesets(void *block, struct moxd_problems *out)
{
    const struct rulesets_conf *conf = block;

    if (conf->rulesets.n > RULESETS_MAX)
        moxd_problem(out, conf->head.pos, NULL, "at most %d rulesets for an address",
                     (int)RULESETS_MAX);
}
static const struct moxd_directive directives[] = {
    { .name = "ruleset",
      MOXD_AT_BLOCKS(struct rulesets_conf, rulesets),
      .block = &ruleset_block,
      .example = "\"announcements\"",
      .doc =
          "Conditions, and what becomes of messages for which all of them hold. The first ruleset "
          "that matches counts. Regular expressions are those of Perl, match anywhere in the text "
          "unless they say otherwise, and do not tell upper from lower case." },
    { 0 },
};
const struct moxd_block rulesets_block = { .size = sizeof(struct rulesets_conf),
                                           .directives = directives,
                                           .check = check_rulesets };
