/* accounts/1: domains, accounts, addresses and aliases, from domains.conf. Nothing here suspends;
 * results are copies in the arena that is passed in. */
#ifndef MOXD_ACCOUNTS_H
#define MOXD_ACCOUNTS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/config.h>
#include <moxd/err.h>
#include <moxd/hook.h>

struct moxd_instance;

struct accounts_account {
    const char *name;
    const char *full_name;        /* or NULL */
    const char *domain;           /* default domain */
    const char *login_disabled;   /* message for the user, or NULL (P-CORE-17) */
    const char *const *addresses; /* canonical, NULL-ended; "@domain" for catchalls */
    size_t naddresses;
    const struct moxd_conf_head *conf; /* for moxd_conf_ext; valid until the next suspension */
};
enum accounts_match {
    ACCOUNTS_EXACT,
    ACCOUNTS_SEPARATOR,
    ACCOUNTS_CATCHALL,
    ACCOUNTS_POSTMASTER,
    ACCOUNTS_ALIAS,
    ACCOUNTS_FALLBACK, /* the local test mode's address for everything unknown (LOCAL-02) */
};
struct accounts_target {
    enum accounts_match match;
    const char *account;        /* NULL for an alias */
    const char *address;        /* canonical: NFC, case-folded when the domain says so, U-label or
                                     ASCII lower-case domain as configured */
    const char *mailbox;        /* where plain delivery goes: "INBOX" unless configured */
    const char *alias;          /* "list@example.org", with: */
    const char *const *members; /* NULL-ended canonical addresses */
    bool alias_post_public;
    const struct moxd_conf_head *conf; /* of the block of the address, or (1.3) of the alias; or NULL */
    /* The address refuses mail (P-CORE-19): reply code of RCPT TO, and its text. 0: it does not. */
    int refuse_code;
    const char *refuse_text;
};
struct accounts_v1 {
    /* Where mail for localpart@domain goes (localpart unquoted; domain ASCII or UTF-8). NOTFOUND: domain
     * is local, the address is not (550 5.1.1 in *err); INVALID: the domain is not ours (550 5.7.1);
     * TEMP: the domain is disabled (450 4.2.1, P-CORE-16). An empty domain means postmaster without
     * domain (RFC 5321 4.1.1.3). */
    int (*resolve)(struct moxd_instance *self, struct moxd_str localpart, struct moxd_str domain,
                   struct moxd_arena *a, struct accounts_target *out, struct moxd_err *err);
    /* Account that may log in with this name (an address of it; NFC applied, AUTH-15). NOTFOUND. */
    int (*login)(struct moxd_instance *self, struct moxd_str username, struct moxd_arena *a,
                 struct accounts_account *out, struct moxd_err *err);
    int (*get)(struct moxd_instance *self, const char *account, struct moxd_arena *a,
               struct accounts_account *out, struct moxd_err *err);
    bool (*is_local_domain)(struct moxd_instance *self, struct moxd_str domain);
    /* Whether the account may send as that address: its own ones, with separator suffixes, its
     * catchalls, aliases that allow it (P-SMTP-19). */
    bool (*may_send_as)(struct moxd_instance *self, const char *account, struct moxd_str localpart,
                        struct moxd_str domain);
    /* Names of all accounts, NULL-ended. */
    const char *const *(*list)(struct moxd_instance *self, struct moxd_arena *a);

    /* 1.1 */
    /* What is configured of a domain of ours, for moxd_conf_ext; NULL: not ours. Valid until the next
     * suspension. */
    const struct moxd_conf_head *(*domain)(struct moxd_instance *self, struct moxd_str domain);

    /* 1.2 */
    /* The members of an alias, NULL-ended, in the arena, as the account may see them: it must be one, and list-members
     * must be on (ALIAS-06). NOTFOUND: no such alias, or the account is no member; DENIED. */
    int (*alias_members)(struct moxd_instance *self, const char *account, struct moxd_str localpart,
                         struct moxd_str domain, struct moxd_arena *a, const char *const **out,
                         struct moxd_err *err);

    /* 1.3 */
    /* Canonical addresses of all aliases, NULL-ended. */
    const char *const *(*aliases)(struct moxd_instance *self, struct moxd_arena *a);
};

/* The account of that name, or, of one with "@", with that address: as commands name accounts. NOTFOUND. */
static inline int accounts_named(const struct accounts_v1 *accounts, struct moxd_instance *provider,
                                 const char *name, struct moxd_arena *a,
                                 struct accounts_account *out, struct moxd_err *err)
{
    struct moxd_err why = { 0 };
    int rc = strchr(name, '@') ? accounts->login(provider, moxd_cstr(name), a, out, &why)
                               : accounts->get(provider, name, a, out, &why);

    if (rc == 0)
        return 0;
    if (why.kind == MOXD_ERR_NOTFOUND)
        return moxd_err_set(err, MOXD_ERR_NOTFOUND, "no account has the name or address \"%s\"",
                            name);
    if (err)
        *err = why;
    return -1;
}

/* on_account_remove (TRANSFORM): an account has left the configuration, so that nothing new comes in for it;
 * modules that keep data of it remove it (the store, ACCT-01). A refusal is told to the admin. It is
 * fired again, for an account that is not configured any more, until all modules succeeded. */
struct accounts_remove_event {
    const char *account;
};
struct accounts_removal {
    struct moxd_reply reply;
    bool removed; /* set by a module that had data of it; never cleared */
};
#define MOXD_POINT_on_account_remove_MAJOR 1
typedef enum moxd_verdict moxd_on_account_remove_fn(struct moxd_instance *m,
                                                    const struct accounts_remove_event *ev,
                                                    struct accounts_removal *removal) MOXD_SUSPENDS;

/* on_domain_add (TRANSFORM): a domain is about to be added; modules make what a new one gets (keys), and say
 * through accounts_new_domain_build what is to be written into its block. A refusal is told to the admin,
 * and nothing is added. */
enum { ACCOUNTS_BUILDERS_MAX = 16 }; /* more modules than there will be */
struct accounts_domain_event {
    const char *domain;       /* in A-labels, lower case */
    struct moxd_arena *arena; /* lives as long as the command */
};
struct accounts_builder {
    void (*build)(struct moxd_node *domain, void *arg); /* must not fail or suspend */
    void *arg;
};
struct accounts_new_domain {
    struct moxd_reply reply;
    struct accounts_builder builders[ACCOUNTS_BUILDERS_MAX];
    size_t nbuilders;
    struct moxd_buf *say; /* what is left to the admin to do: lines that are printed in the end */
};
static inline void accounts_new_domain_build(struct accounts_new_domain *nd,
                                             void (*build)(struct moxd_node *domain, void *arg),
                                             void *arg)
{
    if (nd->nbuilders < ACCOUNTS_BUILDERS_MAX)
        nd->builders[nd->nbuilders++] = (struct accounts_builder){ build, arg };
}
#define MOXD_POINT_on_domain_add_MAJOR 1
typedef enum moxd_verdict moxd_on_domain_add_fn(struct moxd_instance *m,
                                                const struct accounts_domain_event *ev,
                                                struct accounts_new_domain *nd) MOXD_SUSPENDS;

#endif
