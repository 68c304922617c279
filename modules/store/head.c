#include "head.h"

/* FNV-1a, its bits mixed once more at the end. */
uint64_t store_hash(struct moxd_str s)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    return h != 0 ? h : 1;
}

/* 0 for an id that is none. */
static uint64_t hash_id(struct moxd_str id)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_MSGID_MAX);

    moxd_msgid_normalise(&b, id);
    uint64_t h = b.n > 0 ? store_hash(moxd_buf_str(&b)) : 0;
    moxd_buf_fini(&b);
    return h;
}

static void take_msgid(struct store_head *h, struct moxd_str value)
{
    struct moxd_buf b = MOXD_BUF_INIT(MOXD_MSGID_MAX);

    moxd_msgid_normalise(&b, moxd_msgid_of(value));
    h->msgid_n = b.n;
    if (b.n > 0)
        memcpy(h->msgid, b.p, b.n);
    moxd_buf_fini(&b);
}

static void take_subject(struct store_head *h, struct moxd_str value)
{
    struct moxd_buf text = MOXD_BUF_INIT(SIZE_MAX / 4), base = MOXD_BUF_INIT(SIZE_MAX / 4);

    moxd_field_text(&text, moxd_str_sub(value, 0, MOXD_SUBJECT_MAX));
    moxd_base_subject(&base, moxd_buf_str(&text), NULL);
    h->subject = base.n > 0 ? store_hash(moxd_buf_str(&base)) : 0;
    moxd_buf_fini(&text);
    moxd_buf_fini(&base);
}

static void take_reference(struct store_head *h, struct moxd_str id)
{
    uint64_t hash = hash_id(id);
    if (hash != 0)
        h->refs[h->nrefs++] = hash;
}

/* The last reference is the parent (RFC 5322 3.6.4). */
static void take_references(struct store_head *h, struct moxd_str value)
{
    struct moxd_str ring[STORE_REFS_NEAR], first, id;
    size_t n = 0;

    while (moxd_msgid_next(&value, &id)) {
        first = n == 0 ? id : first;
        ring[n++ % STORE_REFS_NEAR] = id;
    }
    size_t near = n < STORE_REFS_NEAR ? n : STORE_REFS_NEAR;
    for (size_t i = 1; i <= near; i++)
        take_reference(h, ring[(n - i) % STORE_REFS_NEAR]);
    if (n > STORE_REFS_NEAR)
        take_reference(h, first);
}

/* Its first id is the parent; some writers leave that out of References, or have no References. */
static void take_in_reply_to(struct store_head *h, struct moxd_str value)
{
    struct moxd_str id;
    uint64_t hash = moxd_msgid_next(&value, &id) ? hash_id(id) : 0;

    for (unsigned i = 0; i < h->nrefs; i++)
        if (h->refs[i] == hash)
            return;
    if (hash == 0)
        return;
    unsigned keep = h->nrefs < STORE_REFS_MAX ? h->nrefs : STORE_REFS_MAX - 1;
    memmove(h->refs + 1, h->refs, keep * sizeof(*h->refs));
    h->refs[0] = hash;
    h->nrefs = keep + 1;
}

/* No message answers itself. */
static void drop_itself(struct store_head *h)
{
    uint64_t own = store_hash(moxd_str(h->msgid, h->msgid_n));
    unsigned n = 0;

    for (unsigned i = 0; i < h->nrefs; i++)
        if (h->refs[i] != own)
            h->refs[n++] = h->refs[i];
    h->nrefs = n;
}

enum wanted { MESSAGE_ID, SUBJECT, REFERENCES, IN_REPLY_TO, WANTED };
static const char *const names[WANTED] = { "message-id", "subject", "references", "in-reply-to" };

static void find_fields(struct moxd_str header, struct moxd_str v[WANTED])
{
    struct moxd_field f;

    while (moxd_field_next(&header, &f))
        for (size_t i = 0; i < WANTED; i++)
            if (v[i].p == NULL && moxd_str_caseeqs(f.name, names[i]))
                v[i] = f.value;
}

/* RFC 3464 2, RFC 8098 3: reports of deliveries, and of what became of a message after that. */
static bool is_report(struct moxd_str header)
{
    struct moxd_field f;

    return moxd_header_find(header, "Content-Type", &f) &&
           moxd_str_casestarts(moxd_str_trim(f.value), MOXD_STR("multipart/report"));
}

bool store_head_has(struct moxd_str header)
{
    struct moxd_str v[WANTED] = { 0 };

    find_fields(header, v);
    for (size_t i = 0; i < WANTED; i++)
        if (v[i].p != NULL)
            return true;
    return false;
}

void store_head_parse(struct store_head *h, struct moxd_str header)
{
    struct moxd_str v[WANTED] = { 0 };

    *h = (struct store_head){ 0 };
    find_fields(header, v);
    if (v[MESSAGE_ID].p != NULL)
        take_msgid(h, v[MESSAGE_ID]);
    if (v[SUBJECT].p != NULL)
        take_subject(h, v[SUBJECT]);
    if (v[REFERENCES].p != NULL)
        take_references(h, v[REFERENCES]);
    if (v[IN_REPLY_TO].p != NULL)
        take_in_reply_to(h, v[IN_REPLY_TO]);
    drop_itself(h);
    if (h->nrefs > 0 && is_report(header))
        h->subject = STORE_SUBJECT_REPORT;
}
