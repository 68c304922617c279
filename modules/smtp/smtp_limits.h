/* Limits of the SMTP server, each with its reason. Those that an admin may want to change are directives
 * (smtp_conf.c). */
#ifndef SMTP_LIMITS_H
#define SMTP_LIMITS_H

#include <moxd/clock.h>

enum {
    /* A command line without its CRLF. RFC 5321 4.5.3.1.4 wants 510, extensions add to MAIL and RCPT
     * (RFC 1870, 3461, 4954, 6152, 6531): about 1,200 in all. */
    SMTP_LINE_MAX = 2046,
    /* RFC 4954 4: lines of an authentication exchange. */
    SMTP_AUTH_LINE_MAX = 12286,
    /* RFC 5321 4.5.3.1.8 wants at least 100; announced as LIMITS RCPTMAX (RFC 9422). */
    SMTP_RECIPIENTS_MAX = 1000,
    /* RFC 5321 6.3: a message with more Received fields is in a loop. */
    SMTP_RECEIVED_MAX = 100,
    /* The same for Received fields of our own: submitted here, sent to a list elsewhere, then to another,
     * and back again is fine, and not much more. */
    SMTP_RECEIVED_HERE_MAX = 5,
    /* Bytes of a header section that are kept in memory for checks; more is refused. */
    SMTP_HEADER_MAX = 1024 * 1024,
    /* A line of a message. RFC 5321 4.5.3.1.6 wants 998 at least; mail with more is common, above all HTML
     * without line ends, and breaking it up would break its signature. A longer one is no text, and a
     * burden for programs that read lines. */
    SMTP_TEXT_LINE_MAX = 1024 * 1024,
    /* Bytes of fields that we and the hooks put before a message. */
    SMTP_ADDED_MAX = 64 * 1024,
    SMTP_NOTES_MAX = 32,
    /* Authentication results of a message, and properties of each: some more than a few methods with
     * several signatures have. A field of all of them, as long as they may be, has this many bytes. */
    SMTP_RESULTS_MAX = 32,
    SMTP_RESULT_PROPS_MAX = 8,
    SMTP_RESULTS_FIELD_MAX = 256 * 1024,
    /* Fields X-Mox-Extra-KEY of a submission, bytes of a key, and of all values as they came: they are kept with each
     * recipient's record. */
    SMTP_EXTRA_MAX = 32,
    SMTP_EXTRA_KEY_MAX = 64,
    SMTP_EXTRA_BYTES_MAX = 2048,
    /* Addresses of a From field that are compared with the members of a list. */
    SMTP_AUTHORS_MAX = 32,
    /* Commands that were errors, and failed logins, before the connection is closed. */
    SMTP_BAD_COMMANDS_MAX = 25,
    SMTP_AUTH_FAILURES_MAX = 10,
    /* Text of a reply: RFC 5321 4.5.3.1.5 allows 512 bytes a line with code and CRLF. */
    SMTP_REPLY_TEXT_MAX = 480,
    /* An argument of EHLO: a domain name has 255 bytes. */
    SMTP_HELO_MAX = 255,
};

/* RFC 5321 4.5.3.2.7: a server waits 5 minutes for the next command at least. */
#define SMTP_COMMAND_TIMEOUT "5m"
/* Between two blocks of a message. 4.5.3.2.5 gives a client 3 minutes to send one. */
#define SMTP_DATA_TIMEOUT "5m"

#endif
