/* A module's tables to configure in tests: modules "post" with services and a contribution, and "names"
 * with directives in domains.conf. */
#ifndef TESTS_UNIT_CONFIG_H
#define TESTS_UNIT_CONFIG_H

#include "config/conf.h"

struct post_conf { /* post { } in moxd.conf */
    struct moxd_conf_head head;
    int64_t max_size, delay, retries;
    bool strict;
    const char *banner, *key_file, *secret;
    int mode;
    struct moxd_strings relays;
};
struct post_service {
    struct moxd_service_conf service;
    int64_t first_time_delay;
};
struct post_domain { /* post { } in a domain */
    struct moxd_conf_head head;
    bool enabled;
    const char *selector, *key;
};
struct names_domain {
    struct moxd_conf_head head;
    const char *description;
};
struct names_address {
    struct moxd_conf_head head;
    const char *full_name;
};
struct names_account {
    struct moxd_conf_head head;
    const char *domain, *old_domain;
    struct moxd_blocks addresses;
};
struct names_conf {
    struct moxd_conf_head head;
    struct moxd_blocks domains, accounts, rules;
};
struct names_rule {
    struct moxd_conf_head head;
    const char *to;
};

extern const struct moxd_module post_module, names_module;
extern struct core_conf_module config_mods[2];

/* Both texts loaded as /etc/moxd/moxd.conf and domains.conf. `problems` gets what core_problems_write
 * gives. The line that names the modules need not be there. */
struct moxd_conf *config_load(const char *text, const char *domains, struct moxd_buf *problems);

#endif
