/* What the auth module computes. proves: AUTH-03, AUTH-04, AUTH-15, AUTH-16, P-STORE-12 */
#include "unit.h"

#include "modules/auth/auth_cache.h"
#include "modules/auth/auth_precis.h"
#include "modules/auth/auth_secrets.h"

#include <crypt.h>
#include <moxd/clock.h>
#include <moxd/enc.h>
#include <stdio.h>

static void check_md5(const char *text, const char *hex)
{
    unsigned char digest[AUTH_MD5_LEN];
    struct moxd_buf b = MOXD_BUF_INIT(64);

    auth_md5(moxd_cstr(text), digest);
    moxd_hex_encode(&b, moxd_str((char *)digest, sizeof(digest)));
    ck_assert_str_eq(moxd_buf_cstr(&b), hex);
    moxd_buf_fini(&b);
}

/* RFC 1321 A.5, which has every length around the padding. */
START_TEST(md5_of_the_rfc)
{
    check_md5("", "d41d8cd98f00b204e9800998ecf8427e");
    check_md5("abc", "900150983cd24fb0d6963f7d28e17f72");
    check_md5("message digest", "f96b697d7cb7938d525a2f31aaf161d0");
    check_md5("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
              "d174ab98d277d9f5a5611c2c9f419d9f");
    check_md5("12345678901234567890123456789012345678901234567890123456789012345678901234567890",
              "57edf4a22be3c955ac49da2e2107b67a");
}
END_TEST

static void check_hmac(struct moxd_str key, const char *text, const char *hex)
{
    struct auth_cram cram;
    unsigned char mac[AUTH_MD5_LEN];
    struct moxd_buf b = MOXD_BUF_INIT(64);

    auth_cram_derive(key, &cram);
    auth_cram_mac(&cram, moxd_cstr(text), mac);
    moxd_hex_encode(&b, moxd_str((char *)mac, sizeof(mac)));
    ck_assert_str_eq(moxd_buf_cstr(&b), hex);
    moxd_buf_fini(&b);
}

/* RFC 2195 2, and RFC 2202 2 with a key longer than a block. proves: AUTH-02 */
START_TEST(cram_from_states)
{
    char key[80];

    check_hmac(MOXD_STR("tanstaaftanstaaf"), "<1896.697170952@postoffice.reston.mci.net>",
               "b913a602c7eda7a495b4e6e7334d3890");
    memset(key, 0xaa, sizeof(key));
    check_hmac(moxd_str(key, sizeof(key)), "Test Using Larger Than Block-Size Key - Hash Key First",
               "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
}
END_TEST

static bool accepts(const char *in, const char *want)
{
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_PASSWORD_MAX);
    struct moxd_err err = { 0 };
    bool ok = auth_precis_opaque(moxd_cstr(in), &b, &err) == 0;

    if (ok)
        ck_assert_str_eq(moxd_buf_cstr(&b), want ? want : in);
    else
        ck_assert_int_ne(err.kind, MOXD_ERR_NONE);
    moxd_buf_wipe(&b);
    return ok;
}

/* RFC 8265 4.3: the examples, and what the rules of 4.2 do. */
START_TEST(opaque_strings)
{
    ck_assert(accepts("correct horse battery staple", NULL));
    ck_assert(accepts("Correct Horse Battery Staple", NULL));
    ck_assert(accepts("\xCF\x80\xC3\x9F\xC3\xA5", NULL));
    ck_assert(accepts("Jack of \xE2\x99\xA6s", NULL));
    ck_assert(accepts("foo\xE1\x9A\x80"
                      "bar",
                      "foo bar"));                      /* OGHAM SPACE MARK */
    ck_assert(accepts("e\xCC\x81", "\xC3\xA9"));        /* NFC */
    ck_assert(accepts("\xEF\xBC\xA1", "\xEF\xBC\xA1")); /* fullwidth A is not mapped */
    ck_assert(!accepts("", NULL));
    ck_assert(!accepts("my cat is a \tby", NULL));
    ck_assert(!accepts("a\x7f", NULL));
    ck_assert(!accepts("\xff\xfe", NULL));
    ck_assert(!accepts("\xEE\x80\x80", NULL));                 /* private use */
    ck_assert(!accepts("soft\xC2\xADhyphen", NULL));           /* default ignorable */
    ck_assert(!accepts("\xE1\x84\x80", NULL));                 /* old Hangul jamo */
    ck_assert(!accepts("\xEF\xBF\xBE", NULL));                 /* not a character */
    ck_assert(!accepts("\xE0\xB9\x9C\xF3\xB0\x80\x80", NULL)); /* unassigned */
}
END_TEST

