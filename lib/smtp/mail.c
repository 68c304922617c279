/* MAIL and its parameters. */
#include "smtp.h"

#include <moxmail/date.h>

enum { SIZE_DIGITS = 20, HOLDFOR_DIGITS = 9 };

/* size-value = 1*20DIGIT (RFC 1870 3) */
static int set_size(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                    struct moxd_err *err)
{
    struct moxd_smtp_mail *m = out;
    (void)opts, (void)a;
    for (size_t i = 0; i < value.n; i++)
        if (!moxd_is_digit(value.p[i]) || value.n > SIZE_DIGITS)
            return mail_smtp_fail(err, "SIZE is a number of at most 20 digits");
    m->has_size = true;
    if (moxd_str_u64(value, UINT64_MAX, &m->size) < 0)
        m->size = UINT64_MAX;
    return 0;
}

/* body-value = "7BIT" / "8BITMIME" (RFC 6152 2) / "BINARYMIME" (RFC 3030 3) */
static int set_body(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                    struct moxd_err *err)
{
    static const char *const words[] = { "7BIT", "8BITMIME", "BINARYMIME", NULL };
    struct moxd_smtp_mail *m = out;
    (void)a;
    int i = mail_smtp_word(value, words);
    bool known = i == 2 ? (opts & MOXD_SMTP_EXT_BINARYMIME) != 0 : i >= 0;
    if (!known)
        return mail_smtp_fail(err, "BODY is 7BIT or 8BITMIME%s",
                              opts & MOXD_SMTP_EXT_BINARYMIME ? " or BINARYMIME" : "");
    m->body = (enum moxd_smtp_body)(MOXD_SMTP_7BIT + i);
    return 0;
}

static int set_smtputf8(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                        struct moxd_err *err)
{
    (void)value, (void)opts, (void)a, (void)err;
    ((struct moxd_smtp_mail *)out)->smtputf8 = true;
    return 0;
}

static int set_requiretls(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                          struct moxd_err *err)
{
    (void)value, (void)opts, (void)a, (void)err;
    ((struct moxd_smtp_mail *)out)->requiretls = true;
    return 0;
}

/* AUTH=mailbox or AUTH=<>, as xtext (RFC 4954 5). Nothing depends on it, so only pedantic mode wants a
 * real mailbox. */
static int set_auth(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                    struct moxd_err *err)
{
    struct moxd_smtp_mail *m = out;
    struct moxd_address ad;
    unsigned flags = mail_smtp_address_flags(opts) | MOXD_ADDRESS_UTF8;
    if (mail_smtp_xtext(value, a, &m->auth) < 0)
        return mail_smtp_fail(err, "AUTH is an address in xtext or <>");
    m->has_auth = true;
    if (moxd_str_eqs(m->auth, "<>"))
        m->auth = MOXD_STR("");
    else if ((opts & MOXD_SMTP_PEDANTIC) && moxd_address_parse(m->auth, flags, a, &ad, NULL) < 0)
        return mail_smtp_fail(err, "AUTH is an address in xtext or <>");
    return 0;
}

/* ret-value = "FULL" / "HDRS" (RFC 3461 4.3) */
static int set_ret(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                   struct moxd_err *err)
{
    static const char *const words[] = { "FULL", "HDRS", NULL };
    (void)opts, (void)a;
    int i = mail_smtp_word(value, words);
    if (i < 0)
        return mail_smtp_fail(err, "RET is FULL or HDRS");
    ((struct moxd_smtp_mail *)out)->ret = (enum moxd_smtp_ret)(MOXD_SMTP_RET_FULL + i);
    return 0;
}

