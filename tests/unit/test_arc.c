/* Chains of ARC: made, prolonged, verified, broken (RFC 8617). */
#include "unit.h"

#include <moxmail/arc.h>

static struct moxd_arena *a;
static struct moxd_dkim_private *key;
static struct moxd_dkim_key public;
static char text[1 << 20];

static const char first[] =
    "From: a@example.org\r\nTo: list@example.com\r\nSubject: hi\r\n\r\nbody\r\n";

/* What a verifier would do: "none", "pass", or why not. */
static const char *verify(const char *message)
{
    struct moxd_str s = moxd_cstr(message), header = moxd_str_sub(s, 0, moxd_header_end(s));
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_dkim_header h;
    struct moxd_arc_chain c;
    const char *result;

    moxd_dkim_header_index(header, a, &h);
    moxd_arc_read(&h, a, &c);
    result = c.status == MOXD_ARC_FAIL ? c.reason : moxd_arc_status_name(c.status);
    if (c.status == MOXD_ARC_PASS) {
        const struct moxd_dkim_sig *sig = &c.sets[c.n - 1].message;
        int body = moxd_dkim_bodies_want(bs, sig->alg, sig->body_relaxed, UINT64_MAX);
        moxd_dkim_bodies_write(bs, s.p + header.n, s.n - header.n);
        moxd_dkim_bodies_end(bs);
        struct moxd_dkim_verdict v = moxd_dkim_verify(&h, sig, &public, bs, body, false);
        if (v.result != MOXD_DKIM_PASS)
            result = "message signature";
        for (size_t i = 0; i < c.n; i++)
            if (moxd_arc_verify_seal(&c, i, &public).result != MOXD_DKIM_PASS)
                result = "seal";
    }
    moxd_dkim_bodies_free(bs);
    return result;
}

/* One server more: the message with a set, in `text`. */
static void seal(const char *message, enum moxd_arc_status status)
{
    static const struct moxd_str names[] = { MOXD_STR("From"), MOXD_STR("Subject") };
    struct moxd_str s = moxd_cstr(message), header = moxd_str_sub(s, 0, moxd_header_end(s));
    struct moxd_authres results[] = {
        { .method = MOXD_STR("arc"), .result = moxd_cstr(moxd_arc_status_name(status)) },
        { .method = MOXD_STR("dmarc"), .result = MOXD_STR("pass") },
    };
    struct moxd_arc_sealing how = {
        .status = status,
        .id = MOXD_STR("mx.example.com"),
        .results = results,
        .nresults = 2,
        .how = { .domain = MOXD_STR("example.com"),
                 .selector = MOXD_STR("s1"),
                 .names = names,
                 .nnames = 2,
                 .signed_at = 1700000000 },
    };
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_buf out = MOXD_BUF_INIT(sizeof(text));
    struct moxd_dkim_header h;
    struct moxd_arc_chain c;
    int body = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, true, UINT64_MAX);

    moxd_dkim_bodies_write(bs, s.p + header.n, s.n - header.n);
    moxd_dkim_bodies_end(bs);
    moxd_dkim_header_index(header, a, &h);
    moxd_arc_read(&h, a, &c);
    ck_assert_int_eq(
        moxd_arc_seal(&c, &h, &how, key, moxd_dkim_bodies_hash(bs, body, NULL), &out, NULL), 0);
    moxd_buf_adds(&out, message);
    memcpy(text, out.p, out.n + 1);
    moxd_buf_fini(&out);
    moxd_dkim_bodies_free(bs);
}

static void setup(enum moxd_dkim_key_type type)
{
    a = moxd_arena_new(0);
    key = moxd_dkim_private_generate(type, 1024, NULL);
    moxd_dkim_private_public(key, a, &public);
}

static void teardown(void)
{
    moxd_dkim_private_unref(key);
    moxd_arena_free(a);
}

static void replace(const char *what, const char *with)
{
    char *at = strstr(text, what), *copy = strdup(at ? at + strlen(what) : "");

    ck_assert_msg(at, "no \"%s\"", what);
    strcpy(at, with);
    strcat(at, copy);
    free(copy);
}

START_TEST(three_servers)
{
    static char copy[1 << 20];

    for (int type = MOXD_DKIM_KEY_RSA; type <= MOXD_DKIM_KEY_ED25519; type++) {
        setup((enum moxd_dkim_key_type)type);
        ck_assert_str_eq(verify(first), "none");
        seal(first, MOXD_ARC_NONE);
        ck_assert_str_eq(verify(text), "pass");
        for (int i = 0; i < 2; i++) {
            strcpy(copy, text);
            /* what servers add on the way is not signed */
            strcpy(text, "Received: from a by b\r\n");
            strcat(text, copy);
            strcpy(copy, text);
            seal(copy, MOXD_ARC_PASS);
            ck_assert_str_eq(verify(text), "pass");
        }
        ck_assert(strstr(text, "ARC-Seal: i=3;") && strstr(text, "cv=none;") &&
                  strstr(text, "cv=pass;"));
        teardown();
    }
}
END_TEST

