/* i;unicode-casemap: RFC 5051 2. */
#include <moxmail/collate.h>

#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

static void add_upper(struct moxd_buf *out, struct moxd_str s)
{
    for (size_t i = 0; i < s.n; i++)
        moxd_buf_addc(out, moxd_upper(s.p[i]));
}

/* Step 2 (a): the simple titlecase mapping of each character. At most one byte more each. */
static void add_titlecase(struct moxd_buf *out, struct moxd_str s)
{
    const uint8_t *p = (const uint8_t *)s.p, *end = p + s.n;
    uint8_t coded[6];

    while (p < end) {
        ucs4_t c;
        int n;

        p += u8_mbtouc(&c, p, (size_t)(end - p));
        n = u8_uctomb(coded, uc_totitle(c), sizeof(coded));
        moxd_buf_add(out, coded, n > 0 ? (size_t)n : 0);
    }
}

/* Step 2 (b), as Normalization Form KD, which section 4 allows. */
static void add_decomposed(struct moxd_buf *out, struct moxd_str s)
{
    size_t n = 0;
    uint8_t *p = u8_normalize(UNINORM_NFKD, (const uint8_t *)s.p, s.n, NULL, &n);

    if (p)
        moxd_buf_add(out, p, n);
    free(p);
}

void moxd_casemap(struct moxd_buf *out, struct moxd_str text)
{
    struct moxd_buf title = MOXD_BUF_INIT(2 * text.n + 1);

    if (moxd_str_is_ascii(text)) {
        add_upper(out, text);
    } else if (!moxd_str_is_utf8(text)) {
        moxd_buf_addstr(out, text);
    } else {
        add_titlecase(&title, text);
        add_decomposed(out, moxd_buf_str(&title));
    }
    moxd_buf_fini(&title);
}
