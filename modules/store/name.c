#include "name.h"

#include <uninorm.h>
#include <unistr.h>

#include <stdlib.h>

/* Control characters (C0, DEL, C1), and the line and paragraph separators, which RFC 5198 3 keeps out
 * of names as well. `p` is the lead byte of a well-formed sequence. */
static bool is_control(ucs4_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static int check_characters(struct moxd_str s, struct moxd_err *err)
{
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.n;
    while (p < end) {
        ucs4_t c;
        p += u8_mbtouc(&c, p, (size_t)(end - p));
        if (is_control(c))
            return moxd_err_set(err, MOXD_ERR_INVALID, "control character in mailbox name");
    }
    return 0;
}

static int check_components(struct moxd_str s, struct moxd_err *err)
{
    size_t levels = 0;
    for (struct moxd_str rest = s; rest.p != NULL; levels++) {
        struct moxd_str part = moxd_str_cut(&rest, '/');
        if (part.n == 0)
            return moxd_err_set(err, MOXD_ERR_INVALID, "empty component in mailbox name");
        if (moxd_str_eqs(part, ".") || moxd_str_eqs(part, ".."))
            return moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name with \".\" or \"..\"");
    }
    if (levels > STORE_LEVELS_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name with too many levels");
    return 0;
}

/* Normalizes into out. NFC can be longer than its source. */
static int normalize(struct moxd_str in, struct store_name *out, struct moxd_err *err)
{
    size_t n = 0;
    uint8_t *p = u8_normalize(UNINORM_NFC, (const uint8_t *)in.p, in.n, NULL, &n);
    moxd_assert(p != NULL);
    bool fits = n <= STORE_NAME_MAX;
    if (fits) {
        memcpy(out->p, p, n);
        out->p[n] = '\0';
        out->n = n;
    }
    free(p);
    return fits ? 0 : moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name too long");
}

bool store_name_is_inbox(struct moxd_str name)
{
    return moxd_str_caseeqs(name, "INBOX");
}

static void fix_inbox(struct store_name *name)
{
    struct moxd_str rest = store_name_str(name);
    if (store_name_is_inbox(moxd_str_cut(&rest, '/')))
        memcpy(name->p, "INBOX", 5);
}

int store_name_parse(struct moxd_str in, struct store_name *out, struct moxd_err *err)
{
    if (in.n == 0)
        return moxd_err_set(err, MOXD_ERR_INVALID, "empty mailbox name");
    if (in.n > STORE_NAME_MAX)
        return moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name too long");
    if (!moxd_str_is_utf8(in))
        return moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name is not UTF-8");
    if (in.p[0] == '#')
        return moxd_err_set(err, MOXD_ERR_INVALID, "mailbox name starts with \"#\"");
    if (check_characters(in, err) < 0 || normalize(in, out, err) < 0 ||
        check_components(store_name_str(out), err) < 0)
        return -1;
    fix_inbox(out);
    return 0;
}

struct moxd_str store_name_parent(struct moxd_str name)
{
    ptrdiff_t i = moxd_str_rchr(name, '/');
    return moxd_str_sub(name, 0, i < 0 ? 0 : (size_t)i);
}

bool store_name_below(struct moxd_str name, struct moxd_str parent)
{
    return name.n > parent.n && moxd_str_starts(name, parent) && name.p[parent.n] == '/';
}
