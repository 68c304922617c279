/* What the store itself looks for in the header of a message: what threads are made of. Pure. */
#ifndef STORE_HEAD_H
#define STORE_HEAD_H

#include <moxmail/header.h>
#include <moxmail/thread.h>

enum {
    STORE_REFS_NEAR = 50, /* references that are looked at: the nearest, and the first */
    STORE_REFS_MAX = STORE_REFS_NEAR + 1,
};

/* Of a report about a message that it refers to, in place of the hash of its base subject: it belongs to that message
 * whatever its own subject says (RFC 3464 leaves that to servers). */
enum { STORE_SUBJECT_REPORT = 1 };

struct store_head {
    char msgid[MOXD_MSGID_MAX]; /* normalised (THR-03) */
    size_t msgid_n;          /* 0: it has none */
    uint64_t subject;        /* hash of the base subject; 0: that is empty; STORE_SUBJECT_REPORT */
    uint64_t refs[STORE_REFS_MAX]; /* hashes of the normalised ids of ancestors, the nearest first */
    unsigned nrefs;
};
/* Whether any of the fields is there. */
bool store_head_has(struct moxd_str header);
/* The first of each field counts. */
void store_head_parse(struct store_head *h, struct moxd_str header);
/* 64 bits of anything; never 0. Not against collisions on purpose: whoever wants to be taken for another
 * message can say so in its header. */
uint64_t store_hash(struct moxd_str s);

#endif
