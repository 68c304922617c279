/* The Received-SPF field (RFC 7208 9.1). */
#include "spf.h"

#include "../message/quote.h"

#include <moxmail/address.h>
#include <moxmail/header_write.h>

enum { VALUE_MAX = 400, PAIR_MAX = 2 * VALUE_MAX + 50 };

static const char *const phrases[] = {
    [MOXD_SPF_NONE] = "has no policy for",
    [MOXD_SPF_NEUTRAL] = "says nothing about",
    [MOXD_SPF_PASS] = "designates",
    [MOXD_SPF_FAIL] = "does not designate",
    [MOXD_SPF_SOFTFAIL] = "probably does not designate",
    [MOXD_SPF_TEMPERROR] = "could not be asked about",
    [MOXD_SPF_PERMERROR] = "has an invalid policy for",
};

/* Key and value, with the semicolon that another pair needs behind it. */
static void pair(struct moxd_header_writer *w, const char *key, struct moxd_str value, bool last)
{
    struct moxd_buf b = MOXD_BUF_INIT(PAIR_MAX);

    value = mail_cut(value, VALUE_MAX);
    moxd_buf_addf(&b, "%s=", key);
    if (mail_is_dot_atom(value) && moxd_str_is_ascii(value))
        moxd_buf_addstr(&b, value);
    else
        mail_put_quoted(&b, value);
    if (!last)
        moxd_buf_addc(&b, ';');
    moxd_hw_word(w, moxd_buf_str(&b));
    moxd_buf_fini(&b);
}

static void comment(struct moxd_header_writer *w, const struct moxd_spf_args *args,
                    struct moxd_str ip, enum moxd_spf_result result)
{
    struct moxd_buf text = MOXD_BUF_INIT(PAIR_MAX), b = text;

    moxd_buf_addf(&text, "%s: %" MOXD_STRF " %s %" MOXD_STRF,
                  args->receiver ? args->receiver : "unknown", MOXD_STRA(args->domain),
                  phrases[result], MOXD_STRA(ip));
    mail_put_comment(&b, mail_cut(moxd_buf_str(&text), VALUE_MAX));
    moxd_hw_word(w, moxd_buf_str(&b));
    moxd_buf_fini(&text);
    moxd_buf_fini(&b);
}

static void sender(struct moxd_header_writer *w, const struct moxd_spf_args *args)
{
    struct moxd_buf b = MOXD_BUF_INIT(PAIR_MAX);

    if (args->localpart.n > 0)
        moxd_localpart_put(&b, args->localpart);
    else
        moxd_buf_adds(&b, "postmaster");
    moxd_buf_addf(&b, "@%" MOXD_STRF, MOXD_STRA(args->domain));
    pair(w, "envelope-from", moxd_buf_str(&b), false);
    moxd_buf_fini(&b);
}

void moxd_spf_received(struct moxd_buf *b, const struct moxd_spf_args *args,
                       const struct moxd_spf_outcome *o, const char *identity)
{
    struct moxd_buf ip = MOXD_BUF_INIT(100);
    struct moxd_header_writer w;

    mail_spf_readable(&ip, args);
    moxd_hw_begin(&w, b, "Received-SPF");
    moxd_hw_word(&w, moxd_cstr(moxd_spf_result_name(o->result)));
    comment(&w, args, moxd_buf_str(&ip), o->result);
    pair(&w, "client-ip", moxd_buf_str(&ip), false);
    if (strcmp(identity, "mailfrom") == 0)
        sender(&w, args);
    pair(&w, "helo", args->helo, false);
    pair(&w, "identity", moxd_cstr(identity), false);
    if (o->problem)
        pair(&w, "problem", moxd_cstr(o->problem), false);
    pair(&w, "mechanism", o->mechanism, false);
    pair(&w, "receiver", moxd_cstr(args->receiver ? args->receiver : "unknown"), true);
    moxd_hw_end(&w);
    moxd_buf_fini(&ip);
}
