/* The directives of moxd.conf `accounts { }` and of domains.conf. */
#include "accounts.h"

static bool is_name_char(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) || c == '.' || c == '_' || c == '-';
}

int accounts_check_name(struct moxd_str name, struct moxd_err *err)
{
    if (name.n == 0 || name.n > ACCOUNTS_NAME_MAX || name.p[0] == '.' || name.p[0] == '-')
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "an account name has 1 to %d characters and begins with a letter, "
                            "a digit or _",
                            ACCOUNTS_NAME_MAX);
    for (size_t i = 0; i < name.n; i++)
        if (!is_name_char(name.p[i]))
            return moxd_err_set(err, MOXD_ERR_INVALID,
                                "an account name has only letters, digits, '.', '_' and '-'");
    return 0;
}

/* A separator is one or a few printable ASCII characters that may stand in a localpart. */
static int check_separator(struct moxd_str s, struct moxd_err *err)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("@\"\\()<>[]:;,", s.p[i]))
            return moxd_err_set(err, MOXD_ERR_INVALID, "not usable as a separator");
    return s.n == 0 ? moxd_err_set(err, MOXD_ERR_INVALID, "a separator cannot be empty") : 0;
}

/* P-CORE-17: shown to users by clients, so ASCII and short. */
static int check_message(struct moxd_str s, struct moxd_err *err)
{
    if (s.n > ACCOUNTS_MESSAGE_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "longer than %d characters",
                            ACCOUNTS_MESSAGE_MAX);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return moxd_err_set(err, MOXD_ERR_INVALID, "only printable ASCII is allowed");
    return 0;
}

/* P-CORE-19: a code, and perhaps a text. */
static int check_smtp_error(struct moxd_str s, struct moxd_err *err)
{
    struct moxd_str text = s, code = moxd_str_cut(&text, ' ');

    if (!moxd_str_eqs(code, "421") && !moxd_str_eqs(code, "550"))
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "a reply begins with 421 (try again later) or 550 (no such address)");
    return check_message(text, err);
}

static const struct moxd_directive static_directives[] = {
    { .name = "fallback",
      MOXD_AT_STRING(struct accounts_static_conf, fallback),
      .doc =
          "Address that gets mail for every recipient that is not ours, whatever its domain. For "
          "local test servers only: with it the server accepts everything." },
    { .name = "postmaster",
      MOXD_AT_STRING(struct accounts_static_conf, postmaster),
      .example = "mjl",
      .doc = "Account that gets mail for postmaster at the host name, without a domain, and at "
             "domains that have no postmaster address of their own. Default: the first account." },
    { 0 },
};
const struct moxd_block accounts_static_block = { .size = sizeof(struct accounts_static_conf),
                                                  .directives = static_directives };

static const struct moxd_directive address_directives[] = {
    { .name = "full-name",
      MOXD_AT_STRING(struct accounts_address_conf, full_name),
      .doc = "Name for messages sent from this address, instead of the account's." },
    { .name = "mailbox",
      MOXD_AT_STRING(struct accounts_address_conf, mailbox),
      .deflt = "INBOX",
      .doc = "Mailbox that mail to this address is delivered to." },
    { .name = "smtp-error",
      MOXD_AT_STRING(struct accounts_address_conf, smtp_error),
      .check = check_smtp_error,
      .doc = "Refuse mail to this address with this reply, 421 or 550 and a text (\"550 moved "
             "away\"): for an address that a catchall would take otherwise. The account may still "
             "send from it." },
    { 0 },
};
static const struct moxd_block address_block = {
    .size = sizeof(struct accounts_address_conf),
    .directives = address_directives,
    .scope = "address",
    .label_doc =
        "The address; \"@example.org\" receives what no other address of that domain does.",
};

