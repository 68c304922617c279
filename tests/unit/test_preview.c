/* Previews: which words of a message are shown in lists. */
#include "message.h"

#include <moxmail/preview.h>
#include <unistr.h>

static char shown[4 * MOXD_PREVIEW_BYTES];

static const char *preview(const char *text)
{
    struct moxd_text *t MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_buf out = MOXD_BUF_INIT(MOXD_PREVIEW_BYTES);
    struct message msg;

    message_open(&msg, text);
    ck_assert_int_eq(moxd_preview(t, &msg.r, msg.m, &out, NULL), 0);
    ck_assert(!out.overflow);
    ck_assert_int_eq(moxd_str_copy(moxd_buf_str(&out), shown, sizeof(shown)), 0);
    moxd_buf_fini(&out);
    message_close(&msg);
    return shown;
}

static const char *preview_of(const char *type, const char *text)
{
    char *all = moxd_xasprintf("Content-Type: %s; charset=utf-8\r\n\r\n%s", type, text);
    (void)preview(all);
    free(all);
    return shown;
}
#define plain(text) preview_of("text/plain", text)
#define html(text) preview_of("text/html", text)

/* proves: P-STORE-08 */
START_TEST(plain_text)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },
        { "Hello,\r\n\r\n  how   are\tyou?\r\n", "Hello, how are you?" },
        { "> old\r\n> older\r\n\r\n>> oldest\r\nnew\r\n> last\r\n", "[...] new [...]" },
        { "On Monday Ann wrote:\r\n> old\r\n\r\nYes.\r\n", "[...] Yes." },
        { "Yes.\r\n\r\nOn Mon, Mar 3, 2025 at 10:00 AM Ann <ann@example.org>\r\nwrote:\r\n\r\n> "
          "old\r\n",
          "Yes. [...]" },
        { "Dear all\r\nsee below:\r\n> old\r\n", "Dear all [...]" },
        { "Three things:\r\none\r\n", "Three things: one" },
        { "Text\r\n-- \r\nAnn\r\n", "Text" },
        { "Text\r\n--\r\nmore\r\n", "Text more" },
        { "=====\r\nNews\r\n-----\r\nitem\r\n* * *\r\n", "News item" },
        { "Sure.\r\n\r\n-----Original Message-----\r\nFrom: Ann\r\n", "Sure. [...]" },
        { "---------- Forwarded message ---------\r\nFrom: Ann\r\n", "[...]" },
        { "a\x01\x1b[31mb\x7f\xc2\x85"
          "c\r\n",
          "a [31mb c" },
        { "\xef\xbb\xbf\xcd\x8f\xe2\x80\x8c \xe2\x80\x8c\xc2\xa0Sale\xc2\xad!\xe2\x80\xae\r\n",
          "Sale!" },
        { "e\xcc\x81t\xc3\xa9\r\n", "\xc3\xa9t\xc3\xa9" }, /* NFC */
        { "nav\xe2\x80\x8c"
          "id\r\n",
          "nav\xe2\x80\x8c"
          "id" }, /* a joiner inside of a word */
        { "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n", "" },
        { "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\nHello\r\n", "Hello" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_assert_str_eq(plain(cases[i].in), cases[i].want);
}
END_TEST

