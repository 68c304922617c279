/* Names of mailboxes as paths. */
#include "impex.h"

/* FNV-1a, to tell names apart that were cut off. */
static uint64_t hash(struct moxd_str s)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
    return h;
}

static bool is_reserved(struct moxd_str part, const struct impex_format *format)
{
    for (const char *const *name = format->reserved; *name; name++)
        if (moxd_str_caseeqs(part, *name))
            return true;
    return false;
}

static void put_part(struct moxd_buf *out, struct moxd_str part, const struct impex_format *format)
{
    struct moxd_str suffix = moxd_cstr(format->suffix);
    bool reserved = is_reserved(part, format);

    for (size_t i = 0; i < part.n; i++) {
        struct moxd_str rest = moxd_str_from(part, i);
        bool write = part.p[i] == '%' || (i == 0 && (part.p[i] == '.' || reserved)) ||
                     (suffix.n > 0 && moxd_str_caseeq(rest, suffix));

        moxd_buf_addf(out, write ? "%%%02X" : "%c", (unsigned char)part.p[i]);
    }
}

/* File systems take 255 bytes, a maildir's are shorter than these. */
static void cut_part(struct moxd_buf *out, size_t from, struct moxd_str part)
{
    if (out->n - from <= IMPEX_COMPONENT_MAX)
        return;
    out->n = from + IMPEX_COMPONENT_MAX;
    while (out->n > from && ((unsigned char)out->p[out->n] & 0xc0) == 0x80)
        out->n--; /* not within a character */
    moxd_buf_addf(out, "%%%016llx", (unsigned long long)hash(part));
}

void impex_path(struct moxd_buf *out, struct moxd_str mailbox, const struct impex_format *format)
{
    for (bool first = true; mailbox.p != NULL; first = false) {
        struct moxd_str part = moxd_str_cut(&mailbox, '/');

        if (!first)
            moxd_buf_addc(out, '/');
        size_t from = out->n;
        put_part(out, part, format);
        cut_part(out, from, part);
    }
    moxd_buf_adds(out, format->suffix);
}
