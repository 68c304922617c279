/* proves in part: P-AUTHN-01, DNS-05, DNS-06 */
#include "unit.h"

#include <moxmail/dkim.h>
#include <moxmail/taglist.h>
#include <stdio.h>

#include "dkim_message.h"

static struct moxd_arena *arena;

START_TEST(tag_lists)
{
    struct moxd_taglist l;
    ck_assert_int_eq(moxd_taglist_parse(MOXD_STR(" a = 1 2;b_2\t=\r\n x;C=; "), &l), 0);
    ck_assert_uint_eq(l.n, 3);
    ck_assert(moxd_str_eqs(moxd_taglist_find(&l, "a")->value, "1 2"));
    ck_assert(moxd_str_eqs(moxd_taglist_find(&l, "b_2")->value, "x"));
    ck_assert(moxd_str_eqs(moxd_taglist_find(&l, "b_2")->raw, "\r\n x"));
    ck_assert(moxd_str_eqs(moxd_taglist_find(&l, "C")->value, ""));
    ck_assert_ptr_null(moxd_taglist_find(&l, "c"));
    static const char *const bad[] = { "",       ";",         "a",      "a=1;;b=2",   "a=1;a=2",
                                       "1=2",    "a b=1",     "a=\x01", "=1",         "a=1; b",
                                       "a=\xff", "a=1;b=2;a", "a-b=1",  "a=1;  ; b=2" };
    for (size_t i = 0; i < MOXD_NELEMS(bad); i++)
        ck_assert_msg(moxd_taglist_parse(moxd_cstr(bad[i]), &l) < 0, "%s", bad[i]);
    struct moxd_buf many = MOXD_BUF_INIT(4096);
    for (int i = 0; i <= MOXD_TAGS_MAX; i++)
        moxd_buf_addf(&many, "t%d=1;", i);
    ck_assert_int_lt(moxd_taglist_parse(moxd_buf_str(&many), &l), 0);
    moxd_buf_fini(&many);
}
END_TEST

static int parse_sig(const char *value, struct moxd_dkim_sig *sig, struct moxd_dkim_verdict *why)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    moxd_buf_addf(&b, "DKIM-Signature: %s\r\n", value);
    struct moxd_str raw = moxd_arena_str(arena, moxd_buf_str(&b)), rest = raw;
    struct moxd_field f;
    moxd_buf_fini(&b);
    ck_assert(moxd_field_next(&rest, &f));
    *why = (struct moxd_dkim_verdict){ MOXD_DKIM_PASS, NULL };
    return moxd_dkim_sig_parse(&f, arena, sig, why);
}

/* The example of RFC 6376 3.5. */
START_TEST(signature_example)
{
    struct moxd_dkim_sig sig;
    struct moxd_dkim_verdict why;
    ck_assert_int_eq(
        parse_sig("v=1; a=rsa-sha256; d=example.net; s=brisbane;\r\n"
                  "      c=simple; q=dns/txt; i=@eng.example.net;\r\n"
                  "      t=1117574938; x=1118006938;\r\n"
                  "      h=from:to:subject:date;\r\n"
                  "      z=From:foo@eng.example.net|To:joe@example.com|\r\n"
                  "       Subject:demo=20run|Date:July=205,=202005=203:44:08=20PM=20-0700;\r\n"
                  "      bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=;\r\n"
                  "      b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR",
                  &sig, &why),
        0);
    ck_assert_int_eq(sig.alg, MOXD_DKIM_RSA_SHA256);
    ck_assert(!sig.header_relaxed && !sig.body_relaxed && !sig.has_length);
    ck_assert(moxd_str_eqs(sig.domain, "example.net"));
    ck_assert(moxd_str_eqs(sig.selector, "brisbane"));
    ck_assert(moxd_str_eqs(sig.identity, "@eng.example.net"));
    ck_assert(moxd_str_eqs(sig.identity_domain, "eng.example.net"));
    ck_assert(moxd_str_eqs(sig.bh, "12345678901234567890123456789012"));
    ck_assert_uint_eq(sig.b.n, 48);
    ck_assert_uint_eq(sig.nnames, 4);
    ck_assert(moxd_str_eqs(sig.names[3], "date"));
    ck_assert_int_eq(sig.signed_at, 1117574938);
    ck_assert_int_eq(sig.expires, 1118006938);
    ck_assert_str_eq(moxd_dkim_key_name(sig.selector, sig.domain, arena),
                     "brisbane._domainkey.example.net");
    ck_assert_int_eq(moxd_dkim_sig_check(&sig, 1118006938 + MOXD_DKIM_SLACK, false, &why), 0);
    ck_assert_int_lt(moxd_dkim_sig_check(&sig, 1118006939 + MOXD_DKIM_SLACK, false, &why), 0);
    ck_assert_str_eq(why.reason, "signature expired");
}
END_TEST