START_TEST(html_text)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "<html><head><title>No</title><style>p { color: red }</style></head><body>"
          "<p>Hello <b>you</b></p><p>there</p>",
          "Hello you there" },
        { "a<br>b<td>c</td><td>d</td>e<span>f</span>", "a b c d ef" },
        { "1 &lt; 2 &amp;&#32;3&nbsp;&gt;&#x32; &eacute;&euro;&hellip;&copy 2 &bogus; & &#0;",
          "1 < 2 & 3 >2 é€…© 2 &bogus; & \xEF\xBF\xBD" },
        { "x<!-- not > this -->y<!DOCTYPE html>z<?xml a?>", "xyz" },
        { "<a title=\"a > b\" href='>'>link</a> 3 < 4 <", "link 3 < 4 <" },
        { "<script>if (a < b) alert('</p>')</script>ok<script src=x />!", "ok!" },
        { "<div>Yes.</div><div class=gmail_quote><div>On Mon, 3 Mar 2025, Ann &lt;a@b&gt; "
          "wrote:<br>"
          "</div><blockquote><p>old</p><blockquote>older</blockquote></blockquote></div>",
          "Yes. [...]" },
        { "<blockquote>old</blockquote>new</blockquote>er", "[...] new er" },
        { "New<div id=\"divRplyFwdMsg\">From: Ann</div>old", "New [...]" },
        { "<style>never ends", "" },
        { "<p title=\"never ends", "" },
        { "&nbsp;&zwnj;&nbsp;&#847;&zwnj;&nbsp;Sale", "Sale" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_assert_str_eq(html(cases[i].in), cases[i].want);
}
END_TEST

#define MULTI(kind) "Content-Type: multipart/" kind "; boundary=b\r\n\r\n"
#define PART(type, text) "--b\r\nContent-Type: " type "\r\n\r\n" text "\r\n"

START_TEST(parts)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "Subject: x\r\n\r\nno type\r\n", "no type" },
        { "Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
          "quoted-printable"
          "\r\n\r\nGr=FC=\r\n=DFe\r\n",
          "Grüße" },
        { MULTI("alternative") PART("text/html", "<p>html") PART("text/plain", "plain") "--b--",
          "plain" },
        { MULTI("alternative") PART("text/html", "<p>html") PART("text/plain", " ") "--b--",
          "html" },
        { MULTI("mixed") PART("text/html", "<p>html") PART("text/plain", "footer") "--b--",
          "html" },
        { MULTI("mixed") PART("image/png", "x") PART("text/plain", "text") "--b--", "text" },
        { MULTI("mixed") PART("text/plain\r\nContent-Disposition: attachment", "no")
              PART("text/plain", "yes") "--b--",
          "yes" },
        { MULTI("mixed") PART("message/rfc822", "Subject: x\r\n\r\ninner") "--b--", "inner" },
        { MULTI("encrypted") PART("application/pgp-encrypted", "Version: 1")
              PART("application/octet-stream", "x") "--b--",
          "" },
        { "Content-Type: image/png\r\n\r\nx", "" },
        { "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR", "" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_assert_str_eq(preview(cases[i].in), cases[i].want);
}
END_TEST

static size_t characters(const char *s)
{
    return u8_mbsnlen((const uint8_t *)s, strlen(s));
}

/* proves: P-STORE-08 */
START_TEST(lengths)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    for (int i = 0; i < 300; i++)
        moxd_buf_adds(&b, "\xF0\x9F\x98\x80");
    ck_assert_uint_eq(characters(plain(moxd_buf_cstr(&b))), MOXD_PREVIEW_MAX);
    moxd_buf_reset(&b);
    for (int i = 0; i < MOXD_PREVIEW_MAX - 1; i++) /* a letter with its accents is not torn apart */
        moxd_buf_addc(&b, 'a');
    moxd_buf_adds(&b, "q\xCC\x81\xCC\x81\r\n");
    ck_assert_uint_eq(characters(plain(moxd_buf_cstr(&b))), MOXD_PREVIEW_MAX - 1);
    moxd_buf_reset(&b);
    for (int i = 0; i < 500; i++)
        moxd_buf_adds(&b, "one line\r\n");
    ck_assert_uint_le(characters(plain(moxd_buf_cstr(&b))), MOXD_PREVIEW_MAX);
    ck_assert_uint_gt(characters(shown), MOXD_PREVIEW_MAX - 10);
    moxd_buf_reset(&b);
    for (int i = 0; i < 20000; i++) /* whatever is not text comes first */
        moxd_buf_adds(&b, "<p ><i>");
    moxd_buf_adds(&b, "end");
    ck_assert_str_eq(html(moxd_buf_cstr(&b)), "end");
    moxd_buf_fini(&b);
}
END_TEST

UNIT_MAIN("preview", plain_text, html_text, parts, lengths)
