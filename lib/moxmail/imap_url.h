/* IMAP URLs that name a message or a part of one on this server (RFC 5092 6, 7.1, 11). Pure. */
#ifndef MOXMAIL_IMAP_URL_H
#define MOXMAIL_IMAP_URL_H

#include <moxmail/imap_syntax.h>

enum {
    MOXD_IMAP_URL_MAX = 8192
}; /* bytes of a URL: the longest mailbox name, percent-encoded, and a section */

struct moxd_imap_url {
    struct moxd_str mailbox; /* decoded, UTF-8; p NULL: that of the base URL */
    uint32_t uidvalidity;    /* 0: not given */
    uint32_t uid;
    struct moxd_imap_section section; /* everything when not given */
    bool partial;
    uint64_t offset, count; /* count 0: up to the end */
};

/* An absolute path "/mailbox[;UIDVALIDITY=n]/;UID=n[/;SECTION=s][/;PARTIAL=n[.n]]", or the same from
 * ";UID=" on. -1 with *err (SYNTAX) for every other URL: with a server, with URLAUTH, of a list of messages;
 * (LIMIT) for one that is too long. Everything lives in the arena. */
int moxd_imap_url_parse(struct moxd_str text, struct moxd_arena *a, struct moxd_imap_url *out,
                        struct moxd_err *err) MOXD_CHECKED;

#endif
