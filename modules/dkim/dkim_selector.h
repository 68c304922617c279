/* Selectors of domains, by commands; keys that are made for them. */
#ifndef DKIM_SELECTOR_H
#define DKIM_SELECTOR_H

#include "dkim.h"

/* dkim_selector.c */
int dkim_cmd_selectors_add(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
int dkim_cmd_selectors_rm(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                          struct moxd_err *err) MOXD_SUSPENDS;
int dkim_cmd_selectors_use(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
int dkim_cmd_selectors_list(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err) MOXD_SUSPENDS;

/* dkim_domain.c */
/* Makes a key in a file of data-dir/dkim, durable on return; names in A-labels. *path and *public in the arena. */
int dkim_new_key(const char *domain, const char *selector, enum moxd_dkim_key_type type,
                 struct moxd_arena *a, const char **path, struct moxd_dkim_key *public,
                 struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;
/* A file of dkim_new_key that nobody got to know. */
void dkim_drop_key(const char *path);
/* Appends a record as a zone file has it. */
void dkim_put_record(struct moxd_buf *b, const char *selector, const char *domain,
                     const struct moxd_dkim_key *key);

#endif
