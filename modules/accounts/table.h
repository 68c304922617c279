/* Lookup tables while they are built. */
#ifndef ACCOUNTS_TABLE_H
#define ACCOUNTS_TABLE_H

#include "accounts.h"

struct accounts_build {
    struct accounts_table *t;
    struct moxd_problems *out; /* or NULL: everything was checked before */
};

/* Reports *err unless out is NULL. */
void accounts_problem(struct accounts_build *b, struct moxd_pos pos, const char *hint,
                      const struct moxd_err *err);
/* The same domain under two spellings (U-label and A-label, say). Domains are sorted. */
void accounts_check_domains(struct accounts_build *b);
/* Two addresses with one canonical form (CORE-24). Entries are sorted. */
void accounts_check_entries(struct accounts_build *b);
/* What moxd.conf names exists. */
void accounts_check_own(struct accounts_build *b);

#endif
