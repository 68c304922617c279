/* Making a signature (RFC 6376 5). */
#include "dkim.h"

#include <moxd/enc.h>
#include <moxmail/header_write.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "private.h"

enum { LINE = 69 /* what a folded line has room for, with its tab as 8 */ };

/* One name of h=: each field of that name, and with `seal` one that is not there. */
struct names {
    struct moxd_str *v;
    size_t n, cap;
};

static void add_names(struct names *out, const struct moxd_dkim_header *h, struct moxd_str name,
                      bool seal, struct moxd_arena *a)
{
    size_t times = moxd_dkim_header_count(h, name) + seal;
    for (size_t i = 0; i < times; i++) {
        struct moxd_str *slot = moxd_arena_push(a, &out->v, &out->n, &out->cap, sizeof(name));
        *slot = name;
    }
}

static bool named_before(const struct moxd_dkim_signing *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (moxd_str_caseeq(s->names[k], s->names[i]))
            return true;
    return false;
}

static int choose_names(const struct moxd_dkim_header *h, const struct moxd_dkim_signing *s,
                        struct moxd_arena *a, struct names *out, struct moxd_err *err)
{
    for (size_t i = 0; i < s->nnames && out->n <= MOXD_DKIM_NAMES_MAX; i++)
        if (!named_before(s, i))
            add_names(out, h, s->names[i], s->seal, a);
    for (size_t i = 0; i < s->nunsealed && out->n <= MOXD_DKIM_NAMES_MAX; i++)
        add_names(out, h, s->unsealed[i], false, a);
    if (h->overflow || out->n > MOXD_DKIM_NAMES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "too many header fields to sign");
    return 0;
}

/* As many names in a word as a line has room for. */
static void put_names(struct moxd_header_writer *w, const struct names *names)
{
    struct moxd_buf word = MOXD_BUF_INIT(LINE + MOXD_FIELD_NAME_MAX + 4);
    moxd_buf_adds(&word, "h=");
    for (size_t i = 0; i < names->n; i++) {
        moxd_buf_addstr(&word, names->v[i]);
        moxd_buf_addc(&word, i + 1 < names->n ? ':' : ';');
        if (i + 1 < names->n && word.n + names->v[i + 1].n < LINE)
            continue;
        moxd_hw_word(w, moxd_buf_str(&word));
        moxd_buf_reset(&word);
    }
    moxd_buf_fini(&word);
}

/* Base64 in words that a line has room for. */
static void put_base64(struct moxd_header_writer *w, const char *tag, struct moxd_str raw,
                       const char *end)
{
    struct moxd_buf b = MOXD_BUF_INIT(4 * raw.n + 16);
    moxd_buf_adds(&b, tag);
    moxd_b64_encode(&b, raw);
    moxd_buf_adds(&b, end);
    for (struct moxd_str rest = moxd_buf_str(&b); rest.n > 0; rest = moxd_str_from(rest, LINE))
        moxd_hw_word(w, moxd_str_sub(rest, 0, LINE));
    moxd_buf_fini(&b);
}

