/* Base64, base64url, hexadecimal and modified UTF-7, transfer encodings: what a decoder accepts its encoder writes again, and
 * what an encoder writes its decoder accepts. */
#include "fuzz.h"

#include <moxd/enc.h>
#include <moxmail/mutf7.h>
#include <moxmail/smtp_syntax.h>
#include <moxmail/transfer.h>

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

/* In two pieces; lines are short, and the decoder gives the same bytes. */
static void transfer(enum moxd_cte cte, struct moxd_str s)
{
    struct moxd_buf coded = MOXD_BUF_INIT(ROOM), plain = MOXD_BUF_INIT(ROOM);
    struct moxd_encode e;

    moxd_encode_init(&e, cte);
    moxd_encode_write(&e, moxd_str_sub(s, 0, s.n / 3), false, &coded);
    moxd_encode_write(&e, moxd_str_from(s, s.n / 3), true, &coded);
    moxd_assert(!coded.overflow && coded.n <= s.n * MOXD_ENCODE_GROWTH + MOXD_ENCODE_SLACK);
    for (struct moxd_str rest = moxd_buf_str(&coded); rest.p && rest.n > 0;)
        moxd_assert(moxd_str_cut(&rest, '\n').n <= MOXD_ENCODE_COLUMNS + 1);
    struct moxd_str text = moxd_buf_str(&coded);
    struct moxd_reader r = moxd_reader_mem(&text);
    moxd_assert(moxd_transfer_range(&r, 0, text.n, cte, moxd_sink_buf(&plain), NULL) == 0);
    moxd_assert(moxd_str_eq(moxd_buf_str(&plain), s));
    moxd_buf_fini(&coded);
    moxd_buf_fini(&plain);
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
    transfer(MOXD_CTE_QP, s);
    transfer(MOXD_CTE_BASE64, s);
    auth_response(s);
    return 0;
}
