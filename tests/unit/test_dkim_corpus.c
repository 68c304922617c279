/* Signed messages of other implementations, with the keys of their time: each signature gets the result
 * that is known of it. The messages are in tests/data/jdkim; where MOXD_DKIM_CORPUS names a copy of the
 * test corpus of Mail::DKIM (its licence keeps it out of the tree), with its FAKE_DNS.dat beside the folder
 * corpus, those are looked at too.
 * proves in part: P-AUTHN-01 */
#include "unit.h"

#include <moxmail/dkim.h>
#include <moxmail/newline.h>
#include <stdio.h>

#include "dkim_message.h"

enum { THEN = 1300000000 /* all of them were signed before */ };

static struct moxd_arena *arena;
static char *fake_dns; /* "name  record\n" */

static const struct {
    const char *name, *record;
} keys[] = {
    { "s1024._domainkey.yahoo.com",
      "k=rsa; t=y; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDrEee0Ri4Juz+QfiWYui/E9UGSXau/2P8LjnTD8V"
      "4Unn+2FAZVGE3kL23bzeoULYv4PeleB3gfmJiDJOKU3Ns5L4KJAUUHjFwDebt0NP+sBK0VKeTATL2Yr/S3bT/xhy+1xt"
      "j4RkdV7fVxTn56Lb4udUnwuxK4V5b5PdOKj/+XcwIDAQAB; n=A 1024 bit key;" },
    { "gamma._domainkey.gmail.com",
      "k=rsa; t=y; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDIhyR3oItOy22ZOaBrIVe9m/iME3RqOJeasANSpg"
      "2YTHTYV+Xtp4xwf5gTjCmHQEMOs0qYu0FYiNQPQogJ2t0Mfx9zNu06rfRBDjiIU9tpx2T+NGlWZ8qhbiLo5By8apJavL"
      "yqTLavyPSrvsx0B3YzC63T4Age2CDqZYA+OwSMWQIDAQAB" },
    { "pmta._domainkey.myspace.com",
      "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQChRebhcm4h8BkIYHRxg1GlKLsDkwdrqkFJ8f88xHQ5Gf3"
      "NH4I4e06M3XQ+B4tWWK/rX0srwXFgrJPzKZK+x7gN89nmqyM+NNaM+Wm2C0GjTpx6639zK3bAAGYCm0L9lGD7PgDxpWo"
      "k+YogH0Ml4acEwDw/cnhErAWAnX8doPliawIDAQAB" },
    { "mail._domainkey.sqli.com",
      "k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC1CTqmkuRWkxlHcv1peAz3c0RuXHthVO1xx1Hy4HryZUJ"
      "wSJo/R3cnEwKorQvlRuDSMgXSLLxI8u6n7h6mzRmHdsS/A+pKc7nx/6WS4N6U57PSNqOclxfwa27m/EIL6KTk9KDhaKs"
      "XxquQUBkP1CQEUZHPhQ/t7s4dmU/kvGFgNQIDAQAB" },
};

static const char *jdkim_dns(void *arg, const char *name)
{
    (void)arg;
    for (size_t i = 0; i < MOXD_NELEMS(keys); i++)
        if (strcmp(keys[i].name, name) == 0)
            return keys[i].record;
    return NULL;
}

static const char *mail_dkim_dns(void *arg, const char *name)
{
    (void)arg;
    struct moxd_str rest = moxd_cstr(fake_dns);
    while (rest.p != NULL) {
        struct moxd_str line = moxd_str_cut(&rest, '\n'), key = moxd_str_cut(&line, ' ');
        line = moxd_str_trim(line);
        if (moxd_str_eqs(key, name) && !moxd_str_eqs(line, "NXDOMAIN") &&
            !moxd_str_starts(line, MOXD_STR("~~")))
            return moxd_arena_cstr(arena, line);
    }
    return NULL;
}

/* A message with CRLF line ends; NULL when there is no such file. */
static const char *load(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    char *p = moxd_arena_alloc(arena, 1 << 20);
    size_t n = fread(p, 1, 1 << 20, f);
    struct moxd_newline nl = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(2 << 20);
    fclose(f);
    moxd_newline_write(&nl, moxd_str(p, n), true, &b);
    const char *text = moxd_arena_cstr(arena, moxd_buf_str(&b));
    moxd_buf_fini(&b);
    return text;
}

struct known {
    const char *file;
    const char *strict; /* as the server verifies */
    const char *weak;   /* with rsa-sha1, short keys and expired signatures; NULL: the same */
};

static void check(const char *dir, const char *suffix, dkim_message_dns *dns, const struct known *k)
{
    const char *m = load(moxd_arena_printf(arena, "%s/%s%s", dir, k->file, suffix));
    ck_assert_msg(m != NULL, "%s/%s%s", dir, k->file, suffix);
    for (int weak = 0; weak < 2; weak++) {
        const char *want = weak && k->weak ? k->weak : k->strict;
        const char *is = dkim_message_results(moxd_cstr(m), dns, NULL, THEN, weak, arena);
        ck_assert_msg(strcmp(is, want) == 0, "%s, weak %d: %s, not %s", k->file, weak, is, want);
    }
}

