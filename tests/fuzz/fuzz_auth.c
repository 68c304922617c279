/* Passwords, login names and stored records: the first byte chooses. */
#include "fuzz.h"

#include "modules/auth/auth_precis.h"
#include "modules/auth/auth_secrets.h"

/* What was accepted must be accepted again, and be the same (idempotent by RFC 8264 7). */
static void opaque(struct moxd_str s)
{
    struct moxd_buf once = MOXD_BUF_INIT(AUTH_PASSWORD_MAX);
    struct moxd_buf twice = MOXD_BUF_INIT(AUTH_PASSWORD_MAX);

    if (auth_precis_opaque(s, &once, NULL) == 0) {
        moxd_assert(moxd_str_is_utf8(moxd_buf_str(&once)));
        moxd_assert(auth_precis_opaque(moxd_buf_str(&once), &twice, NULL) == 0);
        moxd_assert(moxd_str_eq(moxd_buf_str(&once), moxd_buf_str(&twice)));
    }
    moxd_buf_fini(&once);
    moxd_buf_fini(&twice);
}

static void record(struct moxd_str s)
{
    struct auth_secrets in, out;
    struct moxd_buf b = MOXD_BUF_INIT(AUTH_RECORD_MAX);

    if (auth_secrets_parse(s, &in, NULL) == 0) {
        auth_secrets_write(&in, &b);
        moxd_assert(auth_secrets_parse(moxd_buf_str(&b), &out, NULL) == 0);
        moxd_assert(memcmp(&in.cram, &out.cram, sizeof(in.cram)) == 0);
    }
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = { (const char *)data + 1, size - 1 };
    char login[64];

    if (size == 0)
        return 0;
    if (data[0] == 'p')
        opaque(s);
    else if (data[0] == 'l')
        (void)!auth_precis_login(s, login, sizeof(login));
    else
        record(s);
    return 0;
}
