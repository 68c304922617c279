/* Mailboxes as one file: the same comes out whatever pieces go in. */
#include "fuzz.h"

#include <moxmail/mbox.h>

static void read_all(struct moxd_str in, size_t piece, struct moxd_buf *out)
{
    struct moxd_mbox m = { 0 };
    struct moxd_buf have = MOXD_BUF_INIT(1 << 24);
    enum moxd_mbox_event ev = MOXD_MBOX_MORE;

    for (size_t at = 0; at < in.n && ev == MOXD_MBOX_MORE;) {
        size_t n = piece < in.n - at ? piece : in.n - at;

        moxd_buf_add(&have, in.p + at, n);
        at += n;
        struct moxd_str rest = moxd_buf_str(&have);
        while ((ev = moxd_mbox_next(&m, &rest, at == in.n)) != MOXD_MBOX_MORE &&
               ev != MOXD_MBOX_BAD)
            if (ev == MOXD_MBOX_DATA)
                moxd_buf_addstr(out, m.data);
            else
                moxd_buf_addf(out, "<%d %lld %u>", ev, (long long)m.time, m.flags);
        moxd_assert(ev == MOXD_MBOX_BAD || rest.n < MOXD_MBOX_LOOK);
        moxd_buf_consume(&have, have.n - rest.n);
    }
    moxd_buf_fini(&have);
    moxd_mbox_fini(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct moxd_buf whole = MOXD_BUF_INIT(1 << 24), parts = MOXD_BUF_INIT(1 << 24);
    struct moxd_str in = moxd_str((const char *)p, n);

    read_all(in, n, &whole);
    read_all(in, n > 0 ? 1 + p[0] % 64u : 1, &parts);
    /* A line that is longer than what is looked at is told apart by how much of it is there. */
    if (n < MOXD_MBOX_LOOK)
        moxd_assert(moxd_str_eq(moxd_buf_str(&whole), moxd_buf_str(&parts)));
    moxd_buf_fini(&whole);
    moxd_buf_fini(&parts);
    return 0;
}
