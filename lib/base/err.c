/* Errors as values. */
#include <moxd/err.h>

#include <errno.h>
#include <stdio.h>

/* Per kind: the name in logs, and the SMTP reply when the failing function chose none (RFC 5321
 * 4.2.3, RFC 3463 3). */
static const struct {
    const char *name;
    int code;
    const char *enhanced;
} kinds[] = {
    [MOXD_ERR_NONE] = { "none", 250, "2.0.0" },
    [MOXD_ERR_SYNTAX] = { "syntax", 501, "5.5.2" },
    [MOXD_ERR_INVALID] = { "invalid", 550, "5.0.0" },
    [MOXD_ERR_NOTFOUND] = { "notfound", 550, "5.0.0" },
    [MOXD_ERR_EXISTS] = { "exists", 550, "5.0.0" },
    [MOXD_ERR_DENIED] = { "denied", 550, "5.7.1" },
    [MOXD_ERR_LIMIT] = { "limit", 552, "5.3.4" },
    [MOXD_ERR_STATE] = { "state", 503, "5.5.1" },
    [MOXD_ERR_TEMP] = { "temp", 451, "4.3.0" },
    [MOXD_ERR_FULL] = { "full", 452, "4.3.1" },
    [MOXD_ERR_IO] = { "io", 451, "4.3.0" },
    [MOXD_ERR_CORRUPT] = { "corrupt", 451, "4.3.0" },
    [MOXD_ERR_TIMEOUT] = { "timeout", 451, "4.4.2" },
    [MOXD_ERR_CANCELLED] = { "cancelled", 421, "4.3.2" },
    [MOXD_ERR_CLOSED] = { "closed", 421, "4.4.2" },
    [MOXD_ERR_INTERNAL] = { "internal", 451, "4.3.0" },
};

/* A cut text does not end within a character: drops an incomplete UTF-8 sequence at the end. */
static void cut_at_char(char *s)
{
    size_t n = strlen(s), i = n;
    while (i > 0 && n - i < 3 && ((unsigned char)s[i - 1] & 0xc0) == 0x80)
        i--;
    if (i == 0 || (unsigned char)s[i - 1] < 0xc0)
        return;
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (n - (i - 1) < want)
        s[i - 1] = '\0';
}

/* The public text is one line: it goes into protocol replies. */
static void one_line(char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            *s = ' ';
}

static void format(char *dst, size_t cap, const char *fmt, va_list ap)
{
    int n = vsnprintf(dst, cap, fmt, ap);
    if (n < 0)
        dst[0] = '\0';
    else if ((size_t)n >= cap)
        cut_at_char(dst);
}

static void set(struct moxd_err *err, enum moxd_err_kind kind, const char *fmt, va_list ap)
{
    moxd_err_clear(err);
    err->kind = kind;
    format(err->priv, sizeof err->priv, fmt, ap);
    snprintf(err->pub, sizeof err->pub, "%.*s", (int)sizeof err->pub - 1, err->priv);
    cut_at_char(err->pub);
    one_line(err->pub);
}

int moxd_err_set(struct moxd_err *err, enum moxd_err_kind kind, const char *fmt, ...)
{
    if (err == NULL)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set(err, kind, fmt, ap);
    va_end(ap);
    return -1;
}

static void add_priv(struct moxd_err *err, const char *text)
{
    size_t n = strlen(err->priv);
    int want = snprintf(err->priv + n, sizeof err->priv - n, ": %s", text);
    if (want < 0 || (size_t)want >= sizeof err->priv - n)
        cut_at_char(err->priv);
}

int moxd_err_sys(struct moxd_err *err, const char *fmt, ...)
{
    int sys = errno;
    if (err == NULL)
        return -1;
    bool full = sys == ENOSPC || sys == EDQUOT;
    va_list ap;
    va_start(ap, fmt);
    set(err, full ? MOXD_ERR_FULL : MOXD_ERR_IO, fmt, ap);
    va_end(ap);
    err->sys = sys;
    char why[128];
    add_priv(err, strerror_r(sys, why, sizeof why));
    snprintf(err->pub, sizeof err->pub, "%s", full ? "out of disk space" : "local system error");
    errno = sys;
    return -1;
}

int moxd_err_smtp_set(struct moxd_err *err, enum moxd_err_kind kind, int code, const char *enhanced,
                      const char *fmt, ...)
{
    moxd_assert(code >= 200 && code <= 599);
    if (err == NULL)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    set(err, kind, fmt, ap);
    va_end(ap);
    err->smtp_code = code;
    snprintf(err->enhanced, sizeof err->enhanced, "%s", enhanced != NULL ? enhanced : "");
    return -1;
}

int moxd_err_wrap(struct moxd_err *err, const char *fmt, ...)
{
    if (err == NULL)
        return -1;
    char cause[sizeof err->priv];
    memcpy(cause, err->priv, sizeof cause);
    va_list ap;
    va_start(ap, fmt);
    format(err->priv, sizeof err->priv, fmt, ap);
    va_end(ap);
    add_priv(err, cause);
    return -1;
}

void moxd_err_clear(struct moxd_err *err)
{
    if (err != NULL)
        *err = (struct moxd_err){ .kind = MOXD_ERR_NONE };
}

static bool known(enum moxd_err_kind kind)
{
    return (size_t)kind < MOXD_NELEMS(kinds);
}

const char *moxd_err_kind_name(enum moxd_err_kind kind)
{
    return known(kind) ? kinds[kind].name : "unknown";
}

int moxd_err_smtp_code(const struct moxd_err *err)
{
    if (err->smtp_code != 0)
        return err->smtp_code;
    return known(err->kind) ? kinds[err->kind].code : 451;
}

const char *moxd_err_enhanced(const struct moxd_err *err)
{
    if (err->enhanced[0] != '\0')
        return err->enhanced;
    int class = moxd_err_smtp_code(err) / 100;
    const char *own = known(err->kind) ? kinds[err->kind].enhanced : "4.3.0";
    if (own[0] - '0' == class)
        return own;
    return class == 5 ? "5.0.0" : class == 4 ? "4.0.0" : "2.0.0";
}
