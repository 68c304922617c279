/* Control commands of the store. */
#ifndef STORE_CMD_H
#define STORE_CMD_H

#include "store.h"

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
int store_cmd_message_parse(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                            struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_bumpuidvalidity(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                              struct moxd_err *err) MOXD_SUSPENDS;
int store_cmd_restore(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                      struct moxd_err *err) MOXD_SUSPENDS;

#endif
