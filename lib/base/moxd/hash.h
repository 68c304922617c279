/* Keyed hashing for tables whose keys come from peers: who does not know the key cannot choose bytes that
 * collide. */
#ifndef MOXD_HASH_H
#define MOXD_HASH_H

#include <moxd/str.h>

struct moxd_hash_key {
    uint64_t k[2]; /* random (moxd_random), one for each table or process */
};

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
uint64_t moxd_hash(const struct moxd_hash_key *key, struct moxd_str s);

#endif
