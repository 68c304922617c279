/* What the files of the dkim commands share. */
#ifndef DKIM_COMMAND_H
#define DKIM_COMMAND_H

#include "dkim.h"

/* What DNSSEC says of a lookup, for people. */
const char *dkim_dnssec_text(enum smtp_dnssec status);
/* Text of others, of which a terminal gets printable ASCII only. */
int dkim_print(struct moxd_ctl *c, const char *before, struct moxd_str s,
               const char *after) MOXD_SUSPENDS;

/* dkim_command_message.c */
int dkim_cmd_verify(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                    struct moxd_err *err) MOXD_SUSPENDS;
int dkim_cmd_sign(struct moxd_instance *m, struct moxd_ctl *c, int argc, char **argv,
                  struct moxd_err *err) MOXD_SUSPENDS;

#endif
