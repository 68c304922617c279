/* Readable text: encoded words, charsets, transfer encodings, parts, searches. */
#include "message.h"

#include <moxmail/charset.h>
#include <moxmail/encword.h>
#include <moxmail/text.h>
#include <moxmail/transfer.h>

#define ck_decodes(function, in, want)                                                             \
    do {                                                                                           \
        struct moxd_buf out_ = MOXD_BUF_INIT(100000);                                              \
        function(&out_, moxd_cstr(in));                                                            \
        ck_str(moxd_buf_str(&out_), want);                                                         \
        moxd_buf_fini(&out_);                                                                      \
    } while (0)

START_TEST(encoded_words)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "", "" },
        { "plain =? text ?=", "plain =? text ?=" },
        { "=?ISO-8859-1?Q?a?=", "a" }, /* RFC 2047 8 */
        { "=?ISO-8859-1?Q?a?= b", "a b" },
        { "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab" },
        { "=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab" },
        { "=?ISO-8859-1?Q?a_b?=", "a b" },
        { "=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b" },
        { "=?utf-8?b?w6TDtg==?= x", "äö x" },
        { "=?utf-8*en?q?w=C3=B6rd?=", "wörd" },     /* RFC 2231 5 */
        { "=?UTF-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä" }, /* split inside a character */
        { "=?utf-8?B?w6TD?= =?utf-8?q?=B6?=", "äö" },
        { "x=?utf-8?q?y?=z", "xyz" },
        { "=?utf-8?q?a b c?=", "a b c" },
        { "=?utf-8?q?what?"
          "?=",
          "what?" },
        { "=?utf-8?q?open =?utf-8?q?ok?=", "=?utf-8?q?open ok" },
        { "=?utf-8?x?a?=", "=?utf-8?x?a?=" },
        { "=?utf-8?q?=zz=4?=", "=zz=4" },
        { "=?nonsense?q?a=E4?=", "a\xEF\xBF\xBD" },
        { "=?utf-8?q?line=0D=0Aend=00?=", "line  end " },
        { "=?utf-7?q?+AOQ?= =?utf-7?q?+APY-?=", "äö" },
        { "=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本" },
        { "=?gb2312?B?xOO6ww==?=", "你好" },
        { "=?ks_c_5601-1987?B?x9GxuQ==?=", "한국" },
        { "raw \xE4\xF6", "raw äö" }, /* windows-1252 */
        { "raw äö", "raw äö" },
        { "a\tb\rc\x1b\x7f", "a\tb c  " },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++)
        ck_decodes(moxd_encword_decode, cases[i].in, cases[i].want);
}
END_TEST

static void check_encode(const char *text, size_t column, bool phrase)
{
    struct moxd_buf out = MOXD_BUF_INIT(100000), back = MOXD_BUF_INIT(100000);
    struct moxd_buf flat = MOXD_BUF_INIT(100000);
    moxd_encword_encode(&out, moxd_cstr(text), column, phrase);
    ck_assert(moxd_str_is_ascii(moxd_buf_str(&out)));
    struct moxd_str rest = moxd_buf_str(&out);
    size_t used = column;
    while (rest.p) {
        struct moxd_str line = moxd_str_cut(&rest, '\n');
        ck_assert_uint_le(used + line.n, MOXD_ENCWORD_LINE + 1);
        ck_assert(!rest.p || rest.p[0] == ' ');
        used = 0;
    }
    moxd_field_unfold(&flat, moxd_buf_str(&out));
    moxd_encword_decode(&back, moxd_buf_str(&flat));
    ck_str(moxd_buf_str(&back), text);
    moxd_buf_fini(&out);
    moxd_buf_fini(&back);
    moxd_buf_fini(&flat);
}

START_TEST(encoded_words_written)
{
    check_encode("plain", 9, false);
    check_encode("Grüße aus Köln", 9, false);
    check_encode("Grüße", 75, false);
    check_encode("one two drei Grüße four", 9, true);
    check_encode("looks =?like?q?one?=", 9, false);
    check_encode(
        "日本語のとても長い件名がここにありますので、何行にも分けて書かれなければなりません。"
        "日本語のとても長い件名がここにありますので、何行にも分けて書かれなければなりません。",
        9, false);
}
END_TEST

