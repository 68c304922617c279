/* moxctl localserve, in two parts: making the directory, running the server. Not installed. */
#ifndef CORE_MOXCTL_LOCALSERVE_H
#define CORE_MOXCTL_LOCALSERVE_H

#include "moxctl/moxctl.h"

#define LOCAL_USER "mox@localhost"
#define LOCAL_ACCOUNT "mox"
#define LOCAL_PASSWORD "moxmoxmox"
enum { /* LOCAL-01: the usual ones plus 1000 */
       LOCAL_SMTP = 1025,
       LOCAL_SUBMISSION = 1587,
       LOCAL_SUBMISSIONS = 1465,
       LOCAL_IMAP = 1143,
       LOCAL_IMAPS = 1993,
};

struct local {
    struct moxctl *x;
    const char *dir;    /* absolute, once made */
    const char *ip;     /* -ip, or NULL */
    const char *config; /* DIR/moxd.conf */
    const char *fresh;  /* DIR/.fresh: there until the password was set */
    bool init_only;
};

/* ---- localinit.c */
/* Makes what is not there yet, and puts another address into the configuration when one is given. */
int local_init(struct local *l, struct moxd_err *err) MOXD_CHECKED;
/* The address that clients are pointed to: the first of listener "local". */
const char *local_address(struct local *l);

#endif
