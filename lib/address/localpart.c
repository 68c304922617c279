/* Localparts: parsing, quoting, and the form in which our own domains compare them. */
#include "address.h"

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

bool mail_is_atext(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

struct moxd_str mail_nfc(struct moxd_str s, struct moxd_arena *a)
{
    if (moxd_str_is_ascii(s))
        return moxd_arena_str(a, s);
    size_t n = 0;
    uint8_t *p = u8_normalize(UNINORM_NFC, (const uint8_t *)s.p, s.n, NULL, &n);
    moxd_assert(p != NULL);
    struct moxd_str out = moxd_arena_str(a, moxd_str((const char *)p, n));
    free(p);
    return out;
}

static const char no_localpart[] = "address without localpart";

/* Dot-string = Atom *("."  Atom) */
static int take_dot_string(struct moxd_str *s, struct moxd_buf *b, struct moxd_err *err)
{
    size_t n = 0;
    while (n < s->n && (mail_is_atext(s->p[n]) || mail_is_utf8(s->p[n]) || s->p[n] == '.'))
        n++;
    struct moxd_str text = moxd_str_sub(*s, 0, n);
    if (n == 0)
        return mail_address_fail(err, no_localpart);
    if (text.p[0] == '.' || text.p[n - 1] == '.' || moxd_str_find(text, MOXD_STR("..")) >= 0)
        return mail_address_fail(err,
                                 "localpart with a \".\" at its start or end, or two in a row, "
                                 "must be quoted");
    moxd_buf_addstr(b, text);
    *s = moxd_str_from(*s, n);
    return 0;
}

/* QcontentSMTP = qtextSMTP / quoted-pairSMTP; the number of bytes it takes, 0 when it is none. */
static size_t qcontent_length(struct moxd_str s)
{
    bool pair = s.p[0] == '\\';
    if (pair && s.n < 2)
        return 0;
    char c = pair ? s.p[1] : s.p[0];
    if (c < ' ' && !mail_is_utf8(c))
        return 0;
    if (c == 0x7f || (pair && mail_is_utf8(c)))
        return 0;
    return pair ? 2 : 1;
}

/* Quoted-string = DQUOTE *QcontentSMTP DQUOTE */
static int take_quoted(struct moxd_str *s, struct moxd_buf *b, struct moxd_err *err)
{
    struct moxd_str rest = moxd_str_from(*s, 1);
    while (rest.n > 0 && rest.p[0] != '"') {
        size_t n = qcontent_length(rest);
        if (n == 0)
            return mail_address_fail(err, "invalid character in quoted localpart");
        moxd_buf_addc(b, rest.p[n - 1]);
        rest = moxd_str_from(rest, n);
    }
    if (rest.n == 0)
        return mail_address_fail(err, "quoted localpart without its second quote");
    *s = moxd_str_from(rest, 1);
    return 0;
}

static int check_localpart(struct moxd_str s, unsigned flags, struct moxd_err *err)
{
    if (moxd_str_is_ascii(s))
        return 0;
    if (!(flags & MOXD_ADDRESS_UTF8))
        return mail_address_fail_utf8(err);
    if (!moxd_str_is_utf8(s))
        return mail_address_fail(err, "localpart is not UTF-8");
    return 0;
}

static int check_length(size_t n, unsigned flags, struct moxd_err *err)
{
    if ((flags & MOXD_ADDRESS_PEDANTIC) && n > MOXD_LOCALPART_MAX)
        return mail_address_fail(err, "localpart of more than 64 octets");
    if (n > MOXD_LOCALPART_MAX_LENIENT)
        return mail_address_fail(err, "localpart of more than 255 octets");
    return 0;
}

int mail_localpart_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                        struct moxd_str *out, struct moxd_err *err)
{
    /* One byte more than the longest, so that what is longer is seen to be. */
    struct moxd_str start = moxd_str_sub(*s, 0, MOXD_LOCALPART_MAX_LENIENT + 1), rest = start;
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(MOXD_LOCALPART_MAX_LENIENT + 1);
    bool quoted = rest.n > 0 && rest.p[0] == '"';
    int r = quoted ? take_quoted(&rest, &b, err) : take_dot_string(&rest, &b, err);
    size_t n = r < 0 && s->n > start.n ? start.n : start.n - rest.n;
    if ((r == 0 || n == start.n) && check_length(n, flags, err) < 0)
        return -1;
    if (r < 0 || check_localpart(moxd_buf_str(&b), flags, err) < 0)
        return -1;
    *out = mail_nfc(moxd_buf_str(&b), a);
    *s = moxd_str_from(*s, n);
    return 0;
}

int moxd_localpart_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                         struct moxd_str *out, struct moxd_err *err)
{
    if (mail_localpart_take(&s, flags, a, out, err) < 0)
        return -1;
    return s.n == 0 ? 0 : mail_address_fail(err, "invalid character in localpart");
}

static bool is_dot_string(struct moxd_str s)
{
    if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!mail_is_atext(s.p[i]) && !mail_is_utf8(s.p[i]) &&
            !(s.p[i] == '.' && s.p[i + 1] != '.'))
            return false;
    return true;
}

void moxd_localpart_put(struct moxd_buf *b, struct moxd_str localpart)
{
    if (is_dot_string(localpart)) {
        moxd_buf_addstr(b, localpart);
        return;
    }
    moxd_buf_addc(b, '"');
    for (size_t i = 0; i < localpart.n; i++) {
        if (localpart.p[i] == '"' || localpart.p[i] == '\\')
            moxd_buf_addc(b, '\\');
        moxd_buf_addc(b, localpart.p[i]);
    }
    moxd_buf_addc(b, '"');
}

/* Where the first separator starts; the length when there is none. */
static size_t separator_at(struct moxd_str localpart, const struct moxd_localpart_rules *rules)
{
    size_t at = localpart.n;
    for (size_t i = 0; i < rules->nseparators; i++) {
        struct moxd_str sep = moxd_cstr(rules->separators[i]);
        ptrdiff_t found = sep.n > 0 ? moxd_str_find(localpart, sep) : -1;
        if (found >= 0 && (size_t)found < at)
            at = (size_t)found;
    }
    return at;
}

bool moxd_localpart_has_separator(struct moxd_str localpart,
                                  const struct moxd_localpart_rules *rules)
{
    return separator_at(localpart, rules) < localpart.n;
}

/* Character by character, so that the result does not depend on what is around it (a final sigma), and
 * lowering twice changes nothing. */
static struct moxd_str lower_utf8(struct moxd_str s, struct moxd_arena *a)
{
    struct moxd_buf b MOXD_CLEANUP(moxd_buf_fini) = MOXD_BUF_INIT(SIZE_MAX);
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.n;
    while (p < end) {
        ucs4_t c;
        uint8_t out[6];
        p += u8_mbtouc(&c, p, (size_t)(end - p));
        int n = u8_uctomb(out, uc_tolower(c), sizeof out);
        moxd_assert(n > 0);
        moxd_buf_add(&b, out, (size_t)n);
    }
    return mail_nfc(moxd_buf_str(&b), a);
}

struct moxd_str moxd_localpart_canonical(struct moxd_str localpart,
                                         const struct moxd_localpart_rules *rules,
                                         struct moxd_arena *a)
{
    struct moxd_str s = moxd_str_sub(localpart, 0, separator_at(localpart, rules));
    return rules->case_sensitive ? mail_nfc(s, a) : lower_utf8(s, a);
}
