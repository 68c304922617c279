/* What servers say, and what is sent to them. */
#include "fuzz.h"

#include <moxmail/smtp_client.h>

static void read_reply(struct moxd_str text, struct moxd_arena *a, struct moxd_smtp_offer *offer)
{
    struct moxd_smtp_reply reply = { 0 };
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    int r;

    do {
        r = moxd_smtp_reply_add(&reply, moxd_str_cut(&text, '\n'), a, NULL);
    } while (r == 1 && text.p != NULL);
    moxd_smtp_offer_parse(&reply, a, offer);
    moxd_assert(offer->nmechanisms <= MOXD_SMTP_MECHANISMS_MAX);
    moxd_smtp_reply_put(&b, &reply);
    moxd_assert(moxd_str_is_utf8(moxd_buf_str(&b)));
    moxd_assert(moxd_str_chr(moxd_buf_str(&b), '\r') < 0);
    moxd_buf_fini(&b);
}

/* One command, and nothing behind it. */
static void check_line(const struct moxd_buf *b, int r)
{
    struct moxd_str s = moxd_buf_str(b);

    moxd_assert((r == 0) == (s.n > 0));
    if (r == 0)
        moxd_assert(moxd_str_ends(s, MOXD_STR("\r\n")) &&
                    moxd_str_chr(s, '\r') == (ptrdiff_t)s.n - 2 &&
                    moxd_str_chr(s, '\n') == (ptrdiff_t)s.n - 1);
}

static void write_commands(struct moxd_str s, const struct moxd_smtp_offer *offer, bool utf8,
                           struct moxd_arena *a)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    const char *one = moxd_arena_cstr(a, moxd_str_cut(&s, '\0'));
    const char *two = moxd_arena_cstr(a, moxd_str_cut(&s, '\0'));
    const struct moxd_smtp_mail_out mail = { .from = one, .smtputf8 = utf8, .envid = two };
    const struct moxd_smtp_rcpt_out rcpt = { .to = one, .smtputf8 = utf8, .orcpt = two };

    check_line(&b, moxd_smtp_mail_put(&b, &mail, offer, NULL));
    moxd_buf_reset(&b);
    check_line(&b, moxd_smtp_rcpt_put(&b, &rcpt, offer, NULL));
    moxd_buf_fini(&b);
}

/* Cut anywhere it comes out the same, and nothing in it ends it early. */
static void stuff(struct moxd_str s, size_t cut)
{
    struct moxd_smtp_stuffing whole = { 0 }, parts = { 0 };
    struct moxd_buf x = MOXD_BUF_INIT(8 << 20), y = MOXD_BUF_INIT(8 << 20);

    moxd_smtp_stuff(&whole, s, &x);
    moxd_smtp_stuff_end(&whole, &x);
    moxd_smtp_stuff(&parts, moxd_str_sub(s, 0, cut), &y);
    moxd_smtp_stuff(&parts, moxd_str_from(s, cut), &y);
    moxd_smtp_stuff_end(&parts, &y);
    moxd_assert(moxd_str_eq(moxd_buf_str(&x), moxd_buf_str(&y)));
    struct moxd_str out = moxd_buf_str(&x);
    moxd_assert(moxd_str_ends(out, MOXD_STR(".\r\n")));
    moxd_assert(out.n == 3 || moxd_str_find(out, MOXD_STR("\r\n.\r\n")) == (ptrdiff_t)out.n - 5);
    for (size_t i = 0; i < out.n; i++)
        moxd_assert((out.p[i] == '\n') == (i > 0 && out.p[i - 1] == '\r'));
    moxd_buf_fini(&x);
    moxd_buf_fini(&y);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct moxd_str s = moxd_str_from(moxd_str((const char *)data, size), 1);
    struct moxd_smtp_offer offer;

    read_reply(s, a, &offer);
    offer.dsn = true;
    write_commands(s, &offer, size > 0 && data[0] & 1, a);
    stuff(s, size > 0 ? data[0] : 0);
    moxd_arena_free(a);
    return 0;
}