#define REST "bh=AAAA; b=AAAA; h=From; "

/* What is wrong, with its result. */
START_TEST(bad_signatures)
{
    static const struct {
        const char *value, *result, *reason;
    } cases[] = {
        { "v=1; a=rsa-sha256; d=a.test; s=x; " REST, "pass", "" },
        { "a=rsa-sha256; d=a.test; s=x; " REST, "permerror", "no version" },
        { "v=2; a=rsa-sha256; d=a.test; s=x; " REST, "permerror", "incompatible version" },
        { "v=1; d=a.test; s=x; " REST, "permerror", "no algorithm" },
        { "v=1; a=rsa-sha256; s=x; " REST, "permerror", "no signing domain" },
        { "v=1; a=rsa-sha256; d=a.test; " REST, "permerror", "no selector" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; bh=AAAA; b=AAAA", "permerror",
          "no list of signed fields" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; h=From; b=AAAA", "permerror", "no body hash" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; h=From; bh=AAAA", "permerror", "no signature data" },
        { "v=1; a=rsa-md5; d=a.test; s=x; " REST, "neutral", "unknown algorithm" },
        { "v=1; a=rsa-sha1; d=a.test; s=x; " REST, "permerror", "rsa-sha1 is historic" },
        { "v=1; a=rsa-sha256; d=test; s=x; " REST, "neutral", "signing domain has one label only" },
        { "v=1; a=rsa-sha256; d=localhost; s=x; " REST, "pass", "" },
        { "v=1; a=rsa-sha256; d=[192.0.2.1]; s=x; " REST, "neutral",
          "signing domain is no domain name" },
        { "v=1; a=rsa-sha256; d=a..test; s=x; " REST, "neutral",
          "signing domain is no domain name" },
        { "v=1; a=rsa-sha256; d=a.test; s=x y; " REST, "neutral", "malformed selector" },
        { "v=1; a=rsa-sha256; d=a.test; s=; " REST, "neutral", "malformed selector" },
        { "v=1; a=rsa-sha256; d=a.test; d=b.test; s=x; " REST, "neutral",
          "malformed tags, or one twice" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; foo; " REST, "neutral",
          "malformed tags, or one twice" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; h=To:Subject; bh=AAAA; b=AAAA", "permerror",
          "From is not signed" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; h=From:; bh=AAAA; b=AAAA", "neutral",
          "malformed list of signed fields" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; h=; bh=AAAA; b=AAAA", "neutral",
          "malformed list of signed fields" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; i=u@b.test; " REST, "permerror",
          "identity is not within the signing domain" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; i=u@ba.test; " REST, "permerror",
          "identity is not within the signing domain" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; i=u@B.A.Test; " REST, "pass", "" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; i=u; " REST, "neutral", "malformed identity" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; i==4; " REST, "neutral", "malformed identity" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; c=relaxed/strict; " REST, "neutral",
          "unknown canonicalization" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; q=http; " REST, "neutral", "unknown query method" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; q=http : dns/txt; " REST, "pass", "" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; l=-1; " REST, "neutral", "malformed body length" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; t=x; " REST, "neutral", "malformed time" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; t=20; x=20; " REST, "permerror",
          "expired before it was signed" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; x=99999999999999999999999; " REST, "pass", "" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; bh=A; b=AAAA; h=From", "neutral",
          "body hash is not base64" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; bh=AAAA; b=!; h=From", "neutral",
          "signature is not base64" },
        { "v=1; a=rsa-sha256; d=a.test; s=x; bh=AAAA; b=; h=From", "neutral",
          "signature is not base64" },
        /* unknown tags, padding left out, white space in base64 */
        { "v=1; a=rsa-sha256; d=a.test; s=x; zz=1; bh=A A\r\n AA; b=AAA; h=From", "pass", "" },
        { "v=1; a=rsa-sha256; d=xn--bcher-kva.test; s=x; i=u@b\xc3\xbc"
          "cher.test; " REST,
          "pass", "" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_dkim_sig sig;
        struct moxd_dkim_verdict why;
        if (parse_sig(cases[i].value, &sig, &why) == 0)
            (void)!moxd_dkim_sig_check(&sig, 1700000000, false, &why);
        ck_assert_msg(strcmp(moxd_dkim_result_name(why.result), cases[i].result) == 0 &&
                          strcmp(why.reason ? why.reason : "", cases[i].reason) == 0,
                      "%s: %s, %s", cases[i].value, moxd_dkim_result_name(why.result), why.reason);
    }
}
END_TEST

/* What is reported is there although something else is wrong. */
START_TEST(partly_read)
{
    struct moxd_dkim_sig sig;
    struct moxd_dkim_verdict why;
    ck_assert_int_lt(parse_sig("v=1; a=x; b=abcdefgh1234; d=A.test; s=sel; h=From", &sig, &why), 0);
    ck_assert(moxd_str_eqs(sig.domain, "a.test"));
    ck_assert(moxd_str_eqs(sig.selector, "sel"));
    ck_assert(moxd_str_eqs(sig.alg_text, "x"));
    ck_assert(moxd_str_eqs(sig.b_text, "abcdefgh1234"));
}
END_TEST

START_TEST(limits)
{
    struct moxd_dkim_sig sig;
    struct moxd_dkim_verdict why;
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    moxd_buf_adds(&b, "v=1; a=rsa-sha256; d=a.test; s=x; bh=AAAA; b=AAAA; h=From");
    for (int i = 0; i < MOXD_DKIM_NAMES_MAX; i++)
        moxd_buf_adds(&b, ":X");
    ck_assert_int_lt(parse_sig(moxd_buf_cstr(&b), &sig, &why), 0);
    ck_assert_int_eq(why.result, MOXD_DKIM_POLICY);
    moxd_buf_reset(&b);
    moxd_buf_adds(&b, "v=1; a=rsa-sha256; d=a.test; s=x; bh=AAAA; h=From; b=");
    for (int i = 0; i < MOXD_DKIM_FIELD_MAX; i++)
        moxd_buf_addc(&b, 'A');
    ck_assert_int_lt(parse_sig(moxd_buf_cstr(&b), &sig, &why), 0);
    ck_assert_int_eq(why.result, MOXD_DKIM_POLICY);
    moxd_buf_fini(&b);
}
END_TEST

/* --- canonicalization ------------------------------------------------------------------------------ */

static void canon_body(const char *in, size_t step, const char *simple, const char *relaxed)
{
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_buf s = MOXD_BUF_INIT(1 << 20), r = MOXD_BUF_INIT(1 << 20);
    struct moxd_str rest = moxd_cstr(in);
    moxd_dkim_bodies_tee(bs, &s, &r);
    for (; rest.n > 0; rest = moxd_str_from(rest, step)) {
        struct moxd_str piece = moxd_str_sub(rest, 0, step);
        moxd_dkim_bodies_write(bs, piece.p, piece.n);
    }
    moxd_dkim_bodies_end(bs);
    ck_assert_str_eq(moxd_buf_cstr(&s), simple);
    ck_assert_str_eq(moxd_buf_cstr(&r), relaxed);
    moxd_buf_fini(&s);
    moxd_buf_fini(&r);
    moxd_dkim_bodies_free(bs);
}

START_TEST(bodies)
{
    static const struct {
        const char *in, *simple, *relaxed;
    } cases[] = {
        /* RFC 6376 3.4.5 */
        { " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n" },
        { "", "\r\n", "" },
        { "\r\n", "\r\n", "" },
        { "\r\n\r\n\r\n", "\r\n", "" },
        { " \r\n\t\r\n", " \r\n\t\r\n", "" },
        { " ", " \r\n", "" },
        { "a", "a\r\n", "a\r\n" },
        { "a ", "a \r\n", "a\r\n" },
        { "\r\n\r\na\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n", "\r\n\r\na\r\n\r\nb\r\n" },
        { "a\r\n \r\nb\r\n \r\n", "a\r\n \r\nb\r\n \r\n", "a\r\n\r\nb\r\n" },
        { "a\r\n\r\n b", "a\r\n\r\n b\r\n", "a\r\n\r\n b\r\n" },
        { "a\t \tb  \r\n", "a\t \tb  \r\n", "a b\r\n" },
        { "a \r b\r", "a \r b\r\r\n", "a \r b\r\r\n" },
        { "a\nb\r\r\n", "a\nb\r\r\n", "a\nb\r\r\n" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        for (size_t step = 1; step <= 20; step++)
            canon_body(cases[i].in, step, cases[i].simple, cases[i].relaxed);
}
END_TEST

START_TEST(fields)
{
    static const struct {
        const char *in, *relaxed;
    } cases[] = {
        { "A: X\r\n", "a:X\r\n" },
        { "B : Y\t\r\n\tZ  \r\n", "b:Y Z\r\n" },
        { "SUBJect:  \t\r\n", "subject:\r\n" },
        { "x:a\r\n b\r\n\r\n", "x:a b\r\n" },
        { "x:a", "x:a\r\n" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_buf b = MOXD_BUF_INIT(1000);
        moxd_dkim_canon_field(&b, moxd_cstr(cases[i].in), true);
        ck_assert_str_eq(moxd_buf_cstr(&b), cases[i].relaxed);
        moxd_buf_fini(&b);
    }
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    moxd_dkim_canon_field(&b, MOXD_STR("B : Y\t\r\n\tZ  \r\n"), false);
    ck_assert_str_eq(moxd_buf_cstr(&b), "B : Y\t\r\n\tZ  \r\n");
    moxd_buf_fini(&b);
}
END_TEST

/* The same wish is one hash; lengths count canonical bytes. */
START_TEST(body_hashes)
{
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int all = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, true, UINT64_MAX);
    ck_assert_int_eq(moxd_dkim_bodies_want(bs, MOXD_DKIM_ED25519_SHA256, true, UINT64_MAX), all);
    int none = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, true, 0);
    int two = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, false, 2);
    int crlf = moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, false, UINT64_MAX);
    ck_assert(all != none && none != two && two != crlf);
    moxd_dkim_bodies_write(bs, "\r\n \r\n", 5);
    moxd_dkim_bodies_end(bs);
    uint64_t n;
    struct moxd_str empty = moxd_dkim_bodies_hash(bs, none, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert(moxd_str_eq(empty, moxd_dkim_bodies_hash(bs, all, NULL)));
    ck_assert_uint_eq((unsigned char)empty.p[0], 0xe3); /* SHA-256 of nothing: e3b0c442... */
    ck_assert_uint_eq((unsigned char)empty.p[1], 0xb0);
    moxd_dkim_bodies_hash(bs, two, &n);
    ck_assert_uint_eq(n, 5);
    for (uint64_t i = 0; i < MOXD_DKIM_BODIES_MAX - 4; i++)
        ck_assert_int_ge(moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, false, 100 + i), 0);
    ck_assert_int_eq(moxd_dkim_bodies_want(bs, MOXD_DKIM_RSA_SHA256, false, 99), -1);
    moxd_dkim_bodies_free(bs);
}
END_TEST

