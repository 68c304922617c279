/* Names of results and algorithms; base64 as DKIM has it. */
#include "dkim.h"

#include <moxd/enc.h>

const char *moxd_dkim_result_name(enum moxd_dkim_result r)
{
    static const char *const names[] = {
        [MOXD_DKIM_NONE] = "none",           [MOXD_DKIM_PASS] = "pass",
        [MOXD_DKIM_FAIL] = "fail",           [MOXD_DKIM_NEUTRAL] = "neutral",
        [MOXD_DKIM_POLICY] = "policy",       [MOXD_DKIM_TEMPERROR] = "temperror",
        [MOXD_DKIM_PERMERROR] = "permerror",
    };
    return names[r];
}

const char *moxd_dkim_alg_name(enum moxd_dkim_alg alg)
{
    static const char *const names[] = {
        [MOXD_DKIM_UNKNOWN] = "unknown",
        [MOXD_DKIM_RSA_SHA256] = "rsa-sha256",
        [MOXD_DKIM_ED25519_SHA256] = "ed25519-sha256",
        [MOXD_DKIM_RSA_SHA1] = "rsa-sha1",
    };
    return names[alg];
}

const EVP_MD *mail_dkim_md(enum moxd_dkim_alg alg)
{
    return alg == MOXD_DKIM_RSA_SHA1 ? EVP_sha1() : EVP_sha256();
}

int mail_dkim_fail(struct moxd_dkim_verdict *why, enum moxd_dkim_result result, const char *reason)
{
    *why = (struct moxd_dkim_verdict){ result, reason };
    return -1;
}

struct moxd_str mail_dkim_squeeze(struct moxd_str s, struct moxd_arena *a)
{
    char *p = moxd_arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
            p[n++] = s.p[i];
    return moxd_str(p, n);
}

int mail_dkim_base64(struct moxd_str s, struct moxd_arena *a, struct moxd_str *out)
{
    struct moxd_str text = mail_dkim_squeeze(s, a);
    for (int pad = 0; pad < 2 && text.n > 0 && text.p[text.n - 1] == '='; pad++)
        text.n--;
    size_t fill = (4 - text.n % 4) % 4;
    struct moxd_buf whole = MOXD_BUF_INIT(text.n + fill), raw = MOXD_BUF_INIT(text.n + 3);
    moxd_buf_addstr(&whole, text);
    moxd_buf_add(&whole, "===", fill);
    int rc = moxd_b64_decode(&raw, moxd_buf_str(&whole));
    if (rc == 0)
        *out = moxd_arena_str(a, moxd_buf_str(&raw));
    moxd_buf_fini(&whole);
    moxd_buf_fini(&raw);
    return rc;
}
