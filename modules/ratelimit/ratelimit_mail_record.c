#include "ratelimit.h"

#include <moxd/enc.h>

static bool is_data(size_t kind)
{
    return kind == RATELIMIT_DATA || kind == RATELIMIT_DATA_DAY;
}

static int64_t period(size_t kind)
{
    return ratelimit_mail_kinds[kind].period;
}

void ratelimit_mail_write(const struct ratelimit_mail *mail, unsigned char out[RATELIMIT_RECORD])
{
    for (size_t i = 0; i < RATELIMIT_MAIL_KINDS; i++, out += 16) {
        moxd_put_be64(out, (uint64_t)mail->window[i].start);
        moxd_put_be32(out + 8, mail->window[i].now);
        moxd_put_be32(out + 12, mail->window[i].before);
    }
}

int ratelimit_mail_parse(struct moxd_str record, struct ratelimit_mail *out)
{
    const char *p = record.p;

    if (record.n != RATELIMIT_RECORD)
        return -1;
    for (size_t i = 0; i < RATELIMIT_MAIL_KINDS; i++, p += 16) {
        uint64_t start = moxd_get_be64(p);
        if (start > INT64_MAX / 2)
            return -1;
        out->window[i] = (struct ratelimit_window){ (int64_t)start, moxd_get_be32(p + 8),
                                                    moxd_get_be32(p + 12) };
    }
    return 0;
}

void ratelimit_mail_add(struct ratelimit_mail *mail, uint64_t size, int64_t t)
{
    uint64_t kib = size / 1024 + 1;

    for (size_t i = 0; i < RATELIMIT_MAIL_KINDS; i++)
        ratelimit_window_add(&mail->window[i], period(i), t,
                             !is_data(i) ? 1 : (uint32_t)(kib < UINT32_MAX ? kib : UINT32_MAX));
}

uint32_t ratelimit_mail_count(const struct ratelimit_mail *mail, enum ratelimit_mail_kind kind,
                              int64_t t)
{
    return ratelimit_window_count(&mail->window[kind], period(kind), t);
}

bool ratelimit_mail_is_past(const struct ratelimit_mail *mail, int64_t t)
{
    for (size_t i = 0; i < RATELIMIT_MAIL_KINDS; i++)
        if (t - mail->window[i].start < 2 * period(i))
            return false;
    return true;
}
