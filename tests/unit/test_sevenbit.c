/* Messages put into 7-bit form: what is encoded, and what is better left alone (P-QUEUE-13). */
#include "message.h"

#include <moxmail/sevenbit.h>

static struct message msg;
static struct moxd_sevenbit *sb;
static struct moxd_buf out;

static struct moxd_str convert(const char *text)
{
    struct moxd_err err = { 0 };
    int more = 1;

    message_open(&msg, text);
    moxd_buf_init(&out, 1 << 24);
    ck_assert_int_eq(moxd_sevenbit_plan(&msg.r, msg.m, msg.a, &sb, &err), 0);
    while (more > 0)
        more = moxd_sevenbit_next(sb, &msg.r, &out, &err);
    ck_assert_int_eq(more, 0);
    return moxd_buf_str(&out);
}

static void done(void)
{
    moxd_buf_fini(&out);
    message_close(&msg);
}

#define MIME "From: a@b\r\nMIME-Version: 1.0\r\n"
#define TEXT "Content-Type: text/plain; charset=utf-8\r\n"
#define UE "\xc3\xbc"
#define X100                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "xxxx"                                                                                         \
    "xxxx"
#define X1000 X100 X100 X100 X100 X100 X100 X100 X100 X100 X100

/* want NULL: it stays as it is */
static const struct {
    const char *in, *want;
    bool remains;
} cases[] = {
    { MIME TEXT "\r\nplain\r\n", NULL, false },
    { MIME TEXT "Content-Transfer-Encoding: 8bit\r\nSubject: x\r\n\r\nGr" UE "n, all of it\r\n",
      MIME TEXT
      "Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BCn, all of it\r\n",
      false },
    { MIME TEXT "\r\n" UE UE UE "\r\n",
      MIME TEXT "Content-Transfer-Encoding: base64\r\n\r\nw7zDvMO8DQo=\r\n", false },
    /* no MIME fields */
    { "From: a@b\r\n\r\nGr" UE "n, all of it\r\n",
      "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BCn, all of it\r\n",
      false },
    { "From: a@b\r\n\r\nGr\xfcn, all of it\r\n",
      "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=FCn, all of it\r\n",
      false },
    /* not text; already encoded; encoded in a way that nobody knows */
    { MIME "Content-Type: image/png\r\n\r\n\x89PNG\r\n",
      MIME "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n",
      false },
    { MIME TEXT "Content-Transfer-Encoding: base64\r\n\r\n" UE "\r\n", NULL, true },
    { MIME TEXT "Content-Transfer-Encoding: x-uuencode\r\n\r\n" UE "\r\n", NULL, true },
    /* in parts; the containers no longer say 8bit */
    { MIME "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
           "8bit\r\n\r\nhi\r\n--b\r\n"
           "\r\nno header " UE
           "\r\n--b\r\nContent-Type: text/html\r\n\r\nplain\r\n--b--\r\nbye\r\n",
      MIME
      "Content-Type: multipart/mixed; boundary=b\r\n\r\nhi\r\n--b\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "\r\nno header =C3=BC\r\n--b\r\nContent-Type: text/html\r\n\r\nplain\r\n--b--\r\nbye\r\n",
      false },
    /* 8-bit bytes that are in no part stay, and so does what the container says */
    { MIME "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE
           "\r\n--b\r\n" TEXT "\r\nwith some text " UE "\r\n--b--\r\n",
      MIME "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" UE
           "\r\n--b\r\n" TEXT
           "Content-Transfer-Encoding: quoted-printable\r\n\r\nwith some text =C3=BC\r\n--b--\r\n",
      true },
    /* a message in the message */
    { MIME "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: "
           "in\r\n\r\nsome text " UE "\r\n",
      MIME "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
           "quoted-printable\r\n\r\n"
           "some text =C3=BC\r\n",
      false },
    /* what others signed or encrypted */
    { MIME "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n" TEXT "\r\nsome text " UE
           "\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
      NULL, true },
    { MIME "DKIM-Signature: v=1\r\n" TEXT "\r\nsome text " UE "\r\n", NULL, true },
    { MIME "Content-Type: message/rfc822\r\n\r\nDKIM-Signature: v=1\r\n\r\nsome text " UE "\r\n",
      NULL, true },
    { MIME "Content-Type: message/partial; id=a\r\n\r\nsome text " UE "\r\n", NULL, true },
    { MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\nno parts " UE "\r\n", NULL, true },
    /* long lines */
    { MIME TEXT "\r\n" X1000 "\r\n" UE "\r\n",
      MIME TEXT "Content-Transfer-Encoding: quoted-printable\r\n\r\n", false },
    { "From: a@b\r\n\r\n" X1000 "\r\n",
      "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
      "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
      false },
};

static size_t longest_line(struct moxd_str s)
{
    size_t longest = 0;

    while (s.p && s.n > 0) {
        struct moxd_str line = moxd_str_cut(&s, '\n');
        longest = line.n > longest ? line.n : longest;
    }
    return longest;
}

/* proves in part: P-QUEUE-13 */
START_TEST(conversions)
{
    struct moxd_str got = convert(cases[_i].in);
    const char *want = cases[_i].want ? cases[_i].want : cases[_i].in;

    if (longest_line(msg.text) > 1000) {
        ck_assert_uint_le(longest_line(got), 77);
        got = moxd_str_sub(got, 0, strlen(want));
    }
    ck_str(got, want);
    ck_assert_int_eq(moxd_sevenbit_parts(sb) > 0, cases[_i].want != NULL);
    ck_assert_int_eq(moxd_sevenbit_remains(sb), cases[_i].remains);
    done();
}
END_TEST

/* A character on the border between two pieces is one. */
START_TEST(large)
{
    static char text[300000];
    size_t n = (size_t)snprintf(text, sizeof(text), "From: a@b\r\n\r\n");

    for (size_t i = 0; n < 200000; i++, n += 3)
        memcpy(text + n, i % 20 == 19 ? "\r\nx" : "xx\xc3", 3);
    for (size_t i = 13; i < n; i++)
        if ((unsigned char)text[i] == 0xc3 && text[i + 1] == 'x')
            text[i + 1] = '\xbc';
        else if ((unsigned char)text[i] == 0xc3)
            text[i] = 'x';
    text[n] = '\0';
    struct moxd_str got = convert(text);
    ck_assert(moxd_str_is_ascii(got));
    ck_assert(moxd_str_find(moxd_str_sub(got, 0, 200), MOXD_STR("charset=utf-8")) > 0);
    ck_assert_uint_le(longest_line(got), 77);
    done();
}
END_TEST

START_TEST(too_many_parts)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&b, MIME "Content-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (size_t i = 0; i <= MOXD_MSG_PARTS_MAX; i++)
        moxd_buf_adds(&b, "--b\r\n\r\n" UE "\r\n");
    convert(moxd_buf_cstr(&b));
    ck_assert_uint_eq(moxd_sevenbit_parts(sb), 0);
    ck_assert(moxd_sevenbit_remains(sb));
    done();
    moxd_buf_fini(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sevenbit");
    TCase *tc = tcase_create("sevenbit");
    SRunner *runner;

    tcase_add_loop_test(tc, conversions, 0, MOXD_NELEMS(cases));
    tcase_add_test(tc, large);
    tcase_add_test(tc, too_many_parts);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
