/* The header section of an incoming message, in pieces: where it ends, facts, stripping. */
#include "fuzz.h"

#include "modules/smtp/smtp_headers.h"
#include "modules/smtp/smtp_limits.h"

/* Wherever the data is cut, the end is the same. */
static size_t end_of(const char *p, size_t n, size_t cut)
{
    struct smtp_header_end e;

    smtp_header_end_init(&e);
    ptrdiff_t at = smtp_header_end_find(&e, p, cut);
    if (at < 0) {
        at = smtp_header_end_find(&e, p + cut, n - cut);
        at = at < 0 ? (ptrdiff_t)n : at + (ptrdiff_t)cut;
    }
    return (size_t)at;
}

static void extra(struct moxd_str header)
{
    struct moxd_arena *a = moxd_arena_new(0);
    const struct smtp_extra *v;
    size_t n;

    if (smtp_extra_read(header, a, &v, &n, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            moxd_assert(v[i].key[0] && strlen(v[i].key) <= SMTP_EXTRA_KEY_MAX && v[i].value);
    moxd_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    struct moxd_buf b = MOXD_BUF_INIT(1 << 20);
    struct smtp_header_facts facts, after;

    size_t end = end_of(p, size, 0);
    moxd_assert(end <= size);
    for (size_t cut = 1; cut <= size && cut <= 64; cut++)
        moxd_assert(end_of(p, size, cut) == end);
    smtp_header_facts(moxd_str(p, end), &facts);
    smtp_header_strip(&b, moxd_str(p, end), true, "mail.example");
    moxd_assert(b.overflow || b.n <= end);
    smtp_header_facts(moxd_buf_str(&b), &after);
    moxd_assert(b.overflow || after.return_path == 0);
    extra(moxd_str(p, end));
    moxd_buf_fini(&b);
    return 0;
}
