/* Rights to mailboxes (RFC 4314): letters, and lists of who has which. Pure. */
#ifndef MOXMAIL_IMAP_ACL_H
#define MOXMAIL_IMAP_ACL_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum moxd_imap_right {
    MOXD_IMAP_RIGHT_L = 1,    /* lookup: it is listed */
    MOXD_IMAP_RIGHT_R = 2,    /* read: SELECT, STATUS */
    MOXD_IMAP_RIGHT_S = 4,    /* \Seen */
    MOXD_IMAP_RIGHT_W = 8,    /* flags but \Seen and \Deleted */
    MOXD_IMAP_RIGHT_I = 16,   /* insert */
    MOXD_IMAP_RIGHT_P = 32,   /* post */
    MOXD_IMAP_RIGHT_K = 64,   /* create below it */
    MOXD_IMAP_RIGHT_X = 128,  /* delete it */
    MOXD_IMAP_RIGHT_T = 256,  /* \Deleted */
    MOXD_IMAP_RIGHT_E = 512,  /* expunge */
    MOXD_IMAP_RIGHT_A = 1024, /* administer */
    MOXD_IMAP_RIGHTS_ALL = 2047,
};
enum {
    MOXD_IMAP_ACL_ENTRIES_MAX = 200,  /* of one mailbox */
    MOXD_IMAP_IDENTIFIER_MAX = 320,   /* bytes: the longest login */
};

struct moxd_imap_acl_entry {
    struct moxd_str id; /* "-" in front: these rights are taken away */
    unsigned rights;
};
struct moxd_imap_acl {
    struct moxd_imap_acl_entry *v; /* sorted by id, each once */
    size_t n;
};

/* Lower-case letters; "c" and "d" of RFC 2086 stand for what RFC 4314 2.1.1 says. SYNTAX. */
int moxd_imap_rights_parse(struct moxd_str s, unsigned *rights, struct moxd_err *err) MOXD_CHECKED;
/* The letters, with "c" and "d" when one of theirs is among them. */
void moxd_imap_rights_put(struct moxd_buf *b, unsigned rights);

/* The stored form. CORRUPT. */
void moxd_imap_acl_encode(const struct moxd_imap_acl *acl, struct moxd_buf *b);
int moxd_imap_acl_decode(struct moxd_arena *a, struct moxd_str data, struct moxd_imap_acl *out,
                         struct moxd_err *err) MOXD_CHECKED;
/* What an identifier has in the list. */
unsigned moxd_imap_acl_get(const struct moxd_imap_acl *acl, struct moxd_str id);
/* Gives an identifier these rights; none: it goes. LIMIT: too many entries. */
int moxd_imap_acl_set(struct moxd_imap_acl *acl, struct moxd_arena *a, struct moxd_str id,
                      unsigned rights, struct moxd_err *err) MOXD_CHECKED;
/* What a user has who is not the owner: all that is given to it and to "anyone", less the negative ones. */
unsigned moxd_imap_acl_rights(const struct moxd_imap_acl *acl, struct moxd_str user);

#endif
