#include "smtp_trace.h"

#include <moxd/clock.h>
#include <moxd/enc.h>
#include <moxmail/date.h>
#include <moxmail/header_write.h>
#include <time.h>

const char *smtp_with(bool esmtp, bool smtputf8, bool tls, bool authenticated)
{
    static const char *const names[2][2][2] = {
        { { "ESMTP", "ESMTPA" }, { "ESMTPS", "ESMTPSA" } },
        { { "UTF8SMTP", "UTF8SMTPA" }, { "UTF8SMTPS", "UTF8SMTPSA" } },
    };
    return esmtp ? names[smtputf8][tls][authenticated] : "SMTP";
}

void smtp_address_literal(struct moxd_buf *b, const char *ip)
{
    moxd_buf_addf(b, "[%s%s]", strchr(ip, ':') ? "IPv6:" : "", ip);
}

int smtp_local_zone(int64_t time)
{
    time_t t = (time_t)(time / MOXD_SEC);
    struct tm tm;

    return localtime_r(&t, &tm) ? (int)(tm.tm_gmtoff / 60) : 0;
}

void smtp_date(struct moxd_buf *b, int64_t time)
{
    moxd_date_put(b, (struct moxd_date){ .sec = time / MOXD_SEC, .zone = smtp_local_zone(time) });
}

static void write_from(struct moxd_header_writer *w, const struct smtp_received *r)
{
    struct moxd_buf literal = MOXD_BUF_INIT(80);

    moxd_hw_word(w, MOXD_STR("from"));
    moxd_hw_word(w, r->from);
    if (r->remote_ip) {
        smtp_address_literal(&literal, r->remote_ip);
        moxd_hw_wordf(w, "(%s)", moxd_buf_cstr(&literal));
        moxd_buf_fini(&literal);
    }
}

static void write_date(struct moxd_header_writer *w, const struct smtp_received *r)
{
    struct moxd_buf date = MOXD_BUF_INIT(80);

    smtp_date(&date, r->time);
    moxd_hw_word(w, moxd_buf_str(&date));
    moxd_buf_fini(&date);
}

/* The semicolon must follow the last clause directly. */
void smtp_received_write(struct moxd_buf *b, const struct smtp_received *r)
{
    const char *with = smtp_with(r->esmtp, r->smtputf8, r->tls, r->authenticated);
    bool one = r->for_path.n > 0;
    struct moxd_header_writer w;

    moxd_hw_begin(&w, b, "Received");
    write_from(&w, r);
    moxd_hw_wordf(&w, "by %s", r->by);
    moxd_hw_wordf(&w, "via tcp");
    moxd_hw_wordf(&w, "with %s", with);
    if (r->requiretls)
        moxd_hw_word(&w, MOXD_STR("(requiretls)"));
    if (r->tls_version)
        moxd_hw_wordf(&w, "(%s %s)", r->tls_version, r->tls_cipher ? r->tls_cipher : "?");
    moxd_hw_wordf(&w, "id %s%s", r->id, one ? "" : ";");
    if (one)
        moxd_hw_wordf(&w, "for <%" MOXD_STRF ">;", MOXD_STRA(r->for_path));
    write_date(&w, r);
    moxd_hw_end(&w);
}

void smtp_message_id(struct moxd_buf *b, const char *hostname)
{
    unsigned char random[15];

    moxd_random(random, sizeof(random));
    moxd_b64url_encode(b, moxd_str((const char *)random, sizeof(random)));
    moxd_buf_addf(b, "@%s", hostname);
}
