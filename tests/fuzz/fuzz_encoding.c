/* Base64, base64url, hexadecimal and modified UTF-7: what a decoder accepts its encoder writes again, and
 * what an encoder writes its decoder accepts. */
#include "fuzz.h"

#include <moxd/enc.h>
#include <moxmail/mutf7.h>
#include <moxmail/smtp_syntax.h>

struct codec {
    void (*encode)(struct moxd_buf *b, struct moxd_str s);
    int (*decode)(struct moxd_buf *b, struct moxd_str s);
    bool lower; /* the encoder writes in lower case, the decoder takes both */
};
static const struct codec codecs[] = {
    { moxd_b64_encode, moxd_b64_decode, false },
    { moxd_b64url_encode, moxd_b64url_decode, false },
    { moxd_hex_encode, moxd_hex_decode, true },
    { moxd_mutf7_encode, moxd_mutf7_decode, false },
};
enum { ROOM = 8 << 20 };

static void decode_first(const struct codec *c, struct moxd_str s)
{
    struct moxd_buf plain = MOXD_BUF_INIT(ROOM), again = MOXD_BUF_INIT(ROOM);

    if (c->decode(&plain, s) == 0) {
        c->encode(&again, moxd_buf_str(&plain));
        moxd_assert(c->lower ? moxd_str_caseeq(moxd_buf_str(&again), s)
                             : moxd_str_eq(moxd_buf_str(&again), s));
    }
    moxd_buf_fini(&plain);
    moxd_buf_fini(&again);
}

/* No mailbox name has control characters. */
static bool is_name(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    return moxd_str_is_utf8(s);
}

static void encode_first(const struct codec *c, struct moxd_str s)
{
    struct moxd_buf coded = MOXD_BUF_INIT(ROOM), again = MOXD_BUF_INIT(ROOM);

    if (c->decode == moxd_mutf7_decode && !is_name(s))
        return;
    c->encode(&coded, s);
    moxd_assert(c->decode(&again, moxd_buf_str(&coded)) == 0);
    moxd_assert(moxd_str_eq(moxd_buf_str(&again), s));
    moxd_buf_fini(&coded);
    moxd_buf_fini(&again);
}

static void auth_response(struct moxd_str line)
{
    struct moxd_buf b = MOXD_BUF_INIT(ROOM);
    struct moxd_err err = { 0 };

    if (moxd_smtp_auth_decode(&b, line, &err) < 0)
        moxd_assert(err.smtp_code == 501 && err.pub[0] != '\0');
    moxd_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str s = moxd_str((const char *)data, size);

    for (size_t i = 0; i < MOXD_NELEMS(codecs); i++) {
        decode_first(&codecs[i], s);
        encode_first(&codecs[i], s);
    }
    auth_response(s);
    return 0;
}