/* RFC 5892 appendix A. */
START_TEST(contextual_rules)
{
    ck_assert(accepts("l\xC2\xB7l", NULL));
    ck_assert(!accepts("l\xC2\xB7m", NULL));
    ck_assert(!accepts("\xC2\xB7l", NULL));
    ck_assert(accepts("\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xB7", NULL)); /* virama, ZWJ */
    ck_assert(!accepts("a\xE2\x80\x8D"
                       "b",
                       NULL));
    ck_assert(accepts("\xD9\x85\xDB\x8C\xE2\x80\x8C\xD8\xAE", NULL)); /* ZWNJ between joining */
    ck_assert(!accepts("a\xE2\x80\x8C"
                       "b",
                       NULL));
    ck_assert(!accepts("\xE2\x80\x8C", NULL));
    ck_assert(accepts("\xCD\xB5\xCE\xB1", NULL)); /* keraia before Greek */
    ck_assert(!accepts("\xCD\xB5"
                       "a",
                       NULL));
    ck_assert(accepts("\xD7\x90\xD7\xB3", NULL)); /* geresh after Hebrew */
    ck_assert(!accepts("a\xD7\xB4", NULL));
    ck_assert(!accepts("x\xCE\x87y", NULL)); /* U+0387 becomes a middle dot without its context */
    ck_assert(accepts("\xE3\x83\xBB\xE3\x81\x82", NULL)); /* middle dot with Hiragana */
    ck_assert(!accepts("a\xE3\x83\xBB"
                       "b",
                       NULL));
    ck_assert(accepts("\xD9\xA0\xD9\xA1", NULL));
    ck_assert(!accepts("\xD9\xA0\xDB\xB1", NULL)); /* two kinds of Arabic digits */
}
END_TEST

START_TEST(long_passwords_are_refused)
{
    char password[AUTH_PASSWORD_MAX + 2];

    memset(password, 'x', sizeof(password));
    password[AUTH_PASSWORD_MAX] = '\0';
    ck_assert(accepts(password, NULL));
    password[AUTH_PASSWORD_MAX] = 'x';
    password[AUTH_PASSWORD_MAX + 1] = '\0';
    ck_assert(!accepts(password, NULL));
}
END_TEST

START_TEST(login_names_are_nfc)
{
    char out[32];

    ck_assert(auth_precis_login(MOXD_STR("mo\xCC\x88x@example.org"), out, sizeof(out)));
    ck_assert_str_eq(out, "m\xC3\xB6x@example.org");
    ck_assert(!auth_precis_login(MOXD_STR("\xff@example.org"), out, sizeof(out)));
    ck_assert(!auth_precis_login(MOXD_STR("a\0b"), out, sizeof(out)));
    ck_assert(!auth_precis_login(MOXD_STR(""), out, sizeof(out)));
    ck_assert(!auth_precis_login(MOXD_STR("a name that is too long for it@example.org"), out,
                                 sizeof(out)));
}
END_TEST

START_TEST(secrets_are_derived)
{
    struct auth_secrets s;
    struct moxd_str password = MOXD_STR("moxmoxmox");

    ck_assert_int_eq(auth_secrets_derive(password, &s, NULL), 0);
    ck_assert(strncmp(s.crypt, "$y$", 3) == 0);
    ck_assert(auth_crypt_matches(password, s.crypt));
    ck_assert(!auth_crypt_matches(MOXD_STR("moxmoxmoy"), s.crypt));
    ck_assert(!auth_crypt_matches(MOXD_STR("moxmoxmox\0"), s.crypt));
    ck_assert(!auth_crypt_matches(password, ""));
    ck_assert(!auth_crypt_matches(password, "not a hash"));
    ck_assert_uint_ge(s.scram[AUTH_SHA1].iterations, 4096);
    ck_assert(memcmp(s.scram[AUTH_SHA1].salt, s.scram[AUTH_SHA256].salt, AUTH_SALT_LEN) != 0);
    ck_assert(s.has_cram);
}
END_TEST

START_TEST(dummy_hash_matches_nothing)
{
    char hash[AUTH_CRYPT_MAX];

    ck_assert_int_eq(auth_crypt_dummy(hash, NULL), 0);
    ck_assert(strncmp(hash, "$y$", 3) == 0);
    ck_assert(!auth_crypt_matches(MOXD_STR("password"), hash));

    /* A check takes as long as one with a real hash: the same setting, and all of it is done. */
    struct auth_secrets real;
    ck_assert_int_eq(auth_secrets_derive(MOXD_STR("password"), &real, NULL), 0);
    ck_assert_uint_eq(strlen(hash), strlen(real.crypt));
    const char *got = crypt("password", hash), *end = strrchr(hash, '$') + 1;
    ck_assert_ptr_nonnull(got);
    ck_assert_uint_eq(strlen(got), strlen(hash));
    ck_assert_int_eq(strncmp(got, hash, (size_t)(end - hash)), 0);
    ck_assert_int_eq(strncmp(real.crypt, hash, strlen("$y$j9T$")), 0);
}
END_TEST

