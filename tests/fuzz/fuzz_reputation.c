/* What is remembered of senders: a record as it is in the database, then, behind an empty line, a From field. */
#include "fuzz.h"

#include "reputation.h"

static void record(struct moxd_str in)
{
    struct reputation_ring ring, back;
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    struct reputation_seen seen = { 7, 1000, REPUTATION_NOTJUNK };

    reputation_ring_decode(in, &ring);
    moxd_assert(ring.n <= REPUTATION_RING_MAX);
    ring.n = ring.n < REPUTATION_ADDRESS_MAX ? ring.n : REPUTATION_ADDRESS_MAX;
    (void)reputation_ring_put(&ring, REPUTATION_ADDRESS_MAX, &seen);
    reputation_ring_encode(&ring, &b);
    reputation_ring_decode(moxd_buf_str(&b), &back);
    moxd_assert(back.n == ring.n && ring.n <= REPUTATION_ADDRESS_MAX);
    moxd_buf_fini(&b);
}

static void sender(struct moxd_str from)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct reputation_who who;

    if (reputation_who(from, a, &who)) {
        struct reputation_key key = reputation_key(REPUTATION_ADDRESS, REPUTATION_CLAIMED, 1, &who);
        moxd_assert(key.n <= REPUTATION_KEY_MAX);
        moxd_assert(who.org.n > 0 && who.org.n <= who.domain.n &&
                    moxd_str_ends(who.domain, who.org));
        key = reputation_key(REPUTATION_DOMAIN, REPUTATION_VERIFIED, 1, &who);
        moxd_assert(key.n <= REPUTATION_KEY_MAX);
    }
    moxd_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str rest = moxd_str((const char *)data, size);
    struct moxd_str first = moxd_str_cut(&rest, '\n');

    record(first);
    sender(rest);
    return 0;
}
