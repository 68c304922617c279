#include "record.h"

static struct store_enc start(struct store_key *k, enum store_table t)
{
    struct store_enc e = { .p = k->p, .cap = sizeof(k->p) };
    store_enc_u8(&e, t);
    return e;
}

struct store_key store_key_table(enum store_table t)
{
    struct store_key k;
    k.n = start(&k, t).n;
    return k;
}

struct store_key store_key_u32(enum store_table t, uint32_t a)
{
    struct store_key k;
    struct store_enc e = start(&k, t);
    store_enc_u32(&e, a);
    k.n = e.n;
    return k;
}

struct store_key store_key_u64(enum store_table t, uint64_t a)
{
    struct store_key k;
    struct store_enc e = start(&k, t);
    store_enc_u64(&e, a);
    k.n = e.n;
    return k;
}

struct store_key store_key_name(enum store_table t, struct moxd_str name)
{
    struct store_key k;
    struct store_enc e = start(&k, t);
    store_enc_bytes(&e, name);
    k.n = e.n;
    return k;
}

struct store_key store_key_place(enum store_table t, uint32_t mailbox, uint32_t uid)
{
    struct store_key k;
    struct store_enc e = start(&k, t);
    store_enc_u32(&e, mailbox);
    store_enc_u32(&e, uid);
    k.n = e.n;
    return k;
}

struct store_key store_key_message(uint32_t mailbox, uint32_t uid)
{
    return store_key_place(STORE_T_MESSAGE, mailbox, uid);
}

struct store_key store_key_gone(uint32_t mailbox, uint64_t modseq, uint32_t uid)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_GONE);
    store_enc_u32(&e, mailbox);
    store_enc_u64(&e, modseq);
    store_enc_u32(&e, uid);
    k.n = e.n;
    return k;
}

struct store_key store_key_viewer(uint32_t mailbox, uint64_t viewer)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_VIEWER);
    store_enc_u32(&e, mailbox);
    store_enc_u64(&e, viewer);
    k.n = e.n;
    return k;
}

struct store_key store_key_seen(uint32_t mailbox, uint64_t viewer, uint32_t uid)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_SEEN);
    store_enc_u32(&e, mailbox);
    store_enc_u64(&e, viewer);
    store_enc_u32(&e, uid);
    k.n = e.n;
    return k;
}

struct store_key store_key_mailbox_gone(uint64_t modseq, uint32_t mailbox)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_MAILBOX_GONE);
    store_enc_u64(&e, modseq);
    store_enc_u32(&e, mailbox);
    k.n = e.n;
    return k;
}

struct store_key store_key_note(uint64_t id, struct moxd_str name)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_NOTE);
    store_enc_u64(&e, id);
    store_enc_bytes(&e, name);
    k.n = e.n;
    return k;
}

struct store_key store_key_shared(uint64_t body, uint64_t id)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_SHARED);
    store_enc_u64(&e, body);
    store_enc_u64(&e, id);
    k.n = e.n;
    return k;
}

struct store_key store_key_module(struct moxd_str table, struct moxd_str key)
{
    struct store_key k;
    struct store_enc e = start(&k, STORE_T_TABLE);
    store_enc_bytes(&e, table);
    store_enc_u8(&e, 0);
    store_enc_bytes(&e, key);
    k.n = e.n;
    return k;
}
