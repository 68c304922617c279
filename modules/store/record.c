#include "record.h"

#include <moxd/buf.h>

enum {
    RECORD_VERSION = 1,
    MBOX_VERSION = 2,   /* 1: without `recent` */
    SHARED_VERSION = 3, /* of a mailbox that has viewers */
    META_VERSION = 2,   /* 1: without threads */
    COPY_VERSION = 2,   /* of the record of a message that is a copy */
    BODY_VERSION = 3,   /* of one that shares the body of another, expunged or not */
    PLACED_VERSION = 4, /* of one that was refused, or is not where it was delivered */
};

static struct store_enc start_version(unsigned char *buf, unsigned version)
{
    struct store_enc e = { .p = buf, .cap = STORE_RECORD_MAX };
    store_enc_u8(&e, version);
    return e;
}

struct moxd_str store_meta_encode(const struct store_meta *m, unsigned char *buf)
{
    struct store_enc e = start_version(buf, META_VERSION);
    store_enc_u64(&e, m->next_id);
    store_enc_u64(&e, m->low_id);
    store_enc_u64(&e, m->modseq);
    store_enc_u64(&e, m->gone_modseq);
    store_enc_u64(&e, m->messages);
    store_enc_u64(&e, m->size);
    store_enc_u32(&e, m->mailboxes);
    store_enc_u32(&e, m->next_mailbox);
    store_enc_u32(&e, m->next_uidvalidity);
    store_enc_u32(&e, m->format);
    store_enc_u8(&e, (unsigned)m->thread_pass);
    store_enc_u64(&e, m->thread_from);
    return store_enc_str(&e);
}

int store_meta_decode(struct moxd_str s, struct store_meta *m)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    m->next_id = store_dec_u64(&d);
    m->low_id = store_dec_u64(&d);
    m->modseq = store_dec_u64(&d);
    m->gone_modseq = store_dec_u64(&d);
    m->messages = store_dec_u64(&d);
    m->size = store_dec_u64(&d);
    m->mailboxes = store_dec_u32(&d);
    m->next_mailbox = store_dec_u32(&d);
    m->next_uidvalidity = store_dec_u32(&d);
    m->format = store_dec_u32(&d);
    bool threads = version == META_VERSION; /* before, there were none */
    m->thread_pass = threads ? store_dec_u8(&d) : STORE_THREADS_FILL;
    m->thread_from = threads ? store_dec_u64(&d) : 0;
    bool ok = store_dec_done(&d) && (threads || version == RECORD_VERSION) && m->next_id > 0 &&
              m->next_id <= STORE_COUNTER_MAX && m->modseq <= STORE_COUNTER_MAX &&
              m->thread_pass <= STORE_THREADS_DONE && m->low_id <= m->next_id &&
              m->gone_modseq <= m->modseq;
    return ok ? 0 : -1;
}

struct moxd_str store_mbox_encode(const struct store_mbox *m, unsigned char *buf)
{
    struct store_enc e = start_version(buf, m->viewers > 0 ? SHARED_VERSION : MBOX_VERSION);
    store_enc_u32(&e, m->uidvalidity);
    store_enc_u32(&e, m->uidnext);
    store_enc_u64(&e, m->highestmodseq);
    store_enc_u64(&e, m->createseq);
    store_enc_u32(&e, m->special_use);
    store_enc_u32(&e, m->total);
    store_enc_u32(&e, m->unseen);
    store_enc_u32(&e, m->deleted);
    store_enc_u64(&e, m->size);
    store_enc_u32(&e, m->recent);
    if (m->viewers > 0)
        store_enc_u32(&e, m->viewers);
    store_enc_u16(&e, (unsigned)m->name.n);
    store_enc_bytes(&e, m->name);
    return store_enc_str(&e);
}

int store_mbox_decode(struct moxd_str s, struct store_mbox *m)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    m->uidvalidity = store_dec_u32(&d);
    m->uidnext = store_dec_u32(&d);
    m->highestmodseq = store_dec_u64(&d);
    m->createseq = store_dec_u64(&d);
    m->special_use = store_dec_u32(&d);
    m->total = store_dec_u32(&d);
    m->unseen = store_dec_u32(&d);
    m->deleted = store_dec_u32(&d);
    m->size = store_dec_u64(&d);
    m->recent = version >= MBOX_VERSION ? store_dec_u32(&d) : m->uidnext;
    m->viewers = version == SHARED_VERSION ? store_dec_u32(&d) : 0;
    size_t n = store_dec_u16(&d);
    m->name = store_dec_bytes(&d, n);
    bool ok = store_dec_done(&d) && version >= RECORD_VERSION && version <= SHARED_VERSION &&
              (version == SHARED_VERSION) == (m->viewers > 0) && m->uidvalidity > 0 &&
              m->uidnext > 0 && m->recent > 0 && m->recent <= m->uidnext && n > 0 &&
              n <= STORE_NAME_MAX && m->total < m->uidnext && m->unseen <= m->total &&
              m->deleted <= m->total && m->createseq <= m->highestmodseq &&
              m->highestmodseq <= STORE_RECORD_NUMBER_MAX;
    return ok ? 0 : -1;
}

