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

/* --- writing */

static void write_message(struct moxd_str in, size_t piece, struct moxd_buf *out)
{
    const struct moxd_mbox_head h = { .flags = MOXD_MBOX_SEEN | MOXD_MBOX_DRAFT };
    struct moxd_buf have = MOXD_BUF_INIT(1 << 24);
    struct moxd_mbox_writer w;

    moxd_mbox_begin(&w, &h, out);
    for (size_t at = 0; at < in.n;) {
        size_t n = piece < in.n - at ? piece : in.n - at;

        moxd_buf_add(&have, in.p + at, n);
        at += n;
        struct moxd_str rest = moxd_buf_str(&have);
        moxd_mbox_write(&w, &rest, at == in.n, out);
        moxd_assert(rest.n < MOXD_MBOX_LOOK);
        moxd_buf_consume(&have, have.n - rest.n);
    }
    moxd_mbox_end(&w, out);
    moxd_buf_fini(&have);
}

/* The one message of a file. */
static void read_one(struct moxd_str in, struct moxd_buf *out)
{
    struct moxd_mbox m = { 0 };
    enum moxd_mbox_event ev;
    int ended = 0;

    while ((ev = moxd_mbox_next(&m, &in, true)) != MOXD_MBOX_MORE) {
        moxd_assert(ev != MOXD_MBOX_BAD && !ended);
        if (ev == MOXD_MBOX_DATA)
            moxd_buf_addstr(out, m.data);
        ended = ev == MOXD_MBOX_END;
    }
    moxd_assert(ended && m.flags == (MOXD_MBOX_SEEN | MOXD_MBOX_DRAFT) && m.keywords.n == 0);
    moxd_mbox_fini(&m);
}

/* Whatever a message has in it, it is one, with the flags that it was given; once written it stays as it is. */
static void comes_back(struct moxd_str in, size_t piece)
{
    struct moxd_buf file = MOXD_BUF_INIT(1 << 24), parts = MOXD_BUF_INIT(1 << 24);
    struct moxd_buf text = MOXD_BUF_INIT(1 << 24), again = MOXD_BUF_INIT(1 << 24);

    write_message(in, in.n, &file);
    write_message(in, piece, &parts);
    if (in.n < MOXD_MBOX_LOOK)
        moxd_assert(moxd_str_eq(moxd_buf_str(&file), moxd_buf_str(&parts)));
    read_one(moxd_buf_str(&parts), &text);
    moxd_buf_reset(&parts);
    moxd_buf_reset(&file);
    write_message(moxd_buf_str(&text), text.n, &file);
    read_one(moxd_buf_str(&file), &again);
    write_message(moxd_buf_str(&again), again.n, &parts);
    if (in.n < MOXD_MBOX_LOOK)
        moxd_assert(moxd_str_eq(moxd_buf_str(&file), moxd_buf_str(&parts)));
    moxd_buf_fini(&file);
    moxd_buf_fini(&parts);
    moxd_buf_fini(&text);
    moxd_buf_fini(&again);
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
    comes_back(in, n > 0 ? 1 + p[n - 1] % 64u : 1);
    return 0;
}
