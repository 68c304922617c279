#ifndef MAIL_PARAMS_H
#define MAIL_PARAMS_H

#include <moxmail/mime.h>

/* Parses `*(";" attribute "=" value)` and puts RFC 2231 pieces together, in the order in which the
 * names first appear. */
void mail_params_parse(struct moxd_arena *a, struct moxd_str s, struct moxd_params *out);

#endif