START_TEST(jdkim)
{
    static const struct known files[] = {
        { "s1024_yahoo.com", "pass", NULL },
        { "FAIL_BADBH_s1024_yahoo.com", "none", NULL }, /* fails, and the key says t=y */
        { "gamma_gmail.com", "pass", NULL },
        { "gamma_gmail.com_duplicateheaders", "pass", NULL },
        { "pmta_myspace.com", "permerror", "pass" }, /* rsa-sha1 */
        { "FAIL_illegalargumentexception", "neutral", NULL },
        { "multiHeader", "pass", NULL },
    };
    const char *dir = getenv("MOXD_SRCDIR");
    dir = moxd_arena_printf(arena, "%s/tests/data/jdkim", dir ? dir : "..");
    for (size_t i = 0; i < MOXD_NELEMS(files); i++)
        check(dir, ".eml", jdkim_dns, &files[i]);
}
END_TEST

START_TEST(mail_dkim)
{
    static const struct known files[] = {
        /* dk_: DomainKeys only. ietf: drafts, without v=1. badkey_8, 9, 12, 13: g=, which is gone. ignore_7:
         * expired. */
        { "bad_1", "permerror", NULL },
        { "bad_1878954", "permerror", "fail" },
        { "bad_dk_1", "", NULL },
        { "bad_dk_2", "", NULL },
        { "bad_ietf01_1", "permerror", NULL },
        { "bad_ietf01_2", "permerror", NULL },
        { "bad_ietf01_3", "permerror", NULL },
        { "badkey_1", "permerror", NULL },
        { "badkey_10", "permerror", NULL },
        { "badkey_11", "permerror", NULL },
        { "badkey_12", "permerror", "pass" },
        { "badkey_13", "permerror", "pass" },
        { "badkey_14", "permerror", NULL },
        { "badkey_15", "permerror", NULL },
        { "badkey_2", "permerror", NULL },
        { "badkey_3", "permerror", NULL },
        { "badkey_4", "permerror", NULL },
        { "badkey_5", "permerror", NULL },
        { "badkey_6", "permerror", NULL },
        { "badkey_7", "permerror", NULL },
        { "badkey_8", "permerror", "pass" },
        { "badkey_9", "permerror", "pass" },
        { "dk_headers_1", "", NULL },
        { "dk_headers_2", "", NULL },
        { "dk_multiple_1", "", NULL },
        { "good_1878523", "permerror", "pass" },
        { "good_dk_1", "", NULL },
        { "good_dk_2", "", NULL },
        { "good_dk_3", "", NULL },
        { "good_dk_4", "", NULL },
        { "good_dk_5", "", NULL },
        { "good_dk_6", "", NULL },
        { "good_dk_7", "", NULL },
        { "good_dk_gmail", "", NULL },
        { "good_dk_yahoo", "", NULL },
        { "good_ietf00_1", "permerror", NULL },
        { "good_ietf00_2", "permerror", NULL },
        { "good_ietf00_3", "permerror", NULL },
        { "good_ietf00_4", "permerror", NULL },
        { "good_ietf00_5", "permerror", NULL },
        { "good_ietf01_1", "permerror", NULL },
        { "good_ietf01_2", "permerror", NULL },
        { "good_qp_1", "permerror", "pass" },
        { "good_qp_2", "permerror", "pass" },
        { "good_qp_3", "permerror", "pass" },
        { "good_rfc4871_3", "permerror", "pass" },
        { "good_rfc4871_4", "permerror", "pass" },
        { "goodkey_1", "permerror", "pass" },
        { "goodkey_2", "permerror", "pass" },
        { "goodkey_3", "permerror", "pass" },
        { "goodkey_4", "permerror", "pass" },
        { "ignore_1", "permerror", NULL },
        { "ignore_2", "permerror", NULL },
        { "ignore_3", "permerror", NULL },
        { "ignore_4", "permerror", NULL },
        { "ignore_5", "neutral", NULL },
        { "ignore_6", "neutral", NULL },
        { "ignore_7", "permerror", "pass" },
        { "ignore_8", "permerror", NULL },
        { "mine_ietf01_1", "permerror", NULL },
        { "mine_ietf01_2", "permerror", NULL },
        { "mine_ietf01_3", "permerror", NULL },
        { "mine_ietf01_4", "permerror", NULL },
        { "mine_ietf05_1", "permerror", NULL },
        { "multiple_1", "permerror permerror permerror permerror", NULL },
        { "multiple_2", "neutral permerror permerror neutral", "neutral pass fail neutral" },
        { "no_body_1", "permerror", NULL },
        { "no_body_2", "permerror", NULL },
        { "no_body_3", "permerror", NULL },
    };
    const char *dir = getenv("MOXD_DKIM_CORPUS");
    if (dir == NULL)
        return;
    fake_dns = moxd_xstrdup(load(moxd_arena_printf(arena, "%s/FAKE_DNS.dat", dir)));
    for (char *p = fake_dns; *p; p++)
        *p = *p == '\r' ? ' ' : *p;
    for (size_t i = 0; i < MOXD_NELEMS(files); i++)
        check(moxd_arena_printf(arena, "%s/corpus", dir), ".txt", mail_dkim_dns, &files[i]);
    free(fake_dns);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = { jdkim, mail_dkim };
    arena = moxd_arena_new(1 << 16);
    int rc = unit_run("dkim_corpus", tests, MOXD_NELEMS(tests));
    moxd_arena_free(arena);
    return rc;
}
