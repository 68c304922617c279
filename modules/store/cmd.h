/* Control commands of the store. */
#ifndef STORE_CMD_H
#define STORE_CMD_H

#include "store.h"

/* Calls fn for the accounts that are named, or for all when argc is 0, and prints what is wrong with
 * those for which it fails. How many those are, or -1. */
long store_cmd_each(struct store *s, struct moxd_ctl *c, int argc, char **argv,
                    int (*fn)(void *arg, const char *name, struct moxd_err *err) MOXD_SUSPENDS,
                    void *arg, struct moxd_err *err) MOXD_SUSPENDS;

int store_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                     struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_stats(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_quarantine(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                         struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_reparse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_ensureparsed(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                           struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_reassignthreads(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_message_parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_bumpuidvalidity(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_restore(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;

#endif
