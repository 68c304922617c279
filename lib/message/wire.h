#ifndef MAIL_WIRE_H
#define MAIL_WIRE_H

#include <moxmail/message.h>

/* Raise it when the form or the meaning of what is in it changes: stored ones are then parsed anew. */
enum { MAIL_WIRE_VERSION = 1 };

#endif