static unsigned rec_version(const struct store_rec *r)
{
    if (r->reject || r->delivered != 0)
        return PLACED_VERSION;
    if (r->body != 0)
        return BODY_VERSION;
    return r->copy_of != 0 ? COPY_VERSION : RECORD_VERSION;
}

struct moxd_str store_rec_encode(const struct store_rec *r, unsigned char *buf)
{
    unsigned version = rec_version(r);
    struct store_enc e = start_version(buf, version);
    store_enc_u64(&e, r->id);
    store_enc_u64(&e, r->modseq);
    store_enc_u64(&e, r->createseq);
    store_enc_u32(&e, r->flags);
    store_enc_u64(&e, (uint64_t)r->received);
    store_enc_u16(&e, (uint16_t)(int16_t)r->zone);
    store_enc_u64(&e, (uint64_t)r->saved);
    store_enc_u64(&e, r->size);
    store_enc_u32(&e, r->prefix);
    store_enc_u8(&e, r->where);
    store_enc_u8(&e, r->nkw);
    for (unsigned i = 0; i < r->nkw; i++)
        store_enc_u16(&e, r->kw[i]);
    if (version >= COPY_VERSION)
        store_enc_u64(&e, r->copy_of);
    if (version >= BODY_VERSION)
        store_enc_u64(&e, r->body);
    if (version >= PLACED_VERSION) {
        store_enc_u8(&e, r->reject);
        store_enc_u32(&e, r->delivered);
    }
    return store_enc_str(&e);
}

/* Ascending and below what a mailbox's list can hold. */
static bool keywords_ok(const struct store_rec *r)
{
    for (unsigned i = 0; i < r->nkw; i++)
        if (r->kw[i] >= STORE_MAILBOX_KEYWORDS_MAX || (i > 0 && r->kw[i] <= r->kw[i - 1]))
            return false;
    return true;
}

/* What each version adds; each has something to say. */
static int decode_more(struct store_dec *d, unsigned version, struct store_rec *r)
{
    r->copy_of = version >= COPY_VERSION ? store_dec_u64(d) : 0;
    r->body = version >= BODY_VERSION ? store_dec_u64(d) : 0;
    unsigned reject = version >= PLACED_VERSION ? store_dec_u8(d) : 0;
    r->reject = reject == 1;
    r->delivered = version >= PLACED_VERSION ? store_dec_u32(d) : 0;
    bool ok = store_dec_done(d) && reject <= 1 && version == rec_version(r) &&
              (r->body == 0 || (r->copy_of != 0 && r->where == STORE_IN_DB)) &&
              r->body != r->id && r->body <= STORE_RECORD_NUMBER_MAX &&
              r->delivered <= STORE_MAILBOX_ID_MAX;
    return ok ? 0 : -1;
}

int store_rec_decode(struct moxd_str s, struct store_rec *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    r->id = store_dec_u64(&d);
    r->modseq = store_dec_u64(&d);
    r->createseq = store_dec_u64(&d);
    r->flags = store_dec_u32(&d);
    r->received = (int64_t)store_dec_u64(&d);
    r->zone = (int16_t)store_dec_u16(&d);
    r->saved = (int64_t)store_dec_u64(&d);
    r->size = store_dec_u64(&d);
    r->prefix = store_dec_u32(&d);
    unsigned where = store_dec_u8(&d);
    r->where = where == STORE_IN_DB ? STORE_IN_DB : STORE_IN_FILE;
    r->nkw = store_dec_u8(&d);
    if (d.bad || version < RECORD_VERSION || version > PLACED_VERSION || r->id == 0 ||
        r->id > STORE_RECORD_NUMBER_MAX || where > STORE_IN_DB ||
        (r->flags & ~(uint32_t)STORE_FLAGS_ALL) != 0 || r->createseq > r->modseq ||
        r->modseq > STORE_RECORD_NUMBER_MAX || r->size > STORE_SIZE_MAX || r->prefix > r->size ||
        r->nkw > STORE_KEYWORDS_MAX)
        return -1;
    for (unsigned i = 0; i < r->nkw; i++)
        r->kw[i] = (uint16_t)store_dec_u16(&d);
    return decode_more(&d, version, r) == 0 && keywords_ok(r) ? 0 : -1;
}

