/* Signatures made and verified a second on one processor, with the body hashed each time;
 * CPU time. No DNS, no server. */

#include <moxmail/dkim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char header_text[] = "From: Joe <joe@a.test>\r\nTo: x@b.test\r\nSubject: Hi\r\n"
                                  "Date: Fri, 11 Jul 2003 21:00:37 -0700\r\n"
                                  "Message-ID: <1@a.test>\r\n\r\n";

static double cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct moxd_dkim_bodies *hash(struct moxd_str body, int *n)
{
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    *n = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, true, UINT64_MAX);
    moxd_dkim_bodies_write(bs, body.p, body.n);
    moxd_dkim_bodies_end(bs);
    return bs;
}

static void sign(const struct moxd_dkim_private *k, struct moxd_str body, struct moxd_buf *out)
{
    static const struct moxd_str names[] = { MOXD_STR("From"), MOXD_STR("To"), MOXD_STR("Subject"),
                                             MOXD_STR("Date"), MOXD_STR("Message-ID") };
    struct moxd_dkim_signing s = { .domain = MOXD_STR("a.test"),
                                   .selector = MOXD_STR("x"),
                                   .header_relaxed = true,
                                   .body_relaxed = true,
                                   .seal = true,
                                   .names = names,
                                   .nnames = MOXD_NELEMS(names),
                                   .expires = -1 };
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_dkim_header h;
    int n;
    struct moxd_dkim_bodies *bs = hash(body, &n);

    moxd_dkim_header_index(MOXD_STR(header_text), a, &h);
    moxd_buf_reset(out);
    moxd_assert(moxd_dkim_sign(&h, &s, k, moxd_dkim_bodies_hash(bs, n, NULL), out, NULL) == 0);
    moxd_dkim_bodies_free(bs);
    moxd_arena_free(a);
}

static void verify(struct moxd_str message, struct moxd_str record, struct moxd_str body)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_dkim_header h;
    struct moxd_dkim_sig sig;
    struct moxd_dkim_key key;
    struct moxd_dkim_verdict v;
    int n;
    struct moxd_dkim_bodies *bs = hash(body, &n);

    moxd_dkim_header_index(message, a, &h);
    moxd_assert(moxd_dkim_sig_parse(&h.v[0], a, &sig, &v) == 0 &&
                moxd_dkim_key_parse(record, a, &key, &v) == 0);
    v = moxd_dkim_verify(&h, &sig, &key, bs, n, false);
    moxd_assert(v.result == MOXD_DKIM_PASS);
    moxd_dkim_bodies_free(bs);
    moxd_arena_free(a);
}

static void measure(const char *name, enum moxd_dkim_key_type type, unsigned bits, size_t size)
{
    enum { SIGN = 300, VERIFY = 3000 };
    struct moxd_dkim_private *k = moxd_dkim_private_generate(type, bits, NULL);
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_buf sig = MOXD_BUF_INIT(1 << 16), record = MOXD_BUF_INIT(1 << 16);
    struct moxd_dkim_key public;
    char *body = malloc(size);

    for (size_t i = 0; i < size; i++)
        body[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : i % 6 == 5 ? ' ' : 'x';
    moxd_dkim_private_public(k, a, &public);
    moxd_dkim_key_put(&record, &public);
    double t0 = cpu();
    for (int i = 0; i < SIGN; i++)
        sign(k, moxd_str(body, size), &sig);
    double t1 = cpu();
    moxd_buf_adds(&sig, header_text);
    for (int i = 0; i < VERIFY; i++)
        verify(moxd_buf_str(&sig), moxd_buf_str(&record), moxd_str(body, size));
    double t2 = cpu();
    printf("%s, %zu bytes: sign %.0f us (%.0f/s), verify %.0f us (%.0f/s)\n", name, size,
           (t1 - t0) / SIGN * 1e6, SIGN / (t1 - t0), (t2 - t1) / VERIFY * 1e6, VERIFY / (t2 - t1));
    moxd_buf_fini(&sig);
    moxd_buf_fini(&record);
    moxd_arena_free(a);
    moxd_dkim_private_unref(k);
    free(body);
}

int main(void)
{
    static const size_t sizes[] = { 2048, 51200 };
    for (size_t i = 0; i < MOXD_NELEMS(sizes); i++) {
        measure("RSA-2048", MOXD_DKIM_KEY_RSA, 2048, sizes[i]);
        measure("RSA-1024", MOXD_DKIM_KEY_RSA, 1024, sizes[i]);
        measure("Ed25519", MOXD_DKIM_KEY_ED25519, 0, sizes[i]);
    }
    return 0;
}
