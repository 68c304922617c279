/* The fields that summaries keep. */
#ifndef MAIL_SUMMARY_NAMES_H
#define MAIL_SUMMARY_NAMES_H

#include <moxd/str.h>

enum { MAIL_SUMMARY_NAMES = 36 }; /* at most 64: they are bits */

/* In their usual case; a name's place is stored, so that new ones go to the end, and none goes away. Those
 * of an envelope come first, in its order. */
extern const struct moxd_str mail_summary_names[MAIL_SUMMARY_NAMES];
/* The place of a name in any case, or -1. */
int mail_summary_name(struct moxd_str name);
/* 16 bits for a name in any case. */
uint16_t mail_summary_mark(struct moxd_str name);

#endif
