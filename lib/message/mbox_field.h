/* Fields in which programs keep what is not of the message, in mbox files. */
#ifndef MAIL_MBOX_FIELD_H
#define MAIL_MBOX_FIELD_H

#include <moxmail/mbox.h>

enum { MAIL_MBOX_FIELDS = 9 };
/* Which of them the line begins, by its place in the table of mbox.c; MAIL_MBOX_FIELDS: none. */
unsigned mail_mbox_field(struct moxd_str line);

#endif
