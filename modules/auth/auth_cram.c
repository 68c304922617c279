/* CRAM-MD5 (RFC 2195) on stored HMAC-MD5 states (AUTH-02). */
#include "auth.h"

#include <moxd/enc.h>

/* RFC 2195 2: a msg-id of random digits, time and the server's name. */
static enum auth_step challenge(struct auth_sasl *s, struct moxd_buf *out)
{
    uint64_t random;

    moxd_random(&random, sizeof(random));
    int n = snprintf(s->challenge, sizeof(s->challenge), "<%llu.%lld@%.100s>",
                     (unsigned long long)random, (long long)(moxd_wall() / MOXD_SEC),
                     s->at.auth->hostname);
    moxd_assert(n > 0 && (size_t)n < sizeof(s->challenge));
    moxd_buf_adds(out, s->challenge);
    return AUTH_CONTINUE;
}

/* The answer is the user name, a space, and the digest as 32 lower-case hex digits. */
static bool parse_answer(struct moxd_str in, struct moxd_str *user, struct moxd_buf *digest)
{
    ptrdiff_t space = moxd_str_rchr(in, ' ');

    if (space <= 0)
        return false;
    *user = moxd_str_sub(in, 0, (size_t)space);
    return moxd_hex_decode(digest, moxd_str_from(in, (size_t)space + 1)) == 0 &&
           digest->n == AUTH_MD5_LEN;
}

static bool digest_matches(const struct auth_sasl *s, const char *digest)
{
    unsigned char want[AUTH_MD5_LEN];
    struct auth_cram none = { 0 };
    bool usable = s->at.known && s->at.secrets.has_cram;

    auth_cram_mac(usable ? &s->at.secrets.cram : &none, moxd_cstr(s->challenge), want);
    return moxd_memeq_ct(want, digest, sizeof(want)) && usable;
}

enum auth_step auth_cram_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                              struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_buf digest = MOXD_BUF_INIT(AUTH_MD5_LEN);
    struct moxd_str user;
    bool ok;

    if (s->round == 0) /* the server speaks first: RFC 4954 4 forbids an initial response */
        return has_in ? auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err) : challenge(s, out);
    ok = parse_answer(in, &user, &digest);
    if (!ok) {
        moxd_buf_fini(&digest);
        return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
    }
    if (auth_attempt_lookup(&s->at, user, err) < 0) {
        moxd_buf_fini(&digest);
        return auth_attempt_fail(&s->at, AUTH_ERROR, err);
    }
    ok = digest_matches(s, digest.p);
    moxd_buf_fini(&digest);
    return ok ? auth_attempt_succeed(&s->at, err) : auth_attempt_fail(&s->at, AUTH_BADCREDS, err);
}