struct moxd_str store_erase_encode(const struct store_erase *r, unsigned char *buf)
{
    struct store_enc e = start_version(buf, r->body != 0 ? BODY_VERSION : RECORD_VERSION);
    store_enc_u64(&e, r->size);
    store_enc_u32(&e, r->prefix);
    store_enc_u8(&e, r->where);
    if (r->body != 0)
        store_enc_u64(&e, r->body);
    return store_enc_str(&e);
}

int store_erase_decode(struct moxd_str s, struct store_erase *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    r->size = store_dec_u64(&d);
    r->prefix = store_dec_u32(&d);
    unsigned where = store_dec_u8(&d);
    r->where = where == STORE_IN_DB ? STORE_IN_DB : STORE_IN_FILE;
    bool shared = version == BODY_VERSION;
    r->body = shared ? store_dec_u64(&d) : 0;
    bool ok = store_dec_done(&d) && (version == RECORD_VERSION || shared) && where <= STORE_IN_DB &&
              shared == (r->body != 0) && (!shared || r->where == STORE_IN_DB) &&
              r->body <= STORE_RECORD_NUMBER_MAX &&
              r->size <= STORE_SIZE_MAX && r->prefix <= r->size;
    return ok ? 0 : -1;
}

struct moxd_str store_seen_encode(const struct store_seen_rec *r, unsigned char *buf)
{
    struct store_enc e = start_version(buf, RECORD_VERSION);
    store_enc_u8(&e, r->seen);
    store_enc_u64(&e, r->modseq);
    return store_enc_str(&e);
}

int store_seen_decode(struct moxd_str s, struct store_seen_rec *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d), seen = store_dec_u8(&d);
    *r = (struct store_seen_rec){ seen == 1, store_dec_u64(&d) };
    bool ok = store_dec_done(&d) && version == RECORD_VERSION && seen <= 1 && r->modseq > 0 &&
              r->modseq <= STORE_RECORD_NUMBER_MAX;
    return ok ? 0 : -1;
}

struct moxd_str store_viewer_encode(const struct store_viewer_rec *r, unsigned char *buf)
{
    struct store_enc e = start_version(buf, RECORD_VERSION);
    store_enc_u32(&e, r->seen);
    store_enc_u64(&e, r->modseq);
    return store_enc_str(&e);
}

int store_viewer_decode(struct moxd_str s, struct store_viewer_rec *r)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    r->seen = store_dec_u32(&d);
    r->modseq = store_dec_u64(&d);
    bool ok =
        store_dec_done(&d) && version == RECORD_VERSION && r->modseq <= STORE_RECORD_NUMBER_MAX;
    return ok ? 0 : -1;
}

struct moxd_str store_account_rec_encode(const struct store_account_rec *r, unsigned char *buf)
{
    struct store_enc e = { .p = buf, .cap = STORE_RECORD_MAX };
    store_enc_u8(&e, r->state);
    store_enc_bytes(&e, r->name);
    return store_enc_str(&e);
}

int store_account_rec_decode(struct moxd_str s, struct store_account_rec *r)
{
    struct store_dec d = store_dec(s);
    unsigned state = store_dec_u8(&d);
    r->state = state == STORE_LIVE ? STORE_LIVE : STORE_REMOVING;
    r->name = store_dec_bytes(&d, d.n);
    return !d.bad && state <= STORE_REMOVING && r->name.n <= STORE_ACCOUNT_NAME_MAX ? 0 : -1;
}

int store_kwlist_decode(struct moxd_str s, struct moxd_arena *a, struct moxd_str **v, size_t *n)
{
    struct store_dec d = store_dec(s);
    unsigned version = store_dec_u8(&d);
    *n = store_dec_u16(&d);
    if (d.bad || version != RECORD_VERSION || *n > STORE_MAILBOX_KEYWORDS_MAX)
        return -1;
    *v = moxd_arena_calloc(a, *n, sizeof(**v));
    for (size_t i = 0; i < *n; i++) {
        size_t len = store_dec_u8(&d);
        (*v)[i] = store_dec_bytes(&d, len);
        if (d.bad || len == 0 || len > STORE_KEYWORD_LEN_MAX)
            return -1;
    }
    return store_dec_done(&d) ? 0 : -1;
}

void store_kwlist_encode(const struct moxd_str *v, size_t n, struct moxd_buf *out)
{
    moxd_assert(n <= STORE_MAILBOX_KEYWORDS_MAX);
    moxd_buf_addc(out, RECORD_VERSION);
    moxd_buf_addc(out, (char)(n >> 8));
    moxd_buf_addc(out, (char)n);
    for (size_t i = 0; i < n; i++) {
        moxd_assert(v[i].n > 0 && v[i].n <= STORE_KEYWORD_LEN_MAX);
        moxd_buf_addc(out, (char)v[i].n);
        moxd_buf_addstr(out, v[i]);
    }
}
