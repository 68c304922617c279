/* arc/1: chains of ARC (RFC 8617) of messages that are being received: what they prove, and prolonging them when a
 * message goes on. */
#ifndef MOXD_ARC_H
#define MOXD_ARC_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>
#include <moxd/smtp.h>

struct moxd_instance;

enum { ARC_SET_MAX = 256 * 1024 /* bytes of the three fields of a set */ };

struct arc_v1 {
    /* Appends to out the fields of a new set, which go before the message: what we found out about it, signed with the
     * key of `domain` (A-labels; or of the next domain above it that is ours and signs). prefix: the fields that it
     * gets besides, below the set; they may be covered. From on_deliver on. 1: sealed. 0: not, since no domain of ours
     * signs, or its chain failed, was not looked at, or has no room. -1: the key or message cannot be read (TEMP,
     * INVALID), LIMIT, CANCELLED. */
    int (*seal)(struct moxd_instance *self, const struct smtp_message *msg, struct moxd_str domain,
                struct moxd_str prefix, struct moxd_buf *out, struct moxd_err *err) MOXD_SUSPENDS;
    /* Whether the message has a chain that passed, whose last sealer is trusted and says that DMARC passed there for
     * this author's domain (A-labels): then what it is for reports (RFC 8617 7.2.2: "arc=pass as[1].d=..."), which lives
     * as long as the transaction; otherwise NULL. From the phase POLICY of on_message on. */
    const char *(*vouched)(struct moxd_instance *self, const struct smtp_mail *mail,
                           struct moxd_str author);
};

#endif