/* proves: MSG-01 */
START_TEST(charsets)
{
    static const struct {
        const char *charset, *in, *want;
    } cases[] = {
        { "", "a", "a" },
        { "us-ascii", "ä", "ä" },
        { "US-ASCII", "\xE4", "\xEF\xBF\xBD" },
        { "iso-8859-1", "\x93\xE4\x94", "“ä”" },
        { "iso-8859-15", "\xA4", "€" },
        { "windows-1251", "\xCF\xF0\xE8", "При" },
        { "koi8-r", "\xF0\xD2\xC9", "При" },
        { "utf-7", "+AOQ-x", "äx" },
        { "utf-16", "\xFF\xFE\x41\x01", "Ł" },
        { "utf-16be", "\x01\x41", "Ł" },
        { "iso-2022-jp", "\x1B$B\x46\x7C\x4B\x5C\x1B(B.", "日本." },
        { "gb18030", "\xC4\xE3\x81\x30\x81\x30", "你\xC2\x80" },
        { "shift_jis", "\x93\xFA\x96\x7B", "日本" },
        { "euc-jp", "\xC6\xFC\xCB\xDC", "日本" },
        { "big5", "\xA4\xA4\xA4\xE5", "中文" },
        { "euc-kr", "\xC7\xD1\xB1\xB9", "한국" },
        { "x-nonsense", "a\xE4z", "a\xEF\xBF\xBDz" },
        { "utf-8", "a\xC3", "a\xEF\xBF\xBD" },
        { "utf-8", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD" },
        { "utf-8//IGNORE", "\xE4", "\xEF\xBF\xBD" },
        { "big5", "\xA4", "\xEF\xBF\xBD" },
    };
    for (size_t i = 0; i < MOXD_NELEMS(cases); i++) {
        struct moxd_buf whole = MOXD_BUF_INIT(1000), bytes = MOXD_BUF_INIT(1000);
        struct moxd_str in = moxd_cstr(cases[i].in);
        struct moxd_charset c;
        moxd_charset_to_utf8(&whole, moxd_cstr(cases[i].charset), in);
        ck_str(moxd_buf_str(&whole), cases[i].want);
        moxd_charset_init(&c, moxd_cstr(cases[i].charset));
        for (size_t k = 0; k < in.n; k++)
            moxd_charset_write(&c, moxd_str_sub(in, k, 1), k + 1 == in.n, &bytes);
        moxd_charset_fini(&c);
        ck_str(moxd_buf_str(&bytes), cases[i].want);
        moxd_buf_fini(&whole);
        moxd_buf_fini(&bytes);
    }
    ck_assert(moxd_charset_known(MOXD_STR("UTF-8")));
    ck_assert(moxd_charset_known(MOXD_STR("KOI8-U")));
    ck_assert(!moxd_charset_known(MOXD_STR("WCHAR_T")));
    ck_assert(!moxd_charset_known(MOXD_STR("../../x")));
}
END_TEST

static void check_transfer(enum moxd_cte cte, const char *in, const char *want, uint64_t bad)
{
    for (size_t chunk = 1; chunk <= strlen(in) + 1; chunk++) {
        struct moxd_transfer t;
        struct moxd_buf out = MOXD_BUF_INIT(10000);
        struct moxd_str rest = moxd_cstr(in);
        moxd_transfer_init(&t, cte);
        do {
            struct moxd_str some = moxd_str_sub(rest, 0, chunk);
            char room[1000];
            ck_assert_uint_le(some.n + MOXD_TRANSFER_SLACK, sizeof(room));
            rest = moxd_str_from(rest, some.n);
            moxd_buf_add(&out, room, moxd_transfer_write(&t, some, rest.n == 0, room));
        } while (rest.n > 0);
        ck_str(moxd_buf_str(&out), want);
        ck_assert_uint_eq(t.bad, bad);
        moxd_buf_fini(&out);
    }
}

static void encode(enum moxd_cte cte, struct moxd_str in, size_t piece, struct moxd_buf *out)
{
    struct moxd_encode e;

    moxd_encode_init(&e, cte);
    for (; in.n > piece; in = moxd_str_from(in, piece))
        moxd_encode_write(&e, moxd_str_sub(in, 0, piece), false, out);
    moxd_encode_write(&e, in, true, out);
}

static void check_transfer_encode(enum moxd_cte cte, const char *in, const char *want)
{
    for (size_t piece = 1; piece < 100; piece += 7) {
        struct moxd_buf out = MOXD_BUF_INIT(10000);
        encode(cte, moxd_cstr(in), piece, &out);
        ck_str(moxd_buf_str(&out), want);
        moxd_buf_fini(&out);
    }
}

#define X25 "xxxxxxxxxxxxxxxxxxxxxxxxx"
/* RFC 2045 6.7 and 6.8, RFC 2049 3 */
START_TEST(encoders)
{
    check_transfer_encode(MOXD_CTE_QP, "a=b \t\r\n", "a=3Db =09\r\n");
    check_transfer_encode(MOXD_CTE_QP, "\xc3\xbc \r\nx ", "=C3=BC=20\r\nx=20");
    check_transfer_encode(MOXD_CTE_QP, "a\rb\nc\r", "a=0Db=0Ac=0D");
    check_transfer_encode(MOXD_CTE_QP, "\r\r\n.\r\n..x", "=0D\r\n=2E\r\n=2E.x");
    check_transfer_encode(MOXD_CTE_QP, X25 X25 X25 "x\r\n", X25 X25 X25 "=\r\nx\r\n");
    check_transfer_encode(MOXD_CTE_QP, X25 X25 X25 ".", X25 X25 X25 "=\r\n=2E");
    check_transfer_encode(MOXD_CTE_QP, "", "");
    check_transfer_encode(MOXD_CTE_BASE64, "", "");
    check_transfer_encode(MOXD_CTE_BASE64, "a", "YQ==\r\n");
    check_transfer_encode(
        MOXD_CTE_BASE64, X25 X25 "xxxxxxx",
        "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\n");
    check_transfer_encode(
        MOXD_CTE_BASE64, X25 X25 "xxxxxxxy",
        "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\r\neQ==\r\n");
}
END_TEST

START_TEST(transfer_encodings)
{
    check_transfer(MOXD_CTE_7BIT, "a=20b\r\n", "a=20b\r\n", 0);
    check_transfer(MOXD_CTE_QP, "", "", 0);
    check_transfer(MOXD_CTE_QP, "a=20b=3d=3D", "a b==", 0);
    check_transfer(MOXD_CTE_QP, "soft=\r\nbreak=\nagain= \t\r\n.", "softbreakagain.", 0);
    check_transfer(MOXD_CTE_QP, "blanks \t\r\nat \nend  ", "blanks\r\nat\nend", 0);
    check_transfer(MOXD_CTE_QP, "in side =20\r\n", "in side  \r\n", 0);
    check_transfer(MOXD_CTE_QP, "a = b =q =4x = \tz", "a = b =q =4x = \tz", 4);
    check_transfer(MOXD_CTE_QP, "==41=\rx", "=A=\rx", 2);
    check_transfer(MOXD_CTE_QP, "end=", "end", 0);
    check_transfer(MOXD_CTE_QP, "end=4", "end=4", 1);
    check_transfer(MOXD_CTE_BASE64, "aGVs\r\nbG8=", "hello", 0);
    check_transfer(MOXD_CTE_BASE64, "aGVsbG8", "hello", 0);
    check_transfer(MOXD_CTE_BASE64, "aGV-s!bG8=", "hello", 2);
    check_transfer(MOXD_CTE_BASE64, "aGVsbG8=\r\nd29ybGQ=", "helloworld", 0);
    check_transfer(MOXD_CTE_BASE64, "====", "", 0);
}
END_TEST

START_TEST(transfer_of_many_blanks)
{
    struct moxd_transfer t;
    struct moxd_buf out = MOXD_BUF_INIT(10000);
    char blanks[1000], room[1000 + MOXD_TRANSFER_SLACK];
    memset(blanks, ' ', sizeof(blanks));
    moxd_transfer_init(&t, MOXD_CTE_QP);
    moxd_buf_add(&out, room, moxd_transfer_write(&t, moxd_str(blanks, 1000), false, room));
    moxd_buf_add(&out, room, moxd_transfer_write(&t, MOXD_STR("x"), true, room));
    ck_assert_uint_eq(out.n, 1001);
    moxd_buf_fini(&out);
}
END_TEST

static const char mail[] =
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    "Stra=DFenb=\r\nahn\r\n"
    "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "PGI+SGlkZGVuPC9iPg==\r\n"
    "--b\r\nContent-Type: application/octet-stream\r\n\r\nbinary\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: nested\r\n\r\ndeep\r\n--b--\r\n";

static bool in_mail(const char *text, unsigned where)
{
    struct message t;
    struct moxd_search *s MOXD_CLEANUP(moxd_search_freep) = NULL;
    struct moxd_text *text_reader MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_str needle = moxd_cstr(text);
    message_open(&t, mail);
    ck_assert_int_eq(moxd_search_new(&s, &needle, 1, NULL), 0);
    ck_assert_int_eq(moxd_search_message(s, text_reader, &t.r, t.m, where, NULL), 0);
    message_close(&t);
    return moxd_search_found(s, 0);
}

/* proves: MSG-03 */
START_TEST(search_in_decoded_text)
{
    const unsigned body = MOXD_SEARCH_IN_BODY, header = MOXD_SEARCH_IN_HEADER;
    ck_assert(in_mail("STRASSENBAHN", body)); /* ß folds to ss */
    ck_assert(!in_mail("Stra=DF", body));
    ck_assert(in_mail("<b>hidden", body));
    ck_assert(!in_mail("binary", body));
    ck_assert(in_mail("NESTED", body));
    ck_assert(in_mail("deep", body));
    ck_assert(!in_mail("grüße", body));
    ck_assert(in_mail("grüße", header));
    ck_assert(in_mail("gru\xCC\x88sse", header)); /* u and a combining diaeresis */
    ck_assert(in_mail("subject: gr", header | body));
    ck_assert(!in_mail("deep", header));
    ck_assert(in_mail("", body));
    ck_assert(!in_mail("Bahn\r\nbinary", header | body));
}
END_TEST

/* proves: MSG-02 */
START_TEST(search_across_pieces)
{
    static const struct moxd_str needles[] = { { "needle", 6 }, { "ÄÖÜ", 6 }, { "absent", 6 } };
    static const char text[] = "xx NEEDLE yy a\xCC\x88o\xCC\x88\xC3\xBC zz";
    for (size_t cut = 0; cut < sizeof(text); cut++) {
        struct moxd_search *s;
        ck_assert_int_eq(moxd_search_new(&s, needles, 3, NULL), 0);
        size_t at = cut;
        while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
            at--;
        moxd_search_write(s, moxd_str(text, at));
        moxd_search_write(s, moxd_cstr(text + at));
        moxd_search_end(s);
        ck_assert(moxd_search_found(s, 0));
        ck_assert(moxd_search_found(s, 1));
        ck_assert(!moxd_search_found(s, 2));
        ck_assert(!moxd_search_found_all(s));
        moxd_search_reset(s);
        ck_assert(!moxd_search_found(s, 0));
        moxd_search_write(s, MOXD_STR("nee"));
        moxd_search_end(s); /* not across texts */
        moxd_search_write(s, MOXD_STR("dle"));
        moxd_search_end(s);
        ck_assert(!moxd_search_found(s, 0));
        moxd_search_free(s);
    }
}
END_TEST

struct tapped {
    struct moxd_buf text; /* what was tapped, a NUL at each end */
    size_t tail;          /* bytes of the text that has not ended */
};

static void on_tap(void *arg, struct moxd_str folded, bool end)
{
    struct tapped *t = arg;
    size_t again = t->tail < MOXD_SEARCH_OVERLAP ? t->tail : MOXD_SEARCH_OVERLAP;

    ck_assert_uint_ge(folded.n, again);
    if (again > 0)
        ck_assert_mem_eq(folded.p, t->text.p + t->text.n - again, again);
    moxd_buf_addstr(&t->text, moxd_str_from(folded, again));
    t->tail += folded.n - again;
    if (end) {
        moxd_buf_addc(&t->text, '\0');
        t->tail = 0;
    }
}

START_TEST(tap_gives_the_folded_text)
{
    static const char want[] = "subject: gr\xC3\xBCsse\0strassenbahn\0";
    struct tapped t = { .text = MOXD_BUF_INIT(100000) };
    struct moxd_search *s MOXD_CLEANUP(moxd_search_freep) = moxd_search_new_tap(on_tap, &t);
    static char filler[9000];

    moxd_search_header(s, MOXD_STR("Subject: =?utf-8?q?Gru=CC=88=C3=9Fe?=\r\n"), NULL);
    moxd_search_write(s, MOXD_STR("Stra"));
    moxd_search_write(s, MOXD_STR("\xC3\x9F"
                                  "en"));
    moxd_search_write(s, MOXD_STR("BAHN"));
    moxd_search_end(s);
    ck_assert_uint_eq(t.text.n, sizeof(want) - 1);
    ck_assert_mem_eq(t.text.p, want, sizeof(want) - 1);

    memset(filler, 'x', sizeof(filler));
    moxd_buf_reset(&t.text);
    moxd_search_value(s, moxd_str(filler, sizeof(filler)));
    ck_assert_uint_eq(t.text.n, sizeof(filler) + 1);
    moxd_buf_fini(&t.text);
}
END_TEST

START_TEST(search_across_chunks_of_a_message)
{
    /* The needle at every offset around the edges of the 8 KiB buffer. */
    char *text = malloc(30000);
    const struct moxd_str needle = MOXD_STR("das suchwort äöü");
    struct moxd_text *reader MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_search *s MOXD_CLEANUP(moxd_search_freep) = NULL;
    ck_assert_int_eq(moxd_search_new(&s, &needle, 1, NULL), 0);
    for (size_t at = MOXD_TEXT_CHUNK - 40; at < MOXD_TEXT_CHUNK + 10; at++) {
        struct message t;
        int n = snprintf(text, 30000,
                         "Content-Type: text/plain; charset=utf-8\n\n%*sDas Suchwort ÄÖÜ%*s",
                         (int)at, "", 9000, "");
        message_open_n(&t, text, (size_t)n);
        moxd_search_reset(s);
        ck_assert_int_eq(moxd_search_message(s, reader, &t.r, t.m, MOXD_SEARCH_IN_BODY, NULL), 0);
        ck_assert(moxd_search_found_all(s));
        message_close(&t);
    }
    free(text);
}
END_TEST

START_TEST(search_limits)
{
    struct moxd_search *s;
    struct moxd_err err = { 0 };
    char *text = calloc(1, MOXD_SEARCH_NEEDLE_MAX + 1);
    struct moxd_str longer = { text, MOXD_SEARCH_NEEDLE_MAX + 1 }, bad = MOXD_STR("\xFF");
    struct moxd_str many[MOXD_SEARCH_NEEDLES_MAX + 1] = { { 0 } };
    ck_assert_int_eq(moxd_search_new(&s, &longer, 1, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    ck_assert_int_eq(moxd_search_new(&s, many, MOXD_NELEMS(many), &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_LIMIT);
    ck_assert_int_eq(moxd_search_new(&s, &bad, 1, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_INVALID);
    free(text);
}
END_TEST

START_TEST(text_of_parts)
{
    struct message t;
    struct moxd_text *reader MOXD_CLEANUP(moxd_text_freep) = moxd_text_new();
    struct moxd_buf out = MOXD_BUF_INIT(1000);
    message_open(&t, mail);
    ck_assert_int_eq(moxd_text_read(reader, &t.r, &t.m->parts[1], 1000, &out, NULL), 0);
    ck_str(moxd_buf_str(&out), "Straßenbahn");
    moxd_buf_reset(&out);
    ck_assert_int_eq(moxd_text_read(reader, &t.r, &t.m->parts[1], 5, &out, NULL), 0);
    ck_str(moxd_buf_str(&out), "Stra"); /* ß would be cut */
    moxd_buf_reset(&out);
    ck_assert_int_eq(moxd_text_read(reader, &t.r, &t.m->parts[2], 1000, &out, NULL), 0);
    ck_str(moxd_buf_str(&out), "<b>Hidden</b>");
    moxd_buf_fini(&out);
    message_close(&t);
}
END_TEST

UNIT_MAIN("text", encoded_words, encoded_words_written, charsets, encoders, transfer_encodings,
          transfer_of_many_blanks, search_in_decoded_text, search_across_pieces,
          tap_gives_the_folded_text, search_across_chunks_of_a_message, search_limits,
          text_of_parts)