/* proves in part: P-AUTHN-01 */
START_TEST(changed)
{
    static char good[1 << 20], copy[1 << 20];
    static const struct {
        const char *what, *with, *result;
    } changes[] = {
        { "\r\nbody", "\r\nBody", "message signature" },
        { "Subject: hi", "Subject: ho", "message signature" },
        { "dmarc=pass", "dmarc=fail", "seal" },
        { "t=1700000000", "t=1700000001", "seal" },
        { "To: list", "To: other", "pass" },
        { "cv=none", "cv=pass", "a seal says something else than it may" },
        { "cv=pass", "cv=fail", "the chain was broken before" },
        { "cv=pass;", "cv=pass; h=from;", "a seal says something else than it may" },
        { "ARC-Seal: i=2", "ARC-Seal: i=3", "a set is not complete" },
        { "ARC-Seal: i=2", "X-Seal: i=2", "a set is not complete" },
        { "ARC-Seal: i=1", "ARC-Seal: i=2", "a field of a set is there twice" },
        { "ARC-Seal: i=2", "ARC-Seal: i=51", "too many sets" },
        { "ARC-Seal: i=2", "ARC-Seal: i=0", "a field of ARC without an instance" },
        { "ARC-Authentication-Results: i=2;",
          "ARC-Authentication-Results: ", "a field of ARC without an instance" },
        { "From:Subject;", "Subject;", "From is not signed" },
        { "From:Subject;", "From:ARC-Seal;", "the message signature covers a seal" },
    };

    setup(MOXD_DKIM_KEY_ED25519);
    seal(first, MOXD_ARC_NONE);
    strcpy(copy, text);
    seal(copy, MOXD_ARC_PASS);
    strcpy(good, text);
    for (size_t i = 0; i < MOXD_NELEMS(changes); i++) {
        strcpy(text, good);
        replace(changes[i].what, changes[i].with);
        const char *got = verify(text);
        ck_assert_msg(strcmp(got, changes[i].result) == 0, "%s: %s, want %s", changes[i].with, got,
                      changes[i].result);
    }
    teardown();
}
END_TEST

/* 5.1.2: a failed chain is sealed once more, alone, and then never again. */
START_TEST(broken_chains_end)
{
    static char copy[1 << 20];

    setup(MOXD_DKIM_KEY_ED25519);
    seal(first, MOXD_ARC_NONE);
    replace("dmarc=pass", "dmarc=fail");
    strcpy(copy, text);
    seal(copy, MOXD_ARC_FAIL);
    ck_assert(strstr(text, "ARC-Seal: i=2;") && strstr(text, "cv=fail;"));
    ck_assert_str_eq(verify(text), "the chain was broken before");
    strcpy(copy, text);
    seal(copy, MOXD_ARC_FAIL);
    ck_assert_str_eq(text, copy);
    teardown();
}
END_TEST

START_TEST(results_of_a_set)
{
    struct moxd_authres_field f;
    struct moxd_dkim_header h;
    struct moxd_arc_chain c;

    setup(MOXD_DKIM_KEY_ED25519);
    seal(first, MOXD_ARC_NONE);
    struct moxd_str s = moxd_cstr(text);
    moxd_dkim_header_index(moxd_str_sub(s, 0, moxd_header_end(s)), a, &h);
    moxd_arc_read(&h, a, &c);
    ck_assert_uint_eq(c.n, 1);
    ck_assert_int_eq(moxd_arc_results(&c, 0, a, &f, NULL), 0);
    ck_assert(moxd_str_eqs(f.id, "mx.example.com"));
    ck_assert_uint_eq(f.n, 2);
    ck_assert(moxd_str_eqs(f.v[1].method, "dmarc") && moxd_str_eqs(f.v[1].result, "pass"));
    teardown();
}
END_TEST

START_TEST(no_more_than_fifty)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    setup(MOXD_DKIM_KEY_ED25519);
    for (int i = 50; i > 0; i--)
        moxd_buf_addf(
            &b,
            "ARC-Seal: i=%d; a=ed25519-sha256; cv=%s; d=example.com; s=s1; b=eA==\r\n"
            "ARC-Message-Signature: i=%d; a=ed25519-sha256; d=example.com; s=s1; h=From; bh=eA==; "
            "b=eA==\r\nARC-Authentication-Results: i=%d; x; none\r\n",
            i, i == 1 ? "none" : "pass", i, i);
    moxd_buf_adds(&b, first);
    ck_assert_str_eq(verify(moxd_buf_cstr(&b)), "seal");
    seal(moxd_buf_cstr(&b), MOXD_ARC_PASS);
    ck_assert_str_eq(text, moxd_buf_cstr(&b));
    moxd_buf_fini(&b);
    teardown();
}
END_TEST

UNIT_MAIN("arc", three_servers, changed, broken_chains_end, results_of_a_set, no_more_than_fifty)
