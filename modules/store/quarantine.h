/* Accounts whose database is damaged are set aside, so that the others go on.
 *
 * data/quarantine/<16 hex>/ holds `reason`, and from the next start on db/a-<16 hex>.db with a copy of
 * the log of that time: everything that a restoration can use. Bodies in files stay where they are. */
#ifndef STORE_QUARANTINE_H
#define STORE_QUARANTINE_H

#include <moxd/arena.h>
#include <moxd/err.h>

struct store_quarantine {
    uint64_t id;
    char reason[400];
};
/* Marks the account; durable on return. Works without the environment. `dir` is the data directory. */
int store_quarantine_put(int dir, uint64_t id, const char *why, struct moxd_err *err) MOXD_CHECKED;
/* Whether it is marked. */
bool store_quarantined(int dir, uint64_t id);
/* Before the environment is opened: moves the databases of marked accounts out of its way. */
int store_quarantine_move(int dir, struct moxd_err *err) MOXD_CHECKED;
/* Takes the mark away: the directory becomes done-<16 hex>-<seconds>, which the admin may delete. */
int store_quarantine_end(int dir, uint64_t id, char *done, size_t cap,
                         struct moxd_err *err) MOXD_CHECKED;
/* All marked ones; *out in a. */
int store_quarantine_list(int dir, struct moxd_arena *a, struct store_quarantine **out, size_t *n,
                          struct moxd_err *err) MOXD_CHECKED;

#endif
