/* Inside of the rulesets module: what users want done with some of their mail. */
#ifndef RULESETS_H
#define RULESETS_H

#include <moxd/module.h>
#include <moxd/smtp.h>

enum {
    RULESETS_MAX = 1000,         /* of an address; all may be looked at for a message */
    RULESETS_HEADERS_MAX = 20,   /* conditions on header fields of one ruleset */
    RULESETS_PATTERN_MAX = 1000, /* bytes of a regular expression */
    RULESETS_NESTING_MAX = 30,   /* parentheses in each other */
    RULESETS_STEPS_MAX = 100000, /* of one match: some ms */
    RULESETS_HEAP_MAX = 1024,    /* KiB that one match may take to remember where to go back to */
    RULESETS_VALUE_MAX = 4096,   /* bytes of a header field that are looked at */
    RULESETS_FIELDS_MAX = 500,   /* fields of a message that are looked at */
    RULESETS_FORWARD_MAX = 10,   /* addresses that a ruleset forwards to */
    RULESETS_DOMAINS_MAX = 64,   /* verified ones of a message */
};
/* Of a processor, for all rulesets of an address together. */
#define RULESETS_TIME_MAX (200 * MOXD_MS)

/* address { rulesets { ruleset "..." { } } } */
struct rulesets_header_conf {
    struct moxd_conf_head head; /* label: expression for the name of the field */
    const char *value;
};
struct rulesets_ruleset_conf {
    struct moxd_conf_head head;
    const char *mail_from, *verified_domain, *msg_from, *list_allow_domain;
    const char *mailbox, *accept_rejects, *comment;
    bool is_forward;
    struct moxd_strings forward_to;
    bool forward_keep_copy, forward_unauthenticated;
    struct moxd_blocks headers;
};
struct rulesets_conf {
    struct moxd_conf_head head;
    struct moxd_blocks rulesets;
};
extern const struct moxd_block rulesets_block;

/* What is known of a message; all of it stays where it is while it is compared. */
struct rulesets_facts {
    struct moxd_str mail_from; /* "" for the null path */
    struct moxd_str msg_from;  /* the one address in From; "" */
    struct moxd_str header;
    struct moxd_str
        domains[RULESETS_DOMAINS_MAX]; /* that SPF or DKIM verified, A-labels in lower case */
    size_t ndomains;
};
/* Whether one of the verified domains is this one, as configured, or below it. NULL: no. */
bool rulesets_verified(const struct rulesets_facts *f, const char *domain);
/* rulesets_match.c: the index of the first that matches, or -1. For a worker: may take RULESETS_TIME_MAX. *gave_up
 * is that of a ruleset whose expressions took too long, which does not match, or -1. */
int rulesets_find(const struct rulesets_conf *conf, const struct rulesets_facts *f, int *gave_up);

/* rulesets_regex.c: regular expressions of users, bounded in time and memory. */
struct rulesets_regex;
/* INVALID, with what is wrong and where. */
struct rulesets_regex *rulesets_regex_new(struct moxd_str pattern, struct moxd_err *err);
void rulesets_regex_free(struct rulesets_regex *re);
void rulesets_regex_freep(struct rulesets_regex **re); /* for MOXD_CLEANUP */
/* 1: somewhere in the text; 0; -1: it took too long. */
int rulesets_regex_match(const struct rulesets_regex *re, struct moxd_str text);

/* rulesets_hooks.c */
struct rulesets {
    struct moxd_instance m;
    const struct smtp_v1 *smtp;
    struct moxd_metric_handle *matches;
};
enum moxd_verdict rulesets_on_mailbox(struct moxd_instance *m, const struct smtp_copy *ev,
                                      struct smtp_placing *placing) MOXD_SUSPENDS;

#endif
