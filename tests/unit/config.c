#include "config.h"

#include <moxd/clock.h>

static const char *const modes[] = { "fast", "careful", NULL };

static int check_relay(struct moxd_str v, struct moxd_err *err)
{
    if (moxd_str_chr(v, ':') >= 0)
        return 0;
    return moxd_err_set(err, MOXD_ERR_INVALID, "must be HOST:PORT");
}

static void check_post(void *block, struct moxd_problems *out)
{
    const struct post_conf *c = block;

    if (c->strict && c->relays.n > 0)
        moxd_problem(out, c->relays.pos[0], "remove one of them", "strict excludes relays");
}

static const struct moxd_directive post_directives[] = {
    { .name = "max-size",
      MOXD_AT_SIZE(struct post_conf, max_size),
      .deflt = "100M",
      .min = 1,
      .max = INT64_C(1) << 30,
      .doc = "Largest message." },
    { .name = "delay", MOXD_AT_DURATION(struct post_conf, delay), .deflt = "15s", .doc = "Delay." },
    { .name = "retries", MOXD_AT_INT(struct post_conf, retries), .deflt = "-1", .doc = "Retries." },
    { .name = "strict", MOXD_AT_BOOL(struct post_conf, strict), .doc = "Strict." },
    { .name = "banner",
      MOXD_AT_STRING(struct post_conf, banner),
      .deflt = "\"hello world\"",
      .min = 1,
      .max = 20,
      .doc = "Banner." },
    { .name = "key-file", MOXD_AT_PATH(struct post_conf, key_file), .doc = "Key." },
    { .name = "secret",
      MOXD_AT_STRING(struct post_conf, secret),
      .min = 8,
      .max = 64,
      .flags = MOXD_D_SECRET,
      .doc = "Secret." },
    { .name = "mode",
      MOXD_AT_ENUM(struct post_conf, mode),
      .values = modes,
      .deflt = "careful",
      .doc = "Mode." },
    { .name = "relays",
      MOXD_AT_STRINGS(struct post_conf, relays),
      .check = check_relay,
      .doc = "Relays." },
    { 0 },
};
static const struct moxd_block post_block = { .size = sizeof(struct post_conf),
                                              .directives = post_directives,
                                              .check = check_post };

static const struct moxd_directive service_directives[] = {
    MOXD_SERVICE_PORT("25"),
    { .name = "first-time-delay",
      MOXD_AT_DURATION(struct post_service, first_time_delay),
      .deflt = "15s",
      .doc = "Delay for senders that were never here before." },
    { 0 },
};
static const struct moxd_directive tls_service_directives[] = { MOXD_SERVICE_PORT("465"), { 0 } };
static const struct moxd_block service_block = { .size = sizeof(struct post_service),
                                                 .directives = service_directives };
static const struct moxd_block tls_service_block = { .size = sizeof(struct moxd_service_conf),
                                                     .directives = tls_service_directives };
static const struct moxd_service post_services[] = {
    { .name = "smtp", .summary = "Mail from other servers.", .block = &service_block },
    { .name = "submissions",
      .summary = "Mail from clients.",
      .block = &tls_service_block,
      .implicit_tls = true,
      .alpn = { "smtp" } },
    { 0 },
};

static const struct moxd_directive domain_directives[] = {
    { .name = "enabled", MOXD_AT_BOOL(struct post_domain, enabled), .deflt = "true", .doc = "On." },
    { .name = "selector", MOXD_AT_STRING(struct post_domain, selector), .doc = "Selector." },
    { .name = "key", MOXD_AT_PATH(struct post_domain, key), .doc = "Key." },
    { 0 },
};
static const struct moxd_block domain_block = { .size = sizeof(struct post_domain),
                                                .directives = domain_directives };
static const struct moxd_contribution post_contributes[] = {
    { "domain", "post", &domain_block, "Post of a domain." },
    { 0 },
};
const struct moxd_module post_module = {
    MOXD_MODULE_HEAD("post", "1", "carries mail"),
    .conf = &post_block,
    .services = post_services,
    .contributes = post_contributes,
};

static const struct moxd_directive address_directives[] = {
    { .name = "full-name", MOXD_AT_STRING(struct names_address, full_name), .doc = "Name." },
    { 0 },
};
static const struct moxd_block address_block = { .size = sizeof(struct names_address),
                                                 .directives = address_directives,
                                                 .scope = "address",
                                                 .label_doc = "the address" };