static const struct moxd_directive account_directives[] = {
    { .name = "domain",
      MOXD_AT_STRING(struct accounts_account_conf, domain),
      .flags = MOXD_D_REQUIRED,
      .example = "example.org",
      .doc = "Default domain, one of those configured here." },
    { .name = "full-name",
      MOXD_AT_STRING(struct accounts_account_conf, full_name),
      .doc = "Name of the person, for messages they send." },
    { .name = "description",
      MOXD_AT_STRING(struct accounts_account_conf, description),
      .doc = "For people who administer this server." },
    { .name = "login-disabled",
      MOXD_AT_STRING(struct accounts_account_conf, login_disabled),
      .check = check_message,
      .doc = "Refuse logins with this message; mail is still delivered." },
    { .name = "address",
      MOXD_AT_BLOCKS(struct accounts_account_conf, addresses),
      .block = &address_block,
      .flags = MOXD_D_COMMON,
      .example = "\"mjl@example.org\"",
      .doc = "An address of the account." },
    { 0 },
};
static const struct moxd_block account_block = {
    .size = sizeof(struct accounts_account_conf),
    .directives = account_directives,
    .scope = "account",
    .label_doc = "Name of the account; users log in with an address.",
};

static const struct moxd_directive alias_directives[] = {
    { .name = "members",
      MOXD_AT_STRINGS(struct accounts_alias_conf, members),
      .flags = MOXD_D_REQUIRED,
      .example = "[\"mjl@example.org\"]",
      .doc = "Addresses of accounts here that get the messages." },
    { .name = "post-public",
      MOXD_AT_BOOL(struct accounts_alias_conf, post_public),
      .deflt = "false",
      .doc = "Anyone may send to the alias; otherwise only members." },
    { .name = "list-members",
      MOXD_AT_BOOL(struct accounts_alias_conf, list_members),
      .deflt = "false",
      .doc = "Members can see who the other members are." },
    { .name = "allow-msg-from",
      MOXD_AT_BOOL(struct accounts_alias_conf, allow_msg_from),
      .deflt = "false",
      .doc = "Members may send with the alias as sender." },
    { 0 },
};
static const struct moxd_block alias_block = {
    .size = sizeof(struct accounts_alias_conf),
    .directives = alias_directives,
    .scope = "alias",
    .label_doc = "Localpart of the alias.",
};

static const struct moxd_directive domain_directives[] = {
    { .name = "description",
      MOXD_AT_STRING(struct accounts_domain_conf, description),
      .doc = "For people who administer this server." },
    { .name = "disabled",
      MOXD_AT_BOOL(struct accounts_domain_conf, disabled),
      .deflt = "false",
      .doc = "Refuse mail to and from the domain for now, so that senders try again later." },
    { .name = "catchall-separators",
      MOXD_AT_STRINGS(struct accounts_domain_conf, separators),
      .check = check_separator,
      .example = "[\"+\"]",
      .doc = "What follows one of these in a localpart is ignored: with \"+\", mail for "
             "mjl+list is for mjl. The first one is used for addresses made by the server." },
    { .name = "case-sensitive",
      MOXD_AT_BOOL(struct accounts_domain_conf, case_sensitive),
      .deflt = "false",
      .doc = "Tell Mjl from mjl in localparts." },
    { .name = "alias",
      MOXD_AT_BLOCKS(struct accounts_domain_conf, aliases),
      .block = &alias_block,
      .example = "\"list\"",
      .doc = "An address whose mail goes to several accounts." },
    { 0 },
};
static const struct moxd_block domain_block = {
    .size = sizeof(struct accounts_domain_conf),
    .directives = domain_directives,
    .scope = "domain",
    .label_doc = "Name of the domain, in UTF-8 or ASCII.",
};

static const struct moxd_directive dynamic_directives[] = {
    { .name = "domain",
      MOXD_AT_BLOCKS(struct accounts_dynamic_conf, domains),
      .block = &domain_block,
      .flags = MOXD_D_COMMON,
      .example = "\"example.org\"",
      .doc = "A domain that gets mail here." },
    { .name = "account",
      MOXD_AT_BLOCKS(struct accounts_dynamic_conf, accounts),
      .block = &account_block,
      .flags = MOXD_D_COMMON,
      .example = "\"mjl\"",
      .doc = "Someone who has mail here." },
    { 0 },
};
const struct moxd_block accounts_dynamic_block = { .size = sizeof(struct accounts_dynamic_conf),
                                                   .directives = dynamic_directives };
