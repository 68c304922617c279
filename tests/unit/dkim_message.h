/* Verifies all signatures of a message in memory, with a function in place of DNS. */
#ifndef MOXD_DKIM_MESSAGE_H
#define MOXD_DKIM_MESSAGE_H

#include <moxmail/dkim.h>

/* The key record at a name, NULL when there is none. */
typedef const char *dkim_message_dns(void *arg, const char *name);

static inline struct moxd_dkim_verdict
dkim_message_verify(const struct moxd_dkim_header *h, const struct moxd_field *f,
                    struct moxd_str body, dkim_message_dns *dns, void *arg, int64_t now, bool weak,
                    struct moxd_arena *a)
{
    struct moxd_dkim_verdict v;
    struct moxd_dkim_sig sig;
    struct moxd_dkim_key key;

    if (moxd_dkim_sig_parse(f, a, &sig, &v) < 0 || moxd_dkim_sig_check(&sig, now, weak, &v) < 0)
        return v;
    const char *record = dns(arg, moxd_dkim_key_name(sig.selector, sig.domain, a));
    if (record == NULL)
        return (struct moxd_dkim_verdict){ MOXD_DKIM_PERMERROR, "no key" };
    if (moxd_dkim_key_parse(moxd_cstr(record), a, &key, &v) < 0 ||
        moxd_dkim_key_check(&key, &sig, &v) < 0)
        return v;
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int n = moxd_dkim_bodies_want(bs, sig.alg, sig.body_relaxed,
                                  sig.has_length ? sig.length : UINT64_MAX);
    moxd_dkim_bodies_write(bs, body.p, body.n);
    moxd_dkim_bodies_end(bs);
    v = moxd_dkim_verify(h, &sig, &key, bs, n, weak);
    moxd_dkim_bodies_free(bs);
    return v;
}

/* "pass fail": of all signatures, from the top; "" without any. In the arena. */
static inline const char *dkim_message_results(struct moxd_str message, dkim_message_dns *dns,
                                               void *arg, int64_t now, bool weak,
                                               struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 16);
    struct moxd_dkim_header h;
    size_t end = moxd_header_end(message);

    moxd_dkim_header_index(moxd_str_sub(message, 0, end), a, &h);
    for (size_t i = 0; i < h.n; i++) {
        if (!moxd_str_caseeqs(h.v[i].name, "DKIM-Signature"))
            continue;
        struct moxd_dkim_verdict v =
            dkim_message_verify(&h, &h.v[i], moxd_str_from(message, end), dns, arg, now, weak, a);
        moxd_buf_addf(&b, "%s%s", b.n ? " " : "", moxd_dkim_result_name(v.result));
    }
    const char *text = moxd_arena_cstr(a, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

#endif