/* --- keys ------------------------------------------------------------------------------------------ */

static const char *key_verdict(const char *record, const char *sig_tags)
{
    struct moxd_dkim_key key;
    struct moxd_dkim_sig sig;
    struct moxd_dkim_verdict why = { MOXD_DKIM_PASS, NULL };
    char text[400];
    snprintf(text, sizeof(text), "v=1; d=a.test; s=x; " REST "%s", sig_tags);
    ck_assert_int_eq(parse_sig(text, &sig, &why), 0);
    if (moxd_dkim_key_parse(moxd_cstr(record), arena, &key, &why) == 0)
        (void)!moxd_dkim_key_check(&key, &sig, &why);
    ck_assert(why.result == MOXD_DKIM_PASS || why.result == MOXD_DKIM_PERMERROR);
    return why.reason ? why.reason : "";
}

START_TEST(key_records)
{
    static const struct {
        const char *record, *sig, *reason;
    } cases[] = {
        { "p=AAAA", "a=rsa-sha256", "" },
        { "v=DKIM1; p=AA\r\n AA; n=x; k = RSA ; zz=1;", "a=rsa-sha256", "" },
        { "v=DKIM2; p=AAAA", "a=rsa-sha256", "unknown version of key record" },
        { "v=DKIM1.0; p=AAAA", "a=rsa-sha256", "unknown version of key record" },
        { "p=AAAA; v=DKIM1", "a=rsa-sha256", "unknown version of key record" },
        { "v=spf1 -all", "a=rsa-sha256", "unknown version of key record" },
        { "google-site-verification: x", "a=rsa-sha256", "malformed key record" },
        { "v=DKIM1; p=AAAA; p=BBBB", "a=rsa-sha256", "malformed key record" },
        { "v=DKIM1", "a=rsa-sha256", "no key in key record" },
        { "v=DKIM1; p=", "a=rsa-sha256", "key revoked" },
        { "v=DKIM1; p=*", "a=rsa-sha256", "key is not base64" },
        { "k=ed25519; p=AAAA", "a=rsa-sha256", "key of another algorithm" },
        { "k=rsa; p=AAAA", "a=ed25519-sha256", "key of another algorithm" },
        { "k=dsa; p=AAAA", "a=rsa-sha256", "key of another algorithm" },
        { "h=sha1; p=AAAA", "a=rsa-sha256", "key not for this hash algorithm" },
        { "h=sha1 : SHA256; p=AAAA", "a=rsa-sha256", "" },
        { "h=sha256; p=AAAA", "a=rsa-sha1", "key not for this hash algorithm" },
        { "s=tlsrpt; p=AAAA", "a=rsa-sha256", "key not for email" },
        { "s=tlsrpt:email; p=AAAA", "a=rsa-sha256", "" },
        { "s=*; p=AAAA", "a=rsa-sha256", "" },
        { "t=s; p=AAAA", "a=rsa-sha256; i=u@sub.a.test", "key not for subdomains" },
        { "t=s; p=AAAA", "a=rsa-sha256; i=u@a.test", "" },
        { "t=y:s; p=AAAA", "a=rsa-sha256", "" },
        { "t=y; p=AAAA", "a=rsa-sha256; i=@sub.a.test", "" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_assert_msg(strcmp(key_verdict(cases[i].record, cases[i].sig), cases[i].reason) == 0,
                      "%s: %s", cases[i].record, key_verdict(cases[i].record, cases[i].sig));
}
END_TEST

START_TEST(written_records)
{
    struct moxd_dkim_key key = { .type = MOXD_DKIM_KEY_ED25519,
                                 .hashes = MOXD_STR("sha256"),
                                 .p = MOXD_STR("12345678901234567890123456789012"),
                                 .testing = true };
    struct moxd_buf b = MOXD_BUF_INIT(4096), txt = MOXD_BUF_INIT(4096);
    moxd_dkim_key_put(&b, &key);
    ck_assert_str_eq(moxd_buf_cstr(&b), "v=DKIM1;h=sha256;k=ed25519;t=y;"
                                        "p=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=");
    moxd_dkim_txt_put(&txt, moxd_buf_str(&b));
    ck_assert_str_eq(moxd_buf_cstr(&txt), "\"v=DKIM1;h=sha256;k=ed25519;t=y;"
                                          "p=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=\"");
    moxd_buf_reset(&txt);
    char long_text[206];
    memset(long_text, 'x', sizeof(long_text));
    long_text[100] = '"';
    moxd_dkim_txt_put(&txt, moxd_str(long_text, sizeof(long_text)));
    struct moxd_str rest = moxd_buf_str(&txt);
    ck_assert(moxd_str_eqs(moxd_str_cut(&rest, '\n'), "("));
    struct moxd_str line = moxd_str_cut(&rest, '\n');
    ck_assert_uint_eq(line.n, 104);
    ck_assert(moxd_str_starts(line, MOXD_STR("\t\t\"xx")) && moxd_str_ends(line, MOXD_STR("x\"")));
    line = moxd_str_cut(&rest, '\n');
    ck_assert(moxd_str_starts(line, MOXD_STR("\t\t\"\\\"xx")));
    ck_assert(moxd_str_eqs(moxd_str_cut(&rest, '\n'), "\t\t\"xxxxxx\""));
    ck_assert(moxd_str_eqs(rest, "\t)"));
    moxd_buf_fini(&b);
    moxd_buf_fini(&txt);
}
END_TEST

/* --- RFC 8463 appendix A --------------------------------------------------------------------------- */

static const char rfc8463_rsa[] =
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
    "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
    "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
    "Ip3G+2kryOTIKT+l/K4w3QIDAQAB";
static const char rfc8463_ed25519[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
static const char rfc8463_message[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game.  Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

static const char *rfc8463_dns(void *arg, const char *name)
{
    const char **other = arg; /* instead of the RSA record */
    if (strcmp(name, "brisbane._domainkey.football.example.com") == 0)
        return rfc8463_ed25519;
    if (strcmp(name, "test._domainkey.football.example.com") == 0)
        return other && *other ? *other : rfc8463_rsa;
    return NULL;
}

/* Results of all signatures, "pass pass". */
static const char *results(struct moxd_str message, const char *rsa_record)
{
    return dkim_message_results(message, rfc8463_dns, &rsa_record, 1700000000, false, arena);
}

/* The message with one piece replaced. */
static struct moxd_str changed(const char *message, const char *old, const char *new)
{
    const char *at = strstr(message, old);
    ck_assert_ptr_nonnull(at);
    return moxd_cstr(
        moxd_arena_printf(arena, "%.*s%s%s", (int)(at - message), message, new, at + strlen(old)));
}

START_TEST(rfc8463_example)
{
    struct moxd_str m = moxd_cstr(rfc8463_message);
    ck_assert_str_eq(results(m, NULL), "pass pass");
    /* t=y and what is relaxed */
    ck_assert_str_eq(results(changed(rfc8463_message, "To: Suzie", "tO:  Suzie"), NULL),
                     "pass pass");
    ck_assert_str_eq(results(changed(rfc8463_message, "Joe.\r\n", "Joe. \r\n\r\n \r\n"), NULL),
                     "pass pass");
    ck_assert_str_eq(results(changed(rfc8463_message, "Joe.\r\n", "Joe!\r\n"), NULL), "fail fail");
    ck_assert_str_eq(results(changed(rfc8463_message, "dinner", "supper"), NULL), "fail fail");
    /* To is signed once: another one above it is not covered, one below replaces it */
    ck_assert_str_eq(
        results(changed(rfc8463_message, "From: Joe", "To: x@test\r\nFrom: Joe"), NULL),
        "pass pass");
    ck_assert_str_eq(results(changed(rfc8463_message, "Subject:", "To: x@test\r\nSubject:"), NULL),
                     "fail fail");
    /* From, Subject and Date are over-signed: none can be added */
    ck_assert_str_eq(
        results(changed(rfc8463_message, "To: Suzie", "From: x@test\r\nTo: Suzie"), NULL),
        "fail fail");
    ck_assert_str_eq(results(changed(rfc8463_message, "i=@football", "i=@fOotball"), NULL),
                     "fail pass");
    ck_assert_str_eq(results(changed(rfc8463_message, "s=test", "s=none"), NULL), "pass permerror");
}
END_TEST

/* Both encodings of an RSA key; flags; keys that must not be used. */
START_TEST(rsa_keys)
{
    struct moxd_str m = moxd_cstr(rfc8463_message);
    struct moxd_str bad = changed(rfc8463_message, "Joe.\r\n", "Joe!\r\n");
    struct moxd_dkim_key key;
    struct moxd_dkim_verdict why;
    ck_assert_int_eq(moxd_dkim_key_parse(moxd_cstr(rfc8463_rsa), arena, &key, &why), 0);
    ck_assert_uint_eq(moxd_dkim_key_bits(&key), 1024);
    /* RSAPublicKey is what the bit string of SubjectPublicKeyInfo holds: the last 140 bytes */
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    key.p = moxd_str_from(key.p, key.p.n - 140);
    ck_assert_uint_eq(moxd_dkim_key_bits(&key), 1024);
    moxd_dkim_key_put(&b, &key);
    ck_assert_str_eq(results(m, moxd_buf_cstr(&b)), "pass pass");
    moxd_buf_fini(&b);

    const char *p = strstr(rfc8463_rsa, "p=");
    const char *test = moxd_arena_printf(arena, "t=y; %s", p);
    ck_assert_str_eq(results(m, test), "pass pass");
    ck_assert_str_eq(results(bad, test), "fail none");
    ck_assert_str_eq(results(m, moxd_arena_printf(arena, "%sAAAA", rfc8463_rsa)), "pass permerror");
    ck_assert_str_eq(results(m, "p=AAAA"), "pass permerror");
    /* 512 bits (RFC 8301 3.2) */
    ck_assert_str_eq(
        results(m, "p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALgSoqXVSEmfcIsOzw7oRuCCOwsmtX/SJnTWxYyj2leF"
                   "xfS/AVJ+dYfY+hXqMsT7l+MZvvh/R1WzN4MO/kI/7XsCAwEAAQ=="),
        "pass permerror");
    ck_assert_str_eq(results(m, rfc8463_ed25519), "pass permerror");
}
END_TEST

/* --- signing ----------------------------------------------------------------------------------------- */

static const char draft[] = "From: Joe <joe@a.test>\r\n"
                            "To: x@b.test,\r\n y@b.test\r\n"
                            "Received: one\r\n"
                            "Received: two\r\n"
                            "Subject: Hi\r\n"
                            "\r\n"
                            "Hello  you \r\n\r\n";

static const char *own_dns(void *arg, const char *name)
{
    return strcmp(name, "sel._domainkey.a.test") == 0 ? arg : NULL;
}

/* Signs a message; the signature is put before it. */
static struct moxd_str sign(const struct moxd_dkim_private *k, struct moxd_dkim_signing *s,
                            const char *message)
{
    static const struct moxd_str names[] = { MOXD_STR("From"),    MOXD_STR("Received"),
                                             MOXD_STR("To"),      MOXD_STR("Cc"),
                                             MOXD_STR("Subject"), MOXD_STR("received") };
    struct moxd_dkim_header h;
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct moxd_str m = moxd_cstr(message);
    size_t end = moxd_header_end(m);
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    struct moxd_err err = { 0 };

    s->domain = MOXD_STR("a.test"), s->selector = MOXD_STR("sel");
    s->names = names, s->nnames = MOXD_NELEMS(names);
    s->signed_at = 1699999999;
    moxd_dkim_header_index(moxd_str_sub(m, 0, end), arena, &h);
    int body = moxd_dkim_bodies_want(bs, moxd_dkim_private_alg(k), s->body_relaxed, UINT64_MAX);
    moxd_dkim_bodies_write(bs, m.p + end, m.n - end);
    moxd_dkim_bodies_end(bs);
    ck_assert_int_eq(moxd_dkim_sign(&h, s, k, moxd_dkim_bodies_hash(bs, body, NULL), &b, &err), 0);
    moxd_buf_addstr(&b, m);
    struct moxd_str out = moxd_arena_str(arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    moxd_dkim_bodies_free(bs);
    return out;
}

static const char *record_of(const struct moxd_dkim_private *k)
{
    struct moxd_dkim_key key;
    struct moxd_buf b = MOXD_BUF_INIT(4096);
    moxd_dkim_private_public(k, arena, &key);
    moxd_dkim_key_put(&b, &key);
    const char *record = moxd_arena_cstr(arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return record;
}

static void check_lines(struct moxd_str field)
{
    while (field.n > 0) {
        struct moxd_str line = moxd_str_cut(&field, '\n');
        ck_assert_uint_le(line.n, 78);
        ck_assert(moxd_str_ends(line, MOXD_STR("\r")));
    }
}

static void try_signing(struct moxd_dkim_private *k, bool header_relaxed, bool body_relaxed,
                        bool seal)
{
    struct moxd_dkim_signing s = { .header_relaxed = header_relaxed,
                                   .body_relaxed = body_relaxed,
                                   .seal = seal,
                                   .identity = MOXD_STR("a=b;@a.test"),
                                   .expires = seal ? 1700000500 : -1 };
    struct moxd_str m = sign(k, &s, draft);
    void *record = (void *)(uintptr_t)record_of(k);
    const char *bad = seal ? "fail" : "pass";

    check_lines(moxd_str_sub(m, 0, m.n - strlen(draft)));
    ck_assert_str_eq(dkim_message_results(m, own_dns, record, 1700000000, false, arena), "pass");
    struct moxd_str cc = changed(m.p, "Subject: Hi", "Cc: z@b.test\r\nSubject: Hi");
    ck_assert_str_eq(dkim_message_results(cc, own_dns, record, 1700000000, false, arena), bad);
    struct moxd_str r = changed(m.p, "Received: one", "Received: zero\r\nReceived: one");
    ck_assert_str_eq(dkim_message_results(r, own_dns, record, 1700000000, false, arena), bad);
    struct moxd_str one = changed(m.p, "Received: one", "Received: 1");
    ck_assert_str_eq(dkim_message_results(one, own_dns, record, 1700000000, false, arena), "fail");
    struct moxd_str space = changed(m.p, "Hello  you", "Hello you");
    ck_assert_str_eq(dkim_message_results(space, own_dns, record, 1700000000, false, arena),
                     body_relaxed ? "pass" : "fail");
    ck_assert_str_eq(dkim_message_results(m, own_dns, record, 1700001000, false, arena),
                     seal ? "permerror" : "pass");
}

static void sign_all_ways(struct moxd_dkim_private *k)
{
    for (unsigned i = 0; i < 8; i++)
        try_signing(k, i & 1, i & 2, i & 4);
}

START_TEST(signing)
{
    struct moxd_err err = { 0 };
    struct moxd_dkim_private *k = moxd_dkim_private_generate(MOXD_DKIM_KEY_ED25519, 0, &err);
    ck_assert_ptr_nonnull(k);
    sign_all_ways(k);
    moxd_dkim_private_unref(k);
    k = moxd_dkim_private_generate(MOXD_DKIM_KEY_RSA, 2048, &err);
    ck_assert_ptr_nonnull(k);
    ck_assert_uint_eq(moxd_dkim_private_bits(k), 2048);
    sign_all_ways(k);
    moxd_dkim_private_unref(k);
}
END_TEST

START_TEST(private_keys)
{
    struct moxd_err err = { 0 };
    struct moxd_buf pem = MOXD_BUF_INIT(1 << 16);
    struct moxd_dkim_private *k = moxd_dkim_private_generate(MOXD_DKIM_KEY_ED25519, 0, &err);
    moxd_dkim_private_pem(&pem, k);
    ck_assert(moxd_str_starts(moxd_buf_str(&pem), MOXD_STR("-----BEGIN PRIVATE KEY-----\n")));
    struct moxd_dkim_private *again = moxd_dkim_private_parse(moxd_buf_str(&pem), &err);
    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(record_of(again), record_of(k));
    moxd_dkim_private_unref(moxd_dkim_private_ref(k));
    moxd_dkim_private_unref(k);
    moxd_dkim_private_unref(again);
    moxd_buf_wipe(&pem);
    ck_assert_ptr_null(moxd_dkim_private_parse(MOXD_STR(""), &err));
    ck_assert_ptr_null(moxd_dkim_private_parse(MOXD_STR("-----BEGIN PRIVATE KEY-----\n"), &err));
    ck_assert_ptr_null(moxd_dkim_private_generate(MOXD_DKIM_KEY_RSA, 512, &err));
    ck_assert_ptr_null(moxd_dkim_private_generate(MOXD_DKIM_KEY_RSA, 16384, &err));
    ck_assert_str_eq(moxd_err_kind_name(err.kind), "invalid");
}
END_TEST

/* l= (RFC 6376 3.5): what is behind is not looked at, less is an error. */
START_TEST(body_length)
{
    static const char body[] = "abc\r\n";
    struct moxd_dkim_sig sig = { .has_length = true, .length = 6, .alg = MOXD_DKIM_RSA_SHA256 };
    struct moxd_dkim_key key = { .type = MOXD_DKIM_KEY_RSA };
    struct moxd_dkim_header h = { .n = 0 };
    struct moxd_dkim_bodies *bs = moxd_dkim_bodies_new();
    int n = moxd_dkim_bodies_want(bs, sig.alg, false, sig.length);
    moxd_dkim_bodies_write(bs, body, strlen(body));
    moxd_dkim_bodies_end(bs);
    sig.bh = moxd_dkim_bodies_hash(bs, n, NULL);
    struct moxd_dkim_verdict v = moxd_dkim_verify(&h, &sig, &key, bs, n, false);
    ck_assert_int_eq(v.result, MOXD_DKIM_FAIL);
    ck_assert_str_eq(v.reason, "body is shorter than its signed length");
    moxd_dkim_bodies_free(bs);
}
END_TEST

START_TEST(many_fields)
{
    struct moxd_dkim_header h;
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    for (int i = 0; i < MOXD_DKIM_HEADER_MAX; i++)
        moxd_buf_addf(&b, "X%d: %d\r\n", i % 100, i);
    moxd_dkim_header_index(moxd_buf_str(&b), arena, &h);
    ck_assert(!h.overflow);
    ck_assert_uint_eq(moxd_dkim_header_count(&h, MOXD_STR("x7")), 82);
    ck_assert_uint_eq(moxd_dkim_header_count(&h, MOXD_STR("x")), 0);
    moxd_buf_adds(&b, "Y: 1\r\n");
    moxd_dkim_header_index(moxd_buf_str(&b), arena, &h);
    ck_assert(h.overflow);
    moxd_buf_fini(&b);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        tag_lists, signature_example, bad_signatures, partly_read,     limits,          bodies,
        fields,    body_hashes,       key_records,    written_records, rfc8463_example, rsa_keys,
        signing,   private_keys,      body_length,    many_fields,
    };
    arena = moxd_arena_new(0);
    int rc = unit_run("dkim", tests, MOXD_NELEMS(tests));
    moxd_arena_free(arena);
    return rc;
}