static const struct moxd_directive names_domain_directives[] = {
    { .name = "description", MOXD_AT_STRING(struct names_domain, description), .doc = "Text." },
    { 0 },
};
static const struct moxd_block names_domain_block = { .size = sizeof(struct names_domain),
                                                      .directives = names_domain_directives,
                                                      .scope = "domain" };
static const struct moxd_directive account_directives[] = {
    { .name = "domain",
      MOXD_AT_STRING(struct names_account, domain),
      .flags = MOXD_D_REQUIRED,
      .example = "example.org",
      .doc = "Default domain." },
    { .name = "default-domain",
      MOXD_AT_STRING(struct names_account, old_domain),
      .flags = MOXD_D_DEPRECATED,
      .replaced = "domain",
      .doc = "Default domain." },
    { .name = "address",
      MOXD_AT_BLOCKS(struct names_account, addresses),
      .block = &address_block,
      .example = "\"mjl@example.org\"",
      .doc = "An address." },
    { 0 },
};
static const struct moxd_block account_block = { .size = sizeof(struct names_account),
                                                 .directives = account_directives,
                                                 .scope = "account" };
static const struct moxd_directive rule_directives[] = {
    { .name = "to", MOXD_AT_STRING(struct names_rule, to), .doc = "Where to." },
    { 0 },
};
static const struct moxd_block rule_block = { .size = sizeof(struct names_rule),
                                              .directives = rule_directives };
static const struct moxd_directive names_directives[] = {
    { .name = "domain",
      MOXD_AT_BLOCKS(struct names_conf, domains),
      .block = &names_domain_block,
      .flags = MOXD_D_COMMON,
      .example = "\"example.org\"",
      .doc = "A domain." },
    { .name = "account",
      MOXD_AT_BLOCKS(struct names_conf, accounts),
      .block = &account_block,
      .flags = MOXD_D_COMMON,
      .example = "\"mjl\"",
      .doc = "An account." },
    { .name = "rule",
      MOXD_AT_BLOCKS(struct names_conf, rules),
      .block = &rule_block,
      .flags = MOXD_D_NOLABEL,
      .doc = "A rule." },
    { 0 },
};
static const struct moxd_block names_block = { .size = sizeof(struct names_conf),
                                               .directives = names_directives };

/* Accounts belong to a domain that is there. */
static void names_check(struct moxd_instance *m, const struct moxd_conf *conf,
                        struct moxd_problems *out)
{
    const struct names_conf *c = moxd_conf_dynamic(conf, m);

    for (size_t i = 0; i < c->accounts.n; i++) {
        const struct names_account *a = c->accounts.v[i];
        bool found = false;

        for (size_t k = 0; k < c->domains.n; k++)
            found |= strcmp(((struct names_domain *)c->domains.v[k])->head.label, a->domain) == 0;
        if (!found)
            moxd_problem(out, a->head.pos, "moxctl domain add", "account \"%s\": no domain \"%s\"",
                         a->head.label, a->domain);
    }
}
const struct moxd_module names_module = {
    MOXD_MODULE_HEAD("names", "1", "knows names"),
    .dynamic = &names_block,
    .check = names_check,
};

static struct moxd_instance post_instance = { .module = &post_module };
static struct moxd_instance names_instance = { .module = &names_module };
struct core_conf_module config_mods[2] = { { &post_module, &post_instance },
                                           { &names_module, &names_instance } };

struct moxd_conf *config_load(const char *text, const char *domains, struct moxd_buf *problems)
{
    MOXD_CLEANUP(core_problems_freep) struct moxd_problems *p = core_problems_new();
    MOXD_CLEANUP(moxd_freep) char *full = NULL;

    if (strstr(text, "modules"))
        full = moxd_xstrdup(text);
    else
        full = moxd_xasprintf("%s\nhostname = mx.example.org\nmodules = []\n", text);
    struct moxd_conf *conf = core_conf_load_text("/etc/moxd/moxd.conf", moxd_cstr(full),
                                                 moxd_cstr(domains), config_mods, 2, p);
    moxd_buf_init(problems, 1 << 20);
    core_problems_write(p, problems);
    return conf;
}
