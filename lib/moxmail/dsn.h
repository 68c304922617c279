/* Delivery status notifications (RFC 3464, RFC 6533 4, RFC 6522; what SMTP puts into them: RFC 3461 6):
 * written for mail of ours, and read when others send them. Pure. */
#ifndef MOXMAIL_DSN_H
#define MOXMAIL_DSN_H

#include <moxmail/message.h>

enum {
    MOXD_DSN_RCPTS_MAX = 1000,      /* recipients of a notification, written or read */
    MOXD_DSN_DIAGNOSTIC_MAX = 8192, /* bytes of a recipient's diagnostic; the rest is left out */
    MOXD_DSN_DIAGNOSTICS_MAX = 1 << 20,   /* ... of all recipients together */
    MOXD_DSN_REPORT_MAX = 1 << 20,        /* bytes of a status part that are read */
    MOXD_DSN_VALUE_MAX = 2000,            /* bytes of a field's value that are kept when reading */
    MOXD_DSN_WRITE_MAX = 8 * 1024 * 1024, /* bytes before an original, its header included */
};

enum moxd_dsn_action { /* RFC 3464 2.3.3 */
                       MOXD_DSN_FAILED,
                       MOXD_DSN_DELAYED,
                       MOXD_DSN_DELIVERED,
                       MOXD_DSN_RELAYED,
                       MOXD_DSN_EXPANDED,
                       MOXD_DSN_ACTIONS,
                       MOXD_DSN_UNKNOWN = MOXD_DSN_ACTIONS, /* only when reading */
};
/* "failed"; "unknown" */
const char *moxd_dsn_action_name(enum moxd_dsn_action action);

/* --- writing ------------------------------------------------------------------------------------- */

struct moxd_dsn_rcpt {
    struct moxd_str address; /* as in the envelope, without <> */
    struct moxd_str orcpt;   /* ORCPT as on the wire, "rfc822;..."; empty: none */
    enum moxd_dsn_action action;
    struct moxd_str status; /* "5.1.1"; empty: the general one of the action */
    struct moxd_str remote; /* the host that was tried or took it; empty: none was found */
    struct moxd_str
        diagnostic;      /* the whole reply of remote: lines with their codes, LF between; or what
                                   we say of it; empty: nothing */
    bool ours;           /* the diagnostic is by us, and no reply of SMTP */
    struct moxd_str why; /* a sentence for people before all others ("The administrator cancelled
                                   it."); empty: what the status means */
    int64_t attempted;   /* seconds since 1970: the last attempt; 0: there was none */
    int64_t retry_until; /* when it is given up; only of delayed ones; 0: not told */
};

/* What the notification is about. */
struct moxd_dsn_original {
    struct moxd_str header; /* the header section, with or without its blank line */
    uint64_t size;          /* of the whole message */
    bool eightbit;          /* bytes above 127 are in its body */
    bool whole; /* all of it goes back (RET=FULL), else its header. Must be false for mail with
                               REQUIRETLS (RFC 8689 5) */
    bool utf8;  /* it needed SMTPUTF8: its header is UTF-8 (RFC 6532) */
};

struct moxd_dsn {
    struct moxd_str from;       /* "postmaster@mail.example.org" */
    struct moxd_str to;         /* the reverse-path of the original, never empty */
    struct moxd_str message_id; /* of the notification, without <> */
    struct moxd_str boundary;   /* of letters and digits, random: the original must not hold it */
    struct moxd_str hostname;   /* Reporting-MTA */
    struct moxd_str envid;      /* decoded; empty: none */
    struct moxd_str trace;      /* by which the administrator finds the log lines; empty: none */
    int64_t date;               /* seconds since 1970 */
    int64_t arrived;            /* when the original came; 0: not told */
    int64_t held_until;         /* until when its sender had it held (RFC 4865); 0: not */
    const struct moxd_dsn_rcpt *rcpts; /* at least one, MOXD_DSN_RCPTS_MAX at most */
    size_t nrcpts;
    struct moxd_dsn_original original;
    bool utf8; /* who gets it takes UTF-8 (RFC 6533): always so when the original did */
};

/* The notification in pieces, so that a large original need not be in memory: `before`, then, if `body`,
 * all of the original, then `after`. */
struct moxd_dsn_parts {
    struct moxd_buf before, after; /* moxd_dsn_parts_fini */
    bool body;
    bool eightbit; /* it needs 8BITMIME */
    bool smtputf8; /* it needs SMTPUTF8 */
};
/* Text, report with one group of fields for each recipient, and original or its header. References and
 * In-Reply-To name the original (QUEUE-15). Fields that would be no ASCII in a notification without utf8
 * are encoded, text of remote hosts has "?" for such bytes. LIMIT when it grows over MOXD_DSN_WRITE_MAX. */
int moxd_dsn_write(const struct moxd_dsn *d, struct moxd_dsn_parts *out,
                   struct moxd_err *err) MOXD_CHECKED;
void moxd_dsn_parts_fini(struct moxd_dsn_parts *parts);

/* --- reading ------------------------------------------------------------------------------------- */

struct moxd_dsn_status {      /* what it says of a recipient; empty: nothing */
    struct moxd_str original; /* Original-Recipient without its type, decoded */
    struct moxd_str final;    /* Final-Recipient */
    enum moxd_dsn_action action;
    char status[12];            /* "5.1.1" (RFC 3463), else "" */
    struct moxd_str remote;     /* Remote-MTA without its type */
    struct moxd_str diagnostic; /* lines of the reply with LF between */
    bool smtp;                  /* the diagnostic is a reply of SMTP */
    int code;                   /* ... and this its code, else 0 */
};
struct moxd_dsn_report {
    struct moxd_str envid;      /* Original-Envelope-Id */
    struct moxd_str reporter;   /* Reporting-MTA without its type */
    struct moxd_str message_id; /* of the original, with its <>, when it or its header is there */
    struct moxd_dsn_status *rcpts;
    size_t nrcpts; /* at least one */
};
/* Reads a multipart/report with a delivery status of either form (RFC 6533 4.4). *out and its strings live in
 * the arena; they have no control characters but the LF of diagnostics, and may be any bytes else: anybody
 * can write a notification. NOTFOUND: it is none, or says nothing of any recipient. Errors of the reader.
 * Reads MOXD_DSN_REPORT_MAX bytes at most; linear. */
int moxd_dsn_parse(const struct moxd_reader *r, const struct moxd_msg *m, struct moxd_arena *a,
                   struct moxd_dsn_report **out, struct moxd_err *err) MOXD_CHECKED;

#endif