static void put_identity(struct moxd_header_writer *w, struct moxd_str id)
{
    struct moxd_buf b = MOXD_BUF_INIT(3 * id.n + 8);
    for (size_t i = 0; i < id.n; i++) {
        unsigned char c = (unsigned char)id.p[i];
        if (c <= 32 || c == ';' || c == '=' || c == 127)
            moxd_buf_addf(&b, "=%02X", c);
        else
            moxd_buf_addc(&b, (char)c);
    }
    moxd_hw_wordf(w, "i=%s;", moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
}

/* Everything but the signature; b= is last, so that it can be appended. */
static void put_field(struct moxd_buf *b, unsigned instance, const struct moxd_dkim_signing *s,
                      const struct moxd_dkim_private *k, const struct names *names,
                      struct moxd_str body)
{
    struct moxd_header_writer w;
    moxd_hw_begin(&w, b, instance ? "ARC-Message-Signature" : "DKIM-Signature");
    if (instance)
        moxd_hw_wordf(&w, "i=%u;", instance);
    else
        moxd_hw_wordf(&w, "v=1;");
    moxd_hw_wordf(&w, "d=%" MOXD_STRF ";", MOXD_STRA(s->domain));
    moxd_hw_wordf(&w, "s=%" MOXD_STRF ";", MOXD_STRA(s->selector));
    if (s->identity.n > 0)
        put_identity(&w, s->identity);
    moxd_hw_wordf(&w, "a=%s;", moxd_dkim_alg_name(k->alg));
    moxd_hw_wordf(&w, "c=%s/%s;", s->header_relaxed ? "relaxed" : "simple",
                  s->body_relaxed ? "relaxed" : "simple");
    moxd_hw_wordf(&w, "t=%lld;", (long long)s->signed_at);
    if (s->expires >= 0)
        moxd_hw_wordf(&w, "x=%lld;", (long long)s->expires);
    put_names(&w, names);
    put_base64(&w, "bh=", body, ";");
    moxd_hw_wordf(&w, "b=");
}

static int sign_rsa(EVP_PKEY_CTX *ctx, struct moxd_str hash, unsigned char *out, size_t *n)
{
    return ctx && EVP_PKEY_sign_init(ctx) == 1 &&
                   EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
                   EVP_PKEY_sign(ctx, out, n, (const unsigned char *)hash.p, hash.n) == 1
               ? 0
               : -1;
}

static int sign_ed25519(EVP_MD_CTX *ctx, EVP_PKEY *pkey, struct moxd_str hash, unsigned char *out,
                        size_t *n)
{
    return ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                   EVP_DigestSign(ctx, out, n, (const unsigned char *)hash.p, hash.n) == 1
               ? 0
               : -1;
}

static int sign_hash(const struct moxd_dkim_private *k, struct moxd_str hash, unsigned char *out,
                     size_t *n, struct moxd_err *err)
{
    EVP_PKEY_CTX *pkey_ctx = NULL;
    EVP_MD_CTX *md_ctx = NULL;
    int rc;
    if (k->alg == MOXD_DKIM_RSA_SHA256)
        rc = sign_rsa(pkey_ctx = EVP_PKEY_CTX_new(k->pkey, NULL), hash, out, n);
    else
        rc = sign_ed25519(md_ctx = EVP_MD_CTX_new(), k->pkey, hash, out, n);
    EVP_PKEY_CTX_free(pkey_ctx);
    EVP_MD_CTX_free(md_ctx);
    ERR_clear_error();
    return rc == 0 ? 0 : moxd_err_set(err, MOXD_ERR_INTERNAL, "OpenSSL cannot sign");
}

/* Signs the hash, and ends the field. */
static int finish(struct moxd_buf *b, const struct moxd_dkim_private *k, struct moxd_str hash,
                  struct moxd_err *err)
{
    unsigned char sig[MOXD_DKIM_RSA_MAX / 8];
    size_t n = sizeof(sig);

    if (sign_hash(k, hash, sig, &n, err) < 0)
        return -1;
    struct moxd_header_writer w = { .b = b, .column = MOXD_FOLD_COLUMN };
    put_base64(&w, "", moxd_str((char *)sig, n), "");
    moxd_hw_end(&w);
    return 0;
}

/* The field that is in b from `start` on, as if it were a signature of somebody. */
static struct moxd_dkim_sig own(const struct moxd_buf *b, size_t start, bool relaxed,
                                const struct moxd_dkim_private *k)
{
    struct moxd_str field = moxd_str_from(moxd_buf_str(b), start);

    return (struct moxd_dkim_sig){ .field = field,
                                   .b_raw = moxd_str(field.p + field.n, 0),
                                   .alg = k->alg,
                                   .header_relaxed = relaxed };
}

int mail_dkim_sign_fields(const struct moxd_str *fields, size_t nfields, struct moxd_buf *b,
                          size_t start, bool relaxed, const struct moxd_dkim_private *k,
                          struct moxd_err *err)
{
    struct moxd_dkim_sig sig = own(b, start, relaxed, k);
    unsigned char hash[MOXD_DKIM_HASH_MAX];
    size_t n;

    mail_dkim_fields_hash(fields, nfields, &sig, hash, &n);
    return finish(b, k, moxd_str((char *)hash, n), err);
}

static int sign_names(const struct moxd_dkim_header *h, const struct names *names,
                      struct moxd_buf *b, size_t start, bool relaxed,
                      const struct moxd_dkim_private *k, struct moxd_err *err)
{
    struct moxd_dkim_sig sig = own(b, start, relaxed, k);
    unsigned char hash[MOXD_DKIM_HASH_MAX];
    size_t n;

    sig.names = names->v;
    sig.nnames = names->n;
    mail_dkim_header_hash(h, &sig, hash, &n);
    return finish(b, k, moxd_str((char *)hash, n), err);
}

int mail_dkim_sign_as(unsigned instance, const struct moxd_dkim_header *h,
                      const struct moxd_dkim_signing *s, const struct moxd_dkim_private *k,
                      struct moxd_str body, struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct names names = { .n = 0 };
    size_t start = out->n;
    int rc = choose_names(h, s, a, &names, err);
    if (rc == 0) {
        put_field(out, instance, s, k, &names, body);
        rc = sign_names(h, &names, out, start, s->header_relaxed, k, err);
    }
    if (rc == 0 && out->overflow)
        rc = moxd_err_set(err, MOXD_ERR_LIMIT, "no room for a signature");
    moxd_arena_free(a);
    return rc;
}

int moxd_dkim_sign(const struct moxd_dkim_header *h, const struct moxd_dkim_signing *s,
                   const struct moxd_dkim_private *k, struct moxd_str body, struct moxd_buf *out,
                   struct moxd_err *err)
{
    return mail_dkim_sign_as(0, h, s, k, body, out, err);
}