static void fill(struct auth_secrets *s)
{
    *s = (struct auth_secrets){ .crypt = "$y$j9T$salt$hash", .has_cram = true };
    for (int h = 0; h < AUTH_SCRAM_HASHES; h++) {
        s->scram[h].iterations = 4096 + (unsigned)h;
        memset(s->scram[h].salt, 1 + h, AUTH_SALT_LEN);
        memset(s->scram[h].stored_key, 3 + h, auth_scram_len((enum auth_scram_hash)h));
        memset(s->scram[h].server_key, 5 + h, auth_scram_len((enum auth_scram_hash)h));
    }
    s->cram.inner.h[3] = 0xdeadbeef;
    s->cram.outer.h[0] = 0xcafe0001;
}

START_TEST(record_round_trip)
{
    struct auth_secrets in, out;
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_RECORD_MAX);

    fill(&in);
    auth_secrets_write(&in, &b);
    ck_assert(!b.overflow);
    ck_assert_int_eq(auth_secrets_parse(moxd_buf_str(&b), &out, NULL), 0);
    ck_assert_mem_eq(&in, &out, sizeof(in));
    moxd_buf_fini(&b);
}
END_TEST

/* A record without an item, and one with an item of a later version. */
START_TEST(records_of_other_versions)
{
    struct auth_secrets in, out;
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_RECORD_MAX);

    fill(&in);
    in.has_cram = false;
    in.scram[AUTH_SHA256].iterations = 0;
    auth_secrets_write(&in, &b);
    moxd_buf_add(&b, "\x63\x00\x03new", 6);
    ck_assert_int_eq(auth_secrets_parse(moxd_buf_str(&b), &out, NULL), 0);
    ck_assert_str_eq(out.crypt, in.crypt);
    ck_assert_uint_eq(out.scram[AUTH_SHA256].iterations, 0);
    ck_assert(!out.has_cram);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(damaged_records_are_refused)
{
    struct auth_secrets in, out;
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_RECORD_MAX);
    struct moxd_err err = { 0 };

    fill(&in);
    auth_secrets_write(&in, &b);
    for (size_t n = 0; n < b.n; n++) {
        /* A record that ends between items is one with less items. */
        if (auth_secrets_parse(moxd_str(b.p, n), &out, &err) < 0)
            ck_assert_int_eq(err.kind, MOXD_ERR_CORRUPT);
        else
            ck_assert(!out.has_cram);
    }
    b.p[0] = 2;
    ck_assert_int_eq(auth_secrets_parse(moxd_buf_str(&b), &out, &err), -1);
    moxd_buf_fini(&b);
}
END_TEST

START_TEST(cache_remembers_briefly)
{
    struct auth_cache c;
    struct moxd_str password = MOXD_STR("secret one");

    auth_cache_init(&c);
    auth_cache_add(&c, "mjl", password, 60 * MOXD_SEC);
    ck_assert(auth_cache_has(&c, "mjl", password));
    ck_assert(!auth_cache_has(&c, "mjl", MOXD_STR("secret two")));
    ck_assert(!auth_cache_has(&c, "other", password));
    moxd_clock_step(61 * MOXD_SEC);
    ck_assert(!auth_cache_has(&c, "mjl", password));
    moxd_clock_reset();
    auth_cache_add(&c, "mjl", password, 0);
    ck_assert(!auth_cache_has(&c, "mjl", password));
    auth_cache_fini(&c);
}
END_TEST

START_TEST(cache_forgets_an_account)
{
    struct auth_cache c;

    auth_cache_init(&c);
    auth_cache_add(&c, "mjl", MOXD_STR("a"), MOXD_SEC);
    auth_cache_add(&c, "mjl", MOXD_STR("b"), MOXD_SEC);
    auth_cache_add(&c, "other", MOXD_STR("a"), MOXD_SEC);
    auth_cache_forget(&c, "mjl");
    ck_assert(!auth_cache_has(&c, "mjl", MOXD_STR("a")));
    ck_assert(!auth_cache_has(&c, "mjl", MOXD_STR("b")));
    ck_assert(auth_cache_has(&c, "other", MOXD_STR("a")));
    auth_cache_fini(&c);
}
END_TEST

START_TEST(cache_is_bounded)
{
    struct auth_cache c;
    char password[16];

    auth_cache_init(&c);
    for (int i = 0; i <= AUTH_CACHE_MAX; i++) {
        snprintf(password, sizeof(password), "%d", i);
        auth_cache_add(&c, "mjl", moxd_cstr(password), 60 * MOXD_SEC);
    }
    ck_assert(!auth_cache_has(&c, "mjl", MOXD_STR("0"))); /* the oldest made room */
    ck_assert(auth_cache_has(&c, "mjl", MOXD_STR("1")));
    ck_assert(auth_cache_has(&c, "mjl", moxd_cstr(password)));
    auth_cache_fini(&c);
}
END_TEST

UNIT_MAIN("auth", md5_of_the_rfc, cram_from_states, opaque_strings, contextual_rules,
          long_passwords_are_refused, login_names_are_nfc, secrets_are_derived,
          dummy_hash_matches_nothing, record_round_trip, records_of_other_versions,
          damaged_records_are_refused, cache_remembers_briefly, cache_forgets_an_account,
          cache_is_bounded)
