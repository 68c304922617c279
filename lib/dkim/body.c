/* Body canonicalization (RFC 6376 3.4.3, 3.4.4) and hashes, in one pass: each canonical form is made once,
 * and hashed for every length that somebody wants. What has to wait to be known as trailing is counted,
 * never kept. */
#include "dkim.h"

#include <stdlib.h>

/* What a body looks like on its way to be canonical. */
struct canon {
    bool relaxed;
    bool cr;        /* a CR waits for its LF */
    bool wsp;       /* relaxed: white space waits for something behind it in its line */
    bool any;       /* something that is no empty line was there */
    uint64_t crlfs; /* line ends that wait */
    uint64_t total; /* bytes so far, as canonical */
    size_t n;       /* of out */
    char out[4096]; /* so that digests get more than a few bytes at a time */
    struct moxd_buf *tee;
};
struct want {
    const EVP_MD *md;
    bool relaxed;
    uint64_t length, left;
    EVP_MD_CTX *ctx;
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_n;
};
struct moxd_dkim_bodies {
    struct canon canon[2]; /* by relaxed */
    bool used[2];
    struct want wants[MOXD_DKIM_BODIES_MAX];
    int n;
};

struct moxd_dkim_bodies *moxd_dkim_bodies_new(void)
{
    struct moxd_dkim_bodies *bs = moxd_xcalloc(1, sizeof(*bs));
    bs->canon[true].relaxed = true;
    return bs;
}

void moxd_dkim_bodies_free(struct moxd_dkim_bodies *bs)
{
    for (int i = 0; bs != NULL && i < bs->n; i++)
        EVP_MD_CTX_free(bs->wants[i].ctx);
    free(bs);
}

void moxd_dkim_bodies_tee(struct moxd_dkim_bodies *bs, struct moxd_buf *simple,
                          struct moxd_buf *relaxed)
{
    bs->canon[false].tee = simple;
    bs->canon[true].tee = relaxed;
    bs->used[false] |= simple != NULL;
    bs->used[true] |= relaxed != NULL;
}

int moxd_dkim_bodies_want(struct moxd_dkim_bodies *bs, enum moxd_dkim_alg alg, bool relaxed,
                          uint64_t length)
{
    const EVP_MD *md = mail_dkim_md(alg);
    for (int i = 0; i < bs->n; i++)
        if (bs->wants[i].md == md && bs->wants[i].relaxed == relaxed &&
            bs->wants[i].length == length)
            return i;
    if (bs->n == MOXD_DKIM_BODIES_MAX)
        return -1;
    struct want *w = &bs->wants[bs->n];
    *w = (struct want){ .md = md, .relaxed = relaxed, .length = length, .left = length };
    w->ctx = EVP_MD_CTX_new();
    if (w->ctx == NULL || EVP_DigestInit_ex(w->ctx, md, NULL) != 1)
        moxd_panic("no memory for a digest");
    bs->used[relaxed] = true;
    return bs->n++;
}

/* --- to the digests ------------------------------------------------------------------------------ */

static void digest(struct moxd_dkim_bodies *bs, struct canon *c, const char *p, size_t n)
{
    for (int i = 0; i < bs->n; i++) {
        struct want *w = &bs->wants[i];
        if (w->relaxed != c->relaxed || w->left == 0)
            continue;
        size_t part = w->left < n ? (size_t)w->left : n;
        if (EVP_DigestUpdate(w->ctx, p, part) != 1)
            moxd_panic("digest failed");
        w->left -= part;
    }
    if (c->tee)
        moxd_buf_add(c->tee, p, n);
    c->total += n;
}

static void flush(struct moxd_dkim_bodies *bs, struct canon *c)
{
    digest(bs, c, c->out, c->n);
    c->n = 0;
}

static void emit(struct moxd_dkim_bodies *bs, struct canon *c, const char *p, size_t n)
{
    if (n > sizeof(c->out) - c->n)
        flush(bs, c);
    if (n > sizeof(c->out)) {
        digest(bs, c, p, n);
        return;
    }
    memcpy(c->out + c->n, p, n);
    c->n += n;
}

/* --- canonical forms ----------------------------------------------------------------------------- */

/* Bytes that are no white space in the sense of the form: what waited is not trailing. */
static void content(struct moxd_dkim_bodies *bs, struct canon *c, const char *p, size_t n)
{
    for (; c->crlfs > 0; c->crlfs--)
        emit(bs, c, "\r\n", 2);
    if (c->wsp)
        emit(bs, c, " ", 1);
    c->wsp = false;
    c->any = true;
    emit(bs, c, p, n);
}

static bool is_wsp(char ch)
{
    return ch == ' ' || ch == '\t';
}

/* Length of the bytes at p that are content. */
static size_t content_len(const struct canon *c, const char *p, size_t n)
{
    size_t i = 0;
    if (!c->relaxed) {
        const char *cr = memchr(p, '\r', n);
        return cr ? (size_t)(cr - p) : n;
    }
    while (i < n && p[i] != '\r' && !is_wsp(p[i]))
        i++;
    return i;
}

static void write_form(struct moxd_dkim_bodies *bs, struct canon *c, const char *p, size_t n)
{
    for (const char *end = p + n; p < end;) {
        if (c->cr) {
            c->cr = false;
            if (*p == '\n') {
                c->wsp = false;
                c->crlfs++;
                p++;
                continue;
            }
            content(bs, c, "\r", 1);
        }
        if (*p == '\r') {
            c->cr = true;
            p++;
        } else if (c->relaxed && is_wsp(*p)) {
            c->wsp = true;
            p++;
        } else {
            size_t len = content_len(c, p, (size_t)(end - p));
            content(bs, c, p, len);
            p += len;
        }
    }
}

void moxd_dkim_bodies_write(struct moxd_dkim_bodies *bs, const char *p, size_t n)
{
    for (int i = 0; i < 2; i++)
        if (bs->used[i])
            write_form(bs, &bs->canon[i], p, n);
}

/* Simple: a body ends with one CRLF, also an empty one. Relaxed: one that is not empty does. */
static void end_form(struct moxd_dkim_bodies *bs, struct canon *c)
{
    if (c->cr)
        content(bs, c, "\r", 1);
    if (!c->relaxed || c->any)
        emit(bs, c, "\r\n", 2);
    flush(bs, c);
}

void moxd_dkim_bodies_end(struct moxd_dkim_bodies *bs)
{
    for (int i = 0; i < 2; i++)
        if (bs->used[i])
            end_form(bs, &bs->canon[i]);
    for (int i = 0; i < bs->n; i++)
        if (EVP_DigestFinal_ex(bs->wants[i].ctx, bs->wants[i].hash, &bs->wants[i].hash_n) != 1)
            moxd_panic("digest failed");
}

struct moxd_str moxd_dkim_bodies_hash(const struct moxd_dkim_bodies *bs, int number,
                                      uint64_t *canonical)
{
    moxd_assert(number >= 0 && number < bs->n);
    const struct want *w = &bs->wants[number];
    if (canonical)
        *canonical = bs->canon[w->relaxed].total;
    return moxd_str((const char *)w->hash, w->hash_n);
}
