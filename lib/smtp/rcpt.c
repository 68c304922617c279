/* RCPT and its parameters. */
#include "smtp.h"

/* notify-esmtp-value = "NEVER" / 1#notify-list-element (RFC 3461 4.1) */
static int set_notify(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                      struct moxd_err *err)
{
    static const char *const words[] = { "NEVER", "SUCCESS", "FAILURE", "DELAY", NULL };
    struct moxd_smtp_rcpt *r = out;
    (void)opts;
    r->notify_text = moxd_arena_str(a, value);
    do {
        int i = mail_smtp_word(moxd_str_cut(&value, ','), words);
        bool alone = i == 0 && (value.p != NULL || r->notify != 0);
        if (i < 0 || alone || (r->notify & MOXD_SMTP_NOTIFY_NEVER))
            return mail_smtp_fail(err, "NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY");
        r->notify |= 1u << i;
    } while (value.p != NULL);
    return 0;
}

static bool is_atom(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0;
}

static bool has_control(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

/* The address of the type utf-8 has an encoding of its own (RFC 6533 3), others are xtext. */
static int decode_orcpt(struct moxd_smtp_rcpt *r, struct moxd_str address, struct moxd_arena *a)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(address.n);
    bool utf8 = moxd_str_eqs(r->orcpt_type, "utf-8");
    int result = utf8 ? moxd_utf8_addr_decode(&b, address) : moxd_xtext_decode(&b, address);
    if (result < 0 || b.n == 0 || has_control(moxd_buf_str(&b)) ||
        !moxd_str_is_utf8(moxd_buf_str(&b)))
        return -1;
    r->orcpt = moxd_arena_str(a, moxd_buf_str(&b));
    return 0;
}

/* original-recipient-address = addr-type ";" xtext (RFC 3461 4.2) */
static int set_orcpt(void *out, struct moxd_str value, unsigned opts, struct moxd_arena *a,
                     struct moxd_err *err)
{
    struct moxd_smtp_rcpt *r = out;
    struct moxd_str address = value, type = moxd_str_cut(&address, ';');
    (void)opts;
    char *lower = moxd_arena_cstr(a, type);
    for (size_t i = 0; i < type.n; i++)
        lower[i] = moxd_lower(lower[i]);
    r->orcpt_text = moxd_arena_str(a, value);
    r->orcpt_type = moxd_str(lower, type.n);
    if (value.n > MOXD_SMTP_ORCPT_MAX || !is_atom(type) || decode_orcpt(r, address, a) < 0)
        return mail_smtp_fail(err,
                              "ORCPT is a type, \";\" and an address in xtext, at most %d "
                              "characters",
                              MOXD_SMTP_ORCPT_MAX);
    return 0;
}

static const struct mail_smtp_param params[] = {
    { "NOTIFY", MOXD_SMTP_EXT_DSN, true, false, set_notify },
    { "ORCPT", MOXD_SMTP_EXT_DSN, true, false, set_orcpt },
    { NULL },
};

/* rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
 *        [SP Rcpt-parameters] */
int moxd_smtp_parse_rcpt(struct moxd_str args, unsigned opts, struct moxd_arena *a,
                         struct moxd_smtp_rcpt *out, struct moxd_err *err)
{
    bool utf8;
    *out = (struct moxd_smtp_rcpt){ .notify = 0 };
    if (mail_smtp_path(&args, "TO:", opts, a, &out->to, &utf8, err) < 0)
        return -1;
    if (moxd_address_is_null(&out->to))
        return moxd_err_smtp_set(err, MOXD_ERR_SYNTAX, 501, "5.1.3", "recipient without address");
    return mail_smtp_params(args, params, out, opts, a, err);
}
