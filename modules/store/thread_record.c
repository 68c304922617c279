/* Records and keys of threads as bytes. */
#include "thread.h"

enum { THREAD_VERSION = 1 };

static struct store_enc start(struct store_key *k, unsigned char index)
{
    struct store_enc e = { .p = k->p, .cap = sizeof(k->p) };
    store_enc_u8(&e, STORE_T_THREAD);
    store_enc_u8(&e, index);
    return e;
}

struct store_key store_thread_key_all(unsigned char index)
{
    struct store_key k;
    k.n = start(&k, index).n;
    return k;
}

static void add_u64(struct store_key *k, uint64_t v)
{
    struct store_enc e = { .p = k->p, .n = k->n, .cap = sizeof(k->p) };
    store_enc_u64(&e, v);
    k->n = e.n;
}

struct store_key store_thread_key_msgid(uint64_t hash)
{
    struct store_key k = store_thread_key_all('I');
    add_u64(&k, hash);
    return k;
}

/* Inverted, so that a scan meets the latest first; the sign so that numbers sort as bytes. */
struct store_key store_thread_key_subject(uint64_t hash, int64_t received, uint64_t id)
{
    struct store_key k = store_thread_key_all('S');
    add_u64(&k, hash);
    add_u64(&k, ~((uint64_t)received ^ (UINT64_C(1) << 63)));
    add_u64(&k, ~id);
    return k;
}

struct moxd_str store_thread_encode(const struct store_thread_rec *r,
                                    unsigned char buf[STORE_THREAD_RECORD_MAX])
{
    struct store_enc e = { .p = buf, .cap = STORE_THREAD_RECORD_MAX };

    moxd_assert(r->n <= STORE_ANCESTORS_MAX && r->msgid_n <= MOXD_MSGID_MAX);
    store_enc_u8(&e, THREAD_VERSION);
    store_enc_u8(&e, r->flags);
    store_enc_u64(&e, r->thread);
    store_enc_u64(&e, r->subject);
    store_enc_u8(&e, r->n);
    for (unsigned i = 0; i < r->n; i++)
        store_enc_u64(&e, r->v[i]);
    store_enc_bytes(&e, moxd_str(r->msgid, r->msgid_n));
    return store_enc_str(&e);
}

int store_thread_decode(struct moxd_str s, struct store_thread_rec *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);

    r->flags = store_dec_u8(&d);
    r->thread = store_dec_u64(&d);
    r->subject = store_dec_u64(&d);
    r->n = store_dec_u8(&d);
    bool pending = (r->flags & STORE_THREAD_PENDING) != 0;
    if (d.bad || version != THREAD_VERSION || r->n > STORE_ANCESTORS_MAX || pending != (r->thread == 0) ||
        (r->flags & ~(STORE_THREAD_STATES | STORE_THREAD_PENDING)) != 0)
        return -1;
    for (unsigned i = 0; i < r->n; i++)
        r->v[i] = store_dec_u64(&d);
    r->msgid_n = d.n;
    if (d.bad || d.n > sizeof(r->msgid))
        return -1;
    memcpy(r->msgid, d.p, d.n);
    return 0;
}
