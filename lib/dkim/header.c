/* Header fields for signatures: found from the bottom up (RFC 6376 5.4.2), made canonical (3.4.1, 3.4.2),
 * hashed (3.7). */
#include "dkim.h"

#include <stdlib.h>

static int compare(const void *a, const void *b, void *arg)
{
    const struct moxd_dkim_header *h = arg;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    int c = moxd_str_casecmp(h->v[i].name, h->v[k].name);
    return c != 0 ? c : i < k ? -1 : i > k;
}

void moxd_dkim_header_index(struct moxd_str header, struct moxd_arena *a,
                            struct moxd_dkim_header *out)
{
    struct moxd_field f;
    size_t cap = 0;

    *out = (struct moxd_dkim_header){ .n = 0 };
    while (!out->overflow && moxd_field_next(&header, &f)) {
        if (f.name.n > 0) {
            struct moxd_field *slot = moxd_arena_push(a, &out->v, &out->n, &cap, sizeof(f));
            *slot = f;
        }
        out->overflow = out->n > MOXD_DKIM_HEADER_MAX;
    }
    out->by_name = moxd_arena_calloc(a, out->n + 1, sizeof(*out->by_name));
    for (size_t i = 0; i < out->n; i++)
        out->by_name[i] = (uint32_t)i;
    qsort_r(out->by_name, out->n, sizeof(*out->by_name), compare, out);
}

/* Number of fields whose names are before the name, or with `same` not after it. */
static size_t rank(const struct moxd_dkim_header *h, struct moxd_str name, bool same)
{
    size_t lo = 0, hi = h->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = moxd_str_casecmp(h->v[h->by_name[mid]].name, name);
        if (c < 0 || (same && c == 0))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

size_t moxd_dkim_header_count(const struct moxd_dkim_header *h, struct moxd_str name)
{
    return rank(h, name, true) - rank(h, name, false);
}

/* The k-th field of that name from the bottom, NULL when there is none. */
static const struct moxd_field *from_bottom(const struct moxd_dkim_header *h, struct moxd_str name,
                                            size_t k)
{
    size_t first = rank(h, name, false), end = rank(h, name, true);
    return k < end - first ? &h->v[h->by_name[end - 1 - k]] : NULL;
}

/* Consumes the bytes of the value, each run of white space and line ends as one blank, none at its ends. */
static void put_relaxed_value(struct moxd_buf *b, struct moxd_str value)
{
    value = moxd_str_trim(value);
    for (size_t i = 0, start = 0; i <= value.n; i++) {
        char c = i < value.n ? value.p[i] : ' ';
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            continue;
        if (i > start) {
            if (start > 0)
                moxd_buf_addc(b, ' ');
            moxd_buf_add(b, value.p + start, i - start);
        }
        start = i + 1;
    }
}

static void put_field(struct moxd_buf *b, struct moxd_str raw, bool relaxed)
{
    if (!relaxed) {
        moxd_buf_addstr(b, raw);
        return;
    }
    struct moxd_str value = raw, name = moxd_str_trim(moxd_str_cut(&value, ':'));
    for (size_t i = 0; i < name.n; i++)
        moxd_buf_addc(b, moxd_lower(name.p[i]));
    moxd_buf_addc(b, ':');
    put_relaxed_value(b, value);
}

static struct moxd_str without_eol(struct moxd_str s)
{
    if (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

void moxd_dkim_canon_field(struct moxd_buf *b, struct moxd_str raw, bool relaxed)
{
    put_field(b, without_eol(raw), relaxed);
    moxd_buf_adds(b, "\r\n");
}

static size_t times_before(const struct moxd_dkim_sig *sig, size_t i)
{
    size_t times = 0;
    for (size_t k = 0; k < i; k++)
        times += moxd_str_caseeq(sig->names[k], sig->names[i]);
    return times;
}

/* 3.7: the signature's own field comes last, its b= is empty, and it has no line end. */
static void put_own(struct moxd_buf *b, const struct moxd_dkim_sig *sig)
{
    struct moxd_buf own = MOXD_BUF_INIT(sig->field.n);
    size_t at = (size_t)(sig->b_raw.p - sig->field.p);
    moxd_buf_add(&own, sig->field.p, at);
    moxd_buf_addstr(&own, moxd_str_from(sig->field, at + sig->b_raw.n));
    put_field(b, without_eol(moxd_buf_str(&own)), sig->header_relaxed);
    moxd_buf_fini(&own);
}

static void update(EVP_MD_CTX *ctx, struct moxd_buf *b)
{
    moxd_assert(!b->overflow);
    if (EVP_DigestUpdate(ctx, moxd_buf_cstr(b), b->n) != 1)
        moxd_panic("digest failed");
    moxd_buf_reset(b);
}

void mail_dkim_fields_hash(const struct moxd_str *fields, size_t nfields,
                           const struct moxd_dkim_sig *sig, unsigned char out[MOXD_DKIM_HASH_MAX],
                           size_t *n)
{
    struct moxd_buf b = MOXD_BUF_INIT(SIZE_MAX / 2); /* a field at a time */
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned len = 0;

    if (ctx == NULL || EVP_DigestInit_ex(ctx, mail_dkim_md(sig->alg), NULL) != 1)
        moxd_panic("no memory for a digest");
    for (size_t i = 0; i < nfields; i++) {
        moxd_dkim_canon_field(&b, fields[i], sig->header_relaxed);
        update(ctx, &b);
    }
    put_own(&b, sig);
    update(ctx, &b);
    if (EVP_DigestFinal_ex(ctx, out, &len) != 1)
        moxd_panic("digest failed");
    *n = len;
    EVP_MD_CTX_free(ctx);
    moxd_buf_fini(&b);
}

void mail_dkim_header_hash(const struct moxd_dkim_header *h, const struct moxd_dkim_sig *sig,
                           unsigned char out[MOXD_DKIM_HASH_MAX], size_t *n)
{
    struct moxd_str *fields = moxd_xcalloc(sig->nnames + 1, sizeof(*fields));
    size_t nfields = 0;

    for (size_t i = 0; i < sig->nnames; i++) {
        const struct moxd_field *f = from_bottom(h, sig->names[i], times_before(sig, i));
        if (f != NULL)
            fields[nfields++] = f->raw;
    }
    mail_dkim_fields_hash(fields, nfields, sig, out, n);
    free(fields);
}
