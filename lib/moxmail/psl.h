/* The public suffix list (publicsuffix.org): below which names anybody can register one. Pure. */
#ifndef MOXMAIL_PSL_H
#define MOXMAIL_PSL_H

#include <moxd/err.h>
#include <moxd/str.h>

enum {
    MOXD_PSL_SIZE_MAX = 4 << 20, /* bytes of a list: there are 330 KB */
    MOXD_PSL_RULES_MAX = 100000, /* there are 10,000 */
};

struct moxd_psl;

/* Parses a list: a rule in each line, to its first blank; "//" begins a comment. Lines that are no rules are passed over.
 * Keeps nothing of `text`. NULL with *err: LIMIT, or INVALID when there is no rule in it. */
struct moxd_psl *moxd_psl_parse(struct moxd_str text, struct moxd_err *err);
void moxd_psl_free(struct moxd_psl *psl);
/* The name one label below the public suffix of the domain, which is in A-labels, lower case, without a final dot: a view
 * into it; empty when the domain is a public suffix itself. What no rule matches has one label as its suffix. */
struct moxd_str moxd_psl_organization(const struct moxd_psl *psl, struct moxd_str domain);

#endif
