#include "auth_precis.h"

#include "auth_freeform.h"

#include <uninorm.h>
#include <unistr.h>

size_t auth_precis_length(struct moxd_str s)
{
    return u8_mbsnlen((const uint8_t *)s.p, s.n);
}

/* Appends s in NFC. False when memory is out or the limit of `out` is reached. */
static bool add_nfc(struct moxd_str s, struct moxd_buf *out)
{
    size_t n = 0;
    uint8_t *nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)s.p, s.n, NULL, &n);

    if (!nfc)
        return false;
    moxd_buf_add(out, nfc, n);
    moxd_wipe(nfc, n);
    free(nfc);
    return !out->overflow;
}

static bool all_freeform(const uint32_t *cp, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!auth_freeform_allowed(cp, n, i))
            return false;
    return true;
}

/* RFC 8265 4.2.2: rule 2 (spaces), then rule 4 (NFC). */
static bool map_and_normalize(uint32_t *cp, size_t n, struct moxd_buf *out)
{
    bool ok;
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        if (auth_freeform_is_space(cp[i]))
            cp[i] = ' ';
    uint8_t *mapped = u32_to_u8(cp, n, NULL, &len);
    if (!mapped)
        return false;
    ok = add_nfc(moxd_str((const char *)mapped, len), out);
    moxd_wipe(mapped, len);
    free(mapped);
    return ok;
}

/* Code points of the string, to be wiped and freed. */
static uint32_t *points(struct moxd_str s, size_t *n)
{
    uint32_t *cp;

    *n = 0;
    cp = u8_to_u32((const uint8_t *)s.p, s.n, NULL, n);
    if (!cp)
        moxd_panic("out of memory");
    return cp;
}

static void forget(uint32_t *cp, size_t n)
{
    moxd_wipe(cp, n * sizeof(*cp));
    free(cp);
}

/* NFC can make characters that need a context of their own, such as U+00B7 of U+0387: the result has
 * to conform as well (RFC 8264 7). */
static bool still_freeform(const struct moxd_buf *b)
{
    size_t n;
    uint32_t *cp = points(moxd_buf_str(b), &n);
    bool allowed = all_freeform(cp, n);

    forget(cp, n);
    return allowed;
}

int auth_precis_opaque(struct moxd_str s, struct moxd_buf *out, struct moxd_err *err)
{
    size_t n;
    bool allowed, ok;
    uint32_t *cp;

    if (s.n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "the password is empty");
    if (s.n > AUTH_PASSWORD_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the password is longer than %d bytes",
                            (int)AUTH_PASSWORD_MAX);
    if (!moxd_str_is_utf8(s))
        return moxd_err_set(err, MOXD_ERR_INVALID, "the password is not UTF-8");
    cp = points(s, &n);
    allowed = all_freeform(cp, n);
    out->max = AUTH_PASSWORD_MAX;
    ok = allowed && map_and_normalize(cp, n, out);
    forget(cp, n);
    if (!allowed || (ok && !still_freeform(out)))
        return moxd_err_set(err, MOXD_ERR_INVALID,
                            "the password has a character that cannot be used in passwords");
    if (!ok)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the password is too long");
    return 0;
}

bool auth_precis_login(struct moxd_str s, char *out, size_t cap)
{
    struct moxd_buf nfc = MOXD_BUF_INIT(cap - 1);
    bool ok =
        s.n > 0 && s.n < cap && moxd_str_is_utf8(s) && !memchr(s.p, '\0', s.n) && add_nfc(s, &nfc);

    ok = ok && moxd_str_copy(moxd_buf_str(&nfc), out, cap) == 0;
    moxd_buf_fini(&nfc);
    return ok;
}
