#include "recipients.h"

#include "parsed.h"

#include <moxmail/address.h>
#include <moxmail/header_address.h>
#include <moxmail/summary.h>

enum {
    RECIPIENT_VERSION = 1,
    RECIPIENTS_MAX = 200, /* of a message: more are a list, not people that are known */
    RECORD_SIZE = 1 + 4 + 8 + 8,
};
#define TABLE MOXD_STR("store.recipients")

/* --- records ----------------------------------------------------------------------------------- */

/* Domain, NUL, localpart in lower case: no server tells apart what differs in case only (RFC 5321 2.4 lets it). False
 * when it is no key. */
static bool make_key(struct moxd_str localpart, struct moxd_str domain, struct store_key *out)
{
    struct moxd_buf key MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(STORE_TABLE_KEY_MAX);

    moxd_buf_addstr(&key, domain);
    moxd_buf_addc(&key, '\0');
    for (size_t i = 0; i < localpart.n; i++)
        moxd_buf_addc(&key, moxd_lower(localpart.p[i]));
    if (domain.n == 0 || key.overflow)
        return false;
    *out = store_key_module(TABLE, moxd_buf_str(&key));
    return true;
}

static int decode(struct store_tx *tx, struct moxd_str val, struct store_sent_to *out,
                  struct moxd_err *err)
{
    struct store_dec d = store_dec(val);
    unsigned version = store_dec_u8(&d);

    *out = (struct store_sent_to){ .messages = store_dec_u32(&d) };
    out->first = (int64_t)store_dec_u64(&d);
    out->last = (int64_t)store_dec_u64(&d);
    return store_dec_done(&d) && version == RECIPIENT_VERSION ? 0
                                                              : store_corrupt(tx, "recipient", err);
}

static int put(struct store_tx *tx, const struct store_key *key, const struct store_sent_to *to,
               struct moxd_err *err)
{
    unsigned char buf[RECORD_SIZE];
    struct store_enc e = { .p = buf, .cap = sizeof(buf) };

    store_enc_u8(&e, RECIPIENT_VERSION);
    store_enc_u32(&e, to->messages);
    store_enc_u64(&e, (uint64_t)to->first);
    store_enc_u64(&e, (uint64_t)to->last);
    return store_put(tx, key, store_enc_str(&e), err);
}

/* --- noting ------------------------------------------------------------------------------------ */

static int note_one(struct store_tx *tx, const struct moxd_hdraddr *ha, int64_t when,
                    struct moxd_err *err)
{
    struct store_sent_to to = { .first = when, .last = when };
    struct moxd_address ad;
    struct store_key key;
    struct moxd_str val;

    if (ha->kind != MOXD_HDRADDR_MAILBOX ||
        moxd_address_make(ha->localpart, ha->domain, MOXD_ADDRESS_UTF8, tx->arena, &ad, NULL) < 0 ||
        !make_key(ad.localpart, ad.domain.ascii, &key))
        return 0;
    int rc = store_get(tx, &key, &val, err);
    if (rc < 0 || (rc > 0 && decode(tx, val, &to, err) < 0))
        return -1;
    to.messages += to.messages < UINT32_MAX;
    to.first = when < to.first ? when : to.first;
    to.last = when > to.last ? when : to.last;
    return put(tx, &key, &to, err);
}

/* The recipients of one field; *left is what may still be taken of the message. */
static int note_field(struct store_tx *tx, struct moxd_str value, int64_t when, size_t *left,
                      struct moxd_err *err)
{
    struct moxd_hdraddr_iter it MOXD_CLEANUP(moxd_hdraddr_fini);
    struct moxd_hdraddr ha;

    moxd_hdraddr_init(&it, value);
    for (; *left > 0 && moxd_hdraddr_next(&it, &ha); --*left)
        if (note_one(tx, &ha, when, err) < 0)
            return -1;
    return 0;
}

int store_recipients_note(struct store_tx *tx, const struct store_box *box, struct moxd_str summary,
                          int64_t when, struct moxd_err *err)
{
    const struct moxd_str names[] = { MOXD_STR("To"), MOXD_STR("Cc"), MOXD_STR("Bcc") };
    struct moxd_summary_query q;
    struct moxd_summary s;
    struct moxd_field f;
    size_t left = RECIPIENTS_MAX;

    if (!(box->r.special_use & STORE_USE_SENT) || summary.n == 0 ||
        moxd_summary_read(&s, summary) < 0)
        return 0;
    moxd_summary_query(&q, names, MOXD_NELEMS(names), tx->arena);
    for (struct moxd_str rest = s.fields; moxd_summary_next(&rest, &q, &f);)
        if (note_field(tx, f.value, when, &left, err) < 0)
            return -1;
    return 0;
}

int store_recipients_note_stored(struct store_tx *tx, const struct store_box *box, uint32_t uid,
                                 int64_t when, struct moxd_err *err)
{
    struct store_key key = store_key_place(STORE_T_HEADER, box->id, uid);
    struct moxd_str val;

    if (!(box->r.special_use & STORE_USE_SENT))
        return 0;
    int rc = store_get(tx, &key, &val, err);
    if (rc <= 0)
        return rc;
    return store_recipients_note(tx, box, moxd_arena_str(tx->arena, val), when, err);
}

/* --- asking ------------------------------------------------------------------------------------ */

struct asking {
    struct store_tx *tx;
    struct store_sent_to *out;
    bool any;
    struct moxd_err *err;
};

static int add_up(void *arg, struct moxd_str key, struct moxd_str val)
{
    struct asking *as = arg;
    struct store_sent_to *out = as->out, to;

    (void)key;
    if (decode(as->tx, val, &to, as->err) < 0)
        return -1;
    out->messages =
        out->messages < UINT32_MAX - to.messages ? out->messages + to.messages : UINT32_MAX;
    out->first = !as->any || to.first < out->first ? to.first : out->first;
    out->last = !as->any || to.last > out->last ? to.last : out->last;
    as->any = true;
    return 0;
}

int store_tx_sent_to(struct store_tx *tx, struct moxd_str localpart, struct moxd_str domain,
                     struct store_sent_to *out, struct moxd_err *err)
{
    struct asking as = { tx, out, false, err };
    struct store_key key;
    struct moxd_str val;

    *out = (struct store_sent_to){ 0 };
    if (!make_key(localpart, domain, &key))
        return 0;
    if (localpart.n == 0) { /* all of the domain */
        if (store_scan(tx, &key, store_key_str(&key), add_up, &as, err) < 0)
            return -1;
        return as.any;
    }
    int rc = store_get(tx, &key, &val, err);
    return rc <= 0 ? rc : decode(tx, val, out, err) < 0 ? -1 : 1;
}
