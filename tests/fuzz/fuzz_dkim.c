/* DKIM: an input is a message, or a key record behind a first byte 'K', a tag-list behind 'T', a private
 * key behind 'P'. Messages are verified with keys of RFC 8463 in place of what DNS would say. */
#include "fuzz.h"

#include <moxmail/dkim.h>
#include <moxmail/taglist.h>

static void taglist(struct moxd_str s)
{
    struct moxd_taglist l;
    if (moxd_taglist_parse(s, &l) < 0)
        return;
    moxd_assert(l.n > 0 && l.n <= MOXD_TAGS_MAX);
    for (size_t i = 0; i < l.n; i++) {
        struct moxd_str item, rest = l.v[i].value;
        moxd_assert(l.v[i].raw.n >= l.v[i].value.n && l.v[i].name.n > 0);
        while (moxd_taglist_item(&rest, &item))
            moxd_assert(item.n <= l.v[i].value.n);
    }
}

/* What is written is read as the same. */
static void record(struct moxd_str s, struct moxd_arena *a)
{
    struct moxd_dkim_key key, again;
    struct moxd_dkim_verdict why = { MOXD_DKIM_PASS, NULL };
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20), txt = MOXD_BUF_INIT(1 << 20);
    if (moxd_dkim_key_parse(s, a, &key, &why) < 0) {
        moxd_assert(why.result == MOXD_DKIM_PERMERROR && why.reason != NULL);
        return;
    }
    moxd_dkim_key_put(&b, &key);
    moxd_dkim_txt_put(&txt, moxd_buf_str(&b));
    moxd_assert(moxd_dkim_key_parse(moxd_buf_str(&b), a, &again, &why) == 0);
    moxd_assert(moxd_str_eq(again.p, key.p) && again.testing == key.testing &&
                again.strict == key.strict);
    moxd_dkim_key_bits(&key);
    moxd_buf_fini(&b);
    moxd_buf_fini(&txt);
}

static void private_key(struct moxd_str s)
{
    struct moxd_err err = { 0 };
    struct moxd_dkim_private *k = moxd_dkim_private_parse(s, &err);
    moxd_assert(k != NULL || err.kind == MOXD_ERR_INVALID);
    moxd_dkim_private_unref(k);
}

static struct moxd_str key_of(const struct moxd_dkim_sig *sig)
{
    return sig->alg == MOXD_DKIM_ED25519_SHA256
               ? MOXD_STR("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
               : MOXD_STR("k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                          "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                          "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                          "Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
}

static void signature(const struct moxd_dkim_header *h, const struct moxd_field *f,
                      struct moxd_str body, struct moxd_arena *a)
{
    struct moxd_dkim_sig sig;
    struct moxd_dkim_key key;
    struct moxd_dkim_verdict why = { MOXD_DKIM_PASS, NULL };
    bool good =
        moxd_dkim_sig_parse(f, a, &sig, &why) == 0 && moxd_dkim_sig_check(&sig, 0, true, &why) == 0;
    moxd_assert(good == (why.reason == NULL));
    if (!good)
        return;
    moxd_dkim_key_name(sig.selector, sig.domain, a);
    moxd_assert(moxd_dkim_key_parse(key_of(&sig), a, &key, &why) == 0);
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int n = moxd_dkim_bodies_want(bs, sig.alg, sig.body_relaxed,
                                  sig.has_length ? sig.length : UINT64_MAX);
    moxd_dkim_bodies_write(bs, body.p, body.n / 2);
    moxd_dkim_bodies_write(bs, body.p + body.n / 2, body.n - body.n / 2);
    moxd_dkim_bodies_end(bs);
    moxd_dkim_verify(h, &sig, &key, bs, n, true);
    sig.bh = moxd_dkim_bodies_hash(bs, n, NULL); /* get to the header */
    moxd_dkim_verify(h, &sig, &key, bs, n, true);
    moxd_dkim_bodies_free(bs);
}

static void message(struct moxd_str s, struct moxd_arena *a)
{
    struct moxd_dkim_header h;
    size_t end = moxd_header_end(s);
    moxd_dkim_header_index(moxd_str_sub(s, 0, end), a, &h);
    for (size_t i = 0, n = 0; i < h.n && n < 8; i++)
        if (moxd_str_caseeqs(h.v[i].name, "DKIM-Signature")) {
            signature(&h, &h.v[i], moxd_str_from(s, end), a);
            n++;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);
    struct moxd_arena *a = moxd_arena_new(0);
    char kind = size > 0 ? s.p[0] : 0;
    if (kind == 'K')
        record(moxd_str_from(s, 1), a);
    else if (kind == 'T')
        taglist(moxd_str_from(s, 1));
    else if (kind == 'P')
        private_key(moxd_str_from(s, 1));
    else
        message(s, a);
    moxd_arena_free(a);
    return 0;
}
