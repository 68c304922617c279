/* The newest messages of a sender, as a record: version, then of each message id, seconds, bits. */
#include "reputation.h"

#include <moxd/enc.h>

enum { RECORD_VERSION = 1, SEEN_SIZE = 8 + 8 + 1, RECORD_MAX = 1 + REPUTATION_RING_MAX * SEEN_SIZE };

unsigned reputation_bits(unsigned flags)
{
    return ((flags & STORE_JUNK) ? REPUTATION_JUNK : 0) |
           ((flags & STORE_NOTJUNK) ? REPUTATION_NOTJUNK : 0);
}

struct reputation_seen *reputation_ring_find(struct reputation_ring *r, uint64_t id)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->v[i].id == id)
            return &r->v[i];
    return NULL;
}

bool reputation_ring_put(struct reputation_ring *r, size_t max, const struct reputation_seen *seen)
{
    struct reputation_seen *old = reputation_ring_find(r, seen->id);
    size_t i = 0;

    moxd_assert(max <= REPUTATION_RING_MAX && r->n <= max);
    if (old) {
        bool changed = old->bits != seen->bits;
        old->bits = seen->bits;
        return changed;
    }
    while (i < r->n && r->v[i].when > seen->when)
        i++;
    if (i == max)
        return false;
    r->n += r->n < max;
    memmove(&r->v[i + 1], &r->v[i], (r->n - 1 - i) * sizeof(r->v[0]));
    r->v[i] = *seen;
    return true;
}

void reputation_ring_encode(const struct reputation_ring *r, struct moxd_buf *out)
{
    moxd_buf_addc(out, RECORD_VERSION);
    for (size_t i = 0; i < r->n; i++) {
        char one[SEEN_SIZE];
        moxd_put_be64(one, r->v[i].id);
        moxd_put_be64(one + 8, (uint64_t)r->v[i].when);
        one[16] = (char)r->v[i].bits;
        moxd_buf_add(out, one, sizeof(one));
    }
}

void reputation_ring_decode(struct moxd_str in, struct reputation_ring *out)
{
    *out = (struct reputation_ring){ .n = 0 };
    if (in.n == 0 || in.p[0] != RECORD_VERSION || (in.n - 1) % SEEN_SIZE != 0 || in.n > RECORD_MAX)
        return;
    for (size_t off = 1; off < in.n; off += SEEN_SIZE) {
        const char *p = in.p + off;
        out->v[out->n++] =
            (struct reputation_seen){ moxd_get_be64(p), (int64_t)moxd_get_be64(p + 8),
                                      (unsigned char)p[16] };
    }
}

struct reputation_key reputation_key(enum reputation_kind kind, enum reputation_class class,
                                     uint32_t mailbox, const struct reputation_who *who)
{
    struct reputation_key key = { .n = 6 };
    bool whole = kind == REPUTATION_ADDRESS;
    struct moxd_str name = whole ? who->domain : who->org;

    key.bytes[0] = (char)kind;
    key.bytes[1] = (char)class;
    moxd_put_be32(key.bytes + 2, mailbox);
    if (name.n + (whole ? who->localpart.n + 1 : 0) > sizeof(key.bytes) - key.n)
        return (struct reputation_key){ .n = 0 };
    memcpy(key.bytes + key.n, name.p, name.n);
    key.n += name.n;
    if (!whole)
        return key;
    key.bytes[key.n++] = '\0';
    if (who->localpart.n > 0)
        memcpy(key.bytes + key.n, who->localpart.p, who->localpart.n);
    key.n += who->localpart.n;
    return key;
}

int reputation_load(const struct store_v1 *store, struct store_tx *tx,
                    const struct reputation_key *key, struct reputation_ring *out,
                    struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(RECORD_MAX);

    *out = (struct reputation_ring){ .n = 0 };
    if (key->n == 0)
        return 0;
    int rc = store_tx_find(store, tx, REPUTATION_TABLE, moxd_str(key->bytes, key->n), &b, err);
    if (rc > 0)
        reputation_ring_decode(moxd_buf_str(&b), out);
    moxd_buf_fini(&b);
    return rc;
}

int reputation_save(const struct store_v1 *store, struct store_tx *tx,
                    const struct reputation_key *key, const struct reputation_ring *r,
                    struct moxd_err *err)
{
    struct moxd_buf b = MOXD_BUF_INIT(RECORD_MAX);

    reputation_ring_encode(r, &b);
    int rc =
        store->tx_put(tx, REPUTATION_TABLE, moxd_str(key->bytes, key->n), moxd_buf_str(&b), err);
    moxd_buf_fini(&b);
    return rc;
}
