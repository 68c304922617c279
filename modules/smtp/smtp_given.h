/* Mail that the queue brings. */
#ifndef SMTP_GIVEN_H
#define SMTP_GIVEN_H

#include <netinet/in.h>

#include "smtp.h"

/* smtp_given.c: give of smtp/1. */
int smtp_give(struct moxd_instance *self, const struct smtp_given *given,
              struct moxd_err *err) MOXD_SUSPENDS;

/* smtp_given_results.c: what this server found out about a message that it passed on to itself: the
 * Authentication-Results above our Received become results of the transaction. */
void smtp_given_results(struct smtp_txn *t);
/* Where such mail comes from: the loopback address. */
extern const struct sockaddr_in smtp_given_address;

#endif
