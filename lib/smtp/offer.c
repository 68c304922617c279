/* Replies to EHLO (RFC 5321 4.1.1.1). */
#include "smtp.h"

#include <moxmail/smtp_client.h>
#include <stddef.h>

enum { LIMIT_DIGITS_MAX = 6 /* RFC 9422 3 */ };

/* Cuts the next word off. */
static bool word(struct moxd_str *rest, struct moxd_str *out)
{
    *rest = moxd_str_trim(*rest);
    if (rest->n == 0)
        return false;
    *out = moxd_str_cut(rest, ' ');
    *out = moxd_str_trim(*out);
    return true;
}

static void take_size(struct moxd_str value, struct moxd_smtp_offer *out)
{
    struct moxd_str number;

    out->has_size = true;
    if (!word(&value, &number) || moxd_str_u64(number, UINT64_MAX, &out->size) < 0)
        out->size = 0;
}

/* limit-name-value = limit-name ["=" limit-value]; unknown ones are passed over (RFC 9422 3). */
static void take_limit(struct moxd_str text, struct moxd_smtp_offer *out)
{
    const struct {
        const char *name;
        uint32_t *value;
    } limits[] = {
        { "MAILMAX", &out->mailmax },
        { "RCPTMAX", &out->rcptmax },
        { "RCPTDOMAINMAX", &out->rcptdomainmax },
    };
    struct moxd_str value = text, name = moxd_str_cut(&value, '=');
    uint64_t n;

    if (value.n > LIMIT_DIGITS_MAX || moxd_str_u64(value, UINT32_MAX, &n) < 0)
        return;
    for (size_t i = 0; i < MOXD_NELEMS(limits); i++)
        if (moxd_str_caseeqs(name, limits[i].name))
            *limits[i].value = (uint32_t)n;
}

static void take_limits(struct moxd_str value, struct moxd_smtp_offer *out)
{
    struct moxd_str text;

    while (word(&value, &text))
        take_limit(text, out);
}

/* sasl-mech = 1*20(UPPER / DIGIT / "-" / "_") (RFC 4422 3.1). */
static bool is_mechanism(struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!moxd_is_alpha(s.p[i]) && !moxd_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= MOXD_SMTP_MECHANISM_MAX;
}

static void take_mechanisms(struct moxd_str value, struct moxd_arena *a,
                            struct moxd_smtp_offer *out)
{
    struct moxd_str name;

    if (!out->mechanisms)
        out->mechanisms = moxd_arena_calloc(a, MOXD_SMTP_MECHANISMS_MAX, sizeof(name));
    while (out->nmechanisms < MOXD_SMTP_MECHANISMS_MAX && word(&value, &name)) {
        if (!is_mechanism(name))
            continue;
        char *upper = moxd_arena_cstr(a, name);
        for (size_t i = 0; i < name.n; i++)
            upper[i] = moxd_upper(upper[i]);
        out->mechanisms[out->nmechanisms++] = moxd_str(upper, name.n);
    }
}

static const struct {
    const char *name;
    size_t offset;
} switches[] = {
    { "STARTTLS", offsetof(struct moxd_smtp_offer, starttls) },
    { "PIPELINING", offsetof(struct moxd_smtp_offer, pipelining) },
    { "8BITMIME", offsetof(struct moxd_smtp_offer, eightbitmime) },
    { "SMTPUTF8", offsetof(struct moxd_smtp_offer, smtputf8) },
    { "DSN", offsetof(struct moxd_smtp_offer, dsn) },
    { "CHUNKING", offsetof(struct moxd_smtp_offer, chunking) },
    { "REQUIRETLS", offsetof(struct moxd_smtp_offer, requiretls) },
};

static void take_switch(struct moxd_str keyword, struct moxd_smtp_offer *out)
{
    for (size_t i = 0; i < MOXD_NELEMS(switches); i++)
        if (moxd_str_caseeqs(keyword, switches[i].name))
            *(bool *)((char *)out + switches[i].offset) = true;
}

/* ehlo-line = ehlo-keyword *( SP ehlo-param ). Servers of old wrote "AUTH=PLAIN LOGIN". */
static void take_line(struct moxd_str line, struct moxd_arena *a, struct moxd_smtp_offer *out)
{
    struct moxd_str keyword, value = line;

    if (moxd_str_casestarts(value, MOXD_STR("AUTH="))) {
        take_mechanisms(moxd_str_from(value, 5), a, out);
        return;
    }
    if (!word(&value, &keyword))
        return;
    if (moxd_str_caseeqs(keyword, "SIZE"))
        take_size(value, out);
    else if (moxd_str_caseeqs(keyword, "AUTH"))
        take_mechanisms(value, a, out);
    else if (moxd_str_caseeqs(keyword, "LIMITS"))
        take_limits(value, out);
    else
        take_switch(keyword, out);
}

void moxd_smtp_offer_parse(const struct moxd_smtp_reply *r, struct moxd_arena *a,
                           struct moxd_smtp_offer *out)
{
    *out = (struct moxd_smtp_offer){ .size = 0 };
    for (size_t i = 1; i < r->nlines; i++)
        take_line(r->lines[i], a, out);
}

bool moxd_smtp_offers_mechanism(const struct moxd_smtp_offer *offer, const char *name)
{
    for (size_t i = 0; i < offer->nmechanisms; i++)
        if (moxd_str_eqs(offer->mechanisms[i], name))
            return true;
    return false;
}