/* xtext of printable ASCII (RFC 3461 4.4) */
static int set_envid(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                     struct moxd_err *err)
{
    struct moxd_smtp_mail *m = out;
    (void)opts;
    int r = value.n > MOXD_SMTP_ENVID_MAX ? -1 : mail_smtp_xtext(value, a, &m->envid);
    for (size_t i = 0; r == 0 && i < m->envid.n; i++)
        if (m->envid.p[i] < ' ' || m->envid.p[i] > '~')
            r = -1;
    if (r < 0)
        return mail_smtp_fail(err, "ENVID is at most %d characters of xtext", MOXD_SMTP_ENVID_MAX);
    m->has_envid = true;
    return 0;
}

/* future-release-interval = 1 to 999999999 seconds (RFC 4865 3) */
static int set_holdfor(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                       struct moxd_err *err)
{
    uint64_t seconds;
    (void)opts, (void)a;
    if (value.n > HOLDFOR_DIGITS || value.p[0] == '0' ||
        moxd_str_u64(value, MOXD_SMTP_HOLDFOR_MAX, &seconds) < 0)
        return mail_smtp_fail(err, "HOLDFOR is a number of seconds, 1 to 999999999");
    ((struct moxd_smtp_mail *)out)->hold_for = (int64_t)seconds;
    return 0;
}

/* future-release-date-time: RFC 3339 in UTC (RFC 4865 3); other zones are converted */
static int set_holduntil(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                         struct moxd_err *err)
{
    struct moxd_date d;
    (void)a;
    int r = moxd_date_parse_rfc3339(value, &d);
    if (r < 0 || d.sec <= 0 || ((opts & MOXD_SMTP_PEDANTIC) && value.p[value.n - 1] != 'Z'))
        return mail_smtp_fail(err, "HOLDUNTIL is a time like 2026-01-31T12:00:00Z");
    ((struct moxd_smtp_mail *)out)->hold_until = d.sec;
    return 0;
}

static const struct mail_smtp_param params[] = {
    { "SIZE", MOXD_SMTP_EXT_SIZE, true, false, set_size },
    { "BODY", MOXD_SMTP_EXT_8BITMIME | MOXD_SMTP_EXT_BINARYMIME, true, false, set_body },
    { "SMTPUTF8", MOXD_SMTP_EXT_SMTPUTF8, false, false, set_smtputf8 },
    { "AUTH", MOXD_SMTP_EXT_AUTH, true, false, set_auth },
    { "RET", MOXD_SMTP_EXT_DSN, true, false, set_ret },
    { "ENVID", MOXD_SMTP_EXT_DSN, true, false, set_envid },
    { "REQUIRETLS", MOXD_SMTP_EXT_REQUIRETLS, false, false, set_requiretls },
    { "HOLDFOR", MOXD_SMTP_EXT_FUTURERELEASE, true, false, set_holdfor },
    { "HOLDUNTIL", MOXD_SMTP_EXT_FUTURERELEASE, true, true, set_holduntil },
    { NULL },
};

/* 5.1.3 is about recipients, 5.1.7 about senders (RFC 3463 3.2). */
static int sender_error(struct moxd_err *err)
{
    if (err != NULL && strcmp(err->enhanced, "5.1.3") == 0)
        err->enhanced[4] = '7';
    return -1;
}

/* mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] */
int moxd_smtp_parse_mail(struct moxd_str args, unsigned opts, struct moxd_arena *a,
                         struct moxd_smtp_mail *out, struct moxd_err *err)
{
    bool utf8;
    *out = (struct moxd_smtp_mail){ .ret = MOXD_SMTP_RET_NONE };
    if (mail_smtp_path(&args, "FROM:", opts, a, &out->from, &utf8, err) < 0)
        return sender_error(err);
    if (out->from.domain.ascii.n == 0 && !moxd_address_is_null(&out->from))
        return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.1.7", "sender without domain");
    if (mail_smtp_params(args, params, out, opts, a, err) < 0)
        return -1;
    if (utf8 && !out->smtputf8)
        return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 553, "5.6.7",
                                 "non-ASCII address is not allowed without SMTPUTF8");
    return 0;
}
